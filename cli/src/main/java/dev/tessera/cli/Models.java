package dev.tessera.cli;

import dev.tessera.container.Header;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import dev.tessera.model.ModelTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Which model a command works with. */
final class Models {
  /** The bundled model that the demo shows. */
  static final String DEMO = "cosmo-q1";

  /** The bundled model that benchmarks run where none is named, as those of the reference do. */
  static final String BENCHMARK = "nyx-factorized";

  private Models() {}

  /** The model of a name, id or path. */
  static Model find(String name) throws IOException {
    return ModelStore.user().find(name);
  }

  /**
   * Fails if no model can be written to a file.
   *
   * @throws TesseraException.Invalid in that case
   */
  static void requireTarget(Path file) throws IOException {
    ModelTarget.require(file);
    if (!Files.isDirectory(file.toAbsolutePath().getParent())) {
      throw new TesseraException.Invalid(
          "the folder of '" + file + "' does not exist: create it or choose another name");
    }
  }

  /**
   * The model that a container was made with: the named one, the embedded one, or the one of its id
   * in the model folder; empty for files without a model.
   */
  static Optional<Model> forContainer(Header header, String name) throws IOException {
    if (header.hasModel()) {
      return Optional.of(named(header, name));
    }
    if (name != null) {
      throw new TesseraException.Invalid("the file was made without a model: leave out --model");
    }
    return Optional.empty();
  }

  private static Model named(Header header, String name) throws IOException {
    if (name != null) {
      Model named = ModelStore.user().find(name);
      if (!named.id().startsWith(header.modelId())) {
        throw new TesseraException.Invalid(
            "the file was made with model "
                + header.modelId()
                + ", not with "
                + named.name()
                + " ("
                + named.id().substring(0, 32)
                + "): leave out --model or name that one");
      }
      return named;
    }
    if (header.packedModel() == null) {
      return ModelStore.user().byId(header.modelId());
    }
    Model model = Model.read(header.embeddedModel(), "embedded");
    if (!model.id().startsWith(header.modelId())) {
      throw new TesseraException.Corrupt(
          "the embedded model is not the one that the file was made with", -1);
    }
    return model;
  }
}
