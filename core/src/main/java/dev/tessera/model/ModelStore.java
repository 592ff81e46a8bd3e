package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The models at hand: those bundled with Tessera and those in the user's folder.
 *
 * <p>Listing reads headers only. The id in a list is the one that the file's metadata states; it is
 * verified against the tensors whenever a model is read, and a file that states none is read to
 * find it out. A damaged file does not get in the way of the others: see {@link #unreadable}.
 */
public final class ModelStore {
  /** Environment variable with the user's folder; by default it is {@code ~/.tessera/models}. */
  public static final String FOLDER_VARIABLE = "TESSERA_MODELS";

  private static final String BUNDLED = "bundled/";
  private static final String INDEX = BUNDLED + "index.txt";
  private static final String SUFFIX = ".safetensors";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final Pattern ID_PREFIX = Pattern.compile("[0-9a-f]{4,64}");
  private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern MODEL_FILE = Pattern.compile(".+\\.(safetensors|pth|pt|pth\\.tar)");

  private final Path folder;

  /** A store with another folder than the user's, which need not exist. */
  public ModelStore(Path folder) {
    this.folder = folder;
  }

  /** The store with the user's folder. */
  public static ModelStore user() {
    return new ModelStore(folder(System.getenv(), System.getProperty("user.home")));
  }

  static Path folder(Map<String, String> environment, String home) {
    String stated = environment.get(FOLDER_VARIABLE);
    return stated != null && !stated.isBlank()
        ? Path.of(stated)
        : Path.of(home, ".tessera", "models");
  }

  /**
   * A model in the store.
   *
   * @param name what {@link #find} finds it by
   * @param id as the file states it, 64 hex digits
   * @param bytes size of the file
   * @param file where it is; empty if it is bundled
   * @param metadata all that the file says about itself
   */
  public record Entry(
      String name,
      Architecture architecture,
      int n,
      int m,
      int inputChannels,
      String id,
      long bytes,
      Optional<Path> file,
      SortedMap<String, String> metadata) {
    /** The normalizer that the model was trained behind. */
    public Optional<String> normalizer() {
      return Optional.ofNullable(metadata.get(Model.NORMALIZER));
    }

    /** Whether it holds scales for e4m3. */
    boolean calibrated() {
      return metadata.containsKey(Calibration.DATA_KEY);
    }

    /** Whether it comes with Tessera. */
    public boolean bundled() {
      return file.isEmpty();
    }
  }

  private record Scan(List<Entry> entries, SortedMap<Path, String> unreadable) {}

  /** Where models are installed. */
  public Path folder() {
    return folder;
  }

  /** All models, bundled ones first, each kind by name. */
  public List<Entry> list() throws IOException {
    return scan().entries();
  }

  /** The model files in the folder that cannot be used, with the reason. */
  public SortedMap<Path, String> unreadable() throws IOException {
    return scan().unreadable();
  }

  private Scan scan() throws IOException {
    List<Entry> entries = new ArrayList<>();
    bundled().forEach(bundled -> entries.add(bundled.entry()));
    SortedMap<Path, String> unreadable = new TreeMap<>();
    for (Path file : files()) {
      try {
        entries.add(entry(file));
      } catch (TesseraException | IOException e) {
        unreadable.put(file, e.getMessage());
      }
    }
    entries.sort(Comparator.comparing(Entry::bundled).reversed().thenComparing(Entry::name));
    return new Scan(List.copyOf(entries), unreadable);
  }

  /** A model that comes with Tessera, and the resource that it is in. */
  private record Bundled(Entry entry, String resource) {}

  /** The bundled models by their headers: reading megabytes of weights can wait. */
  private static List<Bundled> bundled() {
    return bundledFiles().stream().map(ModelStore::bundled).toList();
  }

  private static Bundled bundled(String resource) {
    try {
      URLConnection connection = url(BUNDLED + resource).openConnection();
      connection.setUseCaches(false);
      try (InputStream stream = connection.getInputStream()) {
        byte[] length = stream.readNBytes(Long.BYTES);
        int rest =
            Math.toIntExact(SafeTensors.headerBytes(MemorySegment.ofArray(length)) - length.length);
        byte[] start = Arrays.copyOf(length, length.length + rest);
        stream.readNBytes(start, length.length, rest);
        long bytes = connection.getContentLengthLong();
        SafeTensors header = SafeTensors.open(MemorySegment.ofArray(start), bytes);
        return new Bundled(entry(header, bytes, stem(resource), Optional.empty()), resource);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Path> files() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> MODEL_FILE.matcher(file.getFileName().toString()).matches())
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    }
  }

  private static Entry entry(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file);
        Arena arena = Arena.ofConfined()) {
      MemorySegment contents = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      if (SafeTensors.matches(contents)) {
        return entry(contents, ModelReader.stem(file), Optional.of(file));
      }
    }
    return entry(Model.read(file), Files.size(file), Optional.of(file));
  }

  private static Entry entry(MemorySegment contents, String stem, Optional<Path> file) {
    SafeTensors header = SafeTensors.open(contents);
    String id = header.metadata().get(Model.ID);
    if (id == null || !ID.matcher(id).matches()) {
      return entry(Model.read(contents, stem), contents.byteSize(), file);
    }
    return entry(header, contents.byteSize(), stem, file);
  }

  private static Entry entry(SafeTensors header, long bytes, String stem, Optional<Path> file) {
    Dimensions dimensions = StateDict.dimensions(header.tensors());
    ModelReader.requireAgreement(dimensions, header.metadata());
    return new Entry(
        header.metadata().getOrDefault(Model.NAME, stem),
        dimensions.architecture(),
        dimensions.n(),
        dimensions.m(),
        dimensions.inputChannels(),
        header.metadata().get(Model.ID),
        bytes,
        file,
        new TreeMap<>(header.metadata()));
  }

  private static Entry entry(Model model, long bytes, Optional<Path> file) {
    return new Entry(
        model.name(),
        model.architecture(),
        model.n(),
        model.m(),
        model.inputChannels(),
        model.id(),
        bytes,
        file,
        new TreeMap<>(model.metadata()));
  }

  /**
   * Reads a model by its name in the store, by at least four digits that its id begins with, or by
   * its path. A path wins if it has a separator or a model file's ending; a name wins over an id,
   * and both over a file of another ending.
   *
   * @throws TesseraException.Invalid if there is none, or more than one
   * @throws TesseraException.Unsupported if it is a file that is no model
   */
  public Model find(String nameIdOrPath) throws IOException {
    boolean path =
        nameIdOrPath.contains("/")
            || nameIdOrPath.contains("\\")
            || MODEL_FILE.matcher(nameIdOrPath).matches();
    if (path && Files.exists(Path.of(nameIdOrPath))) {
      return Model.read(Path.of(nameIdOrPath));
    }
    List<Entry> entries = list();
    List<Entry> named = entries.stream().filter(e -> e.name().equals(nameIdOrPath)).toList();
    if (!named.isEmpty()) {
      return only(named, nameIdOrPath);
    }
    List<Entry> identified = byIdPrefix(entries, nameIdOrPath);
    if (!identified.isEmpty()) {
      return only(identified, nameIdOrPath);
    }
    if (Files.isRegularFile(Path.of(nameIdOrPath))) {
      return Model.read(Path.of(nameIdOrPath));
    }
    throw new TesseraException.Invalid(
        "there is no model '"
            + nameIdOrPath
            + "': name a model file, or one of "
            + entries.stream().map(Entry::name).distinct().collect(Collectors.joining(", ")));
  }

  /**
   * Reads the model of an id, or of its first digits: a container states the first 32.
   *
   * @throws TesseraException.Invalid if there is none, or more than one
   */
  public Model byId(String idOrPrefix) throws IOException {
    List<Entry> identified = byIdPrefix(list(), idOrPrefix);
    if (identified.isEmpty()) {
      throw new TesseraException.Invalid(
          "the model with the id "
              + idOrPrefix
              + " is not here: install it into "
              + folder
              + " with 'tessera import', or name its file with --model");
    }
    return only(identified, idOrPrefix);
  }

  private static List<Entry> byIdPrefix(List<Entry> entries, String prefix) {
    String digits = prefix.toLowerCase(Locale.ROOT);
    return ID_PREFIX.matcher(digits).matches()
        ? entries.stream().filter(entry -> entry.id().startsWith(digits)).toList()
        : List.of();
  }

  /**
   * Copies of one model count as one: one that was calibrated and lies in the folder comes first,
   * then the bundled one.
   */
  private Model only(List<Entry> entries, String asked) throws IOException {
    if (entries.stream().map(Entry::id).distinct().count() > 1) {
      throw new TesseraException.Invalid(
          "'"
              + asked
              + "' could be any of "
              + entries.stream()
                  .map(entry -> entry.name() + " (" + entry.id().substring(0, 12) + ")")
                  .collect(Collectors.joining(", "))
              + ": give more of the id, or a path");
    }
    return read(
        entries.stream()
            .filter(Entry::calibrated)
            .min(Comparator.comparing(Entry::bundled))
            .orElse(entries.getFirst()));
  }

  private static Model read(Entry entry) throws IOException {
    if (entry.file().isPresent()) {
      return Model.read(entry.file().get());
    }
    String resource =
        bundled().stream()
            .filter(bundled -> bundled.entry().id().equals(entry.id()))
            .findFirst()
            .orElseThrow(
                () -> new IllegalStateException(entry.name() + " has vanished from the class path"))
            .resource();
    return Model.read(resource(BUNDLED + resource), stem(resource));
  }

  /**
   * Writes a model into the folder, under its name.
   *
   * @return the file
   * @throws TesseraException.Invalid if another model has that name, or the name cannot be a file's
   */
  public Path install(Model model) throws IOException {
    if (!NAME.matcher(model.name()).matches()) {
      throw new TesseraException.Invalid(
          "'"
              + model.name()
              + "' cannot be a model's name: use up to 100 letters, digits, dots, dashes and"
              + " underscores");
    }
    for (Entry entry : list()) {
      if (entry.name().equals(model.name()) && !entry.id().equals(model.id())) {
        throw new TesseraException.Invalid(
            "another model is called "
                + model.name()
                + " already (id "
                + entry.id().substring(0, 12)
                + "): choose another with --name");
      }
    }
    Files.createDirectories(folder);
    Path file = folder.resolve(model.name() + SUFFIX);
    model.write(file);
    return file;
  }

  private static List<String> bundledFiles() {
    return new String(resource(INDEX), StandardCharsets.UTF_8)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }

  private static String stem(String fileName) {
    return fileName.substring(0, fileName.length() - SUFFIX.length());
  }

  private static URL url(String name) {
    URL url = ModelStore.class.getResource(name);
    if (url == null) {
      throw new IllegalStateException("the resource " + name + " is missing from this build");
    }
    return url;
  }

  private static byte[] resource(String name) {
    try (InputStream stream = url(name).openStream()) {
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
