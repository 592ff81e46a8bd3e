package dev.tessera.train.network;

import dev.tessera.model.Model;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The weights of the networks as their layers use them, derived from the parameters once a step: in
 * the type of the activations, and GDN's beta and gamma out of their reparametrization. Both happen
 * for all layers together, in buffers that stay.
 *
 * <p>CompressAI keeps {@code s = sqrt(beta + pedestal)} and uses {@code max(s, bound)² − pedestal}.
 * The bound's gradient is that of the identity where {@code s ≥ bound} or where descent would raise
 * {@code s}, so that no parameter is stuck below its bound; elsewhere it is 0.
 */
final class NetworkWeights implements AutoCloseable {
  private static final Scalar PEDESTAL = Tensors.constant(Model.PEDESTAL);

  private final ParameterGroup group;
  private final ScalarType type;
  private final Map<String, Tensor> weights = new HashMap<>();
  private final Map<String, Tensor> gradients = new HashMap<>();

  private final List<Tensor> owned = new ArrayList<>();

  /** A row as long as the longest matrix so far. */
  private Tensor ones;

  /** Convolutions in another type than the parameters', or null. */
  private final Conversion conversion;

  /** GDN's parameters, or null where there are none. */
  private final NonNegative nonNegative;

  /** A copy of a segment in another type. */
  private record Conversion(Tensor from, Tensor to) {}

  /**
   * @param stored the parameters
   * @param bounds the lower bound of each
   * @param bounded {@code max(stored, bounds)}
   * @param effective what the layers use, in the parameters' type
   * @param converted the same in the type of the activations
   * @param slope twice the gradient of {@code effective}, which is what a layer has at hand
   * @param target gradient of {@code stored}
   */
  private record NonNegative(
      Tensor stored,
      Tensor bounds,
      Tensor bounded,
      Tensor effective,
      Tensor converted,
      Tensor slope,
      Tensor target) {}

  /**
   * @param group holds convolutions one after another, then all betas, then all gammas
   */
  NetworkWeights(ParameterGroup group, ScalarType type) {
    this.group = group;
    this.type = type;
    try (PointerScope scope = new PointerScope()) {
      conversion = convolutions(named(n -> n.endsWith(".weight") || n.endsWith(".bias")));
      List<String> betas = named(name -> name.endsWith(".beta"));
      List<String> gammas = named(name -> name.endsWith(".gamma"));
      nonNegative = betas.isEmpty() ? null : nonNegative(betas, gammas);
    }
  }

  private Tensor own(Tensor tensor) {
    owned.add(tensor);
    return Tensors.kept(tensor);
  }

  private static ScalarType typeOf(Tensor tensor) {
    // the enum that libtorch's binding gives is another object until interned
    return tensor.scalar_type().intern();
  }

  private List<String> named(Predicate<String> condition) {
    return group.parameters().keySet().stream().filter(condition).toList();
  }

  private Conversion convolutions(List<String> names) {
    names.forEach(name -> gradients.put(name, group.gradient(name)));
    if (type == typeOf(group.values())) {
      names.forEach(name -> weights.put(name, group.value(name)));
      return null;
    }
    ParameterGroup.Segment segment = group.segment(names);
    Tensor from = own(segment.of(group.values()));
    Tensor to = own(torch.empty_like(from).to(type));
    names.forEach(name -> weights.put(name, own(group.view(name, to, segment))));
    return new Conversion(from, to);
  }

  private NonNegative nonNegative(List<String> betas, List<String> gammas) {
    ParameterGroup.Segment beta = group.segment(betas);
    ParameterGroup.Segment gamma = group.segment(gammas);
    ParameterGroup.Segment all = new ParameterGroup.Segment(beta.start(), gamma.end());
    Tensor stored = own(all.of(group.values()));
    Tensor bounds = own(torch.full_like(stored, new Scalar(Model.GAMMA_BOUND)));
    bounds.narrow(0, 0, beta.size()).fill_(new Scalar(Model.BETA_BOUND));
    Tensor bounded = own(torch.zeros_like(stored));
    Tensor effective = own(torch.zeros_like(stored));
    Tensor slope = own(torch.zeros_like(stored));
    Tensor converted = effective;
    if (type != typeOf(stored)) {
      converted = own(effective.to(type));
    }
    for (List<String> names : List.of(betas, gammas)) {
      for (String name : names) {
        weights.put(name, own(group.view(name, converted, all)));
        gradients.put(name, own(group.view(name, slope, all)));
      }
    }
    Tensor target = own(all.of(group.gradient()));
    return new NonNegative(stored, bounds, bounded, effective, converted, slope, target);
  }

  /** The type of the activations that these weights go with. */
  ScalarType type() {
    return type;
  }

  /** A layer's weight, bias, beta or gamma, as of the last {@link #refresh}. */
  Tensor get(String name) {
    return weights.get(name);
  }

  /** Where a layer writes the gradient of {@link #get}; of a beta or gamma, twice the gradient. */
  Tensor gradient(String name) {
    return gradients.get(name);
  }

  /**
   * Sums of the columns of a matrix of this type, {@code P×C} to {@code C}.
   *
   * <p>On CUDA they are a product with a row of ones, which takes a fifth of the time of libtorch's
   * sum over the slow axis.
   */
  Tensor columnSums(Tensor rows) {
    return rows.is_cuda() && rows.size(1) % 8 == 0 ? sumsByProduct(rows) : rows.sum(0);
  }

  Tensor sumsByProduct(Tensor rows) {
    long count = rows.size(0);
    if (ones == null || ones.size(1) < count) {
      ones = own(rows.new_ones(1, count));
    }
    return ones.narrow(1, 0, count).mm(rows).view(-1);
  }

  /** Derives the weights from the parameters as they are now. */
  void refresh() {
    if (conversion != null) {
      conversion.to.copy_(conversion.from);
    }
    if (nonNegative != null) {
      NonNegative n = nonNegative;
      torch.maximum_out(n.bounded, n.stored, n.bounds);
      torch.mul_out(n.effective, n.bounded, n.bounded);
      n.effective.sub_(PEDESTAL);
      if (n.converted != n.effective) {
        n.converted.copy_(n.effective);
      }
    }
  }

  /** Turns the gradients of GDN's weights, which the layers wrote, into those of the parameters. */
  void finishGradients() {
    if (nonNegative != null) {
      NonNegative n = nonNegative;
      try (PointerScope scope = new PointerScope()) {
        Tensor slope = n.slope.mul(n.bounded);
        Tensor passes = n.stored.ge(n.bounds).logical_or_(slope.lt(Tensors.ZERO));
        torch.mul_out(n.target, slope, passes);
      }
    }
  }

  @Override
  public void close() {
    owned.forEach(Tensor::releaseReference);
    owned.clear();
  }
}
