package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What all coders of latents on the GPU have in common: how they are measured. */
abstract class CudaLatentDevice implements RansDevice {
  final CudaSession session = new CudaSession();
  private LatentSet loaded;
  private int loadedSets;
  private long afterInputs;
  private final List<Input> inputs = new ArrayList<>();

  /**
   * Latents in device memory, and memory for what is decoded.
   *
   * @param symbols the same on the host
   */
  record Input(int[] symbols, DeviceBuffer buffer, DeviceBuffer decoded) {}

  /** A coder that is ready for one input. */
  interface Coder {
    /** Queues encoding. */
    void encode();

    /** Queues decoding. */
    void decode();

    /**
     * Waits.
     *
     * @throws dev.tessera.field.TesseraException if something went wrong
     */
    void requireClean();

    /** What the bytes come to, after encoding. */
    RansTimes times(Samples encode, Samples decode);

    /** Frees what is not memory. */
    void close();
  }

  /** Coders for all inputs of a case. */
  abstract List<? extends Coder> open(RansCase what, List<Input> from);

  @Override
  public int usualRuns() {
    return 24;
  }

  @Override
  public Map<String, String> properties() {
    return session.properties();
  }

  @Override
  public final RansTimes measure(RansCase what, Repetitions repetitions) {
    load(what.latents(), repetitions.inputSets());
    List<? extends Coder> coders = open(what, inputs);
    try {
      double[] encode = new double[repetitions.runs()];
      double[] decode = new double[repetitions.runs()];
      int sets = coders.size();
      int warm = Math.ceilDiv(repetitions.warmUp(), sets) * sets;
      List<Runnable> encoding = coders.stream().<Runnable>map(coder -> coder::encode).toList();
      List<Runnable> decoding = coders.stream().<Runnable>map(coder -> coder::decode).toList();
      for (int run = -warm; run < repetitions.runs(); run += sets) {
        inputs.forEach(input -> session.stream.fill(input.decoded(), 0x5a));
        double[] encoded = session.times(encoding);
        double[] decoded = session.times(decoding);
        for (int i = 0; i < sets; i++) {
          coders.get(i).requireClean();
          if (!isRestored(inputs.get(i))) {
            throw what.notRestored(name());
          }
        }
        if (run >= 0) {
          int counted = Math.min(sets, repetitions.runs() - run);
          System.arraycopy(encoded, 0, encode, run, counted);
          System.arraycopy(decoded, 0, decode, run, counted);
        }
      }
      return coders.getFirst().times(Samples.of(encode), Samples.of(decode));
    } finally {
      coders.forEach(Coder::close);
    }
  }

  /** Brings latents to the device in several orders of their tiles, unless they are there. */
  private void load(LatentSet latents, int sets) {
    if (latents == loaded && sets == loadedSets) {
      session.reset(afterInputs);
      return;
    }
    loaded = null;
    inputs.clear();
    session.reset();
    for (int i = 0; i < sets; i++) {
      int[] symbols = latents.rotated((int) ((long) i * latents.tiles() / sets)).symbols();
      DeviceBuffer buffer = session.upload(MemorySegment.ofArray(symbols));
      inputs.add(new Input(symbols, buffer, session.device.allocate(buffer.bytes())));
    }
    loaded = latents;
    loadedSets = sets;
    afterInputs = session.device.mark();
  }

  private boolean isRestored(Input input) {
    long mark = session.pinned.mark();
    boolean same =
        session.download(input.decoded()).mismatch(MemorySegment.ofArray(input.symbols())) < 0;
    session.pinned.reset(mark);
    return same;
  }

  @Override
  public void close() {
    session.close();
  }
}
