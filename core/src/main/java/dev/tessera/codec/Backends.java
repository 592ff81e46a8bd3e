package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.Precisions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/** The backends of this installation. */
public final class Backends {
  private Backends() {}

  /** All of them, also those that this machine cannot use, best first. */
  public static List<Backend.Provider> all() {
    return ServiceLoader.load(Backend.Provider.class, Backends.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparingInt(Backend.Provider::preference).reversed())
        .toList();
  }

  /**
   * The backend of a name for a model; {@code auto} is the best one that can run it here.
   *
   * @throws TesseraException.Invalid if there is none of that name
   * @throws TesseraException.Unsupported if this machine cannot use it
   */
  public static Backend.Provider choose(String name, Model model, Precisions precisions) {
    return choose(
        name,
        Backend.Provider::preferenceForModels,
        provider -> provider.unavailable(model, precisions));
  }

  /**
   * The backend of a name for a pipeline on fields of a type; {@code auto} is the best one that can
   * run it here.
   *
   * @throws TesseraException.Invalid if there is none of that name
   * @throws TesseraException.Unsupported if this machine cannot use it, or none with {@code auto}
   */
  public static Backend.Provider choose(String name, PipelineSpec pipeline, DataType type) {
    return choose(
        name,
        provider -> provider.preferenceFor(pipeline),
        provider -> provider.unavailable(pipeline, type));
  }

  /**
   * The backend of a name; {@code auto} is the best one that can do the work here.
   *
   * @param preference the larger, the better
   * @param unavailable why a backend cannot do it; empty where it can
   * @throws TesseraException.Invalid if there is none of that name
   * @throws TesseraException.Unsupported if this machine cannot use it, or none with {@code auto}
   */
  static Backend.Provider choose(
      String name,
      ToIntFunction<Backend.Provider> preference,
      Function<Backend.Provider, Optional<String>> unavailable) {
    List<Backend.Provider> all = all();
    boolean auto = name.equals("auto");
    List<Backend.Provider> candidates =
        all.stream()
            .filter(provider -> auto || provider.name().equals(name))
            .sorted(Comparator.comparingInt(preference).reversed())
            .toList();
    for (Backend.Provider provider : candidates) {
      if (unavailable.apply(provider).isEmpty()) {
        return provider;
      }
    }
    if (!candidates.isEmpty()) {
      // with auto the CPU has the word, which is there everywhere and knows what others can
      String problem =
          unavailable.apply(auto ? all.getLast() : candidates.getFirst()).orElseThrow();
      throw new TesseraException.Unsupported(
          auto ? problem : "the device '" + name + "' cannot be used: " + problem);
    }
    throw new TesseraException.Invalid(
        "there is no device '"
            + name
            + "': use auto or one of "
            + all.stream().map(Backend.Provider::name).collect(Collectors.joining(", ")));
  }
}
