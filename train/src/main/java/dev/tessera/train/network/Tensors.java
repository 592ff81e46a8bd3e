package dev.tessera.train.network;

import dev.tessera.model.Tensor.Floats;
import java.util.Arrays;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Between Java arrays and libtorch, and constants that its calls take again and again. */
final class Tensors {
  static final Scalar ZERO = constant(0);
  static final Scalar ONE = constant(1);
  static final Scalar MINUS_ONE = constant(-1);
  static final MemoryFormatOptional CHANNELS_LAST =
      kept(new MemoryFormatOptional(MemoryFormat.ChannelsLast));
  static final MemoryFormatOptional CONTIGUOUS =
      kept(new MemoryFormatOptional(MemoryFormat.Contiguous));
  static final MemoryFormatOptional ANY_FORMAT = kept(new MemoryFormatOptional());
  static final ScalarTypeOptional SAME_TYPE = kept(new ScalarTypeOptional());

  private Tensors() {}

  /** A pointer that outlives the {@code PointerScope} it is made in. */
  static <P extends Pointer> P kept(P pointer) {
    return pointer.retainReference();
  }

  /** A kept pointer, from now on the open {@code PointerScope}'s. */
  static <P extends Pointer> P handedOver(P kept) {
    PointerScope.getInnerScope().attach(kept);
    kept.releaseReference();
    return kept;
  }

  static Scalar constant(double value) {
    return kept(new Scalar(value));
  }

  static TensorOptions options(Device device, ScalarType type) {
    return new TensorOptions(device).dtype(new ScalarTypeOptional(type));
  }

  static Tensor zeros(Device device, ScalarType type, long... shape) {
    return torch.zeros(shape, options(device, type));
  }

  /** Values on a device, in C order. */
  static Tensor of(float[] values, Device device, ScalarType type, long... shape) {
    return Tensor.create(values, shape).to(device, type);
  }

  /** A tensor's values in C order, as float32. */
  static float[] array(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor host =
          tensor
              .to(new Device(torch.DeviceType.CPU), ScalarType.Float, false, false, CONTIGUOUS)
              .contiguous();
      float[] values = new float[Math.toIntExact(host.numel())];
      host.data_ptr_float().get(values);
      return values;
    }
  }

  /** A tensor's shape and values. */
  static Floats floats(Tensor tensor) {
    int[] shape = Arrays.stream(tensor.shape()).mapToInt(Math::toIntExact).toArray();
    return new Floats(shape, array(tensor));
  }

  /** The same values as another type in channels-last order; itself where it is that already. */
  static Tensor channelsLast(Tensor tensor, ScalarType type) {
    return tensor.to(type, false, false, CHANNELS_LAST);
  }
}
