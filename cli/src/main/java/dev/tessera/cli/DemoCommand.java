package dev.tessera.cli;

import dev.tessera.codec.Codec;
import dev.tessera.container.ContainerReader;
import dev.tessera.field.Field;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.model.Model;
import dev.tessera.report.ComparisonPage;
import dev.tessera.synth.CosmologySynth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tessera demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = "Make a field, compress it, restore it, and show what became of it.")
final class DemoCommand implements Callable<Integer> {
  @Option(
      names = "--dir",
      paramLabel = "FOLDER",
      defaultValue = "tessera-demo",
      description = "Where to put the files (default: tessera-demo).")
  private Path folder;

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "128",
      description = "Grid points along each side (default: 128).")
  private int size;

  @Option(names = "--seed", defaultValue = "1", description = "Seed of the field (default: 1).")
  private long seed;

  @Option(
      names = {"-m", "--model"},
      defaultValue = Models.DEMO,
      description = "Model: name, id or file (default: ${DEFAULT-VALUE}).")
  private String model;

  @Mixin private WorkOptions work;

  @Override
  public Integer call() throws IOException {
    CosmologySynth synth = new CosmologySynth(size, seed);
    Model found = Models.find(model);
    Files.createDirectories(folder);
    Console console = new Console(work.quiet(), false, Float.BYTES);
    String extents = "_%1$dx%1$dx%1$d.f32".formatted(size);
    Path original = folder.resolve("temperature" + extents);
    Path packed = folder.resolve("temperature.tsr");
    Path restored = folder.resolve("restored" + extents);
    Path page = folder.resolve("demo.html");

    console.say("1  synth       " + original);
    Field field = synth.generate(CosmologySynth.Quantity.TEMPERATURE);
    SynthCommand.write(field, original.toString());

    try (Codec codec =
            Codec.open(found, work.options(console).withNormalizer("log10,minmax:slice"));
        FieldSource source = FieldFiles.open(original.toString(), OpenOptions.NONE)) {
      console.say("2  compress    " + packed);
      long start = System.nanoTime();
      long bytes = codec.compress(source, packed);
      double compressSeconds = (System.nanoTime() - start) / 1e9;
      try (ContainerReader container = ContainerReader.open(packed)) {
        console.say("3  decompress  " + restored);
        start = System.nanoTime();
        try (FieldSink sink = FieldFiles.create(restored.toString(), container.header().field())) {
          codec.decompress(container, sink);
          sink.commit();
        }
        double decompressSeconds = (System.nanoTime() - start) / 1e9;
        console.say("4  verify      " + page);
        Map<String, String> numbers =
            Text.quality(
                codec.verify(source, container).total(),
                source.info().bytes(),
                source.info().shape().elements(),
                bytes);
        long original32 = source.info().bytes();
        numbers.put(
            "compress",
            Text.bytes((long) (original32 / compressSeconds)) + "/s on " + codec.device());
        numbers.put(
            "decompress",
            Text.bytes((long) (original32 / decompressSeconds)) + "/s on " + codec.device());
        numbers.put("model", found.name() + ", " + found.architecture().id());
        try (FieldSource back = FieldFiles.open(restored.toString(), OpenOptions.NONE)) {
          if (!back.info().shape().equals(source.info().shape())) {
            throw new TesseraException.Corrupt("the restored field has another shape", -1);
          }
          ComparisonPage.write(
              page,
              "Gas temperature, " + source.info().shape(),
              "A simulated field, compressed by a learned transform on this machine and restored.",
              source,
              back,
              List.of(0L, size / 2L),
              numbers,
              List.of(
                  "./tessera compress FILE out.tsr",
                  "./tessera decompress out.tsr restored.npy",
                  "./tessera verify FILE out.tsr"));
        }
        console.say("");
        console.say(Text.table(numbers));
        console.say("");
        console.say("pictures: " + page);
      }
    }
    return 0;
  }
}
