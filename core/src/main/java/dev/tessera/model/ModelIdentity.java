package dev.tessera.model;

import dev.tessera.entropy.CdfTables;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The identity of a model: the SHA-256 of what decoding depends on.
 *
 * <p>Hashed are the 16 ASCII bytes {@code tessera-model-1\n}, and then these tensors in ascending
 * order of the bytes of their names:
 *
 * <ul>
 *   <li>every canonical tensor of {@code g_s} and, where there is one, {@code h_s}: {@code
 *       .weight}, {@code .bias}, {@code .beta} and {@code .gamma} as stored, and a buffer of GDN's
 *       reparametrization only where it differs from CompressAI's value;
 *   <li>{@code entropy_bottleneck.medians}, {@code [channels]}: the middle one of each channel's
 *       {@code quantiles};
 *   <li>{@code entropy_bottleneck._cdf_length} and {@code ._offset}, {@code [channels]}, and {@code
 *       ._quantized_cdf}, of one axis: the tables one after another at their true lengths;
 *   <li>with a hyperprior the same three of {@code gaussian_conditional}, and its {@code
 *       scale_table}.
 * </ul>
 *
 * <p>A tensor is: the length of its name (16 bits), its name in ASCII, its type (8 bits: 0 float32,
 * 1 int32), its rank (8 bits), its extents (32 bits each), its values (32 bits each) in C order,
 * all little-endian. Float values of any stored type count as the float32 that they convert to.
 * Tables built on reading count as stored ones do. Metadata, {@code g_a}, {@code h_a}, the density
 * that tables were built from, and padding do not count.
 */
final class ModelIdentity {
  private static final byte[] DOMAIN = "tessera-model-1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int CHUNK = 1 << 14;

  private ModelIdentity() {}

  /** The id of a model with its tables in place. */
  static String of(Model model) {
    SortedMap<String, Tensor> hashed = new TreeMap<>();
    for (Map.Entry<String, Tensor> entry : StateDict.decodingTensors(model.tensors()).entrySet()) {
      String name = entry.getKey();
      if (name.startsWith("g_s.")
          || name.startsWith("h_s.")
          || name.equals(StateDict.SCALE_TABLE)) {
        hashed.put(name, entry.getValue());
      }
    }
    float[] medians = model.medians();
    hashed.put(
        StateDict.BOTTLENECK + ".medians", new Tensor.Floats(new int[] {medians.length}, medians));
    putTables(StateDict.BOTTLENECK, model.bottleneckTables(), hashed);
    if (model.architecture().hasHyperprior()) {
      putTables(StateDict.CONDITIONAL, model.conditionalTables(), hashed);
    }
    MessageDigest digest = sha256();
    digest.update(DOMAIN);
    hashed.forEach((name, tensor) -> update(digest, name, tensor));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void putTables(String module, CdfTables tables, SortedMap<String, Tensor> hashed) {
    int count = tables.count();
    int[] lengths = new int[count];
    int[] offsets = new int[count];
    int total = 0;
    for (int t = 0; t < count; t++) {
      lengths[t] = tables.length(t);
      offsets[t] = tables.offset(t);
      total += lengths[t];
    }
    int[] entries = new int[total];
    int at = 0;
    for (int t = 0; t < count; t++) {
      System.arraycopy(tables.cdf(t), 0, entries, at, lengths[t]);
      at += lengths[t];
    }
    int[] shape = {count};
    hashed.put(module + StateDict.CDF_LENGTH, new Tensor.Ints(shape, lengths));
    hashed.put(module + StateDict.OFFSET, new Tensor.Ints(shape, offsets));
    hashed.put(module + StateDict.QUANTIZED_CDF, new Tensor.Ints(new int[] {total}, entries));
  }

  private static void update(MessageDigest digest, String name, Tensor tensor) {
    byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
    int rank = tensor.shape().length;
    ByteBuffer head =
        ByteBuffer.allocate(2 + ascii.length + 2 + 4 * rank).order(ByteOrder.LITTLE_ENDIAN);
    head.putShort((short) ascii.length).put(ascii);
    head.put((byte) (tensor instanceof Tensor.Floats ? 0 : 1)).put((byte) rank);
    for (int extent : tensor.shape()) {
      head.putInt(extent);
    }
    digest.update(head.array());
    ByteBuffer values = ByteBuffer.allocate(4 * CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < tensor.size(); from += CHUNK) {
      int count = Math.min(CHUNK, tensor.size() - from);
      switch (tensor) {
        case Tensor.Floats floats -> values.asFloatBuffer().put(floats.values(), from, count);
        case Tensor.Ints ints -> values.asIntBuffer().put(ints.values(), from, count);
      }
      digest.update(values.array(), 0, 4 * count);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
