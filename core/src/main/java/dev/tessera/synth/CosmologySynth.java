package dev.tessera.synth;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.synth.ParticleMesh.Moment;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Makes fields like those of a cosmological hydrodynamics simulation (Nyx: Almgren et al., ApJ 765,
 * 2013), from a seed, for demonstrations, tests and training. The same seed gives the same bytes on
 * every machine and for any number of threads.
 *
 * <p>Dark matter comes from a Gaussian field with a CDM spectrum and is moved by the Zel'dovich
 * approximation or by the gravity of a particle mesh; {@link GasModel} adds baryons and their
 * temperature. It resembles; it does not simulate.
 *
 * <p>The default universe is at redshift about 3. Its cell is 0.5 Mpc/h whatever the grid, so
 * larger grids are larger boxes and all look alike. Dark matter density is at least a thousandth of
 * its mean: in a simulation's voids cells without a particle are exactly zero, which no logarithm
 * takes. {@link #varied} draws epoch, resolution, gravity and gas too.
 */
public final class CosmologySynth {
  private static final int MIN_CELLS = 16;
  private static final int MAX_CELLS = 640;

  /** Mean comoving densities in solar masses per cubic megaparsec, for h = 0.675. */
  private static final double DARK_MATTER_MEAN = 3.35e10;

  private static final double BARYON_MEAN = 6.2e9;

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
  private final CosmologyParameters parameters;

  /**
   * The default universe.
   *
   * @param n cells along each axis, {@value #MIN_CELLS} to {@value #MAX_CELLS}
   * @param seed any number
   * @throws TesseraException.Invalid if the grid is too small or too large
   */
  public CosmologySynth(int n, long seed) {
    this(n, seed, CosmologyParameters.DEFAULT);
  }

  CosmologySynth(int n, long seed, CosmologyParameters parameters) {
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
    this.parameters = parameters;
  }

  /**
   * A universe whose epoch, resolution, gravity and gas are drawn from the seed too, from ranges
   * that span what simulations show; for training.
   *
   * @param n cells along each axis, {@value #MIN_CELLS} to {@value #MAX_CELLS}
   * @param seed any number
   * @throws TesseraException.Invalid if the grid is too small or too large
   */
  public static CosmologySynth varied(int n, long seed) {
    return new CosmologySynth(n, seed, CosmologyParameters.varied(seed));
  }

  /**
   * A universe like those that simple generators make of linear theory: particles moved along
   * straight lines and a Gaussian velocity; for training.
   *
   * @param n cells along each axis, {@value #MIN_CELLS} to {@value #MAX_CELLS}
   * @param seed any number
   * @throws TesseraException.Invalid if the grid is too small or too large
   */
  static CosmologySynth linear(int n, long seed) {
    return new CosmologySynth(n, seed, CosmologyParameters.linear(seed));
  }

  /** What it is made with, as text for people. */
  String description() {
    return parameters.description();
  }

  /**
   * Generates one quantity: n×n×n float32, named, with attribute {@code units}. All quantities of
   * one seed belong to the same universe.
   *
   * @throws TesseraException.Unsupported if the Java heap is too small for the grid
   */
  public Field generate(Quantity quantity) {
    return generate(EnumSet.of(quantity)).get(quantity);
  }

  /**
   * Generates several quantities, with the same values as if each were generated alone, in less
   * time.
   *
   * @throws TesseraException.Unsupported if the Java heap is too small for the grid
   */
  public Map<Quantity, Field> generate(Set<Quantity> quantities) {
    checkMemory();
    Cells cells = cells(quantities);
    Map<Quantity, Field> fields = new EnumMap<>(Quantity.class);
    if (quantities.contains(Quantity.BARYON_DENSITY) || quantities.contains(Quantity.TEMPERATURE)) {
      GasModel model = new GasModel(n, seed, parameters.gas());
      float[] gas = model.density(cells.density());
      if (quantities.contains(Quantity.TEMPERATURE)) {
        float[] values = model.temperature(gas, cells.velocity(), cells.dispersion());
        put(fields, Quantity.TEMPERATURE, values);
      }
      if (quantities.contains(Quantity.BARYON_DENSITY)) {
        put(fields, Quantity.BARYON_DENSITY, times(gas, BARYON_MEAN));
      }
    }
    if (quantities.contains(Quantity.DARK_MATTER_DENSITY)) {
      put(fields, Quantity.DARK_MATTER_DENSITY, darkMatter(cells.density()));
    }
    for (int axis = 0; axis < 3; axis++) {
      Quantity quantity = velocity(axis);
      if (quantities.contains(quantity)) {
        put(fields, quantity, times(shown(cells.velocity()[axis]), velocityPerCell()));
      }
    }
    return fields;
  }

  private float[] shown(float[] velocity) {
    double radius = parameters.gas().velocityRadius();
    return radius == 0 ? velocity : GaussianFilter.smooth(velocity, n, radius);
  }

  private static Quantity velocity(int axis) {
    return Quantity.values()[Quantity.VELOCITY_X.ordinal() + axis];
  }

  private double velocityPerCell() {
    return parameters.matter().velocity() * parameters.matter().cell();
  }

  private void put(Map<Quantity, Field> fields, Quantity quantity, float[] values) {
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
    fields.put(quantity, new Field(info, MemorySegment.ofArray(values)));
  }

  /** Bytes of heap that it takes to make all quantities. */
  long memory() {
    // without gravity, four moments and four more fields at the end; with it, displacements,
    // velocities, forces and two complex arrays at once
    return (hasGravity() ? 64L : 44L) * n * n * n;
  }

  /** Whether matter is moved by gravity, not by the Zel'dovich approximation. */
  boolean hasGravity() {
    return parameters.matter().gravitySteps() > 0;
  }

  private void checkMemory() {
    long available = Runtime.getRuntime().maxMemory();
    if (memory() > available) {
      throw new TesseraException.Unsupported(
          "a synthetic field of "
              + n
              + " cells an axis needs "
              + (memory() >> 20)
              + " MiB of Java heap, of which there are "
              + (available >> 20)
              + ": choose a smaller grid or raise -Xmx");
    }
  }

  /**
   * Dark matter on the grid.
   *
   * @param density with mean 1
   * @param velocity along x, y and z, in cells; null where it is not needed
   * @param dispersion variance of the velocity along an axis in (cm/s)²; null if not needed
   */
  private record Cells(float[] density, float[][] velocity, float[] dispersion) {}

  private Cells cells(Set<Quantity> quantities) {
    boolean temperature = quantities.contains(Quantity.TEMPERATURE);
    boolean linear = parameters.matter().linearVelocity();
    boolean streams = temperature && !linear && parameters.gas().dispersion() > 0;
    Set<Moment> wanted = EnumSet.of(Moment.MASS);
    for (int axis = 0; axis < 3; axis++) {
      if (!linear && (temperature || quantities.contains(velocity(axis)))) {
        wanted.add(Moment.momentum(axis));
      }
    }
    if (streams) {
      wanted.add(Moment.SQUARE);
    }
    ParticleFlow flow = flow();
    ParticleMesh mesh = new ParticleMesh(parameters.matter().particlesPerAxis(), flow);
    Map<Moment, float[]> moments = mesh.deposit(wanted);
    float[][] velocity = linear ? flow.velocity() : new float[3][];
    for (int axis = 0; axis < 3; axis++) {
      if (wanted.contains(Moment.momentum(axis))) {
        velocity[axis] = mesh.meanVelocity(axis, moments);
      }
    }
    float[] mass = moments.get(Moment.MASS);
    float[] dispersion = streams ? mesh.dispersion(velocity, moments) : null;
    if (streams) {
      times(dispersion, velocityPerCell() * velocityPerCell());
    }
    return new Cells(density(spread(mass)), velocity, dispersion);
  }

  private ParticleFlow flow() {
    CosmologyParameters.Matter matter = parameters.matter();
    float[] contrast =
        GaussianField.spectrum(
            n, matter.cell(), matter.smoothing(), seed, new PowerSpectrum(matter.sigma8()));
    float[][] displacement = Displacements.of(contrast, n);
    return matter.gravitySteps() == 0
        ? ParticleFlow.zeldovich(n, displacement)
        : ParticleGravity.evolve(n, displacement, matter.gravitySteps());
  }

  private float[] spread(float[] mass) {
    double radius = parameters.matter().spread();
    return radius == 0 ? mass : GaussianFilter.smooth(mass, n, radius);
  }

  private float[] darkMatter(float[] density) {
    double floor = parameters.matter().floor();
    for (int i = 0; i < density.length; i++) {
      density[i] = (float) (Math.max(density[i], floor) * DARK_MATTER_MEAN);
    }
    return density;
  }

  /** Dark matter density with mean 1, of the mass in cells. */
  private float[] density(float[] density) {
    double contrast = parameters.matter().contrast();
    if (contrast == 1) {
      return density;
    }
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            density[i] = (float) StrictMath.pow(density[i], contrast);
          }
        });
    double sum = 0;
    for (float value : density) {
      sum += value;
    }
    return times(density, density.length / sum);
  }

  private static float[] times(float[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factor);
    }
    return values;
  }
}
