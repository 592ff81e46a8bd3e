package dev.tessera.cuda;

import dev.tessera.field.DataType;
import java.util.ArrayList;
import java.util.List;

/** Checks that pipelines on the device make the bytes and values that the CPU makes. */
final class PipelineChecks {
  private PipelineChecks() {}

  private static final PipelineComparison.Cut WHOLE =
      new PipelineComparison.Cut(32, 32, 96, 16, 32, 64);
  private static final PipelineComparison.Cut CLIPPED =
      new PipelineComparison.Cut(19, 37, 45, 16, 32, 32);
  private static final PipelineComparison.Cut QUADS =
      new PipelineComparison.Cut(17, 36, 52, 8, 32, 36);
  private static final PipelineComparison.Cut PLANE =
      new PipelineComparison.Cut(1, 300, 96, 1, 256, 64);
  private static final PipelineComparison.Cut PLANE_CLIPPED =
      new PipelineComparison.Cut(1, 131, 41, 1, 131, 33);
  private static final PipelineComparison.Cut LINE =
      new PipelineComparison.Cut(1, 1, 20000, 1, 1, 8192);
  private static final PipelineComparison.Cut THREE_ROWS =
      new PipelineComparison.Cut(1, 3, 3001, 1, 3, 2000);
  private static final PipelineComparison.Cut ONE = new PipelineComparison.Cut(1, 1, 1, 1, 1, 1);
  private static final PipelineComparison.Cut LATENT =
      new PipelineComparison.Cut(1, 1, 49152, 1, 1, 12288);

  private static final String[] NORMALIZERS = {
    "log10",
    "log1p",
    "asinh:0.1",
    "minmax:slice",
    "meanstd:slice",
    "meanstd:field",
    "log10,minmax:slice",
    "asinh:3,log1p,meanstd:slice",
    "log1p,log1p,asinh,log1p,asinh:2,log1p,log1p,log1p,log1p,log1p,log1p,log1p,log1p,log1p,log1p,"
        + "minmax:slice",
  };

  static List<SelfTest.Check> all() {
    List<SelfTest.Check> checks =
        new ArrayList<>(
            List.of(
                field("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, WHOLE, 0),
                field("eb=rel:1e-3,lorenzo1,bitpack", DataType.FLOAT32, WHOLE, 5000),
                field("eb=rel:1e-6,lorenzo2,bitpack", DataType.FLOAT32, WHOLE, 0),
                field("eb=abs:1e-2,none,bitpack", DataType.FLOAT32, CLIPPED, 50),
                field("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, QUADS, 300),
                field("eb=rel:1e-4,lorenzo2,bitpack", DataType.FLOAT32, PLANE, 0),
                field("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, PLANE_CLIPPED, 70),
                field("eb=rel:1e-3,lorenzo1,bitpack", DataType.FLOAT32, LINE, 1000),
                field("eb=rel:1e-3,lorenzo1,bitpack", DataType.FLOAT32, THREE_ROWS, 0),
                field("eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, ONE, 0),
                field("round,none,bitpack", DataType.FLOAT32, LATENT, 0),
                field("round,none,bitpack", DataType.INT32, LATENT, 0),
                field("round,lorenzo1,bitpack", DataType.INT32, CLIPPED, 90),
                field("minmax:8,reference-eb=0.8,lorenzo1,bitpack", DataType.FLOAT32, LATENT, 400),
                field("eb=pwrel:1e-3,lorenzo1,bitpack", DataType.FLOAT32, CLIPPED, 60),
                field("eb=pwrel:1e-4,lorenzo3,bitpack", DataType.FLOAT64, WHOLE, 0),
                field("eb=rel:1e-5,lorenzo3,bitpack", DataType.FLOAT64, CLIPPED, 90),
                field("eb=rel:1e-2,lorenzo3,bitpack", DataType.INT8, CLIPPED, 0),
                field("eb=abs:3,lorenzo2,bitpack", DataType.UINT8, PLANE, 0),
                field("eb=abs:20,lorenzo1,bitpack", DataType.INT16, CLIPPED, 30),
                field("eb=rel:1e-3,lorenzo1,bitpack", DataType.UINT16, THREE_ROWS, 30),
                field("eb=rel:1e-5,lorenzo3,bitpack", DataType.INT32, WHOLE, 30),
                field("eb=rel:1e-5,lorenzo3,bitpack", DataType.UINT32, CLIPPED, 30),
                field("eb=rel:1e-6,lorenzo3,bitpack", DataType.INT64, CLIPPED, 30),
                field("eb=pwrel:1e-2,lorenzo1,bitpack", DataType.INT64, CLIPPED, 0),
                new PipelineComparison.FieldCheck(
                    "eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, WHOLE, 9, 1e20, 1),
                new PipelineComparison.FieldCheck(
                    "eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, WHOLE, 9, 0.25, 1),
                new PipelineComparison.FieldCheck(
                    "eb=rel:1e-3,lorenzo2,bitpack", DataType.INT16, CLIPPED, 9, -999, 1)));
    addNormalizers(checks);
    return checks;
  }

  private static SelfTest.Check field(
      String pipeline, DataType type, PipelineComparison.Cut cut, int oddOneIn) {
    return new PipelineComparison.FieldCheck(pipeline, type, cut, oddOneIn, Double.NaN, 1);
  }

  private static void addNormalizers(List<SelfTest.Check> checks) {
    for (String normalizer : NORMALIZERS) {
      for (DataType type : DataType.values()) {
        checks.add(field(normalizer + ",eb=rel:1e-3,lorenzo3,bitpack", type, CLIPPED, 60));
      }
      checks.add(field(normalizer + ",eb=rel:1e-3,lorenzo3,bitpack", DataType.FLOAT32, QUADS, 60));
      checks.add(field(normalizer + ",eb=rel:1e-4,none,bitpack", DataType.FLOAT32, LATENT, 0));
      checks.add(field(normalizer + ",eb=rel:1e-3,lorenzo2,bitpack", DataType.FLOAT32, PLANE, 90));
      // limits beyond 2^1000, where sums are taken on quarters
      for (double size : new double[] {0x1p1018, 0x1p-1060}) {
        checks.add(
            new PipelineComparison.FieldCheck(
                normalizer + ",eb=rel:1e-4,lorenzo1,bitpack",
                DataType.FLOAT64,
                QUADS,
                200,
                Double.NaN,
                size));
      }
    }
    for (double fill : new double[] {1e20, 1.5}) {
      checks.add(
          new PipelineComparison.FieldCheck(
              "log10,eb=abs:0.01,lorenzo3,bitpack", DataType.FLOAT32, WHOLE, 9, fill, 1));
    }
  }
}
