package dev.tessera.cuda;

import static dev.tessera.cuda.NativeLibrary.rethrow;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * NVIDIA's runtime compiler, if its library is there. It is looked for where -Dtessera.nvrtc or
 * TESSERA_NVRTC says, where the system's loader looks, and in the CUDA toolkit.
 */
final class Nvrtc implements KernelCompiler {
  /** Environment variable that names the library. */
  static final String VARIABLE = "TESSERA_NVRTC";

  private static final List<String> NAMES =
      NativeLibrary.windows()
          ? List.of("nvrtc64_130_0.dll", "nvrtc64_120_0.dll")
          : List.of("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so");

  private final NativeLibrary library;
  private final MethodHandle create;
  private final MethodHandle compile;
  private final MethodHandle destroy;
  private final MethodHandle cubinSize;
  private final MethodHandle cubin;
  private final MethodHandle logSize;
  private final MethodHandle log;
  private final int major;
  private final int minor;

  private Nvrtc(NativeLibrary library) {
    this.library = library;
    create =
        function("nvrtcCreateProgram", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG);
    compile = function("nvrtcCompileProgram", JAVA_LONG, JAVA_INT, ADDRESS);
    destroy = function("nvrtcDestroyProgram", ADDRESS);
    cubinSize = function("nvrtcGetCUBINSize", JAVA_LONG, ADDRESS);
    cubin = function("nvrtcGetCUBIN", JAVA_LONG, ADDRESS);
    logSize = function("nvrtcGetProgramLogSize", JAVA_LONG, ADDRESS);
    log = function("nvrtcGetProgramLog", JAVA_LONG, ADDRESS);
    MethodHandle version = function("nvrtcVersion", ADDRESS, ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment first = arena.allocate(JAVA_INT);
      MemorySegment second = arena.allocate(JAVA_INT);
      check("nvrtcVersion", (int) version.invokeExact(first, second));
      major = first.get(JAVA_INT, 0);
      minor = second.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static Optional<Nvrtc> find() {
    return NativeLibrary.open(ToolkitFolders.candidates(stated(), NAMES)).map(Nvrtc::new);
  }

  /** The library that the user names. */
  static Optional<String> stated() {
    return ToolkitFolders.stated("tessera.nvrtc", VARIABLE);
  }

  private MethodHandle function(String name, MemoryLayout... parameters) {
    return library.function(name, FunctionDescriptor.of(JAVA_INT, parameters));
  }

  private static void check(String call, int result) {
    if (result != 0) {
      throw new TesseraException.Gpu(call, result, "the runtime compiler refuses");
    }
  }

  @Override
  public String description() {
    return "NVRTC " + major + "." + minor;
  }

  @Override
  public String location() {
    return library.name();
  }

  @Override
  public byte[] compile(String file, String text, String architecture, List<String> options) {
    List<String> all = new ArrayList<>(options);
    all.add("--gpu-architecture=" + architecture);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check(
          "nvrtcCreateProgram",
          (int)
              create.invokeExact(
                  out, arena.allocateFrom(text), arena.allocateFrom(file), 0, 0L, 0L));
      long program = out.get(JAVA_LONG, 0);
      try {
        int result = (int) compile.invokeExact(program, all.size(), strings(arena, all));
        if (result != 0) {
          throw new TesseraException.Unsupported(
              "%s does not compile %s for %s:%n%s"
                  .formatted(description(), file, architecture, log(arena, program)));
        }
        check("nvrtcGetCUBINSize", (int) cubinSize.invokeExact(program, out));
        MemorySegment image = arena.allocate(out.get(JAVA_LONG, 0));
        check("nvrtcGetCUBIN", (int) cubin.invokeExact(program, image));
        return image.toArray(JAVA_BYTE);
      } finally {
        out.set(JAVA_LONG, 0, program);
        int ignored = (int) destroy.invokeExact(out);
      }
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  private static MemorySegment strings(Arena arena, List<String> strings) {
    MemorySegment table = arena.allocate(ADDRESS, strings.size());
    for (int i = 0; i < strings.size(); i++) {
      table.setAtIndex(ADDRESS, i, arena.allocateFrom(strings.get(i)));
    }
    return table;
  }

  private String log(Arena arena, long program) throws Throwable {
    MemorySegment out = arena.allocate(JAVA_LONG);
    check("nvrtcGetProgramLogSize", (int) logSize.invokeExact(program, out));
    MemorySegment text = arena.allocate(out.get(JAVA_LONG, 0) + 1);
    check("nvrtcGetProgramLog", (int) log.invokeExact(program, text));
    return text.getString(0).strip();
  }
}
