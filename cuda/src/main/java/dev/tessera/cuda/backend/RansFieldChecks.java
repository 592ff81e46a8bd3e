package dev.tessera.cuda.backend;

import static dev.tessera.cuda.backend.BackendChecks.same;

import dev.tessera.codec.CodecOptions;
import dev.tessera.cuda.SelfTest;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import java.io.IOException;
import java.util.List;

/** Checks of fields with the encoder {@code rans}: the device's files are those of the CPU. */
final class RansFieldChecks {
  private static final CodecOptions CUDA = CodecOptions.DEFAULTS.withDevice("cuda");
  private static final int[] BLOCKS_PER_STREAM = {1, 2, 3, 7, 64, 65536};

  private RansFieldChecks() {}

  static void addTo(List<SelfTest.Check> checks) {
    BackendChecks.add(checks, "rans: every type", RansFieldChecks::types);
    BackendChecks.add(checks, "rans: every shape", RansFieldChecks::shapes);
    BackendChecks.add(checks, "rans: blocks per stream", RansFieldChecks::streams);
    BackendChecks.add(checks, "rans: zeros, peaks and noise", RansFieldChecks::extremes);
    BackendChecks.add(checks, "rans: exact values", RansFieldChecks::holes);
    BackendChecks.add(checks, "rans: normalizers", RansFieldChecks::normalizers);
    BackendChecks.add(checks, "rans: many batches", RansFieldChecks::batches);
    for (String encoder : new String[] {"rans", "rans:1"}) {
      BackendChecks.add(checks, encoder + ": damaged chunks", () -> DamageChecks.run(encoder));
    }
  }

  private static void types() throws IOException {
    for (DataType type : DataType.values()) {
      for (String bound : new String[] {"eb=rel:1e-3", "eb=abs:0.4", "eb=pwrel:1e-2", "round"}) {
        same(CheckFields.smooth(type, 5, 70, 50), bound + ",lorenzo3,rans", CUDA);
      }
    }
  }

  private static void shapes() throws IOException {
    for (long[] shape : BackendChecks.SHAPES) {
      for (String predictor : new String[] {"none", "lorenzo1", "lorenzo2", "lorenzo3"}) {
        Field field = CheckFields.smooth(DataType.FLOAT32, shape);
        same(field, "eb=rel:1e-3," + predictor + ",rans", CUDA);
        same(field, "eb=rel:1e-6," + predictor + ",rans:2", CUDA);
      }
    }
  }

  private static void streams() throws IOException {
    Field field = CheckFields.smooth(DataType.FLOAT32, 40, 130, 150);
    Field still = CheckFields.still(DataType.FLOAT32, true, 20, 130, 150);
    for (int blocks : BLOCKS_PER_STREAM) {
      same(field, "eb=rel:1e-3,lorenzo3,rans:" + blocks, CUDA);
      same(still, "eb=rel:1e-3,lorenzo2,rans:" + blocks, CUDA);
    }
  }

  private static void extremes() throws IOException {
    for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64, DataType.INT32)) {
      for (String stages : new String[] {"eb=abs:0.5,lorenzo3,rans", "round,none,rans:2"}) {
        same(CheckFields.still(type, false, 20, 60, 70), stages, CUDA);
        same(CheckFields.still(type, true, 20, 60, 70), stages, CUDA);
        same(CheckFields.peaks(type, 20, 60, 70), stages, CUDA);
        same(CheckFields.wide(type, 9, 40, 70), stages, CUDA);
        same(CheckFields.noise(type, 9, 40, 70), stages, CUDA);
      }
      same(CheckFields.peaks(type, 20, 60, 70), "eb=abs:1e-3,lorenzo1,rans", CUDA);
      same(CheckFields.smooth(type, 20, 60, 70), "eb=rel:1e-8,lorenzo3,rans", CUDA);
    }
  }

  private static void holes() throws IOException {
    for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64)) {
      for (double fill : new double[] {-999, 0.5}) {
        Field field = CheckFields.holes(type, fill, 6, 90, 80);
        same(field, "eb=abs:1e-3,lorenzo3,rans", CUDA);
        same(field, "eb=pwrel:1e-2,lorenzo1,rans:3", CUDA);
      }
    }
    same(CheckFields.holes(DataType.INT16, 7, 6, 90, 80), "eb=abs:3,lorenzo3,rans", CUDA);
  }

  private static void normalizers() throws IOException {
    for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64, DataType.INT16)) {
      Field field = CheckFields.slices(type, Double.NaN, 30, 40, 70);
      same(field, "log10,minmax:slice,eb=abs:1e-3,lorenzo3,rans", CUDA);
      same(field, "asinh,eb=abs:1e-2,lorenzo1,rans:1", CUDA);
    }
  }

  private static void batches() throws IOException {
    Field field = CheckFields.smooth(DataType.FLOAT32, 70, 300, 290);
    for (CodecOptions options :
        List.of(CUDA.withWork(0, 1, 1), CUDA.withWork(0, 3, 3), CUDA.withTile(32, 48))) {
      same(field, "eb=rel:1e-4,lorenzo3,rans", options);
    }
  }
}
