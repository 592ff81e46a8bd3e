package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Measures rANS over latents, devices, profiles and P. */
public final class RansBench {
  private final List<RansDevice> devices;
  private final List<RansProfile> profiles;
  private final List<Integer> channelsPerStream;
  private final int runs;
  private final Consumer<String> progress;

  /**
   * What is to be measured.
   *
   * @param devices on what; they stay the caller's
   * @param channelsPerStream every P
   * @param runs how often, 0 for what is usual on each device
   * @param progress told what comes next
   */
  public RansBench(
      List<RansDevice> devices,
      List<RansProfile> profiles,
      List<Integer> channelsPerStream,
      int runs,
      Consumer<String> progress) {
    this.devices = List.copyOf(devices);
    this.profiles = List.copyOf(profiles);
    this.channelsPerStream = List.copyOf(channelsPerStream);
    this.runs = runs;
    this.progress = progress;
    for (int p : channelsPerStream) {
      if (p < 1) {
        throw new TesseraException.Invalid("P is a number of channels, at least 1, not " + p);
      }
    }
  }

  /**
   * Measures everything.
   *
   * @throws TesseraException.Corrupt if something does not come back, or devices give other bytes
   */
  public List<RansResult> run(List<LatentSet> sets) {
    List<RansResult> results = new ArrayList<>();
    for (LatentSet latents : sets) {
      double ideal = latents.idealBytes();
      Map<RansCase, RansResult> first = new LinkedHashMap<>();
      for (RansDevice device : devices) {
        Repetitions repetitions = Repetitions.of(runs == 0 ? device.usualRuns() : runs);
        for (RansCase what : cases(device, latents)) {
          progress.accept(
              "%s  %s  %s".formatted(latents.name(), device.name(), describe(device, what)));
          RansResult result =
              new RansResult(
                  device.name(),
                  what,
                  device.codesStreams(),
                  ideal,
                  device.measure(what, repetitions));
          results.add(result);
          if (device.codesStreams()) {
            requireSameBytes(first.putIfAbsent(what, result), result);
          }
        }
      }
    }
    return results;
  }

  private List<RansCase> cases(RansDevice device, LatentSet latents) {
    if (!device.codesStreams()) {
      return List.of(new RansCase(latents, RansProfile.COMPACT, latents.channels()));
    }
    List<RansCase> cases = new ArrayList<>();
    for (RansProfile profile : profiles) {
      if (device.offers(profile)) {
        for (int p : channelsPerStream) {
          cases.add(new RansCase(latents, profile, p));
        }
      }
    }
    return cases;
  }

  private static String describe(RansDevice device, RansCase what) {
    return device.codesStreams() ? what.profile() + "  P " + what.channelsPerStream() : "";
  }

  private static void requireSameBytes(RansResult reference, RansResult result) {
    if (reference == null) {
      return;
    }
    RansTimes expected = reference.times();
    RansTimes found = result.times();
    // a device that does not put its streams together gives no CRC
    boolean comparable = expected.crc() != 0 && found.crc() != 0;
    if (expected.streamBytes() != found.streamBytes()
        || expected.lengthBytes() != found.lengthBytes()
        || (comparable && expected.crc() != found.crc())) {
      throw new TesseraException.Corrupt(
          "%s gives other bytes than %s for %s (%s, P = %d)"
              .formatted(
                  result.device(),
                  reference.device(),
                  result.what().latents().name(),
                  result.what().profile(),
                  result.what().channelsPerStream()),
          -1);
    }
  }
}
