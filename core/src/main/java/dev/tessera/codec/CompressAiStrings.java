package dev.tessera.codec;

import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.transform.Precisions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.ForkJoinPool;

/**
 * CompressAI's own bitstreams, without a container: what its {@code compress} gives for one image
 * and its {@code decompress} takes, byte for byte. Not thread-safe.
 */
public final class CompressAiStrings implements AutoCloseable {
  private final Model model;
  private final ForkJoinPool workers = new ForkJoinPool(1);
  private final Backend backend;

  /** For a model, on the best device. */
  public CompressAiStrings(Model model) {
    this.model = model;
    this.backend =
        Backends.choose("auto", model, Precisions.DEFAULT)
            .open(
                new Backend.Settings(
                    model,
                    Precisions.DEFAULT,
                    Runtime.getRuntime().availableProcessors(),
                    workers));
  }

  /**
   * Compresses one image.
   *
   * @param image {@code channels × height × width} values, as the model takes them (0…1 for
   *     CompressAI's photo models)
   * @return the string of the latent, and after it that of the side information if the model has
   *     any: CompressAI's {@code strings[0][0]} and {@code strings[1][0]}
   * @throws TesseraException.Invalid if a side is not a multiple of 16 (64 with side information)
   */
  public List<byte[]> compress(float[] image, int height, int width) {
    TileFormat format = format(height, width);
    if (image.length != format.elements()) {
      throw new TesseraException.Invalid(
          "an image of %dx%dx%d has %d values, not %d"
              .formatted(format.channels(), height, width, format.elements(), image.length));
    }
    try (Backend.Lane lane = backend.openLane(LaneFormat.of(format), 1)) {
      MemorySegment.copy(image, 0, lane.tiles(), ValueLayout.JAVA_FLOAT, 0, image.length);
      PackedBatch packed = lane.encode(1);
      byte[] all = packed.streams().toArray(ValueLayout.JAVA_BYTE);
      if (format.side() == null) {
        return List.of(all);
      }
      int sideBytes = Math.toIntExact(packed.streamBytes()[0]);
      return List.of(
          java.util.Arrays.copyOfRange(all, sideBytes, all.length),
          java.util.Arrays.copyOf(all, sideBytes));
    }
  }

  /**
   * Restores one image.
   *
   * @param strings as {@link #compress} gives them
   * @return {@code channels × height × width} values, clamped to 0…1 as CompressAI does
   * @throws TesseraException.Corrupt if a string is damaged, or of another size
   */
  public float[] decompress(List<byte[]> strings, int height, int width) {
    TileFormat format = format(height, width);
    if (strings.size() != format.streams()) {
      throw new TesseraException.Invalid(
          "%s has %d strings an image, not %d"
              .formatted(model.architecture().id(), format.streams(), strings.size()));
    }
    List<byte[]> inOrder = strings.reversed();
    long[] streamBytes = inOrder.stream().mapToLong(string -> string.length).toArray();
    MemorySegment streams = MemorySegment.ofArray(concatenate(inOrder));
    try (Backend.Lane lane = backend.openLane(LaneFormat.of(format), 1)) {
      lane.decode(new PackedBatch(1, streamBytes, PackedBatch.UNCHECKED, streams));
      float[] image = new float[format.elements()];
      MemorySegment.copy(lane.tiles(), ValueLayout.JAVA_FLOAT, 0, image, 0, image.length);
      for (int i = 0; i < image.length; i++) {
        image[i] = Math.clamp(image[i], 0f, 1f);
      }
      return image;
    }
  }

  private TileFormat format(int height, int width) {
    Architecture architecture = model.architecture();
    int unit = Math.max(architecture.latentStride(), architecture.sideStride());
    if (height < unit || width < unit || height % unit != 0 || width % unit != 0) {
      throw new TesseraException.Invalid(
          "the sides of an image for %s are multiples of %d, not %dx%d: pad it first"
              .formatted(architecture.id(), unit, height, width));
    }
    return TileFormat.compatible(
        model.inputChannels(),
        height,
        width,
        architecture.hasHyperprior()
            ? StreamLayout.whole(model.n(), height / unit, width / unit)
            : null,
        StreamLayout.whole(
            model.m(), height / architecture.latentStride(), width / architecture.latentStride()));
  }

  private static byte[] concatenate(List<byte[]> parts) {
    byte[] all = new byte[parts.stream().mapToInt(part -> part.length).reduce(0, Math::addExact)];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  @Override
  public void close() {
    backend.close();
    workers.shutdownNow();
  }
}
