package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.bytes.Zstd;
import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry;
import dev.tessera.quant.Lorenzo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Codes chunks of a field and decodes them, one at a time: values to quantized integers, to
 * residuals, to bytes, and back (FORMAT.md, "Pipelines"). Holds the bytes of the latest chunk. For
 * one thread at a time.
 */
public final class ChunkCoder {
  private static final int CODED = 0;
  private static final int PLAIN = 1;

  /** The mode's byte and what aligns the words after it. */
  private static final int HEAD = 4;

  private final ChunkFormat format;
  private final DataType type;
  private final BlockQuantizer quantizer;
  private final ResidualCoder coder;
  private final Lorenzo lorenzo = new Lorenzo();
  private final BlockValues values;
  private final ExactValues exactValues = new ExactValues();
  private final boolean[] exact = new boolean[PLACES];
  private final int[] natural = new int[PLACES];
  private final int[] coded = new int[PLACES];

  private byte[] plain;
  private long bytes;
  private int check;

  /**
   * A coder with its own buffers.
   *
   * @throws TesseraException.Unsupported if the encoder needs a GPU
   */
  public ChunkCoder(ChunkFormat format) {
    this.format = format;
    this.type = format.type();
    this.quantizer = BlockQuantizer.of(format);
    this.coder = ResidualCoder.of(format);
    this.values = new BlockValues(type);
  }

  /**
   * The most bytes that a chunk takes; readers refuse longer ones unread.
   *
   * @throws TesseraException.Invalid if an extent is not positive
   * @throws TesseraException.Unsupported if the chunk is too large
   */
  public static long maxBytes(
      EncoderSpec encoder, DataType type, int depth, int height, int width) {
    return maxBytes(encoder, type, new BlockGeometry(depth, height, width));
  }

  private static long maxBytes(EncoderSpec encoder, DataType type, BlockGeometry geometry) {
    long values = (long) geometry.values() * type.bytes();
    if (encoder.kind() != EncoderSpec.Kind.RAW) {
      return values + 2;
    }
    long residuals = (long) geometry.blocks() * PLACES * Integer.BYTES;
    return HEAD
        + residuals
        + ExactLists.maxBytes(geometry.blocks(), geometry.values(), type.bytes());
  }

  /**
   * Encodes a chunk, of which the bytes are kept until the next call.
   *
   * @param chunk {@code depth × height × width} elements of the field's type, little-endian
   * @param firstSlice number of the slice in the field that holds the chunk's first plane; planes
   *     are consecutive slices
   * @return number of bytes
   * @throws TesseraException.Invalid if the values are not as many as the extents say
   */
  public long encode(MemorySegment chunk, int depth, int height, int width, long firstSlice) {
    BlockGeometry geometry = new BlockGeometry(depth, height, width);
    requireValues(chunk, geometry);
    coder.begin(geometry.blocks());
    check = 0;
    for (int b = 0; b < geometry.blocks(); b++) {
      BlockSite site = new BlockSite(geometry, geometry.block(b), firstSlice);
      values.load(chunk, geometry, site.block());
      boolean anyExact = quantizer.quantize(values, site, natural, exact);
      check += checkOf(site);
      int[] residuals = lorenzo.forward(site.mode(), format.predictor(), natural);
      geometry.clearOutside(site.block(), residuals);
      site.mode().toCoded(residuals, coded);
      exactValues.clear();
      if (anyExact) {
        collectExact(chunk, site);
      }
      coder.add(coded, exactValues);
    }
    bytes = HEAD + coder.finish();
    plain = null;
    if (bytes > chunk.byteSize() && format.encoder().kind() != EncoderSpec.Kind.RAW) {
      keepPlain(chunk);
    }
    return bytes;
  }

  private void requireValues(MemorySegment chunk, BlockGeometry geometry) {
    if (chunk.byteSize() != (long) geometry.values() * type.bytes()) {
      throw new TesseraException.Invalid(
          "a chunk of %d %s values cannot have %d bytes"
              .formatted(geometry.values(), type.code(), chunk.byteSize()));
    }
  }

  /** The check of a block's integers. */
  private int checkOf(BlockSite site) {
    BlockGeometry.Block block = site.block();
    int sum = 0;
    for (int z = 0; z < block.depth(); z++) {
      for (int y = 0; y < block.height(); y++) {
        int row = (z * site.mode().height() + y) * site.mode().width();
        sum += SymbolCheck.of(natural, row, block.width(), site.geometry().index(block, row));
      }
    }
    return sum;
  }

  private void collectExact(MemorySegment chunk, BlockSite site) {
    for (int place = 0; place < PLACES; place++) {
      int i = site.mode().natural(place);
      if (exact[i]) {
        exactValues.add(place, type.getBits(chunk, site.geometry().index(site.block(), i)));
      }
    }
  }

  /** Keeps the values themselves, which the residuals would exceed. */
  private void keepPlain(MemorySegment chunk) {
    byte[] raw = chunk.toArray(ValueLayout.JAVA_BYTE);
    plain = Zstd.pack(raw);
    check = plainCheck(raw);
    bytes = 1 + plain.length;
  }

  private static int plainCheck(byte[] raw) {
    int[] words = new int[Math.ceilDiv(raw.length, Integer.BYTES)];
    for (int i = 0; i < raw.length; i++) {
      words[i / Integer.BYTES] |= (raw[i] & 0xff) << 8 * (i % Integer.BYTES);
    }
    return SymbolCheck.of(words, 0, words.length, 0);
  }

  /** The folded check of the latest chunk. */
  public short check() {
    return SymbolCheck.fold(check);
  }

  /** Copies the bytes of the latest encoded chunk. */
  public void copyTo(MemorySegment target, long offset) {
    if (plain != null) {
      target.set(ValueLayout.JAVA_BYTE, offset, (byte) PLAIN);
      MemorySegment.copy(plain, 0, target, ValueLayout.JAVA_BYTE, offset + 1, plain.length);
    } else {
      target.set(DataType.LE_INT, offset, CODED);
      coder.copyTo(target, offset + HEAD);
    }
  }

  /** The bytes of the latest encoded chunk, as a copy. */
  public byte[] toByteArray() {
    byte[] copy = new byte[Math.toIntExact(bytes)];
    copyTo(MemorySegment.ofArray(copy), 0);
    return copy;
  }

  /**
   * Decodes a chunk.
   *
   * @param data the chunk's bytes
   * @param firstSlice as in {@link #encode}
   * @param chunk takes {@code depth × height × width} elements of the field's type
   * @return the folded check of what was decoded; it MUST equal the stored one
   * @throws TesseraException.Corrupt if the bytes are no such chunk; the values are undefined then
   * @throws TesseraException.Invalid if {@code chunk} has another size
   */
  public short decode(
      MemorySegment data, int depth, int height, int width, long firstSlice, MemorySegment chunk) {
    BlockGeometry geometry = new BlockGeometry(depth, height, width);
    requireValues(chunk, geometry);
    if (data.byteSize() < 1 || data.byteSize() > maxBytes(format.encoder(), type, geometry)) {
      throw corrupt("it has an impossible length of " + data.byteSize() + " bytes");
    }
    int mode = data.get(ValueLayout.JAVA_BYTE, 0) & 0xff;
    if (mode == PLAIN) {
      return decodePlain(data, chunk);
    }
    if (data.byteSize() < HEAD || data.get(DataType.LE_INT, 0) != CODED) {
      throw corrupt("it is of unknown form " + mode);
    }
    coder.open(data.asSlice(HEAD), geometry.blocks());
    check = 0;
    for (int b = 0; b < geometry.blocks(); b++) {
      BlockSite site = new BlockSite(geometry, geometry.block(b), firstSlice);
      coder.next(coded, exactValues);
      site.mode().toNatural(coded, natural);
      lorenzo.inverse(site.mode(), format.predictor(), natural);
      check += checkOf(site);
      quantizer.restore(natural, site, values);
      values.store(chunk, geometry, site.block());
      putExact(chunk, site);
    }
    coder.close();
    return check();
  }

  private void putExact(MemorySegment chunk, BlockSite site) {
    for (int i = 0; i < exactValues.count; i++) {
      int place = site.mode().natural(exactValues.places[i]);
      if (!site.contains(place)) {
        throw corrupt("it has an exact value outside of its values");
      }
      type.setBits(chunk, site.geometry().index(site.block(), place), exactValues.bits[i]);
    }
  }

  private short decodePlain(MemorySegment data, MemorySegment chunk) {
    byte[] packed = data.asSlice(1).toArray(ValueLayout.JAVA_BYTE);
    byte[] raw = Zstd.unpack(packed, chunk.byteSize(), "a chunk of plain values");
    if (raw.length != chunk.byteSize()) {
      throw corrupt("it has " + raw.length + " bytes of values, not " + chunk.byteSize());
    }
    MemorySegment.copy(raw, 0, chunk, ValueLayout.JAVA_BYTE, 0, raw.length);
    check = plainCheck(raw);
    return check();
  }

  private static TesseraException corrupt(String what) {
    return new TesseraException.Corrupt("a chunk is damaged: " + what, -1);
  }
}
