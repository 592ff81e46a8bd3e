package dev.tessera.bench;

import dev.tessera.codec.LatentFormat;
import dev.tessera.cuda.CudaIntegers;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.NvComp;
import dev.tessera.cuda.NvCompCoder;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkCoder;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizerSpec;
import dev.tessera.quant.Predictor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A pipeline over latents, each tile's a chunk, that never leaves the device: quantizer, and then
 * nvCOMP or {@code bitpack}.
 */
final class PipelineLatentCoder implements LatentCoder {
  private final String name;
  private final LatentFormat format;
  private final int tiles;
  private final int perTile;
  private final LatentIntegers integers;
  private final NvCompPieces pieces;
  private final BitpackLatentCoder bitpack;

  private PipelineLatentCoder(
      CudaSession session, String name, LatentFormat format, int tiles, int perTile) {
    this.name = name;
    this.format = format;
    this.tiles = tiles;
    this.perTile = perTile;
    EncoderSpec.Kind encoder = format.spec().encoder().kind();
    boolean ranged = format.storesRange();
    CudaIntegers.Form form =
        ranged && encoder.isNvcomp() ? CudaIntegers.Form.SHORT : CudaIntegers.Form.INT;
    integers =
        ranged
            ? new LatentIntegers.Ranged(session, format, form, tiles, perTile)
            : encoder.isNvcomp() ? new LatentIntegers.Fixed(session, format, tiles, perTile) : null;
    pieces =
        encoder.isNvcomp()
            ? new NvCompPieces(
                session,
                library(encoder, form),
                integers.encoded(),
                integers.decoded(),
                tiles,
                integers.bytesPerTile())
            : null;
    // with the same numbers for all tiles, quantizer and encoder are one kernel
    ChunkFormat whole =
        ranged ? BitpackRansDevice.format() : format.chunkFormat(MemorySegment.NULL);
    bitpack = encoder.isNvcomp() ? null : new BitpackLatentCoder(session, whole, tiles, perTile);
  }

  /** What a name such as {@code minmax:8+reference-eb=0.8+bitcomp} means. */
  static LatentFormat parse(String name) {
    LatentFormat format = LatentFormat.of(PipelineSpec.parse(name.replace('+', ',')));
    PipelineSpec spec = format.spec();
    boolean known =
        spec.predictor() == Predictor.NONE
            && spec.quantizer().kind() != QuantizerSpec.Kind.REL
            && (spec.encoder().kind().isNvcomp() || spec.encoder().equals(EncoderSpec.BITPACK));
    if (!known) {
      throw new TesseraException.Invalid(
          "'"
              + name
              + "' cannot be measured on latents: use reference-eb, eb=abs or round, no predictor,"
              + " and bitcomp, ans or bitpack");
    }
    return format;
  }

  /** Why a pipeline cannot run here; empty if it can. */
  static Optional<String> obstacle(String name) {
    return parse(name).spec().encoder().kind().isNvcomp() && NvComp.find().isEmpty()
        ? Optional.of(NvComp.absence())
        : Optional.empty();
  }

  static PipelineLatentCoder open(CudaSession session, String name, int tiles, int perTile) {
    return new PipelineLatentCoder(session, name, parse(name), tiles, perTile);
  }

  private static NvCompCoder library(EncoderSpec.Kind encoder, CudaIntegers.Form form) {
    NvComp library = NvComp.require();
    return encoder == EncoderSpec.Kind.ANS
        ? library.ans()
        : library.bitcomp(
            form == CudaIntegers.Form.SHORT ? NvComp.Type.SHORT : NvComp.Type.INT, false);
  }

  @Override
  public boolean takesSymbols() {
    return false;
  }

  @Override
  public boolean fitsGraph() {
    return pieces == null;
  }

  @Override
  public void encode(DeviceBuffer latents) {
    if (integers != null) {
      integers.quantize(latents);
    }
    if (pieces != null) {
      pieces.encode();
    } else {
      bitpack.encode(integers == null ? latents : integers.encoded());
    }
  }

  @Override
  public void decode(DeviceBuffer latents) {
    if (pieces != null) {
      pieces.decode();
    } else {
      bitpack.decode(integers == null ? latents : integers.decoded());
    }
    if (integers != null) {
      integers.restore(latents);
    }
  }

  @Override
  public void requireClean() {
    if (integers != null) {
      integers.requireClean();
    }
    if (pieces != null) {
      pieces.requireClean();
    } else {
      bitpack.requireClean();
    }
  }

  /** Against the same pipeline on the CPU; what packs the integers loses nothing. */
  @Override
  public void requireRestored(MemorySegment encoded, MemorySegment decoded) {
    long bytes = (long) perTile * Float.BYTES;
    MemorySegment expected = MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]);
    for (int i = 0; i < tiles; i++) {
      MemorySegment latent = encoded.asSlice(i * bytes, bytes);
      ChunkFormat chunk =
          format.chunkFormat(format.range(latent)).with(Predictor.NONE, EncoderSpec.BITPACK);
      ChunkCoder coder = new ChunkCoder(chunk);
      coder.encode(latent, 1, 1, perTile, 0);
      coder.decode(MemorySegment.ofArray(coder.toByteArray()), 1, 1, perTile, 0, expected);
      if (expected.mismatch(decoded.asSlice(i * bytes, bytes)) >= 0) {
        throw new TesseraException.Corrupt(name + " gives back other latents than on the CPU", -1);
      }
    }
  }

  @Override
  public long bytes() {
    return (long) tiles * format.headBytes() + (pieces != null ? pieces.bytes() : bitpack.bytes());
  }
}
