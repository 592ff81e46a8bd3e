package dev.tessera.codec;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
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
   * The backend of a name; {@code auto} is the best one that can run the model here.
   *
   * @throws TesseraException.Invalid if there is none of that name
   * @throws TesseraException.Unsupported if this machine cannot use it
   */
  public static Backend.Provider choose(String name, Model model) {
    List<Backend.Provider> all = all();
    for (Backend.Provider provider : all) {
      if (name.equals("auto")
          ? provider.unavailable(model).isEmpty()
          : provider.name().equals(name)) {
        provider
            .unavailable(model)
            .ifPresent(problem -> {
              throw new TesseraException.Unsupported(
                  "the device '" + name + "' cannot be used: " + problem);
            });
        return provider;
      }
    }
    throw new TesseraException.Invalid(
        "there is no device '"
            + name
            + "': use auto or one of "
            + all.stream().map(Backend.Provider::name).collect(Collectors.joining(", ")));
  }
}
