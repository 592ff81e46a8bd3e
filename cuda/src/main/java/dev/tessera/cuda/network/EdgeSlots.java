package dev.tessera.cuda.network;

/**
 * The order of channels inside the matrices of edge_parameters.cuh, which makes the registers of a
 * thread neighbours in memory.
 *
 * @param channels padded
 * @param group channels that are permuted among themselves
 */
record EdgeSlots(int channels, int group) {
  static EdgeSlots of(int channels, ActivationType type) {
    int group =
        switch (type) {
          case HALF -> 32;
          case E4M3 -> 64;
          case FLOAT -> 16;
        };
    while (channels % group != 0) {
      group /= 2;
    }
    return new EdgeSlots(channels, group);
  }

  /** The channel that stands in a slot. */
  int channelOf(int slot) {
    int inGroup = slot % group;
    return slot - inGroup + group / 4 * (slot % 8 / 2) + inGroup / 8 * 2 + slot % 2;
  }

  /**
   * Values per channel in the order of slots.
   *
   * @param padding what stands where a channel only pads
   */
  float[] permute(float[] values, float factor, float padding) {
    float[] permuted = new float[channels];
    for (int slot = 0; slot < channels; slot++) {
      int channel = channelOf(slot);
      permuted[slot] = channel < values.length ? values[channel] * factor : padding;
    }
    return permuted;
  }

  /** A square matrix of channels in the order of slots, zeros where a channel only pads. */
  float[] permuteSquare(float[] values, int size) {
    float[] permuted = new float[channels * channels];
    for (int row = 0; row < channels; row++) {
      for (int column = 0; column < channels; column++) {
        int i = channelOf(row);
        int j = channelOf(column);
        permuted[row * channels + column] = i < size && j < size ? values[i * size + j] : 0;
      }
    }
    return permuted;
  }
}
