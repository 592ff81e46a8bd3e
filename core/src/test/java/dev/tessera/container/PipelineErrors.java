package dev.tessera.container;

import dev.tessera.bytes.ByteWriter;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Errors of pipelines: testdata/golden/tsr/pipeline-bitpack.tsr with one thing wrong. */
final class PipelineErrors {
  private static final int GRID = 4;

  private PipelineErrors() {}

  static List<ErrorFile> stages() {
    return List.of(
        unsupported(
            "pipeline-stage-order",
            "the predictor before the quantizer",
            "stages [1, 5, 4, 6]",
            p -> p.stages.add(1, p.stages.remove(2))),
        unsupported(
            "pipeline-without-encoder",
            "no encoder stage",
            "stages [1, 4, 5]",
            p -> p.stages.removeLast()),
        unsupported(
            "pipeline-with-model",
            "a model in front of the quantizer, but no normalizer of its latents",
            "stages [1, 2, 4, 5, 6]",
            p -> p.stages.add(1, new Stage(Stage.MODEL, new byte[16]))),
        corrupt(
            "pipeline-quantizer-unknown",
            "a quantizer of kind 9",
            "quantizer of unknown kind 9",
            p -> argument(p, Stage.QUANTIZER, 0, 9)),
        corrupt(
            "pipeline-predictor-unknown",
            "a predictor of kind 7",
            "predictor of unknown kind 7",
            p -> argument(p, Stage.PREDICTOR, 0, 7)),
        corrupt(
            "pipeline-encoder-unknown",
            "an encoder of kind 9",
            "encoder of unknown kind 9",
            p -> argument(p, Stage.ENCODER, 0, 9)),
        corrupt(
            "pipeline-encoder-empty",
            "no arguments of the encoder",
            "the stored pipeline is cut short",
            p -> p.arguments(Stage.ENCODER, new byte[0])),
        corrupt(
            "pipeline-bound-negative",
            "a bound of -1 asked for",
            "must be a positive number",
            p ->
                p.arguments(
                    Stage.QUANTIZER,
                    new ByteWriter().u8(0).bits(Double.doubleToRawLongBits(-1), 8).toByteArray())),
        corrupt(
            "pipeline-step-zero",
            "steps of 0",
            "a quantizer cannot work with",
            p -> Arrays.fill(p.stage(Stage.QUANTIZER).parameters(), 8, 16, (byte) 0)),
        corrupt(
            "pipeline-numbers-missing",
            "no numbers of the quantizer",
            "the stored quantizer is cut short",
            p -> p.parameters(Stage.QUANTIZER, new byte[0])),
        corrupt(
            "pipeline-normalizer-numbers",
            "numbers for a normalizer that has none",
            "has no numbers, but 4 bytes are stored",
            p -> p.parameters(Stage.NORMALIZER, new byte[4])),
        corrupt(
            "pipeline-overlap",
            "chunks that overlap",
            "the header lets chunks overlap",
            p -> grid(p, 10, 0, 2, 4, 3)),
        unsupported(
            "pipeline-bitcomp",
            "an encoder of nvCOMP's",
            "bitcomp needs a CUDA device",
            p -> p.arguments(Stage.ENCODER, new byte[] {16})));
  }

  static List<ErrorFile> chunks() {
    return List.of(
        corrupt(
            "pipeline-bad-check",
            "one bit of the chunk's check flipped",
            "other integers than were encoded",
            p -> p.check ^= 1),
        corrupt(
            "pipeline-chunk-mode",
            "a chunk of form 2",
            "a chunk is damaged",
            p -> p.streams[0] = 2),
        corrupt(
            "pipeline-chunk-short",
            "the last word of the chunk left out",
            "the lengths of its blocks do not add up",
            p -> cut(p, 4)),
        corrupt(
            "pipeline-chunk-empty",
            "a chunk of no bytes",
            "a chunk is damaged",
            p -> cut(p, p.streams.length)),
        corrupt(
            "pipeline-chunk-long",
            "a word too many",
            "the lengths of its blocks do not add up",
            p -> cut(p, -4)),
        corrupt(
            "pipeline-table",
            "a block of one word more",
            "the lengths of its blocks do not add up",
            p -> p.streams[4]++),
        corrupt(
            "pipeline-chunk-beyond",
            "a length of 2^30 bytes",
            "is cut short",
            p -> p.lengths[0] = 1 << 30),
        corrupt(
            "pipeline-other-grid",
            "two chunks promised, one there",
            "the index",
            p -> grid(p, 5, 0, 2, 4, 0)),
        corrupt(
            "pipeline-mask-run",
            "a run of 20000 in a chunk of 10000 values",
            "holds 20000 where at most 10000 makes sense",
            p -> p.masks.set(0, new ByteWriter().u8(0).varint(20000).toByteArray())));
  }

  private static void cut(ContainerParts parts, int bytes) {
    parts.streams = Arrays.copyOf(parts.streams, parts.streams.length - bytes);
    parts.lengths[0] = parts.streams.length;
  }

  private static void argument(ContainerParts parts, int stage, int at, int value) {
    byte[] arguments = parts.stage(stage).arguments().clone();
    arguments[at] = (byte) value;
    parts.arguments(stage, arguments);
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

  private static ErrorFile corrupt(
      String name, String what, String message, Consumer<ContainerParts> damage) {
    return ErrorFile.corrupt(name, what, message, damage).of(GoldenPipelines.BITPACK.path());
  }

  private static ErrorFile unsupported(
      String name, String what, String message, Consumer<ContainerParts> damage) {
    return ErrorFile.unsupported(name, what, message, damage).of(GoldenPipelines.BITPACK.path());
  }
}
