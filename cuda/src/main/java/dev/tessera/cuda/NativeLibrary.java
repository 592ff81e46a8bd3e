package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A shared library that may be absent, and its functions.
 *
 * @param name the name or path that it was found by
 */
record NativeLibrary(String name, SymbolLookup symbols) {
  private static final MethodHandle UNSUPPORTED = unsupported();

  /**
   * The first of some libraries that the system's loader takes; a candidate with a separator is a
   * path, others are looked for where the loader looks.
   */
  static Optional<NativeLibrary> open(List<String> candidates) {
    for (String candidate : candidates) {
      Path path =
          candidate.indexOf('/') >= 0 || candidate.indexOf('\\') >= 0 ? Path.of(candidate) : null;
      if (path != null && !Files.isRegularFile(path)) {
        continue;
      }
      try {
        SymbolLookup symbols =
            path == null
                ? SymbolLookup.libraryLookup(candidate, Arena.global())
                : SymbolLookup.libraryLookup(path, Arena.global());
        return Optional.of(new NativeLibrary(candidate, symbols));
      } catch (IllegalArgumentException absent) {
        // the next one
      }
    }
    return Optional.empty();
  }

  /** Whether this system's shared libraries are DLLs. */
  static boolean windows() {
    return System.getProperty("os.name").startsWith("Windows");
  }

  boolean has(String function) {
    return symbols.find(function).isPresent();
  }

  /**
   * A handle of a function of this library; if it has no such function, a handle that throws
   * Unsupported, so that classes can be loaded whatever the library's version is.
   */
  MethodHandle function(String function, FunctionDescriptor descriptor) {
    Optional<MemorySegment> address = symbols.find(function);
    return address.isPresent()
        ? Linker.nativeLinker().downcallHandle(address.get(), descriptor)
        : missing(function + " is missing from " + name + ": install a newer version", descriptor);
  }

  /** A handle that throws Unsupported with {@code sentence} instead of calling a function. */
  static MethodHandle missing(String sentence, FunctionDescriptor descriptor) {
    MethodType type = descriptor.toMethodType();
    MethodHandle thrower =
        MethodHandles.filterArguments(
            MethodHandles.throwException(type.returnType(), TesseraException.Unsupported.class),
            0,
            UNSUPPORTED);
    return MethodHandles.dropArguments(
        MethodHandles.insertArguments(thrower, 0, sentence), 0, type.parameterList());
  }

  /** What comes out of a handle's invocation and is no failure of ours to handle. */
  static RuntimeException rethrow(Throwable thrown) {
    switch (thrown) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(thrown);
    }
  }

  private static MethodHandle unsupported() {
    try {
      return MethodHandles.lookup()
          .findConstructor(
              TesseraException.Unsupported.class, MethodType.methodType(void.class, String.class));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
