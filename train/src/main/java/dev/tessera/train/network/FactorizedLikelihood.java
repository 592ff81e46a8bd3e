package dev.tessera.train.network;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The factorized density of Ballé et al., "Variational image compression with a scale hyperprior"
 * (ICLR 2018), appendix 6.1, under the names and with the widths of CompressAI's {@code
 * EntropyBottleneck}: per channel a monotonic network of widths 1, 3, 3, 3, 3, 1 gives the logit of
 * the cumulative distribution,
 *
 * <pre>
 *   h_k = softplus(matrix_k) · o_(k−1) + bias_k      o_k = h_k + tanh(factor_k) · tanh(h_k)
 * </pre>
 *
 * <p>The likelihood of a value is {@code σ(u) − σ(l)} with the logits {@code u}, {@code l} half a
 * step above and below, computed as {@code σ(u) · σ(−l) · (1 − e^(l−u))}, which is the same but
 * loses no digits in the upper tail. Every value is evaluated at both ends in one batch per
 * channel, {@code C×f×2P}, the lower end before the upper.
 */
final class FactorizedLikelihood implements AutoCloseable {
  /** Likelihoods count as at least this. */
  static final double BOUND = 1e-9;

  private static final String PREFIX = "entropy_bottleneck.";
  static final String QUANTILES = PREFIX + "quantiles";

  /** Outputs of the layers. */
  static final int[] WIDTHS = {3, 3, 3, 3, 1};

  private static final Scalar BOUND_SCALAR = Tensors.constant(BOUND);
  private static final double PER_BIT = 1 / Math.log(2);
  private static final Scalar MINUS_PER_BIT = Tensors.constant(-PER_BIT);
  private static final int LAYERS = WIDTHS.length;

  private final ParameterGroup group;
  private final List<Tensor> owned = new ArrayList<>();
  private final Tensor storedMatrices;
  private final Tensor storedFactors;
  private final Tensor matrixSlopes;
  private final Tensor factorSlopes;
  private final Tensor positiveMatrices;
  private final Tensor boundedFactors;
  private final Tensor[] matrices = new Tensor[LAYERS];
  private final Tensor[] factors = new Tensor[LAYERS - 1];
  private final Tensor halves;
  private final Tensor slopeSigns;

  /**
   * @param group holds the matrices one after another, and the factors
   */
  FactorizedLikelihood(ParameterGroup group) {
    this.group = group;
    List<String> matrixNames = names("matrices", LAYERS);
    List<String> factorNames = names("factors", LAYERS - 1);
    ParameterGroup.Segment matrixSegment = group.segment(matrixNames);
    ParameterGroup.Segment factorSegment = group.segment(factorNames);
    try (PointerScope scope = new PointerScope()) {
      storedMatrices = own(matrixSegment.of(group.values()));
      storedFactors = own(factorSegment.of(group.values()));
      matrixSlopes = own(matrixSegment.of(group.gradient()));
      factorSlopes = own(factorSegment.of(group.gradient()));
      positiveMatrices = own(torch.zeros_like(storedMatrices));
      boundedFactors = own(torch.zeros_like(storedFactors));
      for (int k = 0; k < LAYERS; k++) {
        matrices[k] = own(group.view(matrixNames.get(k), positiveMatrices, matrixSegment));
      }
      for (int k = 0; k < LAYERS - 1; k++) {
        factors[k] = own(group.view(factorNames.get(k), boundedFactors, factorSegment));
      }
      halves = own(Tensor.create(-0.5f, 0.5f).to(storedMatrices, false, false, Tensors.ANY_FORMAT));
      slopeSigns =
          own(
              Tensor.create(PER_BIT, -PER_BIT)
                  .to(storedMatrices, false, false, Tensors.ANY_FORMAT));
    }
  }

  /** The name of a parameter; the lists are {@code matrices}, {@code biases}, {@code factors}. */
  static String name(String list, int layer) {
    return PREFIX + list + "." + layer;
  }

  private static List<String> names(String list, int count) {
    List<String> names = new ArrayList<>();
    for (int k = 0; k < count; k++) {
      names.add(name(list, k));
    }
    return names;
  }

  private Tensor own(Tensor tensor) {
    owned.add(tensor);
    return Tensors.kept(tensor);
  }

  private Tensor bias(int layer) {
    return group.value(name("biases", layer));
  }

  private Tensor biasSlope(int layer) {
    return group.gradient(name("biases", layer));
  }

  /** Derives the weights from the parameters as they are now. */
  void refresh() {
    torch.softplus_out(positiveMatrices, storedMatrices);
    torch.tanh_out(boundedFactors, storedFactors);
  }

  /**
   * The logits of the cumulative distribution.
   *
   * @param points {@code C×1×n}
   * @return {@code C×1×n}
   */
  Tensor logits(Tensor points, Tape tape) {
    Tensor input = points;
    for (int k = 0; k < LAYERS; k++) {
      tape.push(input);
      // a matrix of one column is a product with broadcasting, not a sum
      Tensor h =
          k == 0
              ? torch.addcmul(bias(0), matrices[0], input)
              : torch.baddbmm(bias(k), matrices[k], input);
      if (k == LAYERS - 1) {
        return h;
      }
      Tensor gate = h.tanh();
      tape.push(gate);
      input = torch.addcmul(h, factors[k], gate);
    }
    throw new AssertionError("the last layer returns");
  }

  /**
   * The adjoint of {@link #logits}.
   *
   * @param slope gradient of the logits, {@code C×1×n}
   * @param withParameters whether to write the gradients of the parameters
   * @return the gradient of the points, {@code C×1×n}
   */
  Tensor logitsBackward(Tensor slope, Tape tape, boolean withParameters) {
    Tensor h = slope;
    for (int k = LAYERS - 1; k >= 0; k--) {
      if (k < LAYERS - 1) {
        Tensor gate = tape.pop();
        Tensor gated = h.mul(gate);
        if (withParameters) {
          torch.sum_out(factorSlope(k), gated, new long[] {2}, true, Tensors.SAME_TYPE);
        }
        // d o/d h = 1 + factor · (1 − gate²)
        Tensor ungated = torch.addcmul(h, gated, gate, Tensors.MINUS_ONE);
        h = torch.addcmul(h, factors[k], ungated);
      }
      Tensor input = tape.pop();
      if (withParameters) {
        torch.sum_out(biasSlope(k), h, new long[] {2}, true, Tensors.SAME_TYPE);
        torch.bmm_out(matrixSlope(k), h, input.transpose(1, 2));
      }
      Tensor transposed = matrices[k].transpose(1, 2);
      h = k == LAYERS - 1 ? transposed.mul(h) : transposed.bmm(h);
    }
    if (withParameters) {
      matrixSlopes.mul_(storedMatrices.sigmoid());
      factorSlopes.sub_(factorSlopes.mul(boundedFactors).mul_(boundedFactors));
    }
    return h;
  }

  private Tensor factorSlope(int layer) {
    return group.gradient(name("factors", layer));
  }

  private Tensor matrixSlope(int layer) {
    return group.gradient(name("matrices", layer));
  }

  /**
   * The bits of values, {@code Σ −log2 max(likelihood, 1e-9)}.
   *
   * @param values {@code B×C×h×w}, with noise or rounded
   * @return a scalar
   */
  Tensor bits(Tensor values, Tape tape) {
    long channels = values.size(1);
    Tensor points = values.new_empty(channels, values.numel() / channels, 2);
    torch.add_out(points, values.permute(1, 0, 2, 3).reshape(channels, -1, 1), halves);
    Tensor logits = logits(points.view(channels, 1, -1), tape).view(channels, -1, 2);
    Tensor lower = logits.select(2, 0);
    Tensor upper = logits.select(2, 1);
    Tensor below = logits.sigmoid();
    Tensor above = logits.neg().sigmoid_();
    Tensor likelihood =
        lower
            .sub(upper)
            .expm1_()
            .neg_()
            .mul_(below.select(2, 1))
            .mul_(above.select(2, 0))
            .clamp_min_(BOUND_SCALAR);
    // σ' at both ends
    tape.push(tape.isRecording() ? below.mul_(above) : below);
    tape.push(likelihood);
    tape.push(values);
    return likelihood.log().sum().mul_(MINUS_PER_BIT);
  }

  /**
   * The adjoint of {@link #bits}. The likelihood's lower bound lets every gradient through: bits
   * fall as a likelihood rises, so descent pulls it up.
   *
   * @param slope gradient of the bits, a positive scalar
   * @return the gradient of the values, {@code B×C×h×w}
   */
  Tensor bitsBackward(Tensor slope, Tape tape) {
    Tensor values = tape.pop();
    Tensor likelihood = tape.pop();
    Tensor density = tape.pop();
    long channels = values.size(1);
    Tensor logitSlope =
        density.div(likelihood.unsqueeze(2)).mul_(slopeSigns.mul(slope)).view(channels, 1, -1);
    return logitsBackward(logitSlope, tape, true)
        .view(channels, -1, 2)
        .sum(2)
        .view(channels, values.size(0), values.size(2), values.size(3))
        .permute(1, 0, 2, 3);
  }

  @Override
  public void close() {
    owned.forEach(Tensor::releaseReference);
    owned.clear();
  }
}
