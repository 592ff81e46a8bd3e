package dev.tessera.cuda.backend;

import dev.tessera.codec.TileFormat;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.cuda.network.CudaSideInformation;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.model.Network;

/**
 * What a hyperprior adds to a lane: h_a, the coder of side information, and h_s, which says the
 * table and the mean of every symbol of the latent. Calls launch and wait for nothing. For one
 * thread at a time.
 */
final class LaneSide {
  private final LaneResources resources;
  private final CudaNetworks networks;
  private final TileFormat format;
  private final int capacity;
  private final RansLane rans;
  private final CudaSideInformation information;
  private final DeviceBuffer symbols;
  private final DeviceBuffer tables;
  private final DeviceBuffer means;
  private final DeviceBuffer first;
  private final DeviceBuffer second;
  private DeviceBuffer values;
  private LaneNetwork analysis;

  /** Takes memory that the lane keeps. */
  LaneSide(
      LaneResources resources,
      CudaNetworks networks,
      RansTables tables,
      TileFormat format,
      int capacity) {
    this.resources = resources;
    this.networks = networks;
    this.format = format;
    this.capacity = capacity;
    rans = RansLane.ofSides(resources, tables, format, capacity);
    information = new CudaSideInformation(resources.stream(), resources.device(), networks.model());
    resources.keepAll();
    StreamLayout side = format.side();
    long latents = (long) capacity * format.latent().symbols();
    symbols = resources.keepDevice((long) capacity * side.symbols() * Integer.BYTES);
    this.tables = resources.keepDevice(latents * Short.BYTES);
    means = information.hasMeans() ? resources.keepDevice(latents * Float.BYTES) : null;
    long scratch = information.scratchBytes(capacity, side.height(), side.width());
    first = resources.keepDevice(scratch);
    second = resources.keepDevice(scratch);
  }

  private CudaStream stream() {
    return resources.stream();
  }

  /** The coder of side information. */
  RansLane rans() {
    return rans;
  }

  /** 16-bit numbers of the tables of the latent's symbols. */
  DeviceBuffer tables() {
    return tables;
  }

  /**
   * Gets ready to encode.
   *
   * @param latents float32, which {@link #encode} reads
   */
  void prepareEncoding(DeviceBuffer latents, int count) {
    if (analysis == null) {
      values = resources.keepDevice(symbols.bytes());
      analysis =
          new LaneNetwork(
              resources,
              networks.get(Network.H_A, false),
              latents,
              values,
              null,
              capacity,
              format.latent().height(),
              format.latent().width(),
              null);
    }
    analysis.prepare(count);
    rans.beginEncoding(count);
  }

  /**
   * Makes and encodes side information, and quantizes latents.
   *
   * @param latents float32
   * @param to receives the latents' symbols
   * @param errors a 32-bit word that is not 0 once a latent was no number
   */
  void encode(DeviceBuffer latents, DeviceBuffer to, DeviceBuffer errors, int count) {
    StreamLayout side = format.side();
    analysis.run(count);
    information.quantizeSides(
        stream(), values, count, side.height() * side.width(), symbols, errors);
    predict(count);
    information.quantize(
        stream(), latents, means, (long) count * format.latent().symbols(), to, errors);
    rans.encode(symbols, null, count);
  }

  /** Decodes side information that was loaded. */
  void decode(int count) {
    rans.decode(null, symbols);
    predict(count);
  }

  private void predict(int count) {
    StreamLayout side = format.side();
    information.predict(
        stream(), symbols, count, side.height(), side.width(), first, second, tables, means);
  }

  /** From symbols of latents back to float32. */
  void dequantize(DeviceBuffer from, DeviceBuffer latents, int count) {
    information.dequantize(
        stream(), from, means, (long) count * format.latent().symbols(), latents);
  }
}
