package dev.tessera.synth;

import java.util.function.DoubleUnaryOperator;

/**
 * Fields of climate and weather models on a grid of latitudes and longitudes, time or height along
 * axis 0: temperature with land and sea, coasts and mountains (a lapse of 6.5 K/km, the standard
 * atmosphere's), zonal wind with jets, humidity, rain that is zero over wide areas, and potential
 * temperature by height. Weather is noise with the spectrum of synoptic scales, k⁻³ (Nastrom and
 * Gage, J. Atmos. Sci. 42, 1985), carried eastward.
 */
final class ClimateFamily implements FieldFamily {
  private static final double LAPSE = 6.5;

  @Override
  public float[] generate(Grid grid, Draw draw) {
    World world = new World(grid, draw);
    return switch (draw.integer(0, 5)) {
      case 0, 1 -> world.temperature(draw);
      case 2 -> world.wind(draw);
      case 3 -> world.humidity(draw);
      case 4 -> world.rain(draw);
      default -> world.potentialTemperature(draw);
    };
  }

  /** A map and the weather over it. */
  private static final class World {
    private final Grid grid;
    private final double south;
    private final double north;

    /** Kilometres above the sea; negative below. */
    private final float[] height;

    private final float[][] weather;

    World(Grid grid, Draw draw) {
      this.grid = grid;
      boolean globe = draw.chance(0.5);
      double middle = globe ? 0 : draw.uniform(-60, 60);
      double reach = globe ? 90 : draw.logUniform(3, 30);
      this.south = Math.max(-90, middle - reach);
      this.north = Math.min(90, middle + reach);
      double flat = globe ? 2 : 1;
      SpectralNoise relief = new SpectralNoise(draw.uniform(2.6, 3.6), 1e3, 0, 1, flat);
      this.height = relief.field(grid.flat(), draw.seed());
      double sea = draw.uniform(-1, 1);
      double scale = draw.logUniform(0.3, 2);
      for (int i = 0; i < height.length; i++) {
        height[i] = (float) (scale * (height[i] - sea));
      }
      SpectralNoise synoptic =
          new SpectralNoise(
              draw.uniform(3.2, 5),
              draw.logUniform(20, 120),
              draw.chance(0.5) ? 0 : draw.uniform(0.5, 2),
              draw.logUniform(0.8, 6),
              draw.uniform(1, 2));
      this.weather = synoptic.pair(grid, draw.seed());
    }

    private double latitude(int i) {
      int row = i / grid.width() % grid.height();
      return Math.toRadians(south + (north - south) * (row + 0.5) / grid.height());
    }

    private double time(int i) {
      return (double) (i / grid.plane()) / grid.depth();
    }

    private double[] perRow(DoubleUnaryOperator ofLatitude) {
      double[] rows = new double[grid.height()];
      for (int y = 0; y < rows.length; y++) {
        rows[y] = ofLatitude.applyAsDouble(latitude(y * grid.width()));
      }
      return rows;
    }

    float[] temperature(Draw draw) {
      double[] cosine = perRow(StrictMath::cos);
      double[] sine = perRow(StrictMath::sin);
      double season = draw.chance(0.3) ? 0 : draw.uniform(0.3, 1);
      double years = draw.uniform(0.1, 2);
      double variability = draw.logUniform(0.4, 5);
      double contrast = draw.uniform(-6, 6);
      float[] values = new float[grid.cells()];
      for (int i = 0; i < values.length; i++) {
        int row = i / grid.width() % grid.height();
        float h = height[i % grid.plane()];
        boolean land = h > 0;
        double yearly = season * StrictMath.cos(2 * Math.PI * years * time(i)) * sine[row];
        double value =
            250
                + 50 * cosine[row] * cosine[row]
                + (land ? 22 : 5) * yearly
                + variability * weather[0][i];
        values[i] = (float) (land ? value + contrast - LAPSE * h : Math.max(value, 271.35));
      }
      return values;
    }

    float[] wind(Draw draw) {
      double jet = draw.uniform(25, 60);
      double width = draw.uniform(5, 12);
      double[] mean =
          perRow(latitude -> {
            double distance = (Math.abs(Math.toDegrees(latitude)) - jet) / width;
            double trades = StrictMath.cos(3 * latitude);
            return 30 * StrictMath.exp(-0.5 * distance * distance) - 6 * trades;
          });
      double strength = draw.uniform(0, 1.2);
      double variability = draw.logUniform(2, 12);
      float[] values = new float[grid.cells()];
      for (int i = 0; i < values.length; i++) {
        double drag = height[i % grid.plane()] > 0 ? 0.75 : 1;
        values[i] =
            (float)
                (drag
                    * (strength * mean[i / grid.width() % grid.height()]
                        + variability * weather[0][i]));
      }
      return values;
    }

    float[] humidity(Draw draw) {
      double[] cosine = perRow(StrictMath::cos);
      double deviation = draw.uniform(0.15, 0.7);
      double dryness = draw.uniform(0, 0.6);
      double decay = draw.uniform(0, 4);
      float[] values = new float[grid.cells()];
      for (int i = 0; i < values.length; i++) {
        double c = cosine[i / grid.width() % grid.height()];
        double land = height[i % grid.plane()] > 0 ? 1 - dryness : 1;
        values[i] =
            (float)
                (0.018
                    * c
                    * c
                    * land
                    * StrictMath.exp(deviation * weather[0][i] - decay * time(i)));
      }
      return values;
    }

    /** Rain falls where a field is above a threshold; elsewhere there is a trace or none. */
    float[] rain(Draw draw) {
      double threshold = draw.uniform(-0.2, 1);
      double power = draw.uniform(1, 2.5);
      double trace = draw.chance(0.5) ? 0 : draw.logUniform(1e-13, 1e-10);
      double[] belt = perRow(latitude -> StrictMath.exp(-0.5 * StrictMath.pow(latitude / 0.15, 2)));
      float[] values = new float[grid.cells()];
      for (int i = 0; i < values.length; i++) {
        double wet =
            weather[0][i]
                + 0.4 * weather[1][i]
                + belt[i / grid.width() % grid.height()]
                - threshold;
        values[i] =
            (float) (wet > 0 ? 4e-8 * StrictMath.pow(wet, power) : trace * StrictMath.exp(wet));
      }
      return values;
    }

    /** Stable layers over a mixed one, waves over mountains. */
    float[] potentialTemperature(Draw draw) {
      double mixed = draw.uniform(0.05, 0.5);
      double stability = draw.uniform(2, 40);
      double waves = draw.logUniform(0.02, 0.3);
      double noise = draw.logUniform(0.02, 1);
      float[] values = new float[grid.cells()];
      for (int i = 0; i < values.length; i++) {
        double up = time(i) + waves * 0.2 * height[i % grid.plane()] * (1 - time(i));
        double stable = up - mixed + 0.03 * weather[1][i];
        values[i] =
            (float) (288 + stability * Math.max(0, stable) + noise * (1.2 - up) * weather[0][i]);
      }
      return values;
    }
  }
}
