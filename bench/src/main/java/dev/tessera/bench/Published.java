package dev.tessera.bench;

import java.util.List;

/**
 * A figure of others to stand beside one of ours, in our units: 10^9 bytes per second.
 *
 * @param key of ours: what is measured, from the general to the particular
 * @param who program and card
 * @param encode GB/s; not a number where none is known
 * @param decode GB/s
 * @param ratio compression ratio; not a number where none is known
 */
record Published(String key, String who, double encode, double decode, double ratio) {
  static final String E2E = "e2e/";
  static final String NETWORKS = "networks/";
  static final String RANS = "rans/";
  static final String LATENTS = "latents/";
  static final String PIPELINE = "pipeline/";
  static final String COPY = "copy/";

  /** What the reference prints as PSNR is lower by 20·log10(2): it halves the range. */
  static final double REFERENCE_PSNR_SHIFT = 20 * Math.log10(2);

  private static final double GIBI = 0x1p30 / 1e9;
  private static final double UNKNOWN = Double.NaN;
  private static final String REFERENCE = "CompressAI-Science, H100, published";
  private static final String REFERENCE_HERE = "CompressAI-Science's coder, H200";
  private static final String CUSZP = "cuSZp, H200, 512^3, 3-D with outliers";
  private static final String CUSZP_FAST = "cuSZp, H200, 512^3, 1-D plain";
  private static final String DENSITY = "dark_matter_density/";
  private static final String VELOCITY = "velocity_x/";
  private static final String BITCOMP = "/minmax:8+reference-eb=0.8+bitcomp";

  /**
   * All of them. Those of the reference's whole way are from its page, where they stand in GiB/s;
   * the others were measured on one H200 when this project began, with other inputs of the same
   * kind.
   */
  private static final List<Published> ALL =
      List.of(
          new Published(E2E + "fp32/rans:64", REFERENCE, 5.8, 5.3, UNKNOWN),
          gibi(E2E + "fp16/rans:64", 11.2, 8.6),
          gibi(E2E + "fp8/rans:64", 12.9, 7.2),
          gibi(E2E + "fp16" + BITCOMP, 16.0, 10.4),
          gibi(E2E + "fp8" + BITCOMP, 20.1, 9.1),
          new Published(NETWORKS + "fp32", "PyTorch 2.11 FP32, H200", 3.8, 3.4, UNKNOWN),
          new Published(
              NETWORKS + "fp32", "PyTorch 2.11 TF32 channels-last, H200", 10.4, 10.0, UNKNOWN),
          new Published(
              NETWORKS + "fp16", "PyTorch 2.11 FP16 channels-last, H200", 17.2, 15.4, UNKNOWN),
          new Published(
              NETWORKS + "fp16",
              "PyTorch 2.11 FP16 torch.compile max-autotune, H200",
              27.4,
              22.2,
              UNKNOWN),
          new Published(
              NETWORKS + "fp16", "CompressAI-Science's TensorRT, H100, about", 20, 12, UNKNOWN),
          new Published(
              NETWORKS + "fp8", "CompressAI-Science's TensorRT, H100, about", 26, 11, UNKNOWN),
          new Published(RANS + DENSITY + 1, REFERENCE_HERE, 76.7, 141.5, 19.7),
          new Published(RANS + DENSITY + 8, REFERENCE_HERE, 56.7, 66.2, 58.2),
          new Published(RANS + DENSITY + 64, REFERENCE_HERE, 11.8, 14.8, 74.2),
          new Published(RANS + DENSITY + 192, REFERENCE_HERE, 4.7, 5.9, 76.1),
          new Published(LATENTS + "cuda, bitpack", "nvCOMP 5.1 bitcomp, H200", 572, 508, 49),
          new Published(LATENTS + "nvCOMP, bitcomp", "nvCOMP 5.1 bitcomp, H200", 572, 508, 49),
          new Published(LATENTS + "nvCOMP, ans", "nvCOMP 5.1 ANS, H200", 217, 477, 8.5),
          new Published(PIPELINE + DENSITY + "rel:1e-2", CUSZP, 543, 443, 23.1),
          new Published(PIPELINE + DENSITY + "rel:1e-3", CUSZP, 466, 357, 8.9),
          new Published(PIPELINE + DENSITY + "rel:1e-4", CUSZP, 352, 262, 4.9),
          new Published(PIPELINE + DENSITY + "rel:1e-2", CUSZP_FAST, 614, 521, 15.8),
          new Published(PIPELINE + DENSITY + "rel:1e-3", CUSZP_FAST, 552, 426, 7.4),
          new Published(PIPELINE + DENSITY + "rel:1e-4", CUSZP_FAST, 548, 467, 4.3),
          new Published(PIPELINE + VELOCITY + "rel:1e-2", CUSZP, 563, 510, 13.8),
          new Published(PIPELINE + VELOCITY + "rel:1e-3", CUSZP, 457, 361, 6.3),
          new Published(PIPELINE + VELOCITY + "rel:1e-4", CUSZP, 365, 277, 3.8),
          new Published(COPY + "driver", "device copy, H200", 4160, 4160, UNKNOWN));

  private static Published gibi(String key, double encode, double decode) {
    return new Published(key, REFERENCE, encode * GIBI, decode * GIBI, UNKNOWN);
  }

  /** Those of a key. */
  static List<Published> of(String key) {
    return ALL.stream().filter(figure -> figure.key().equals(key)).toList();
  }
}
