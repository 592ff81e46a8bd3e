package dev.tessera.synth;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Kinds of synthetic fields other than cosmology, for training and tests: each resembles what some
 * field of science measures or simulates, and draws all that it depends on from the seed. The same
 * family, shape and seed give the same bytes on every machine.
 */
public enum SyntheticFamily {
  /** Gaussian random fields and what simple functions make of them. */
  GAUSSIAN(new GaussianFamily()),
  /** Stirred scalars, vorticity, dissipation. */
  TURBULENCE(new TurbulenceFamily()),
  /** Films of plane flow: vortices, shear layers, thermals, fingers. */
  FLOW(new FlowFamily()),
  /** Shocks and contact surfaces between smooth regions. */
  FRONT(new FrontFamily()),
  /** Climate models' temperature, wind, humidity and rain over latitude and longitude. */
  CLIMATE(new ClimateFamily()),
  /** Tropical cyclones. */
  CYCLONE(new CycloneFamily()),
  /** Fluorescence microscopy. */
  MICROSCOPY(new MicroscopyFamily()),
  /** Scattering and diffraction on area detectors. */
  DETECTOR(new DetectorFamily()),
  /** Images of the sky. */
  SKY(new SkyFamily()),
  /** Patterns of the Gray-Scott reaction. */
  REACTION(new ReactionDiffusionFamily()),
  /** Layers of rock and their reflections. */
  SEISMIC(new SeismicFamily()),
  /** Heights of land. */
  TERRAIN(new TerrainFamily()),
  /** Smoke from several sources. */
  PLUME(new PlumeFamily());

  /** Each side of a field; pictures smaller than this hold nothing of their kind. */
  private static final int LEAST_SIDE = 16;

  private static final int MOST_CELLS = 1 << 28;

  private final FieldFamily family;

  SyntheticFamily(FieldFamily family) {
    this.family = family;
  }

  /** Its name in lower case, which is the field's name. */
  public String fieldName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Bytes of heap that it takes to make a field, about. */
  static long memory(long cells) {
    return 40 * cells;
  }

  /** As it is written on the command line. */
  @Override
  public String toString() {
    return fieldName();
  }

  /**
   * Generates a field of float32, named.
   *
   * @param shape depth×height×width: 1 or more planes (height, time or channels, as the family has
   *     it) of at least {@value #LEAST_SIDE}×{@value #LEAST_SIDE} cells
   * @throws TesseraException.Invalid if the shape is not like that or has more than 2^28 cells
   */
  public Field generate(Shape shape, long seed) {
    if (shape.rank() != 3 || shape.height() < LEAST_SIDE || shape.width() < LEAST_SIDE) {
      throw new TesseraException.Invalid(
          "a synthetic field has three axes and at least 1x%1$dx%1$d cells, not %2$s"
              .formatted(LEAST_SIDE, shape));
    }
    if (shape.elements() > MOST_CELLS) {
      throw new TesseraException.Invalid(
          "a synthetic field has at most %d cells, not %s".formatted(MOST_CELLS, shape));
    }
    Grid grid = new Grid((int) shape.dim(0), (int) shape.height(), (int) shape.width());
    float[] values = family.generate(grid, new Draw(Draw.seedAt(seed, ordinal())));
    Map<String, String> attributes =
        Map.of("source", "Tessera synthetic family " + fieldName() + ", seed " + seed);
    FieldInfo info =
        new FieldInfo(fieldName(), DataType.FLOAT32, shape, OptionalLong.empty(), attributes);
    return new Field(info, MemorySegment.ofArray(values));
  }
}
