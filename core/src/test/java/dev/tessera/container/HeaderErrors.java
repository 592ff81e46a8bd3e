package dev.tessera.container;

import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import java.util.Arrays;
import java.util.List;

/** Errors of a container's outer parts and of its header. */
final class HeaderErrors {
  private static final int NAME = 1;
  private static final int FIELD = 2;
  private static final int ATTRIBUTES = 3;
  private static final int GRID = 4;
  private static final int SPECIALS = 8;
  private static final int MODEL = 9;

  /** Number of the element type of the golden file. */
  private static final int FLOAT32 = 8;

  private HeaderErrors() {}

  static List<ErrorFile> envelope() {
    return List.of(
        ErrorFile.bytes("empty", "no bytes at all", "not a .tsr file", f -> new byte[0]),
        ErrorFile.bytes(
            "bad-magic", "the first byte is 0x88", "not a .tsr file", f -> with(f, 0, 0x88)),
        ErrorFile.unsupported(
            "future-version",
            "version 2",
            "format version 2, but this Tessera reads version 1",
            p -> p.version = 2),
        ErrorFile.bytes("truncated-header", "30 bytes", "is cut short", f -> Arrays.copyOf(f, 30)),
        ErrorFile.bytes(
            "truncated-group",
            "cut in the middle of the group",
            "truncated or damaged",
            f -> Arrays.copyOf(f, f.length - 120)),
        ErrorFile.bytes(
            "truncated-index",
            "cut in the middle of the index",
            "truncated or damaged",
            f -> Arrays.copyOf(f, f.length - 15)),
        ErrorFile.bytes(
            "truncated-trailer",
            "the last byte is missing",
            "truncated or damaged",
            f -> Arrays.copyOf(f, f.length - 1)),
        ErrorFile.bytes(
            "trailing-bytes",
            "three zeros after the trailer",
            "truncated or damaged",
            f -> Arrays.copyOf(f, f.length + 3)),
        ErrorFile.bytes(
            "bad-header-checksum",
            "one bit of the field's name flipped",
            "the header does not match its checksum",
            f -> with(f, 12, f[12] ^ 1)),
        ErrorFile.bytes(
            "bad-group-checksum",
            "one bit of a stream flipped",
            "group 0 does not match its checksum",
            f -> with(f, f.length - 120, f[f.length - 120] ^ 4)),
        ErrorFile.bytes(
            "bad-index-checksum",
            "one bit of the index flipped",
            "its index does not match its checksum",
            f -> with(f, f.length - 12, f[f.length - 12] ^ 16)),
        ErrorFile.bytes(
            "huge-index",
            "the trailer claims an index of 4294967295 bytes",
            "truncated or damaged",
            f -> {
              byte[] copy = f.clone();
              Arrays.fill(copy, f.length - 4, f.length, (byte) 0xff);
              return copy;
            }),
        ErrorFile.bytes(
            "huge-header",
            "the header claims 2^62 bytes",
            "is cut short",
            f ->
                new ByteWriter()
                    .raw(Arrays.copyOf(f, 5))
                    .varint(1L << 62)
                    .raw(Arrays.copyOfRange(f, 7, f.length))
                    .toByteArray()),
        ErrorFile.bytes(
            "endless-varint",
            "the header's length never ends",
            "more than 63 bits",
            f -> {
              byte[] copy = f.clone();
              Arrays.fill(copy, 5, 20, (byte) 0x80);
              return copy;
            }));
  }

  static List<ErrorFile> header() {
    return List.of(
        ErrorFile.unsupported(
            "unknown-even-key",
            "header entry 14",
            "header entry 14",
            p -> p.header.put(14, new byte[] {1})),
        ErrorFile.corrupt(
            "missing-field", "no header entry 2", "lacks entry 2", p -> p.header.remove(FIELD)),
        ErrorFile.bytes(
            "repeated-entry",
            "header entry 1 twice",
            "entries out of order",
            f -> {
              ContainerParts p = ContainerParts.of(f);
              ByteWriter entries = new ByteWriter();
              for (int i = 0; i < 2; i++) {
                entries.varint(NAME).block(p.header.get(NAME));
              }
              return p.toBytes(entries.toByteArray());
            }),
        ErrorFile.corrupt(
            "unknown-type", "element type 7", "element type 7", p -> field(p, 7, 3, 40, 50)),
        ErrorFile.corrupt(
            "impossible-shape",
            "extents 2^40 x 2^40",
            "impossible shape",
            p -> field(p, FLOAT32, 1L << 40, 1L << 40)),
        ErrorFile.corrupt(
            "impossible-size",
            "2^62 values of 4 bytes",
            "impossible shape",
            p -> field(p, FLOAT32, 1L << 31, 1L << 31)),
        ErrorFile.corrupt(
            "zero-extent", "extents 3x0x50", "impossible shape", p -> field(p, FLOAT32, 3, 0, 50)),
        ErrorFile.corrupt(
            "impossible-rank",
            "33 axes",
            "at most 32",
            p -> {
              long[] ones = new long[33];
              Arrays.fill(ones, 1);
              field(p, FLOAT32, ones);
            }),
        ErrorFile.corrupt(
            "extent-missing",
            "rank 4, but three extents",
            "is cut short",
            p ->
                p.header.put(
                    FIELD, new ByteWriter().u8(FLOAT32).u8(4).u8(3).u8(40).u8(50).toByteArray())),
        ErrorFile.corrupt(
            "more-tiles",
            "extents 2^40x40x50 with the one tile of 3x40x50",
            "does not match the file",
            p -> field(p, FLOAT32, 1L << 40, 40, 50)),
        ErrorFile.corrupt(
            "zero-tile", "tiles of 0x64", "make no sense", p -> grid(p, 3, 0, 0, 4, 0)),
        ErrorFile.corrupt(
            "zero-channels", "tiles of 0 planes", "make no sense", p -> grid(p, 0, 0, 3, 4, 0)),
        ErrorFile.corrupt(
            "huge-tile",
            "tiles of 2^24 x 2^24",
            "make no sense",
            p -> grid(p, 3, 0, 1 << 20, 1 << 20, 0)),
        ErrorFile.corrupt(
            "tile-larger-than-field",
            "tiles of 48x80 for planes of 40x50",
            "the header contradicts the model",
            p -> grid(p, 3, 0, 3, 5, 0)),
        ErrorFile.corrupt(
            "other-channels",
            "tiles of 4 planes, but the model takes 3",
            "the header contradicts the model",
            p -> grid(p, 4, 0, 3, 4, 0)),
        ErrorFile.corrupt(
            "overlap-too-large",
            "overlap 24 of 48 rows",
            "make no sense",
            p -> grid(p, 3, 0, 3, 4, 24)),
        ErrorFile.corrupt(
            "group-axis-outside",
            "group axis 1 of one",
            "make no sense",
            p -> grid(p, 3, 1, 3, 4, 0)),
        ErrorFile.corrupt(
            "attributes-bomb",
            "attributes that claim to unpack to 2^40 bytes",
            "unpacks to an impossible size",
            p -> p.header.put(ATTRIBUTES, ErrorFile.zstdClaiming(1L << 40))),
        ErrorFile.corrupt(
            "attributes-cut",
            "two attributes promised, one there",
            "is cut short",
            p ->
                p.header.put(
                    ATTRIBUTES,
                    new ByteWriter().u8(0).varint(2).text("a").text("b").toByteArray())),
        ErrorFile.corrupt(
            "packed-unknown",
            "attributes packed in form 2",
            "packed in an unknown form",
            p -> p.header.put(ATTRIBUTES, new byte[] {2, 0})),
        ErrorFile.corrupt(
            "too-many-patterns",
            "251 patterns of special values",
            "more than 250",
            p -> {
              ByteWriter patterns = new ByteWriter();
              for (int i = 0; i < 251; i++) {
                patterns.bits(i, 4);
              }
              p.header.put(SPECIALS, patterns.toByteArray());
            }),
        ErrorFile.corrupt(
            "embedded-model-damaged",
            "an embedded model whose Zstandard frame is cut",
            "the embedded model",
            p -> {
              byte[] packed = Zstd.pack(new byte[5000]);
              p.header.put(MODEL, Arrays.copyOf(packed, packed.length - 4));
            }),
        ErrorFile.corrupt(
            "embedded-model-foreign",
            "an embedded model of 100 zeros",
            "the model file is cut off or damaged",
            p -> p.header.put(MODEL, new byte[101])));
  }

  private static byte[] with(byte[] file, int at, int value) {
    byte[] copy = file.clone();
    copy[at] = (byte) value;
    return copy;
  }

  private static void field(ContainerParts parts, int type, long... extents) {
    ByteWriter field = new ByteWriter().u8(type).varint(extents.length);
    Arrays.stream(extents).forEach(field::varint);
    parts.header.put(FIELD, field.toByteArray());
  }

  private static void grid(
      ContainerParts parts, int channels, int axis, int height, int width, int overlap) {
    parts.header.put(
        GRID,
        new ByteWriter()
            .varint(channels)
            .varint(axis)
            .varint(height)
            .varint(width)
            .varint(overlap)
            .toByteArray());
  }
}
