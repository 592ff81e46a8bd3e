package dev.tessera.synth;

import java.util.Arrays;

/**
 * Heights of land by the ridged multifractal of Musgrave ("Texturing and Modeling", 1994): octaves
 * of noise folded into ridges, each strong only where the larger ones are high; valleys filled
 * flat, terraces or a sea at level zero. Planes are separate maps or one landscape that changes.
 */
final class TerrainFamily implements FieldFamily {
  @Override
  public float[] generate(Grid grid, Draw draw) {
    double alongZ = draw.chance(0.5) ? 0 : draw.logUniform(2, 10);
    double size = draw.logUniform(60, 250);
    double ratio = draw.uniform(0.5, 0.7);
    double sharp = draw.uniform(0.8, 1.2);
    float[] heights = new float[grid.cells()];
    float[] weight = new float[grid.cells()];
    Arrays.fill(weight, 1);
    double amplitude = 1;
    for (int pair = 0; pair < 3; pair++) {
      SpectralNoise octave = new SpectralNoise(8, size, 0, alongZ, 1);
      for (float[] noise : octave.pair(grid, draw.seed())) {
        ridge(heights, weight, noise, amplitude, sharp);
        amplitude *= ratio;
      }
      size /= 2.5;
    }
    SpectralNoise.standardize(heights);
    double sea = draw.chance(0.4) ? draw.uniform(-1, 0.3) : Double.NEGATIVE_INFINITY;
    double terrace = draw.chance(0.2) ? draw.uniform(0.1, 0.5) : 0;
    double scale = draw.logUniform(50, 1500);
    for (int i = 0; i < heights.length; i++) {
      double h = Math.max(sea, heights[i]);
      if (terrace > 0) {
        double step = Math.floor(h / terrace);
        double within = h / terrace - step;
        h = terrace * (step + within * within * within);
      }
      heights[i] = (float) (scale * h);
    }
    return heights;
  }

  private static void ridge(
      float[] heights, float[] weight, float[] noise, double amplitude, double sharp) {
    for (int i = 0; i < heights.length; i++) {
      double ridge = Math.max(0, 1 - sharp * Math.abs(noise[i]));
      ridge = ridge * ridge * weight[i];
      heights[i] += (float) (amplitude * ridge);
      weight[i] = (float) Math.min(1, ridge + 0.35);
    }
  }
}
