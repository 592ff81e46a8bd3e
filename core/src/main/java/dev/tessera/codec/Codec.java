package dev.tessera.codec;

import dev.tessera.container.ContainerReader;
import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.TesseraException;
import dev.tessera.io.PendingFile;
import dev.tessera.model.Model;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.NormalizerSpec;
import dev.tessera.transform.Precisions;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Compresses fields with a pipeline or a model and restores them. There are two ways of the data,
 * and each is one class: {@link ChunkCodec} for pipelines alone, {@link TileCodec} for models.
 *
 * <p>A codec may be used by several threads at once; each call has its own buffers, the networks
 * are shared. Interrupting a thread inside a call ends it with a {@link
 * java.util.concurrent.CancellationException} and leaves nothing behind. Sources and sinks belong
 * to the caller, who closes them.
 */
public final class Codec implements AutoCloseable {
  private final Optional<Model> model;
  private final WorkPool pool;
  private final Optional<TileCodec> tiles;
  private final ChunkCodec chunks;

  private Codec(Optional<Model> model, Optional<PipelineSpec> pipeline, CodecOptions options) {
    if (model.isEmpty() && !options.precisions().equals(Precisions.DEFAULT)) {
      throw new TesseraException.Invalid(
          "a precision is that of a model's networks: name a model, or leave the precision out");
    }
    this.model = model;
    this.pool = WorkPool.of(options);
    try {
      this.tiles = model.map(known -> new TileCodec(known, pipeline, options, pool));
      this.chunks = new ChunkCodec(pipeline.orElse(ChunkCodec.DEFAULT), options, pool);
    } catch (RuntimeException | Error e) {
      pool.close();
      throw e;
    }
  }

  /** A codec for a model on the best device. */
  public static Codec open(Model model) {
    return open(model, CodecOptions.DEFAULTS);
  }

  /**
   * A codec for a model.
   *
   * @throws TesseraException.Unsupported if the device is not there
   */
  public static Codec open(Model model, CodecOptions options) {
    return new Codec(Optional.of(model), Optional.empty(), options);
  }

  /**
   * A codec for a model whose latents a pipeline codes in place of the model's tables.
   *
   * @throws TesseraException.Invalid if the pipeline does not suit latents
   * @throws TesseraException.Unsupported if the device is not there
   */
  public static Codec open(Model model, PipelineSpec latentPipeline, CodecOptions options) {
    return new Codec(Optional.of(model), Optional.of(latentPipeline), options);
  }

  /** A codec for a pipeline on the best device. */
  public static Codec open(PipelineSpec pipeline) {
    return open(pipeline, CodecOptions.DEFAULTS);
  }

  /**
   * A codec for a pipeline without a model. It restores files of any pipeline.
   *
   * @throws TesseraException.Unsupported if the device is not there
   */
  public static Codec open(PipelineSpec pipeline, CodecOptions options) {
    return new Codec(Optional.empty(), Optional.of(pipeline), options);
  }

  /**
   * A codec that restores what a header describes.
   *
   * @param model the model that the header names; empty if it names none
   */
  public static Codec open(Header header, Optional<Model> model, CodecOptions options) {
    if (header.hasModel() && model.isEmpty()) {
      throw new TesseraException.Invalid("the file was made with model " + header.modelId());
    }
    Optional<PipelineSpec> latents = header.hasModel() ? pipeline(header) : Optional.empty();
    return new Codec(header.hasModel() ? model : Optional.empty(), latents, options);
  }

  /** The model; empty for a pipeline alone. */
  public Optional<Model> model() {
    return model;
  }

  /** Device and precision, as in {@code "cpu fp32"}. */
  public String device() {
    return writing().device();
  }

  /** The way that fields are compressed. */
  private FieldCodec writing() {
    return tiles.isPresent() ? tiles.get() : chunks;
  }

  /** The way that a container was made. */
  private FieldCodec reading(ContainerReader container) {
    Header header = container.header();
    return header.hasModel() ? tiles(header) : chunks;
  }

  private TileCodec tiles(Header header) {
    return tiles.orElseThrow(() ->
        new TesseraException.Invalid(
            "the file was made with model " + header.modelId() + ": open it with that"));
  }

  /**
   * Compresses a field into a file, which appears when it is complete.
   *
   * @return the file's size in bytes
   */
  public long compress(FieldSource field, Path file) throws IOException {
    try (PendingFile pending = PendingFile.create(file)) {
      long bytes;
      try (OutputStream out =
          new BufferedOutputStream(Files.newOutputStream(pending.path()), 1 << 16)) {
        bytes = compress(field, out);
      }
      pending.commit();
      return bytes;
    }
  }

  /**
   * Compresses a field into a stream, which stays open. The field is read twice: for its ranges,
   * then tile by tile or chunk by chunk.
   *
   * @return number of bytes written
   * @throws TesseraException.Invalid if the options do not suit the field
   */
  public long compress(FieldSource field, OutputStream out) throws IOException {
    return writing().compress(field, out);
  }

  /** Restores a whole field; see {@link #decompress(ContainerReader, Selection, FieldSink)}. */
  public void decompress(ContainerReader container, FieldSink sink) throws IOException {
    decompress(container, Selection.all(container.header().field().shape()), sink);
  }

  /**
   * Restores a part of a field, reading and decoding only the groups and tiles that hold it. The
   * sink is not committed.
   *
   * @param sink a sink for {@code selection.of(container.header().field())}
   * @throws TesseraException.Corrupt if the container is damaged
   * @throws TesseraException.Invalid if it was made with another model
   */
  public void decompress(ContainerReader container, Selection selection, FieldSink sink)
      throws IOException {
    selection.check(container.header().field().shape());
    reading(container).decompress(container, selection, BoxSink.of(sink));
  }

  /**
   * Fails if this codec cannot restore a container, before anything is written.
   *
   * @throws TesseraException.Invalid if it was made with another model
   * @throws TesseraException.Corrupt if its header contradicts the model or itself
   * @throws TesseraException.Unsupported if the device cannot do what it needs
   */
  public void check(ContainerReader container) {
    reading(container).check(container);
  }

  /**
   * The sizes of the tiles of a container that was made with this codec's model, which is checked.
   *
   * @throws TesseraException.Invalid if it was made without a model or with another
   */
  public TileFormat tileFormat(ContainerReader container) {
    if (!container.header().hasModel()) {
      throw new TesseraException.Invalid("the file was made without a model: it has no tiles");
    }
    TileCodec codec = tiles(container.header());
    codec.check(container);
    return codec.format(container.header());
  }

  /**
   * The pipeline that coded a container's values or, behind a model, its latents; empty where the
   * model's tables did.
   *
   * @throws TesseraException.Corrupt if the header's stages make none
   */
  public static Optional<PipelineSpec> pipeline(Header header) {
    return header.hasPipeline() ? Optional.of(PipelineStages.spec(header)) : Optional.empty();
  }

  /**
   * The normalizer of a container, chosen ones included.
   *
   * @throws TesseraException.Corrupt if the header's is none
   */
  public static NormalizerSpec normalizer(Header header) {
    return NormalizerSpec.decode(header.stage(Stage.NORMALIZER).arguments());
  }

  /**
   * How far a container is from the field that it was made of.
   *
   * @param total over all slices
   * @param slices slice by slice; empty for fields of more than a million slices
   * @param bound whether the bound that the container states was kept; empty if it states none
   */
  public record Verification(Metrics total, List<Metrics> slices, Optional<BoundReport> bound) {}

  /**
   * Restores a container without storing it and compares it with the original.
   *
   * @throws TesseraException.Invalid if the original has another shape or type
   */
  public Verification verify(FieldSource original, ContainerReader container) throws IOException {
    Header header = container.header();
    Comparison comparison = new Comparison(original, header.field(), BoundCheck.of(header));
    reading(container).decompress(container, Selection.all(header.field().shape()), comparison);
    return comparison.result();
  }

  /** Waits for nothing: calls in other threads must have returned. */
  @Override
  public void close() {
    pool.close();
    tiles.ifPresent(TileCodec::close);
    chunks.close();
  }
}
