package dev.tessera.model;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.testing.Fuzzing;
import dev.tessera.testing.SyntheticModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged PyTorch checkpoints, both the zip archives of today and the streams of before. */
final class TorchCheckpointFuzz {
  static Stream<Arguments> seeds() throws IOException {
    byte[] model =
        SyntheticModel.of(Architecture.FACTORIZED_RELU, 1, 1, 1, 3)
            .decodeOnly()
            .toBytes();
    SortedMap<String, Tensor> tensors = new TreeMap<>();
    for (Map.Entry<String, StoredTensor> entry :
        SafeTensors.open(MemorySegment.ofArray(model)).tensors().entrySet()) {
      tensors.put(entry.getKey(), entry.getValue().read());
    }
    TorchFixture fixture = new TorchFixture().stateDict(tensors).op('.');
    Path file = Files.createTempFile("tessera-seed", ".pth");
    List<byte[]> seeds = new ArrayList<>();
    seeds.add(fixture.legacy());
    seeds.add(Files.readAllBytes(fixture.zip(file)));
    seeds.add(Files.readAllBytes(fixture.zip(file, "deep/er", ZipEntry.DEFLATED, null)));
    Files.delete(file);
    return Fuzzing.seeds(seeds.stream());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    Fuzzing.survive(() -> Model.read(Fuzzing.file(data, ".pth")));
  }
}
