package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.network.NetworkPlan;
import dev.tessera.model.Network;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/** The way of a batch from tiles to streams and back with one codec, on the GPU. */
interface E2ePath {
  /** Names of parts. */
  String GA = "g_a";

  String HA = "h_a";
  String HS = "h_s";
  String ENC = "enc";
  String GS = "g_s";
  String DEC = "dec";

  /**
   * Something to time.
   *
   * @param name of a part; empty for a whole way
   * @param work queues it for one of the inputs
   * @param fitsGraph whether it can be captured in a graph
   */
  record Part(String name, IntConsumer work, boolean fitsGraph) {}

  /** From tiles to streams. */
  Part encode();

  /** From the streams that were encoded last to tiles. */
  Part decode();

  /** What these are made of, each of which can run alone once both have. */
  List<Part> parts();

  /** The networks whose layers can be timed one by one. */
  Map<Network, NetworkPlan> plans();

  /** Sets what comes out to what cannot be right. */
  void poison();

  /**
   * Waits, and fails unless what was decoded is what was encoded.
   *
   * @throws dev.tessera.field.TesseraException if something went wrong
   */
  void requireRestored();

  /** What the batch takes in a file, lengths included. */
  long bytes();

  /** The restored tiles. */
  DeviceBuffer restored();
}
