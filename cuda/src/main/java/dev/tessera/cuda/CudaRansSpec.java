package dev.tessera.cuda;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.CompactScheme;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;

/**
 * What a {@link CudaRans} codes.
 *
 * @param layout how the latent of a tile is cut into streams
 * @param tables the tables of the model
 * @param scheme order of channels and flags of the compact profile, with the same tables; null for
 *     the compatible profile
 * @param type what stands for a symbol in device memory
 * @param medians per channel, where latents stand for symbols; else null
 * @param indexed whether the table of every symbol is given, instead of one for each channel
 * @param checkBase position of the latent's first symbol in its tile's check ({@link
 *     dev.tessera.entropy.SymbolCheck})
 */
public record CudaRansSpec(
    StreamLayout layout,
    CdfTables tables,
    CompactScheme scheme,
    CudaRansType type,
    float[] medians,
    boolean indexed,
    int checkBase) {
  // the kernels keep channels in 16 bits, and a stream's words and a batch's streams in 32
  private static final int MAX_CHANNELS = 1 << 16;
  private static final long MAX_WORDS = (1L << 32) - 1;

  /**
   * Checks that all parts fit together.
   *
   * @throws TesseraException.Invalid if they do not
   * @throws TesseraException.Unsupported if the latent or its streams are too large for the kernels
   */
  public CudaRansSpec {
    int channels = layout.channels();
    if (channels > MAX_CHANNELS) {
      throw new TesseraException.Unsupported(
          "the GPU's entropy coder takes latents of up to %d channels, not %d"
              .formatted(MAX_CHANNELS, channels));
    }
    if (scheme != null && (scheme.tables() != tables || scheme.order().channels() != channels)) {
      throw new TesseraException.Invalid("the coder's tables or channels are not the scheme's");
    }
    if (scheme != null && !scheme.flags().isDerived()) {
      requirePerChannel("stored frequencies", scheme.flags().frequencies().length, channels);
    }
    if (type.isLatent() != (medians != null) || (type.isLatent() && indexed)) {
      throw new TesseraException.Invalid(
          "latents are coded by their channels' medians and tables; symbols have no medians");
    }
    if (medians != null) {
      requirePerChannel("medians", medians.length, channels);
      medians = medians.clone();
    }
    if (wordsBound(layout, scheme == null) > MAX_WORDS) {
      throw new TesseraException.Unsupported(
          "streams of %d channels by %d rows could exceed 4 GiB: use fewer channels or rows"
              .formatted(layout.channelsPerStream(), layout.rowsPerStream()));
    }
  }

  /** 32-bit symbols in the compact profile. */
  public static CudaRansSpec compact(StreamLayout layout, CompactScheme scheme) {
    return new CudaRansSpec(layout, scheme.tables(), scheme, CudaRansType.INT32, null, false, 0);
  }

  /** 32-bit symbols in the compatible profile. */
  public static CudaRansSpec compatible(StreamLayout layout, CdfTables tables) {
    return new CudaRansSpec(layout, tables, null, CudaRansType.INT32, null, false, 0);
  }

  /** The same with the table of every symbol given. */
  public CudaRansSpec withIndexes() {
    return new CudaRansSpec(layout, tables, scheme, type, medians, true, checkBase);
  }

  /** The same with symbols of 16 bits. */
  public CudaRansSpec withShorts() {
    return new CudaRansSpec(layout, tables, scheme, CudaRansType.INT16, null, indexed, checkBase);
  }

  /**
   * The same with latents in place of symbols.
   *
   * @param type {@link CudaRansType#FLOAT32} or {@link CudaRansType#FLOAT16}
   * @param medians per channel
   */
  public CudaRansSpec withLatents(CudaRansType type, float[] medians) {
    return new CudaRansSpec(layout, tables, scheme, type, medians, indexed, checkBase);
  }

  /** The same with another position of the first symbol in the tile's check. */
  public CudaRansSpec withCheckBase(int position) {
    return new CudaRansSpec(layout, tables, scheme, type, medians, indexed, position);
  }

  /** The medians, or null. */
  @Override
  public float[] medians() {
    return medians == null ? null : medians.clone();
  }

  /** Whether the profile is the compatible one. */
  public boolean isCompatible() {
    return scheme == null;
  }

  /** Bytes of a word of the profile, the unit of stream lengths. */
  public int wordBytes() {
    return isCompatible() ? Integer.BYTES : Short.BYTES;
  }

  /**
   * Fails unless every symbol has a table: by its index, or its channel's.
   *
   * @throws TesseraException.Invalid if there are fewer tables than channels
   */
  void requireTables() {
    if (!indexed && layout.channels() > tables.count()) {
      throw new TesseraException.Invalid(
          "a latent of %d channels needs as many tables, not %d"
              .formatted(layout.channels(), tables.count()));
    }
  }

  /** Words of the longest stream there can be (FORMAT.md, "Entropy coding"). */
  long wordsBound() {
    return wordsBound(layout, isCompatible());
  }

  /** Words of the shortest stream there can be: the compatible profile's state always stands. */
  long leastWords() {
    return isCompatible() ? 2 : 0;
  }

  private static long wordsBound(StreamLayout layout, boolean compatible) {
    long channels = channelsPerStream(layout);
    long symbols = channels * rowsPerStream(layout) * layout.width();
    return compatible ? 2 * symbols + 3 : Math.ceilDiv(52 * symbols + 16 * channels, 16) + 2;
  }

  static int channelsPerStream(StreamLayout layout) {
    return Math.min(layout.channelsPerStream(), layout.channels());
  }

  static int rowsPerStream(StreamLayout layout) {
    return Math.min(layout.rowsPerStream(), layout.height());
  }

  private static void requirePerChannel(String what, int count, int channels) {
    if (count != channels) {
      throw new TesseraException.Invalid(
          "a latent of %d channels needs as many %s, not %d".formatted(channels, what, count));
    }
  }
}
