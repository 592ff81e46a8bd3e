package dev.tessera.pipeline;

import dev.tessera.bytes.ByteReader;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A chunk with the encoder {@code rans} whose streams are coded elsewhere, such as on a GPU: {@link
 * ChunkCoder} in its halves. Encoding, it is put together of what was coded; decoding, it is opened
 * and gives what is to be decoded.
 */
public final class RansChunk {
  /** The mode's byte and what aligns the bytes after it. */
  private static final int FORM_BYTES = 4;

  private final DataType type;
  private final BlockGeometry geometry;
  private final RansHead head;
  private final MemorySegment streams;
  private final List<Exact> exact;

  /** An exact value: its index in the chunk and its bits. */
  private record Exact(int index, long bits) {}

  private RansChunk(
      DataType type,
      BlockGeometry geometry,
      RansHead head,
      MemorySegment streams,
      List<Exact> exact) {
    this.type = type;
    this.geometry = geometry;
    this.head = head;
    this.streams = streams;
    this.exact = exact;
  }

  /**
   * The bytes of a chunk, which {@link ChunkCoder} would store as it is if they are more than its
   * values.
   *
   * @param values the chunk's values, from which exact ones are taken
   * @param head what the streams hold
   * @param streams the words of all streams, one after the other
   * @param exactMarks a bit for each place of all blocks, in coded order, lowest first: whether its
   *     value is exact; null where there are none
   * @throws TesseraException.Invalid if these are not as many as the extents and the head say
   */
  public static byte[] encode(
      ChunkFormat format,
      MemorySegment values,
      int depth,
      int height,
      int width,
      RansHead head,
      MemorySegment streams,
      MemorySegment exactMarks) {
    BlockGeometry geometry = new BlockGeometry(depth, height, width);
    DataType type = format.type();
    long words = 0;
    for (int length : head.lengths()) {
      words += length;
    }
    if (values.byteSize() != (long) geometry.values() * type.bytes()
        || head.classes().length != geometry.blocks()
        || streams.byteSize() != words * Short.BYTES
        || exactMarks != null && exactMarks.byteSize() != ExactMarks.bytes(geometry.blocks())) {
      throw new TesseraException.Invalid(
          "values, streams and marks are not those of a chunk of %d×%d×%d"
              .formatted(depth, height, width));
    }
    ExactLists lists = new ExactLists(type.bytes());
    lists.begin();
    if (exactMarks != null) {
      ExactValues found = new ExactValues();
      for (int b = 0; b < geometry.blocks(); b++) {
        ExactMarks.collect(type, values, geometry, b, exactMarks, found);
        lists.add(b, found);
      }
    }
    byte[] packed = head.write(format.encoder().blocksPerStream(), lists);
    byte[] bytes = new byte[Math.toIntExact(FORM_BYTES + packed.length + streams.byteSize())];
    System.arraycopy(packed, 0, bytes, FORM_BYTES, packed.length);
    MemorySegment.copy(
        streams,
        ValueLayout.JAVA_BYTE,
        0,
        bytes,
        FORM_BYTES + packed.length,
        Math.toIntExact(streams.byteSize()));
    return bytes;
  }

  /**
   * Opens a chunk whose first {@value #FORM_BYTES} bytes are zero.
   *
   * @param data the chunk's bytes
   * @throws TesseraException.Corrupt if they are none; damage within the streams is not seen
   */
  public static RansChunk open(
      ChunkFormat format, MemorySegment data, int depth, int height, int width) {
    BlockGeometry geometry = new BlockGeometry(depth, height, width);
    int blocks = geometry.blocks();
    ByteReader outer = new ByteReader(data.asSlice(FORM_BYTES), 0, "a chunk of rANS streams");
    byte[] packed = outer.block();
    MemorySegment streams = outer.segment(outer.remaining());
    ByteReader in = RansHead.unpack(packed, blocks);
    RansHead head =
        RansHead.read(in, blocks, format.encoder().blocksPerStream(), streams.byteSize());
    List<Exact> exact = exactValues(in, format.type(), geometry);
    in.expectEnd();
    return new RansChunk(format.type(), geometry, head, streams, exact);
  }

  private static List<Exact> exactValues(ByteReader in, DataType type, BlockGeometry geometry) {
    ExactLists lists = new ExactLists(type.bytes());
    ExactValues values = new ExactValues();
    List<Exact> exact = new ArrayList<>();
    lists.open(in, geometry.blocks());
    for (int b = 0; b < geometry.blocks(); b++) {
      lists.read(in, b, geometry.blocks(), values);
      BlockGeometry.Block block = values.count > 0 ? geometry.block(b) : null;
      for (int i = 0; i < values.count; i++) {
        int place = geometry.mode().natural(values.places[i]);
        if (!geometry.contains(block, place)) {
          throw in.corrupt("has an exact value outside of the chunk");
        }
        exact.add(new Exact(geometry.index(block, place), values.bits[i]));
      }
    }
    return exact;
  }

  /** What the streams hold. */
  public RansHead head() {
    return head;
  }

  /** The words of all streams, one after the other; they may begin at any byte. */
  public MemorySegment streams() {
    return streams;
  }

  /** Number of blocks. */
  public int blocks() {
    return geometry.blocks();
  }

  /** Puts the exact values into the restored chunk. */
  public void putExact(MemorySegment chunk) {
    for (Exact value : exact) {
      type.setBits(chunk, value.index(), value.bits());
    }
  }
}
