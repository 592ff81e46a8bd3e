package dev.tessera.train.network;

import dev.tessera.model.Network;
import dev.tessera.train.network.GaussianLikelihood.Slopes;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * One pass of a batch through a model, and the way back, which takes from the tape what the way
 * there put on it, last first.
 *
 * <pre>
 *   y = g_a(x)
 *   with a hyperprior   z = h_a(y)   z' ≈ z   bits of z' by the density   scales, means = h_s(z')
 *   y' ≈ y              bits of y' by the density, or by Gaussians of these scales and means
 *   x' = g_s(y')
 * </pre>
 *
 * <p>≈ is uniform noise in training, else rounding. Latents, side information and what follows from
 * them are float32 between the networks.
 */
final class Pass {
  private final TrainableModel model;
  private final NetworkWeights weights;
  private final ComputeType type;
  private final boolean rounding;
  private final Tape tape;

  private Pass(
      TrainableModel model, NetworkWeights weights, ComputeType type, boolean rounding, Tape tape) {
    this.model = model;
    this.weights = weights;
    this.type = type;
    this.rounding = rounding;
    this.tape = tape;
  }

  /** A pass with the model's noise as it is drawn, and with a way back. */
  static Forward training(
      TrainableModel model, NetworkWeights weights, ComputeType type, Tensor tiles) {
    model.noise().rewind();
    return new Pass(model, weights, type, false, Tape.recording()).forward(tiles);
  }

  /** A pass with rounding. */
  static Forward validation(TrainableModel model, NetworkWeights weights, Tensor tiles) {
    return new Pass(model, weights, ComputeType.FP32, true, Tape.off()).forward(tiles);
  }

  private Forward forward(Tensor tiles) {
    try (PointerScope scope = new PointerScope()) {
      Tensor analyzed = run(Network.G_A, tiles);
      Tensor latent = precise(analyzed);
      Tensor quantized;
      Tensor latentBits;
      Tensor sideBits;
      if (model.architecture().hasHyperprior()) {
        Tensor side = approximated(precise(run(Network.H_A, analyzed)), model.medians());
        sideBits = model.density().bits(side, tape);
        Tensor predicted = precise(run(Network.H_S, side));
        Tensor scales = predicted;
        Tensor means = null;
        if (model.architecture().hasMeans()) {
          long channels = latent.size(1);
          scales = predicted.narrow(1, 0, channels);
          means = predicted.narrow(1, channels, channels);
        }
        quantized = approximated(latent, means);
        Tensor differences = means == null ? quantized : quantized.sub(means);
        latentBits = GaussianLikelihood.bits(differences, scales, tape);
      } else {
        quantized = approximated(latent, model.medians());
        latentBits = model.density().bits(quantized, tape);
        sideBits = torch.zeros_like(latentBits);
      }
      Tensor restored =
          run(Network.G_S, quantized).to(model.type(), false, false, Tensors.CONTIGUOUS);
      return new Forward(
          restored, latentBits, sideBits, tape, tape.isRecording() ? this::backward : null);
    } catch (RuntimeException e) {
      tape.close();
      throw e;
    }
  }

  private void backward(Forward forward) {
    Tensor fromRestored = precise(back(Network.G_S, Forward.slope(forward.restored()), true));
    Tensor latentBits = Forward.slope(forward.latentBits());
    Tensor latent;
    if (model.architecture().hasHyperprior()) {
      Slopes slopes = GaussianLikelihood.bitsBackward(latentBits, tape);
      Tensor predicted = slopes.scales();
      if (model.architecture().hasMeans()) {
        predicted = torch.cat(new TensorVector(predicted, slopes.differences().neg()), 1);
      }
      Tensor side = precise(back(Network.H_S, predicted, true));
      side = side.add(model.density().bitsBackward(Forward.slope(forward.sideBits()), tape));
      Tensor fromSide = precise(back(Network.H_A, side, true));
      latent = fromRestored.add(slopes.differences()).add_(fromSide);
    } else {
      latent = fromRestored.add(model.density().bitsBackward(latentBits, tape));
    }
    back(Network.G_A, latent, false);
    weights.finishGradients();
  }

  private Tensor run(Network network, Tensor input) {
    type.enter();
    try {
      return model
          .network(network)
          .forward(Tensors.channelsLast(input, weights.type()), weights, tape);
    } finally {
      type.leave();
    }
  }

  private Tensor back(Network network, Tensor slope, boolean wanted) {
    type.enter();
    try {
      return model
          .network(network)
          .backward(Tensors.channelsLast(slope, weights.type()), weights, tape, wanted);
    } finally {
      type.leave();
    }
  }

  private Tensor precise(Tensor values) {
    return values.to(model.type());
  }

  /** What decoding would see of values, or noise in its place; centers may be null, for 0. */
  private Tensor approximated(Tensor values, Tensor centers) {
    if (!rounding) {
      return values.add(model.noise().like(values));
    }
    return centers == null ? values.round() : values.sub(centers).round_().add_(centers);
  }
}
