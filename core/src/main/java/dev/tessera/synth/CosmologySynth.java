package dev.tessera.synth;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * Makes fields like those of a cosmological hydrodynamics simulation (Nyx: Almgren et al., ApJ 765,
 * 2013) at redshift about 3, from a seed, for demonstrations, tests and training. The same seed
 * gives the same bytes on every machine and for any number of threads.
 *
 * <p>Dark matter is moved by the Zel'dovich approximation from a Gaussian field with a CDM
 * spectrum. Baryons follow it, smoothed by pressure. Temperature follows the photo-ionization
 * relation T = T₀ Δ^(γ−1) (Hui and Gnedin, MNRAS 292, 1997) with lognormal scatter, and is heated
 * by shocks where dense gas converges. It resembles; it does not simulate.
 *
 * <p>The cell is {@value #CELL} Mpc/h whatever the grid, so larger grids are larger boxes and all
 * look alike. Dark matter density is at least {@value #DENSITY_FLOOR} of its mean: in a
 * simulation's voids cells without a particle are exactly zero, which no logarithm takes.
 */
public final class CosmologySynth {
  static final double CELL = 0.5;
  static final double DENSITY_FLOOR = 1e-3;

  private static final int MIN_CELLS = 16;
  private static final int MAX_CELLS = 640;

  /** Amplitude of the linear field at the redshift of the picture. */
  private static final double SIGMA8 = 0.26;

  private static final double INITIAL_SMOOTHING = 1.0;

  /**
   * Power of the Zel'dovich density, then brought back to mean 1: without gravity at small scales
   * voids stay too full and haloes too thin.
   */
  private static final double CONTRAST = 1.7;

  /** Mean comoving densities in solar masses per cubic megaparsec, for h = 0.675. */
  private static final double DARK_MATTER_MEAN = 3.35e10;

  private static final double BARYON_MEAN = 6.2e9;

  /**
   * cm/s of a displacement by one cell: about half of f·H·a at redshift 3, to match typical speeds
   * of small boxes.
   */
  private static final double VELOCITY_PER_CELL = 3.2e6;

  private static final double PRESSURE_RADIUS = 1.2;
  private static final double MEAN_TEMPERATURE = 1.2e4;
  private static final double TEMPERATURE_SLOPE = 0.42;
  private static final double TEMPERATURE_SCATTER = 0.13;
  private static final double SCATTER_RADIUS = 2.0;
  private static final double SHOCK_TEMPERATURE = 6e4;
  private static final double SHOCK_DENSITY = 10;
  private static final double SHOCK_SLOPE = 1.3;
  private static final double MIN_TEMPERATURE = 5e2;
  private static final double MAX_TEMPERATURE = 5e7;
  private static final long SCATTER_STREAM = 0x5ca77e2L;

  /** What can be generated. */
  public enum Quantity {
    DARK_MATTER_DENSITY("Msun/Mpc^3"),
    BARYON_DENSITY("Msun/Mpc^3"),
    TEMPERATURE("K"),
    VELOCITY_X("cm/s"),
    VELOCITY_Y("cm/s"),
    VELOCITY_Z("cm/s");

    private final String units;

    Quantity(String units) {
      this.units = units;
    }

    /** Its unit, as in the field's attribute {@code units}. */
    public String units() {
      return units;
    }

    /** Its name in lower case, which is the field's name. */
    public String fieldName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final int n;
  private final long seed;
  private final GaussianField initial;

  /**
   * @param n cells along each axis, {@value #MIN_CELLS} to {@value #MAX_CELLS}
   * @param seed any number
   * @throws TesseraException.Invalid if the grid is too small or too large
   */
  public CosmologySynth(int n, long seed) {
    if (n < MIN_CELLS || n > MAX_CELLS) {
      throw new TesseraException.Invalid(
          "a synthetic field has "
              + MIN_CELLS
              + " to "
              + MAX_CELLS
              + " cells along an axis, not "
              + n);
    }
    this.n = n;
    this.seed = seed;
    this.initial = new GaussianField(n, CELL, INITIAL_SMOOTHING, seed, new PowerSpectrum(SIGMA8));
  }

  /**
   * Generates one quantity: n×n×n float32, named, with attribute {@code units}. All quantities of
   * one seed belong to the same universe.
   *
   * @throws TesseraException.Unsupported if the Java heap is too small for the grid
   */
  public Field generate(Quantity quantity) {
    checkMemory();
    float[] values =
        switch (quantity) {
          case DARK_MATTER_DENSITY -> darkMatter();
          case BARYON_DENSITY -> times(baryons(density(mesh())), BARYON_MEAN);
          case TEMPERATURE -> temperature();
          case VELOCITY_X -> times(mesh().meanDisplacement(0), VELOCITY_PER_CELL);
          case VELOCITY_Y -> times(mesh().meanDisplacement(1), VELOCITY_PER_CELL);
          case VELOCITY_Z -> times(mesh().meanDisplacement(2), VELOCITY_PER_CELL);
        };
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("units", quantity.units());
    attributes.put("source", "Tessera synthetic cosmology, seed " + seed);
    FieldInfo info =
        new FieldInfo(
            quantity.fieldName(),
            DataType.FLOAT32,
            Shape.of(n, n, n),
            OptionalLong.empty(),
            attributes);
    return new Field(info, MemorySegment.ofArray(values));
  }

  private void checkMemory() {
    // two complex arrays of displacements and up to five real fields
    long needed = 36L * n * n * n;
    long available = Runtime.getRuntime().maxMemory();
    if (needed > available) {
      throw new TesseraException.Unsupported(
          "a synthetic field of "
              + n
              + " cells an axis needs "
              + (needed >> 20)
              + " MiB of Java heap, of which there are "
              + (available >> 20)
              + ": choose a smaller grid or raise -Xmx");
    }
  }

  private ParticleMesh mesh() {
    return new ParticleMesh(n, initial.displacementXY(), initial.displacementZAndContrast());
  }

  private float[] darkMatter() {
    float[] density = density(mesh());
    for (int i = 0; i < density.length; i++) {
      density[i] = (float) (Math.max(density[i], DENSITY_FLOOR) * DARK_MATTER_MEAN);
    }
    return density;
  }

  /** Dark matter density with mean 1. */
  private float[] density(ParticleMesh mesh) {
    float[] density = mesh.density();
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            density[i] = (float) StrictMath.pow(density[i], CONTRAST);
          }
        });
    double sum = 0;
    for (float value : density) {
      sum += value;
    }
    return times(density, density.length / sum);
  }

  /** Baryon density with mean 1: the dark matter's, spread by gas pressure. */
  private float[] baryons(float[] darkMatter) {
    float[] gas = ParticleMesh.smooth(darkMatter, n, PRESSURE_RADIUS);
    for (int i = 0; i < gas.length; i++) {
      gas[i] = (float) Math.max(gas[i], DENSITY_FLOOR);
    }
    return gas;
  }

  private float[] temperature() {
    ParticleMesh mesh = mesh();
    float[] gas = baryons(density(mesh));
    float[] convergence = convergence(mesh);
    float[] scatter = scatter();
    float[] result = new float[gas.length];
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            result[i] = (float) temperature(gas[i], convergence[i], scatter[i]);
          }
        });
    return result;
  }

  private static double temperature(double density, double convergence, double scatter) {
    double quiet = MEAN_TEMPERATURE * StrictMath.pow(density, TEMPERATURE_SLOPE);
    double strength = Math.max(0, Math.min(2, 0.5 + convergence));
    double shocked =
        SHOCK_TEMPERATURE * strength * StrictMath.pow(density / SHOCK_DENSITY, SHOCK_SLOPE);
    double dispersed = (quiet + shocked) * StrictMath.pow(10, scatter * TEMPERATURE_SCATTER);
    return Math.max(MIN_TEMPERATURE, Math.min(MAX_TEMPERATURE, dispersed));
  }

  /** −∇·v of the smoothed flow, in units of cells of displacement per cell. */
  private float[] convergence(ParticleMesh mesh) {
    float[] sum = new float[n * n * n];
    for (int axis = 0; axis < 3; axis++) {
      float[] flow = ParticleMesh.smooth(mesh.meanDisplacement(axis), n, PRESSURE_RADIUS);
      int stride = axis == 0 ? 1 : axis == 1 ? n : n * n;
      for (int i = 0; i < sum.length; i++) {
        int position = i / stride % n;
        int next = i + (position + 1 < n ? stride : (1 - n) * stride);
        int previous = i - (position > 0 ? stride : (1 - n) * stride);
        sum[i] -= 0.5f * (flow[next] - flow[previous]);
      }
    }
    return sum;
  }

  /** A smooth Gaussian field of unit variance. */
  private float[] scatter() {
    float[] noise = new float[n * n * n];
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            noise[i] = (float) GaussianField.normal(seed ^ SCATTER_STREAM, i);
          }
        });
    float[] smooth = ParticleMesh.smooth(noise, n, SCATTER_RADIUS);
    // a Gaussian filter of radius r keeps 1 / (2√π r)³ of white noise's variance
    double deviation = StrictMath.pow(2 * Math.sqrt(Math.PI) * SCATTER_RADIUS, -1.5);
    return times(smooth, 1 / deviation);
  }

  private static float[] times(float[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factor);
    }
    return values;
  }
}
