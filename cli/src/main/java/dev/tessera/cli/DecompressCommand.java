package dev.tessera.cli;

import dev.tessera.codec.Codec;
import dev.tessera.codec.Selection;
import dev.tessera.container.ContainerReader;
import dev.tessera.container.Header;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera decompress}. */
@Command(
    name = "decompress",
    mixinStandardHelpOptions = true,
    description = "Restore a field, or a part of it, in the format that OUT's name says.",
    footer = {
      "",
      "Examples:",
      "  tessera decompress rho.tsr rho.npy",
      "  tessera decompress rho.tsr part.h5:/rho --slice 10:20 --rows 0:256 --cols 128:384",
      "  tessera decompress rho.tsr - | my-program"
    })
final class DecompressCommand implements Callable<Integer> {
  private static final Pattern RANGE = Pattern.compile("(\\d{0,18}):(\\d{0,18})|(\\d{1,18})");

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description = "A .tsr file, or - for standard input.")
  private String file;

  @Parameters(
      index = "1",
      paramLabel = "OUT",
      description =
          "File to write: .f32 .raw .npy .h5 .nc .fits .tif .png …, file.h5:/dataset, or - for raw"
              + " data.")
  private String out;

  @Option(
      names = {"-m", "--model"},
      description = "Model (default: the one that the file names).")
  private String model;

  @Option(
      names = {"--slice", "--slices"},
      paramLabel = "A:B",
      description = "Slices A to B-1, counted over all leading axes.")
  private String slices;

  @Option(names = "--rows", paramLabel = "A:B", description = "Rows A to B-1.")
  private String rows;

  @Option(names = "--cols", paramLabel = "A:B", description = "Columns A to B-1.")
  private String cols;

  @Mixin private WorkOptions work;

  @Override
  public Integer call() throws IOException {
    ContainerFiles.requireOther(file, out);
    try (ContainerFiles opened = ContainerFiles.open(file)) {
      ContainerReader container = opened.reader();
      FieldInfo info = container.header().field();
      Shape shape = info.shape();
      Console console = new Console(work.quiet(), out.equals("-"), info.type().bytes());
      long[] s = range("--slice", slices, shape.slices());
      long[] r = range("--rows", rows, shape.height());
      long[] c = range("--cols", cols, shape.width());
      Selection selection = new Selection(s[0], s[1] - s[0], r[0], r[1] - r[0], c[0], c[1] - c[0]);
      selection.check(shape);
      long start = System.nanoTime();
      FieldInfo part = selection.of(info);
      Header header = container.header();
      try (Codec codec =
          Codec.open(header, Models.forContainer(header, model), work.options(console))) {
        codec.check(container);
        try (FieldSink sink = FieldFiles.create(out, part)) {
          codec.decompress(container, selection, sink);
          sink.commit();
          if (out.equals("-")) {
            Console.requireWritten();
          }
        }
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      console.say(
          "%s  %s %s  %s  %s/s"
              .formatted(
                  out,
                  part.shape(),
                  part.type().code(),
                  Text.bytes(part.bytes()),
                  Text.bytes((long) (part.bytes() / seconds))));
    }
    return 0;
  }

  /** First and end of {@code a:b}, {@code a:}, {@code :b} or {@code a}. */
  private static long[] range(String option, String text, long size) {
    if (text == null) {
      return new long[] {0, size};
    }
    Matcher matcher = RANGE.matcher(text);
    if (!matcher.matches()) {
      throw new TesseraException.Invalid(
          option + " takes a range such as 10:20, not '" + text + "'");
    }
    if (matcher.group(3) != null) {
      long only = Long.parseLong(matcher.group(3));
      return new long[] {only, only + 1};
    }
    String first = matcher.group(1);
    String end = matcher.group(2);
    return new long[] {
      first.isEmpty() ? 0 : Long.parseLong(first), end.isEmpty() ? size : Long.parseLong(end)
    };
  }
}
