package dev.tessera.cuda;

import java.util.ArrayList;
import java.util.List;

/** The kernels of {@code rans.cu} for one kind of symbols and one profile, and their launches. */
final class CudaRansKernels {
  private static final String FILE = "rans.cu";
  private static final String SCAN_FILE = "stream_offsets.cu";
  private static final int PACK_THREADS = 512;
  private static final int SCAN_THREADS = 1024;

  /** Numbers of streams that a warp can encode side by side, each by a kernel of its own. */
  private static final List<Integer> TOGETHER = List.of(1, 2, 4);

  private final CudaRansSpec spec;
  private final int multiprocessors;
  private final CudaRansShapes shapes;
  private final List<Kernel> encode;
  private final Kernel pack;
  private final Kernel decode;
  private final Kernel scan;
  private final Arguments arguments = new Arguments();
  private Kernel encodeKernel;
  private LaunchShape encodeShape;
  private LaunchShape decodeShape;
  private int shapedTiles;

  /** Loads the kernels; this compiles them if that was never done on this machine. */
  CudaRansKernels(CudaContext context, CudaRansSpec spec) {
    this.spec = spec;
    multiprocessors = context.device().multiprocessors();
    shapes = new CudaRansShapes(context.device(), spec, CudaRansParameters.deadFrequencies(spec));
    String[] options = options(spec.type(), spec.indexed(), spec.isCompatible());
    encode =
        List.of(
            context.kernel(FILE, "rans_encode", options),
            context.kernel(FILE, "rans_encode2", options),
            context.kernel(FILE, "rans_encode4", options));
    pack = context.kernel(FILE, "rans_pack", options);
    decode = context.kernel(FILE, "rans_decode", options);
    scan = context.kernel(SCAN_FILE, "stream_offsets");
  }

  /** What is compiled: all kinds that a {@link CudaRansSpec} can name. */
  static List<KernelSource> sources() {
    List<KernelSource> sources = new ArrayList<>();
    for (CudaRansType type : CudaRansType.values()) {
      for (boolean compatible : new boolean[] {false, true}) {
        sources.add(KernelSource.of(FILE, options(type, false, compatible)));
        if (!type.isLatent()) {
          sources.add(KernelSource.of(FILE, options(type, true, compatible)));
        }
      }
    }
    sources.add(KernelSource.of(SCAN_FILE));
    sources.add(KernelSource.of(CudaRansBaseline.FILE));
    return List.copyOf(sources);
  }

  private static String[] options(CudaRansType type, boolean indexed, boolean compatible) {
    return new String[] {
      "-DRANS_TYPE=" + type.ordinal(),
      "-DRANS_INDEXED=" + (indexed ? 1 : 0),
      "-DRANS_WIDE=" + (compatible ? 1 : 0)
    };
  }

  /** Symbols to streams in their slots, then to packed streams with offsets. */
  void encode(
      CudaStream stream,
      CudaRansParameters parameters,
      DeviceBuffer symbols,
      DeviceBuffer indexes,
      CudaRansStreams streams,
      boolean checks) {
    shape(streams.tiles());
    encodeKernel.launch(
        stream,
        encodeShape,
        arguments.reset().add(parameters.encoding(symbols, indexes, streams, checks)));
    arguments
        .reset()
        .add(streams.slots())
        .add(spec.wordsBound())
        .add(streams.lengths())
        .add((int) streams.count())
        .add(streams.offsets())
        .add(streams.packed())
        .add(streams.packed().bytes())
        .add(streams.errors());
    int blocks = (int) Math.min(streams.count(), multiprocessors);
    pack.launchDependent(stream, LaunchShape.of(blocks, PACK_THREADS), arguments);
  }

  /** Packed streams to symbols. */
  void decode(
      CudaStream stream,
      CudaRansParameters parameters,
      DeviceBuffer symbols,
      DeviceBuffer indexes,
      CudaRansStreams streams,
      boolean checks) {
    shape(streams.tiles());
    decode.launch(
        stream,
        decodeShape,
        arguments.reset().add(parameters.decoding(symbols, indexes, streams, checks)));
  }

  /** Lengths of streams to their offsets. */
  void scan(CudaStream stream, CudaRansStreams streams) {
    arguments
        .reset()
        .add(streams.lengths())
        .add((int) streams.count())
        .add(spec.wordBytes())
        .add(streams.offsets());
    long blocks = Math.min(Math.ceilDiv(streams.count(), SCAN_THREADS), multiprocessors);
    scan.launch(stream, LaunchShape.of(blocks, SCAN_THREADS), arguments);
  }

  private void shape(int tiles) {
    if (tiles == shapedTiles) {
      return;
    }
    encodeKernel = encode.get(TOGETHER.indexOf(shapes.together(tiles)));
    encodeShape = shapes.encode(tiles);
    LaunchShape plain = shapes.decode(tiles);
    int resident = decode.blocksPerMultiprocessor(plain.blockThreads(), plain.sharedBytes());
    decodeShape = shapes.decode(tiles, resident);
    shapedTiles = tiles;
  }
}
