package dev.tessera.train.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Draws crops. What is drawn follows from the seed, the step, the place in the batch and the
 * attempt alone.
 *
 * <p>First a region, in proportion to its weight; of it a volume; the axis that planes follow each
 * other along: half of the times z, as the codec has it, else any of those that the region is cut
 * along; then a place, uniformly; then flips of all three axes, rows against columns, and jitter.
 */
final class CropSampler {
  private static final long PURPOSE = 0x63726f70;

  private final List<Region> regions;
  private final double[] cumulative;
  private final List<List<Orientation>> orientations = new ArrayList<>();
  private final DataOptions options;

  /**
   * @param weights of the regions, not negative, one at least positive
   */
  CropSampler(List<Region> regions, double[] weights, DataOptions options) {
    this.regions = regions;
    this.options = options;
    this.cumulative = weights.clone();
    Arrays.parallelPrefix(cumulative, Double::sum);
    for (Region region : regions) {
      orientations.add(
          Arrays.stream(Orientation.values())
              .filter(o -> o == Orientation.Z || !options.codecAxesOnly())
              .filter(o -> region.isCut(o, options.patch()))
              .toList());
    }
  }

  /** The crop of a step at a place in its batch. */
  Crop crop(long step, long place, int attempt) {
    CounterRandom random = new CounterRandom(options.seed(), PURPOSE, step, place, attempt);
    int index = draw(random.unit());
    Region region = regions.get(index);
    List<Orientation> ways = orientations.get(index);
    Orientation orientation =
        random.coin() ? Orientation.Z : ways.get((int) random.below(ways.size()));
    long volume = region.firstVolume() + random.below(region.volumes());
    long[] from = new long[3];
    int[] size = new int[3];
    for (int axis = 0; axis < 3; axis++) {
      long extent = region.extent()[axis];
      boolean planes = axis == orientation.axis();
      int wanted = planes ? options.channels() : options.patch();
      // where the codec's last group of planes is not full, a crop may begin as late as that
      boolean cutShort = planes && extent % wanted != 0;
      long first = random.below(cutShort ? extent : Math.max(1, extent - wanted + 1));
      from[axis] = region.from()[axis] + first;
      size[axis] = (int) Math.min(wanted, extent - first);
    }
    boolean transposed = random.coin();
    boolean[] flips = {random.coin(), random.coin(), random.coin()};
    double jitter = random.unit() < options.jitter() ? random.unit() : 0;
    return new Crop(region.field(), volume, from, size, orientation, transposed, flips, jitter);
  }

  private int draw(double unit) {
    double wanted = unit * cumulative[cumulative.length - 1];
    int at = Arrays.binarySearch(cumulative, wanted);
    int index = at >= 0 ? at + 1 : -at - 1;
    return Math.min(index, cumulative.length - 1);
  }
}
