package dev.tessera.entropy;

import dev.tessera.field.TesseraException;

/**
 * The factorized density of Ballé et al., "Variational image compression with a scale hyperprior"
 * (ICLR 2018), appendix 6.1, as CompressAI's {@code EntropyBottleneck} stores and evaluates it: per
 * channel, a small monotonic network gives the logit of the cumulative distribution. Everything is
 * computed in float32, operation by operation as PyTorch does it, because a table's counts depend
 * on the last bits.
 */
public final class FactorizedDensity {
  /** Likelihoods are estimated as at least this, as in training. */
  private static final float LIKELIHOOD_BOUND = 1e-9f;

  private static final float SOFTPLUS_THRESHOLD = 20;
  private static final int QUANTILES = 3;

  /** Most values of a table at 16 bits: each takes a count, and one is left for the tails. */
  private static final int MAX_VALUES = (1 << CdfTables.PRECISION) - 1;

  private final int channels;
  private final int[] widths;
  private final int widest;
  private final float[][] weights;
  private final float[][] biases;
  private final float[][] gates;
  private final float[] quantiles;

  /**
   * A density from the parameters of a model. The widths of the network follow from the arrays'
   * lengths: {@code f_0 = f_n = 1}, and {@code f_i} from the biases between (3, 3, 3, 3 in
   * CompressAI).
   *
   * @param matrices per layer {@code i}, {@code channels × f_{i+1} × f_i}, before softplus
   * @param biases per layer, {@code channels × f_{i+1}}
   * @param factors per layer but the last, {@code channels × f_{i+1}}, before tanh
   * @param quantiles per channel the lower end, the median and the upper end of its table, {@code
   *     channels × 3}
   * @throws TesseraException.Corrupt if the lengths contradict each other or a parameter is not
   *     finite
   */
  public FactorizedDensity(
      float[][] matrices, float[][] biases, float[][] factors, float[] quantiles) {
    int layers = matrices.length;
    if (layers == 0 || biases.length != layers || factors.length != layers - 1) {
      throw corrupt(
          "%d matrices, %d biases and %d factors do not make a network"
              .formatted(layers, biases.length, factors.length));
    }
    if (quantiles.length == 0 || quantiles.length % QUANTILES != 0) {
      throw corrupt(quantiles.length + " quantiles are not 3 per channel");
    }
    this.channels = quantiles.length / QUANTILES;
    this.widths = new int[layers + 1];
    this.weights = new float[layers][];
    this.biases = new float[layers][];
    this.gates = new float[layers - 1][];
    this.quantiles = finite(quantiles, "quantiles");
    widths[0] = 1;
    int most = 1;
    for (int i = 0; i < layers; i++) {
      widths[i + 1] = biases[i].length / channels;
      requireLength(biases[i], widths[i + 1], "bias", i);
      requireLength(matrices[i], (long) widths[i + 1] * widths[i], "matrix", i);
      this.biases[i] = finite(biases[i], "biases");
      this.weights[i] = map(finite(matrices[i], "matrices"), FactorizedDensity::softplus);
      if (i < layers - 1) {
        requireLength(factors[i], widths[i + 1], "factor", i);
        this.gates[i] = map(finite(factors[i], "factors"), FactorizedDensity::tanh);
      }
      most = Math.max(most, widths[i + 1]);
    }
    if (widths[layers] != 1) {
      throw corrupt("its last layer has " + widths[layers] + " outputs instead of one");
    }
    this.widest = most;
  }

  /** Number of channels. */
  public int channels() {
    return channels;
  }

  /** The value that symbol 0 of a channel stands for. */
  public float median(int channel) {
    return quantiles[channel * QUANTILES + 1];
  }

  /**
   * The integer tables of the channels, one each, as CompressAI's {@code update()} builds them from
   * stored quantiles: from the lower to the upper quantile in steps of 1 about the median.
   *
   * @throws TesseraException.Corrupt if a channel's quantiles are too far apart for a table of 16
   *     bits
   */
  public CdfTables tables() {
    int[] offsets = new int[channels];
    int[] counts = new int[channels];
    int longest = 0;
    for (int c = 0; c < channels; c++) {
      float median = median(c);
      double below = Math.max(0, Math.ceil(median - quantiles[c * QUANTILES]));
      double above = Math.max(0, Math.ceil(quantiles[c * QUANTILES + 2] - median));
      if (below + above + 1 > MAX_VALUES) {
        throw corrupt(
            "the quantiles of channel %d span %.0f values, more than the %d of a table"
                .formatted(c, below + above + 1, MAX_VALUES));
      }
      offsets[c] = -(int) below;
      counts[c] = (int) (below + above) + 1;
      longest = Math.max(longest, counts[c]);
    }
    int[][] cdfs = new int[channels][];
    Evaluation evaluation = new Evaluation();
    for (int c = 0; c < channels; c++) {
      cdfs[c] = PmfToCdf.quantize(pmf(evaluation, c, offsets[c], counts[c], longest), 16);
    }
    return new CdfTables(cdfs, offsets);
  }

  /**
   * The probability of a quantized value.
   *
   * @param value a value of the latent, median included
   */
  public float likelihood(int channel, float value) {
    return new Evaluation().likelihood(channel, value);
  }

  /**
   * The bits that a latent is estimated to take, as in training: {@code Σ −log2 max(likelihood,
   * 1e-9)}.
   *
   * @param latent quantized values, medians included, {@code channels × plane}
   * @param plane values of a channel
   * @throws TesseraException.Invalid if the latent has another size
   */
  public double bits(float[] latent, int plane) {
    if (plane < 0 || latent.length != (long) channels * plane) {
      throw new TesseraException.Invalid(
          "%d values are not a latent of %d channels of %d"
              .formatted(latent.length, channels, plane));
    }
    Evaluation evaluation = new Evaluation();
    double nats = 0;
    for (int i = 0; i < latent.length; i++) {
      float likelihood = evaluation.likelihood(i / plane, latent[i]);
      nats -= Math.log(Math.max(likelihood, LIKELIHOOD_BOUND));
    }
    return nats / Math.log(2);
  }

  private float[] pmf(Evaluation evaluation, int channel, int offset, int count, int longest) {
    float start = median(channel) + offset;
    float[] pmf = new float[count + 1];
    for (int i = 0; i < count; i++) {
      pmf[i] = evaluation.likelihood(channel, start + i);
    }
    // CompressAI takes the upper tail from the end of the longest table of all, not of this one
    float lower = evaluation.logit(channel, start - 0.5f);
    float upper = evaluation.logit(channel, start + (longest - 1) + 0.5f);
    pmf[count] = sigmoid(lower) + sigmoid(-upper);
    return pmf;
  }

  /** Evaluates the network with buffers of its own. */
  private final class Evaluation {
    private float[] input = new float[widest];
    private float[] output = new float[widest];

    float likelihood(int channel, float value) {
      float lower = logit(channel, value - 0.5f);
      float upper = logit(channel, value + 0.5f);
      // taking the upper half's difference on the other side would keep more digits, but CompressAI
      // does not, and a count that is rounded differently moves a whole table
      return sigmoid(upper) - sigmoid(lower);
    }

    float logit(int channel, float value) {
      input[0] = value;
      for (int layer = 0; layer < weights.length; layer++) {
        int rows = widths[layer + 1];
        int columns = widths[layer];
        for (int row = 0; row < rows; row++) {
          int unit = channel * rows + row;
          float sum = 0;
          for (int column = 0; column < columns; column++) {
            sum += weights[layer][unit * columns + column] * input[column];
          }
          sum += biases[layer][unit];
          if (layer < gates.length) {
            sum += gates[layer][unit] * tanh(sum);
          }
          output[row] = sum;
        }
        float[] swap = input;
        input = output;
        output = swap;
      }
      return input[0];
    }
  }

  private interface Function {
    float apply(float x);
  }

  private static float[] map(float[] values, Function function) {
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = function.apply(values[i]);
    }
    return result;
  }

  private static float softplus(float x) {
    return x > SOFTPLUS_THRESHOLD ? x : (float) Math.log1p((float) Math.exp(x));
  }

  private static float tanh(float x) {
    return (float) Math.tanh(x);
  }

  private static float sigmoid(float x) {
    return 1 / (1 + (float) Math.exp(-x));
  }

  private void requireLength(float[] values, long perChannel, String what, int layer) {
    if (values.length == 0 || values.length != channels * perChannel) {
      throw corrupt(
          "%s %d has %d values, which do not fit %d channels"
              .formatted(what, layer, values.length, channels));
    }
  }

  private static float[] finite(float[] values, String what) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw corrupt("its " + what + " contain " + value);
      }
    }
    return values.clone();
  }

  private static TesseraException corrupt(String what) {
    return new TesseraException.Corrupt(
        "the model's entropy bottleneck is damaged: " + what + "; use another copy of the model",
        -1);
  }
}
