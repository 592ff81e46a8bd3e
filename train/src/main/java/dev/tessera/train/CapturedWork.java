package dev.tessera.train;

import dev.tessera.field.TesseraException;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongPair;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.cuda.MemPool;
import org.bytedeco.pytorch.cuda.StreamFilter;
import org.bytedeco.pytorch.global.torch_cuda;

/**
 * Work as a CUDA graph: the first times it is launched kernel by kernel, so that libraries choose
 * their algorithms and take their workspaces, then captured once and replayed.
 *
 * <p>The thread works on a stream of its own while this is open, as capturing demands. What the
 * work allocates while it is captured comes from a pool of its own in libtorch's allocator, so that
 * nothing else is ever given memory that a replay writes. Capturing is relaxed: other threads may
 * allocate pinned memory meanwhile.
 */
final class CapturedWork implements RepeatedWork {
  /** Times that the work is launched kernel by kernel. */
  private static final int WARM_UP = 3;

  private static final byte DEVICE = 0;

  private final Runnable work;
  private final TrainingListener listener;
  private final CUDAStream before;
  private final CUDAStream stream;
  private final CUstream_st handle;

  // libtorch calls it whenever it allocates during the capture
  private final StreamFilter ownStream =
      new StreamFilter() {
        @Override
        public boolean call(Pointer other) {
          return other != null && other.address() == handle.address();
        }
      };
  private int runs;
  private boolean capturing = true;
  private CUgraphExec_st graph;

  /** Where the graph's memory comes from; null where nothing was captured. */
  private LongPair pool;

  CapturedWork(Runnable work, TrainingListener listener) {
    this.work = work;
    this.listener = listener;
    try (PointerScope _ = new PointerScope()) {
      this.before = torch_cuda.getCurrentCUDAStream().retainReference();
      this.stream = torch_cuda.getStreamFromPool(false, DEVICE).retainReference();
      this.handle = stream.stream().retainReference();
    }
    ownStream.retainReference();
    use(before, stream);
  }

  /** What was launched on one stream is done before anything runs on the next. */
  private static void use(CUDAStream last, CUDAStream next) {
    last.synchronize();
    torch_cuda.setCurrentCUDAStream(next);
  }

  @Override
  public void run() {
    if (graph != null) {
      require(cudart.cudaGraphLaunch(graph, handle), "launched");
      return;
    }
    work.run();
    runs++;
    if (runs >= WARM_UP && capturing) {
      capturing = false; // one attempt
      try {
        graph = captured();
      } catch (RuntimeException e) {
        cudart.cudaGetLastError(); // or libtorch would meet it again at its next launch
        releasePool(); // memory that ran out is needed for going on
        listener.message("steps are launched kernel by kernel: " + Torch.summary(e));
      }
    }
  }

  private CUgraphExec_st captured() {
    try (PointerScope _ = new PointerScope()) {
      CUgraph_st recorded = new CUgraph_st();
      try {
        record(recorded);
        CUgraphExec_st executable = new CUgraphExec_st();
        require(cudart.cudaGraphInstantiate(executable, recorded, 0), "instantiated");
        return executable.retainReference();
      } finally {
        // work that fails leaves a graph too
        if (!recorded.isNull()) {
          cudart.cudaGraphDestroy(recorded);
        }
      }
    }
  }

  private void record(CUgraph_st recorded) {
    LongPair own = MemPool.graph_pool_handle(false);
    // before the capture, so that no thread's freeing sees one without a pool
    torch_cuda.beginAllocateToPool(DEVICE, own, ownStream);
    pool = own.retainReference();
    try {
      require(cudart.cudaStreamBeginCapture(handle, cudart.cudaStreamCaptureModeRelaxed), "begun");
      torch_cuda.markCaptureBegin(DEVICE);
      int ended;
      try {
        work.run();
      } finally {
        ended = cudart.cudaStreamEndCapture(handle, recorded);
        torch_cuda.markCaptureEnd(DEVICE);
      }
      require(ended, "recorded");
    } finally {
      torch_cuda.endAllocateToPool(DEVICE, own);
    }
  }

  /** Lets libtorch's allocator free the pool's memory, or give it to others. */
  private void releasePool() {
    if (pool != null) {
      torch_cuda.getAllocator().releasePool(DEVICE, pool);
      pool.releaseReference();
      pool = null;
    }
  }

  private static void require(int status, String what) {
    if (status != cudart.cudaSuccess) {
      throw new TesseraException.Unsupported(
          "a CUDA graph could not be %s (%s)"
              .formatted(what, cudart.cudaGetErrorString(status).getString()));
    }
  }

  @Override
  public void close() {
    use(stream, before);
    if (graph != null) {
      cudart.cudaGraphExecDestroy(graph);
      graph.releaseReference();
    }
    releasePool();
    ownStream.releaseReference();
    handle.releaseReference();
    stream.releaseReference();
    before.releaseReference();
  }
}
