package dev.tessera.container;

import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.List;

/** Errors of a container's stages, tiles, masks and index. */
final class BodyErrors {
  private BodyErrors() {}

  static List<ErrorFile> stages() {
    return List.of(
        ErrorFile.unsupported(
            "unknown-profile",
            "entropy profile 9",
            "entropy profile 9",
            p -> plan(p, 9, 8, 3, 0, 0)),
        ErrorFile.unsupported(
            "unknown-stage",
            "a stage 4 at the end",
            "stages [1, 2, 3, 4]",
            p -> p.stages.add(new Stage(4, new byte[0]))),
        ErrorFile.unsupported(
            "missing-stage", "no normalizer stage", "stages [2, 3]", p -> p.stages.removeFirst()),
        new ErrorFile(
            "wrong-model-id",
            "the model's id is all zeros",
            TesseraException.Invalid.class,
            "was made with model 00000000000000000000000000000000, not with",
            ErrorFile.parts(p -> p.arguments(Stage.MODEL, new byte[16]))),
        ErrorFile.corrupt(
            "short-model-id",
            "a model's id of 15 bytes",
            "15 bytes, not 16",
            p -> p.arguments(Stage.MODEL, new byte[15])),
        ErrorFile.corrupt(
            "zero-p", "P = 0", "without channels or rows", p -> plan(p, 0, 0, 3, 0, 0)),
        ErrorFile.corrupt(
            "p-beyond-model",
            "P = 25 of 24 channels",
            "the header contradicts the model",
            p -> plan(p, 0, 25, 3, 0, 0)),
        ErrorFile.corrupt(
            "side-streams-without-side",
            "P_z = 1 for a model without side information",
            "the header contradicts the model",
            p -> plan(p, 0, 8, 3, 1, 1)),
        ErrorFile.corrupt(
            "other-p",
            "P = 4, so six streams where three are",
            "group 0",
            p -> plan(p, 0, 4, 3, 0, 0)),
        ErrorFile.corrupt(
            "unknown-normalizer",
            "a normalizer of kind 30",
            "normalizer",
            p -> p.arguments(Stage.NORMALIZER, new byte[] {30})),
        ErrorFile.corrupt(
            "normalizer-parameters-long",
            "four bytes too many behind the normalizer's numbers",
            "slice",
            p ->
                p.parameters(
                    Stage.NORMALIZER,
                    Arrays.copyOf(
                        p.stage(Stage.NORMALIZER).parameters(),
                        p.stage(Stage.NORMALIZER).parameters().length + 4))));
  }

  static List<ErrorFile> tiles() {
    return List.of(
        ErrorFile.corrupt(
            "bad-symbol-check",
            "one bit of the tile's check flipped",
            "other symbols than were encoded",
            p -> p.check ^= 1),
        ErrorFile.corrupt(
            "stream-beyond-group",
            "a length of 1000 words",
            "is cut short",
            p -> p.lengths[1] = 1000),
        ErrorFile.corrupt(
            "stream-length-overflow",
            "a length of 2^62 words",
            "at most 2147483647",
            p -> p.lengths[1] = 1L << 62),
        ErrorFile.corrupt(
            "stream-too-short",
            "the last word of the last stream left out",
            "an entropy-coded stream is damaged",
            p -> {
              p.lengths[2]--;
              p.streams = Arrays.copyOf(p.streams, p.streams.length - 4);
            }),
        ErrorFile.corrupt(
            "stream-too-long",
            "a word too many in the last stream",
            "an entropy-coded stream is damaged",
            p -> {
              p.lengths[2]++;
              p.streams = Arrays.copyOf(p.streams, p.streams.length + 4);
            }),
        ErrorFile.corrupt(
            "stream-state-too-small",
            "the first stream begins with a state of 0",
            "an entropy-coded stream is damaged",
            p -> Arrays.fill(p.streams, 0, 8, (byte) 0)),
        ErrorFile.corrupt(
            "group-bytes-left",
            "four bytes after the last tile of the group",
            "bytes too many",
            p -> p.streams = Arrays.copyOf(p.streams, p.streams.length + 4)));
  }

  static List<ErrorFile> masks() {
    return List.of(
        ErrorFile.corrupt(
            "bad-mask-run",
            "a run of 7000 in a tile of 6000 values",
            "holds 7000 where at most 6000 makes sense",
            p -> p.masks.set(0, new ByteWriter().u8(0).varint(7000).toByteArray())),
        ErrorFile.corrupt(
            "mask-class-unknown",
            "a value of class 200, where there are 4",
            "names a class of values that the file does not have",
            p -> p.masks.set(0, new ByteWriter().u8(0).varint(10).u8(200).toByteArray())),
        ErrorFile.corrupt(
            "mask-cut",
            "a mask that ends in a run",
            "is cut short",
            p -> p.masks.set(0, new ByteWriter().u8(0).varint(10).u8(1).toByteArray())),
        ErrorFile.corrupt(
            "mask-too-long",
            "a byte after the mask",
            "1 bytes too many",
            p -> p.masks.set(0, new ByteWriter().u8(0).varint(6000).u8(0).toByteArray())),
        ErrorFile.corrupt(
            "mask-bomb",
            "a mask that claims to unpack to 2^31 bytes",
            "unpacks to an impossible size",
            p -> p.masks.set(0, ErrorFile.zstdClaiming(1L << 31))),
        ErrorFile.corrupt(
            "mask-number-unknown",
            "the tile uses mask 7 of 1",
            "names a mask that the file does not have",
            p -> p.maskNumber = 2 + 7));
  }

  static List<ErrorFile> index() {
    return List.of(
        ErrorFile.corrupt(
            "groups-beyond-index",
            "2^40 groups",
            "promises more groups than it holds",
            p -> p.groups = 1L << 40),
        ErrorFile.corrupt(
            "group-beyond-file",
            "a group longer than the file",
            "does not fit into the file",
            p -> p.groupBytesBeyond = 100_000),
        ErrorFile.corrupt(
            "group-too-short",
            "a group shorter than it is",
            "the index does not match the file",
            p -> p.groupBytesBeyond = -8),
        ErrorFile.corrupt("no-tiles", "a group of 0 tiles", "does not fit", p -> p.groupTiles = 0),
        ErrorFile.corrupt(
            "more-tiles-in-group", "2 tiles of 1", "does not fit", p -> p.groupTiles = 2),
        ErrorFile.corrupt(
            "masks-missing",
            "2^22 masks promised, one there",
            "the index is cut short",
            p -> p.masksBeyond = (1L << 22) - 1));
  }

  private static void plan(ContainerParts parts, int profile, int p, int rows, int pZ, int rowsZ) {
    parts.arguments(
        Stage.ENTROPY,
        new ByteWriter().u8(profile).varint(p).varint(rows).varint(pZ).varint(rowsZ).toByteArray());
  }
}
