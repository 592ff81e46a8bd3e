package dev.tessera.train.network;

import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.pytorch.Tensor;

/**
 * What a forward pass keeps for its backward pass, last in, first out. A tensor on the tape
 * outlives the {@code PointerScope} that it was made in; taken off it belongs to the scope that is
 * open then.
 */
final class Tape implements AutoCloseable {
  private final boolean recording;
  private final Deque<Tensor> saved = new ArrayDeque<>();

  private Tape(boolean recording) {
    this.recording = recording;
  }

  static Tape recording() {
    return new Tape(true);
  }

  /** Keeps nothing: for passes without gradients. */
  static Tape off() {
    return new Tape(false);
  }

  boolean isRecording() {
    return recording;
  }

  void push(Tensor tensor) {
    if (recording) {
      saved.push(Tensors.kept(tensor));
    }
  }

  /** The last tensor, from now on the open {@code PointerScope}'s. */
  Tensor pop() {
    return Tensors.handedOver(saved.pop());
  }

  @Override
  public void close() {
    saved.forEach(Tensor::releaseReference);
    saved.clear();
  }
}
