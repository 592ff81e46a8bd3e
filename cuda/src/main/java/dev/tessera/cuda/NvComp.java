package dev.tessera.cuda;

import static dev.tessera.cuda.NativeLibrary.rethrow;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * NVIDIA's nvCOMP library, if it is there: two of its coders, for comparison and for those who want
 * them. It is looked for where -Dtessera.nvcomp or TESSERA_NVCOMP says, where the system's loader
 * looks, and in the CUDA toolkit. The API is that of nvCOMP 5; other major versions differ.
 */
public final class NvComp {
  private static final int MAJOR = 5;
  private static final List<String> NAMES =
      NativeLibrary.windows()
          ? List.of("nvcomp64_5.dll")
          : List.of("libnvcomp.so.5", "libnvcomp.so");

  static final String ADVICE =
      "install nvCOMP " + MAJOR + ", or name its library with TESSERA_NVCOMP";

  private final NativeLibrary library;
  private final int version;

  private NvComp(NativeLibrary library, int version) {
    this.library = library;
    this.version = version;
  }

  /** What values a coder takes its input for. */
  public enum Type {
    /** Bytes. */
    UNSIGNED_BYTE(1, 1),
    /** 16-bit integers. */
    SHORT(2, 2),
    /** 32-bit integers. */
    INT(4, 4);

    final int code;
    final int bytes;

    Type(int code, int bytes) {
      this.code = code;
      this.bytes = bytes;
    }
  }

  /** The library, looked for once; empty if it is absent or of another version. */
  public static Optional<NvComp> find() {
    return Found.LIBRARY;
  }

  /** Why there is none and what to do. */
  public static String absence() {
    return Found.PROBLEM + ": " + ADVICE;
  }

  /** Why there is none. */
  static String problem() {
    return Found.PROBLEM;
  }

  /**
   * The library.
   *
   * @throws TesseraException.Unsupported if there is none
   */
  public static NvComp require() {
    return find().orElseThrow(() -> new TesseraException.Unsupported(absence()));
  }

  /** Its version, such as 5.1.0. */
  public String version() {
    return versionText(version);
  }

  // nvCOMP's numbers are MAJOR * 1000 + MINOR * 100 + PATCH
  private static String versionText(int version) {
    return version / 1000 + "." + version / 100 % 10 + "." + version % 100;
  }

  /** Where it is: a path, or the name that the system's loader knows. */
  public String location() {
    return library.name();
  }

  /**
   * Bitcomp.
   *
   * @param type what the input is taken for
   * @param sparse whether to use its variant for data with many zeros
   */
  public NvCompCoder bitcomp(Type type, boolean sparse) {
    return new NvCompCoder(library, "Bitcomp", sparse ? 1 : 0, type.code);
  }

  /** ANS over bytes. */
  public NvCompCoder ans() {
    // 0 and 0: rANS, and the type of bytes
    return new NvCompCoder(library, "ANS", 0, 0);
  }

  private static final class Found {
    static final Optional<NvComp> LIBRARY;
    static final String PROBLEM;

    static {
      Optional<String> stated = ToolkitFolders.stated("tessera.nvcomp", "TESSERA_NVCOMP");
      Optional<NativeLibrary> library =
          NativeLibrary.open(ToolkitFolders.candidates(stated, NAMES));
      int version = library.map(Found::version).orElse(0);
      boolean usable = version / 1000 == MAJOR;
      LIBRARY = usable ? Optional.of(new NvComp(library.get(), version)) : Optional.empty();
      PROBLEM =
          library.isEmpty()
              ? "nvCOMP (" + stated.orElse(NAMES.getFirst()) + ") was not found"
              : "%s is nvCOMP %s, but version %d is needed"
                  .formatted(library.get().name(), versionText(version), MAJOR);
    }

    private static int version(NativeLibrary library) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment properties = arena.allocate(JAVA_INT, 2);
        int status =
            (int)
                library
                    .function("nvcompGetProperties", FunctionDescriptor.of(JAVA_INT, ADDRESS))
                    .invokeExact(properties);
        return status == 0 ? properties.get(JAVA_INT, 0) : 0;
      } catch (TesseraException olderThanThisFunction) {
        return 0;
      } catch (Throwable e) {
        throw rethrow(e);
      }
    }
  }
}
