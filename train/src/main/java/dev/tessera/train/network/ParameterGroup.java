package dev.tessera.train.network;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Tensor.Floats;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The parameters that one optimizer moves: one flat buffer of values and one of gradients, and a
 * view of each per parameter. An optimizer that works on the flat buffers takes a few kernels for
 * all parameters together, where one per parameter would take hundreds.
 *
 * <p>A view starts at a multiple of {@value #ALIGNMENT} values; what lies between two views is zero
 * and its gradient too. Weights of four axes lie in channels-last order, as cuDNN's fastest kernels
 * want them, whatever their shape says.
 */
public final class ParameterGroup implements AutoCloseable {
  private static final int ALIGNMENT = 64;

  /** Where a parameter lies in the flat buffers. */
  private record Place(long offset, int[] shape) {
    long end() {
      return offset + Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
    }

    Tensor view(Tensor flat, long start) {
      if (shape.length != 4) {
        return flat.narrow(0, offset - start, end() - offset).view(sizes());
      }
      long[] channelsLast = {shape[0], shape[2], shape[3], shape[1]};
      return flat.narrow(0, offset - start, end() - offset).view(channelsLast).permute(0, 3, 1, 2);
    }

    private long[] sizes() {
      return Arrays.stream(shape).asLongStream().toArray();
    }
  }

  /** A run of parameters that lie one after another. */
  record Segment(long start, long end) {
    Tensor of(Tensor flat) {
      return flat.narrow(0, start, end - start);
    }

    long size() {
      return end - start;
    }
  }

  private final Map<String, Place> places = new LinkedHashMap<>();
  private final Map<String, Tensor> valueViews = new LinkedHashMap<>();
  private final Map<String, Tensor> gradientViews = new LinkedHashMap<>();
  private final Tensor values;
  private final Tensor gradient;

  /**
   * @param initial values in the order in which they are to lie
   */
  ParameterGroup(Map<String, Floats> initial, Device device, ScalarType type) {
    long size = 0;
    for (Map.Entry<String, Floats> entry : initial.entrySet()) {
      Place place = new Place(size, entry.getValue().shape());
      places.put(entry.getKey(), place);
      size = Math.ceilDiv(place.end(), ALIGNMENT) * ALIGNMENT;
    }
    try (PointerScope scope = new PointerScope()) {
      values = Tensors.kept(Tensors.zeros(device, type, size));
      gradient = Tensors.kept(Tensors.zeros(device, type, size));
      places.forEach((name, place) -> {
        Tensor view = Tensors.kept(place.view(values, 0));
        Tensor slope = Tensors.kept(place.view(gradient, 0));
        view.mutable_grad().put(slope);
        valueViews.put(name, view);
        gradientViews.put(name, slope);
      });
      values.mutable_grad().put(gradient);
    }
    restore(initial);
  }

  /** All values, one axis; its {@code grad()} is {@link #gradient}. */
  public Tensor values() {
    return values;
  }

  /** All gradients, in the order of {@link #values}. */
  public Tensor gradient() {
    return gradient;
  }

  /** Views of {@link #values} by name, with views of {@link #gradient} as their {@code grad()}. */
  public Map<String, Tensor> parameters() {
    return Collections.unmodifiableMap(valueViews);
  }

  Tensor value(String name) {
    return valueViews.get(name);
  }

  Tensor gradient(String name) {
    return gradientViews.get(name);
  }

  /** From the first to the last of some parameters, and all that lie between them. */
  Segment segment(List<String> names) {
    long start = names.stream().mapToLong(name -> places.get(name).offset).min().orElseThrow();
    long end = names.stream().mapToLong(name -> places.get(name).end()).max().orElseThrow();
    return new Segment(start, end);
  }

  /** The part of a buffer laid out as a segment of this group that a parameter takes. */
  Tensor view(String name, Tensor buffer, Segment segment) {
    return places.get(name).view(buffer, segment.start);
  }

  /** All values by name, in C order. */
  Map<String, Floats> state() {
    Map<String, Floats> state = new LinkedHashMap<>();
    valueViews.forEach((name, view) -> state.put(name, Tensors.floats(view)));
    return state;
  }

  /**
   * Sets all values.
   *
   * @throws TesseraException.Invalid if one is missing or has another shape
   */
  void restore(Map<String, Floats> state) {
    try (PointerScope scope = new PointerScope()) {
      places.forEach((name, place) -> {
        Floats stored = state.get(name);
        if (stored == null || !Arrays.equals(stored.shape(), place.shape)) {
          throw new TesseraException.Invalid(
              "the parameter '%s' has shape %s here, but %s"
                  .formatted(
                      name,
                      Arrays.toString(place.shape),
                      stored == null
                          ? "is missing in what is restored"
                          : Arrays.toString(stored.shape()) + " in what is restored"));
        }
        valueViews.get(name).copy_(Tensor.create(stored.values(), place.sizes()));
      });
    }
  }

  @Override
  public void close() {
    valueViews.values().forEach(Tensor::releaseReference);
    gradientViews.values().forEach(Tensor::releaseReference);
    values.releaseReference();
    gradient.releaseReference();
  }
}
