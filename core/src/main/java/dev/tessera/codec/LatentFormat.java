package dev.tessera.codec;

import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Model;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.pipeline.QuantizerSpec;
import dev.tessera.quant.Predictor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a pipeline does to the latents of a model: each tile's latent is one chunk, a vector of
 * float32 values. Quantizers that go by the range of the values take that of each tile, which
 * stands in front of its chunk as two float32 numbers; others have the same numbers everywhere.
 *
 * @param spec the pipeline, resolved
 * @param numbers the quantizer's numbers; empty where each tile has its own
 */
public record LatentFormat(PipelineSpec spec, Optional<Quantization> numbers) {
  /** Bytes of a tile's least and greatest value. */
  public static final int RANGE_BYTES = 2 * Float.BYTES;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** What a header says. */
  static LatentFormat of(Header header) {
    PipelineSpec spec = PipelineStages.spec(header);
    try {
      requireSuitable(spec);
    } catch (TesseraException.Invalid e) {
      throw new TesseraException.Corrupt(
          "the header names a pipeline that no latent can have: " + e.getMessage(), -1, e);
    }
    byte[] numbers = header.stage(Stage.QUANTIZER).parameters();
    if (storesRange(spec)) {
      if (numbers.length > 0) {
        throw new TesseraException.Corrupt(
            "the header has numbers of a quantizer whose tiles have their own", -1);
      }
      return new LatentFormat(spec, Optional.empty());
    }
    return new LatentFormat(spec, Optional.of(Quantization.decode(spec.quantizer(), numbers)));
  }

  /**
   * What a pipeline does to latents, with what it leaves open as files have it.
   *
   * @throws TesseraException.Invalid if it cannot code latents
   */
  public static LatentFormat of(PipelineSpec spec) {
    requireSuitable(spec);
    PipelineSpec settled = settled(spec);
    return new LatentFormat(
        settled, storesRange(settled) ? Optional.empty() : Optional.of(fit(settled, noRange())));
  }

  /**
   * Fails unless a pipeline can code latents.
   *
   * @throws TesseraException.Invalid if it cannot
   */
  static void requireSuitable(PipelineSpec spec) {
    if (!spec.appliedNormalizer().stages().isEmpty()) {
      throw new TesseraException.Invalid(
          "latents take no normalizer but minmax, not " + spec.normalizer());
    }
    if (spec.quantizer().kind() == QuantizerSpec.Kind.PWREL) {
      throw new TesseraException.Invalid(
          "latents are small where nothing is: use eb=abs, eb=rel, round or reference-eb, not"
              + " eb=pwrel");
    }
  }

  /**
   * What codes latents where something is left open: no predictor, since neighbours in a latent are
   * hardly alike, and bitpack, since a tile's latent is too small for tables of its own.
   */
  static PipelineSpec settled(PipelineSpec spec) {
    PipelineSpec predicted = spec.predictor().isResolved() ? spec : spec.with(Predictor.NONE);
    return spec.encoder().isResolved() ? predicted : predicted.with(EncoderSpec.BITPACK);
  }

  /** The quantizer's numbers as a header holds them; nothing where each tile has its own. */
  static byte[] numbers(PipelineSpec spec) {
    return storesRange(spec) ? new byte[0] : fit(spec, noRange()).encode();
  }

  private static boolean storesRange(PipelineSpec spec) {
    return switch (spec.quantizer().kind()) {
      case REL, REFERENCE -> true;
      default -> false;
    };
  }

  private static Quantization fit(PipelineSpec spec, MemorySegment range) {
    QuantizationFit fit = new QuantizationFit(spec, DataType.FLOAT32, null);
    fit.accept(range, 0, 2, 0);
    return fit.finish();
  }

  private static MemorySegment noRange() {
    return MemorySegment.ofArray(new byte[RANGE_BYTES]);
  }

  /** Whether a tile's range is stored. */
  public boolean storesRange() {
    return storesRange(spec);
  }

  /** Bytes in front of a tile's chunk. */
  public int headBytes() {
    return storesRange() ? RANGE_BYTES : 0;
  }

  /**
   * Least and greatest finite value of a latent, as a file holds them; 0 to 0 if none is stored.
   */
  public MemorySegment range(MemorySegment latent) {
    float least = Float.POSITIVE_INFINITY;
    float greatest = Float.NEGATIVE_INFINITY;
    for (long at = 0; storesRange() && at < latent.byteSize(); at += Float.BYTES) {
      float value = latent.get(FLOAT, at);
      if (Float.isFinite(value)) {
        least = Math.min(least, value);
        greatest = Math.max(greatest, value);
      }
    }
    MemorySegment range = noRange();
    range.set(FLOAT, 0, least <= greatest ? least + 0f : 0);
    range.set(FLOAT, Float.BYTES, least <= greatest ? greatest + 0f : 0);
    return range;
  }

  /**
   * The range in front of a tile's chunk; 0 to 0 if none is stored.
   *
   * @throws TesseraException.Corrupt if it is none
   */
  public MemorySegment storedRange(MemorySegment stream) {
    if (stream.byteSize() < headBytes()) {
      throw new TesseraException.Corrupt("a tile is too short for its latent's range", -1);
    }
    MemorySegment range = noRange();
    MemorySegment.copy(stream, 0, range, 0, headBytes());
    if (!(Float.isFinite(range.get(FLOAT, 0))
        && range.get(FLOAT, 0) <= range.get(FLOAT, Float.BYTES)
        && Float.isFinite(range.get(FLOAT, Float.BYTES)))) {
      throw new TesseraException.Corrupt("a tile states an impossible range of its latent", -1);
    }
    return range;
  }

  /** What codes a latent of this range. */
  public ChunkFormat chunkFormat(MemorySegment range) {
    return new ChunkFormat(
        DataType.FLOAT32,
        null,
        numbers.orElseGet(() -> fit(spec, range)),
        spec.predictor(),
        spec.encoder(),
        OptionalLong.empty());
  }

  /** Tiles whose latent is one stream. */
  static TileFormat tiles(Model model, TileGrid grid) {
    int stride = model.architecture().latentStride();
    return TileFormat.compatible(
        grid.channels(),
        grid.tileHeight(),
        grid.tileWidth(),
        null,
        StreamLayout.whole(model.m(), grid.tileHeight() / stride, grid.tileWidth() / stride));
  }
}
