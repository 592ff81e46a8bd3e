package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The coders that can stand behind g_a, by name. */
final class LatentCoders {
  private static final Pattern RANS = Pattern.compile("rans:([1-9]\\d{0,3})");
  private static final String BITPACK = "bitpack";

  private LatentCoders() {}

  /**
   * Checks a coder's name.
   *
   * @throws TesseraException.Invalid if there is none of that name
   */
  static void require(String name) {
    if (name.equals(BITPACK) || RANS.matcher(name).matches()) {
      return;
    }
    if (!name.contains("+")) {
      throw new TesseraException.Invalid(
          "there is no codec '"
              + name
              + "': use rans:P, as in rans:64, bitpack, or a pipeline of the latents, as in"
              + " minmax:8+reference-eb=0.8+bitcomp");
    }
    PipelineLatentCoder.parse(name);
  }

  /** Why a model cannot be measured with a coder here; empty if it can. */
  static Optional<String> obstacle(String name, Model model) {
    require(name);
    if (isPipeline(name)) {
      return PipelineLatentCoder.obstacle(name);
    }
    return model.architecture().hasHyperprior() && name.equals(BITPACK)
        ? Optional.of("bitpack has no use for a hyperprior: measure it with a factorized model")
        : Optional.empty();
  }

  static boolean isPipeline(String name) {
    return name.contains("+");
  }

  /** P of a coder that is rANS. */
  static int channelsPerStream(String name) {
    Matcher rans = RANS.matcher(name);
    if (!rans.matches()) {
      throw new TesseraException.Invalid("the codec " + name + " has no P");
    }
    return Integer.parseInt(rans.group(1));
  }

  /**
   * A coder by name, for a model without hyperprior or for latents that need none.
   *
   * @param height rows of a latent
   * @param width columns of a latent
   */
  static LatentCoder open(
      String name, CudaSession session, Model model, int tiles, int height, int width) {
    require(name);
    int perTile = model.m() * height * width;
    if (isPipeline(name)) {
      return PipelineLatentCoder.open(session, name, tiles, perTile);
    }
    if (name.equals(BITPACK)) {
      return new BitpackLatentCoder(session, tiles, perTile);
    }
    return RansLatentCoder.ofChannels(
        session,
        model.bottleneckTables(),
        RansLatentCoder.layout(model.m(), height, width, channelsPerStream(name)),
        tiles);
  }
}
