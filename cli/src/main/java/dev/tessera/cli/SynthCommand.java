package dev.tessera.cli;

import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.synth.CosmologySynth;
import dev.tessera.synth.SyntheticFamily;
import dev.tessera.synth.TrainingSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera synth}. */
@Command(
    name = "synth",
    mixinStandardHelpOptions = true,
    description = {
      "Make a field like those of a cosmological simulation or of another family, or a whole set of"
          + " fields to train models on; the same seed gives the same bytes."
    },
    footer = {
      "",
      "Examples:",
      "  tessera synth rho_128x128x128.f32 --quantity dark_matter_density --seed 7",
      "  tessera synth cells_64x256x256.f32 --family microscopy --shape 64x256x256",
      "  tessera synth --set cosmo --count 24 --seed 1 boxes"
    })
final class SynthCommand implements Callable<Integer> {
  private static final int DEFAULT_SIZE = 128;

  @Parameters(
      paramLabel = "OUT",
      description =
          "File to write, in the format that its name says, and of the shape that a raw file's name"
              + " says; with --set, a new folder.")
  private String out;

  @Option(
      names = "--size",
      paramLabel = "N",
      description = "Grid points along each side (default: 128; universes of a set 256).")
  private Integer size;

  @Option(names = "--seed", defaultValue = "1", description = "Seed (default: 1).")
  private long seed;

  @ArgGroup private What what = new What();

  /** What is made, one of them. */
  private static final class What {
    @ArgGroup(exclusive = false)
    private Cosmology cosmology = new Cosmology();

    @ArgGroup(exclusive = false)
    private Family family;

    @ArgGroup(exclusive = false)
    private TrainingData set;
  }

  private static final class Cosmology {
    @Option(
        names = "--quantity",
        defaultValue = "dark_matter_density",
        description = "One of ${COMPLETION-CANDIDATES} (default: dark_matter_density).")
    private CosmologySynth.Quantity quantity = CosmologySynth.Quantity.DARK_MATTER_DENSITY;

    @Option(
        names = "--varied",
        description = "Draw epoch, resolution, gravity and gas from the seed too.")
    private boolean varied;
  }

  private static final class Family {
    @Option(
        names = "--family",
        required = true,
        description = "Instead of cosmology a field of another family: ${COMPLETION-CANDIDATES}.")
    private SyntheticFamily family;

    @Option(
        names = "--shape",
        paramLabel = "ZxYxX",
        description = "Its shape, if it is not to be a cube.")
    private String shape;
  }

  private static final class TrainingData {
    @Option(
        names = "--set",
        required = true,
        paramLabel = "KIND",
        description =
            "Write a training set of this kind, one of ${COMPLETION-CANDIDATES}, as raw files with"
                + " a manifest.")
    private TrainingSet.Kind kind;

    @Option(
        names = "--count",
        paramLabel = "N",
        description = "Items of the set (default: 24 universes, 126 general fields).")
    private Integer count;
  }

  @Override
  public Integer call() throws IOException {
    if (what.set != null) {
      return set(what.set);
    }
    return field(what.family == null ? cosmology(what.cosmology) : family(what.family));
  }

  private Field cosmology(Cosmology cosmology) {
    int n = side();
    CosmologySynth synth =
        cosmology.varied ? CosmologySynth.varied(n, seed) : new CosmologySynth(n, seed);
    return synth.generate(cosmology.quantity);
  }

  /** Of a universe: what is asked for, else what the file's name says, else the default. */
  private int side() {
    List<Shape> named = FieldFiles.shapesInName(out);
    if (size != null) {
      requireNamed(named, "%1$dx%1$dx%1$d".formatted(size));
      return size;
    }
    if (named.isEmpty()) {
      return DEFAULT_SIZE;
    }
    Shape shape = named.getLast();
    if (!shape.equals(cube(shape.width()))) {
      throw new TesseraException.Invalid(
          "'"
              + out
              + "' says "
              + shape
              + ", but a universe is a cube: choose a name with three equal sides, or a --family");
    }
    return Math.toIntExact(shape.width());
  }

  private Field family(Family asked) {
    List<Shape> named = FieldFiles.shapesInName(out);
    Shape shape;
    if (asked.shape != null) {
      shape = Shape.parse(asked.shape);
    } else if (size != null || named.isEmpty()) {
      shape = cube(size == null ? DEFAULT_SIZE : size);
    } else {
      shape = named.getLast();
    }
    requireNamed(named, shape.toString());
    return asked.family.generate(shape, seed);
  }

  /** Fails if a file's name says a shape, but not the one that is asked for: it is read by it. */
  private void requireNamed(List<Shape> named, String shape) {
    if (!named.isEmpty() && named.stream().noneMatch(said -> said.toString().equals(shape))) {
      throw new TesseraException.Invalid(
          "'%s' says %s, but the field that is asked for is %s: change one of them"
              .formatted(out, named.getLast(), shape));
    }
  }

  private static Shape cube(long side) {
    return Shape.of(side, side, side);
  }

  private int field(Field field) throws IOException {
    write(field, out);
    boolean piped = out.equals("-");
    if (piped) {
      Console.requireWritten();
    }
    new Console(false, piped, field.info().type().bytes())
        .say("%s  %s %s".formatted(out, field.info().shape(), field.info().type().code()));
    return 0;
  }

  private int set(TrainingData data) throws IOException {
    if (out.equals("-")) {
      throw new TesseraException.Invalid(
          "a training set is a folder of files, which standard output cannot take: name a folder");
    }
    int n = size == null ? data.kind.defaultSize() : size;
    int count = data.count == null ? data.kind.defaultCount() : data.count;
    TrainingSet set = new TrainingSet(data.kind, count, n, seed);
    SynthSetFolder folder = new SynthSetFolder(Path.of(out));
    long start = System.nanoTime();
    set.generate(folder::write);
    folder.finish();
    double seconds = (System.nanoTime() - start) * 1e-9;
    new Console(false, false, 0)
        .say(
            "%s  %d files, %s in %.1f s"
                .formatted(out, folder.files(), Text.bytes(folder.bytes()), seconds));
    return 0;
  }

  static void write(Field field, String out) throws IOException {
    FieldInfo info = field.info();
    Shape shape = info.shape();
    long sliceBytes = shape.height() * shape.width() * info.type().bytes();
    try (FieldSink sink = FieldFiles.create(out, info)) {
      for (long slice = 0; slice < shape.slices(); slice++) {
        sink.write(
            slice,
            0,
            shape.height(),
            0,
            shape.width(),
            field.data().asSlice(slice * sliceBytes, sliceBytes));
      }
      sink.commit();
    }
  }
}
