package dev.tessera.pipeline;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.Predictor;
import dev.tessera.transform.NormalizerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a pipeline does, without the numbers that follow from the data: normalizers, a quantizer, a
 * predictor and an encoder, as a comma list such as {@code minmax,eb=rel:1e-3,lorenzo3,bitpack}.
 * Without a predictor it is {@code lorenzo}, without an encoder {@code best}: both are chosen on a
 * sample of the data.
 *
 * @param normalizer stages before the quantizer, as written
 * @param quantizer the quantizer
 * @param predictor the predictor
 * @param encoder the encoder
 */
public record PipelineSpec(
    NormalizerSpec normalizer, QuantizerSpec quantizer, Predictor predictor, EncoderSpec encoder) {
  private static final Pattern MINMAX_BITS = Pattern.compile("minmax:(\\d{1,9})");
  private static final String GRAMMAR =
      "write NORMALIZERS,QUANTIZER,PREDICTOR,ENCODER like minmax,eb=rel:1e-3,lorenzo3,bitpack, of"
          + " which only the quantizer (eb=[abs:|rel:|pwrel:]BOUND, round or reference-eb=BOUND) is"
          + " needed";

  /**
   * Checks that the parts fit together.
   *
   * @throws TesseraException.Invalid if they do not
   */
  public PipelineSpec {
    Objects.requireNonNull(predictor);
    Objects.requireNonNull(encoder);
    String fault = fault(normalizer, quantizer);
    if (fault != null) {
      throw new TesseraException.Invalid(fault);
    }
    if (quantizer.kind() == QuantizerSpec.Kind.REFERENCE) {
      // its minmax is the quantizer's own
      normalizer = NormalizerSpec.NONE;
    }
  }

  private static String fault(NormalizerSpec normalizer, QuantizerSpec quantizer) {
    boolean applied = !applied(normalizer).stages().isEmpty();
    return switch (quantizer.kind()) {
      case PWREL ->
          applied
              ? "eb=pwrel bounds the error of the values themselves: leave out the normalizer "
                  + normalizer
              : null;
      case REFERENCE ->
          applied || normalizer.stages().stream().anyMatch(s -> !s.kind().fitted())
              ? "reference-eb scales the field itself: only minmax:BITS can stand before it, not "
                  + normalizer
              : null;
      default -> null;
    };
  }

  /**
   * Reads a pipeline.
   *
   * @throws TesseraException.Invalid if a part is unknown, missing or out of order
   */
  public static PipelineSpec parse(String text) {
    List<String> parts = new ArrayList<>();
    for (String part : text.strip().toLowerCase(Locale.ROOT).split(",", -1)) {
      parts.add(part.strip());
    }
    int at = 0;
    while (at < parts.size() && !QuantizerSpec.isQuantizer(parts.get(at))) {
      at++;
    }
    if (at == parts.size()) {
      throw new TesseraException.Invalid("'" + text.strip() + "' has no quantizer: " + GRAMMAR);
    }
    int bits = 0;
    List<String> stages = new ArrayList<>();
    for (String part : parts.subList(0, at)) {
      Matcher matcher = MINMAX_BITS.matcher(part);
      if (matcher.matches()) {
        bits = Integer.parseInt(matcher.group(1));
        if (!parts.get(at).startsWith("reference-eb")) {
          throw new TesseraException.Invalid(
              "'" + part + "' belongs to reference-eb: write minmax before other quantizers");
        }
      }
      // a field as a whole: bounds are promised for it, not for its slices
      boolean plain = part.equals("minmax") || part.equals("meanstd") || matcher.matches();
      stages.add(plain ? part.split(":", 2)[0] + ":field" : part);
    }
    NormalizerSpec normalizer =
        stages.isEmpty() ? NormalizerSpec.NONE : NormalizerSpec.parse(String.join(",", stages));
    QuantizerSpec quantizer = QuantizerSpec.parse(parts.get(at++), bits);
    Predictor predictor = Predictor.LORENZO;
    if (at < parts.size() && Predictor.isName(parts.get(at))) {
      predictor = Predictor.parse(parts.get(at++));
    }
    EncoderSpec encoder = EncoderSpec.BEST;
    if (at < parts.size()) {
      encoder = parseEncoder(parts.get(at++));
    }
    if (at < parts.size()) {
      throw new TesseraException.Invalid(
          "'" + parts.get(at) + "' stands after the encoder " + encoder + ": " + GRAMMAR);
    }
    return new PipelineSpec(normalizer, quantizer, predictor, encoder);
  }

  private static EncoderSpec parseEncoder(String part) {
    if (QuantizerSpec.isQuantizer(part)) {
      throw new TesseraException.Invalid("'" + part + "' is a second quantizer: " + GRAMMAR);
    }
    try {
      return EncoderSpec.parse(part);
    } catch (TesseraException.Invalid e) {
      if (part.contains(":")) {
        throw e;
      }
      throw new TesseraException.Invalid(
          "'" + part + "' is neither a predictor nor an encoder: " + GRAMMAR);
    }
  }

  /**
   * The stages that are really applied to values before the quantizer. A map of the whole field to
   * a range at their end is not: the quantizer does its work, so bounds are in units of what stands
   * before it.
   */
  public NormalizerSpec appliedNormalizer() {
    return applied(normalizer);
  }

  private static NormalizerSpec applied(NormalizerSpec normalizer) {
    List<NormalizerSpec.Stage> stages = normalizer.stages();
    if (stages.isEmpty()) {
      return NormalizerSpec.NONE;
    }
    NormalizerSpec.Stage last = stages.getLast();
    boolean affine =
        last.kind() == NormalizerSpec.Kind.RANGE
            || (last.kind() == NormalizerSpec.Kind.MINMAX
                && last.scope() == NormalizerSpec.Scope.FIELD);
    if (!affine) {
      return normalizer;
    }
    List<String> rest =
        stages.subList(0, stages.size() - 1).stream().map(NormalizerSpec.Stage::toString).toList();
    return rest.isEmpty() ? NormalizerSpec.NONE : NormalizerSpec.parse(String.join(",", rest));
  }

  /** Whether nothing is left to be chosen. */
  public boolean isResolved() {
    return predictor.isResolved() && encoder.isResolved();
  }

  /** The same with another predictor. */
  public PipelineSpec with(Predictor other) {
    return new PipelineSpec(normalizer, quantizer, other, encoder);
  }

  /** The same with another encoder. */
  public PipelineSpec with(EncoderSpec other) {
    return new PipelineSpec(normalizer, quantizer, predictor, other);
  }

  /**
   * A resolved pipeline as bytes, for the container.
   *
   * @throws TesseraException.Invalid if it is not resolved
   */
  public byte[] encode() {
    if (!isResolved()) {
      throw new TesseraException.Invalid("the pipeline " + this + " has not been resolved");
    }
    ByteWriter out = new ByteWriter();
    out.block(normalizer.encode());
    out.u8(quantizer.kind().id()).bits(Double.doubleToRawLongBits(quantizer.value()), Double.BYTES);
    if (quantizer.kind() == QuantizerSpec.Kind.REFERENCE) {
      out.u8(quantizer.bits());
    }
    out.u8(predictor.id()).u8(encoder.kind().id());
    if (encoder.kind() == EncoderSpec.Kind.RANS) {
      out.varint(encoder.blocksPerStream());
    }
    return out.toByteArray();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws TesseraException.Corrupt if the bytes are no pipeline
   */
  public static PipelineSpec decode(byte[] bytes) {
    ByteReader in = new ByteReader(bytes, "the stored pipeline");
    NormalizerSpec normalizer = NormalizerSpec.decode(in.block());
    QuantizerSpec.Kind kind = QuantizerSpec.Kind.ofId(in.u8());
    double value = Double.longBitsToDouble(in.bits(Double.BYTES));
    int bits = kind == QuantizerSpec.Kind.REFERENCE ? in.u8() : 0;
    Predictor predictor = Predictor.ofId(in.u8());
    EncoderSpec.Kind encoder = EncoderSpec.Kind.ofId(in.u8());
    int blocks = encoder == EncoderSpec.Kind.RANS ? in.varint(Integer.MAX_VALUE) : 0;
    in.expectEnd();
    try {
      return new PipelineSpec(
          normalizer,
          new QuantizerSpec(kind, value, bits),
          predictor,
          new EncoderSpec(encoder, blocks));
    } catch (TesseraException.Invalid e) {
      throw new TesseraException.Corrupt(
          "the stored pipeline is damaged: " + e.getMessage(), -1, e);
    }
  }

  /** The canonical text: what {@link #parse} reads back to an equal pipeline. */
  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    if (quantizer.kind() == QuantizerSpec.Kind.REFERENCE) {
      parts.add("minmax:" + quantizer.bits());
    } else {
      for (NormalizerSpec.Stage stage : normalizer.stages()) {
        parts.add(stage.toString().replace(":field", ""));
      }
    }
    parts.add(quantizer.toString());
    parts.add(predictor.toString());
    parts.add(encoder.toString());
    return String.join(",", parts);
  }
}
