package dev.tessera.cuda.network;

import dev.tessera.cuda.KernelSource;
import dev.tessera.model.Calibration;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.transform.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which kernel runs which layer of a network on a device, in a precision: the one place that
 * decides it, for what runs as for what is compiled beforehand.
 *
 * @param load what brings planes into the order of activations; null where the first layer takes
 *     planes
 * @param layers in order
 */
record NetworkLayers(Load load, List<Chosen> layers) {
  /** A family of kernels. */
  enum Family {
    /** edge_first.cu. */
    FIRST,
    /** edge_last.cu. */
    LAST,
    /** conv_hopper.cu. */
    HOPPER,
    /** conv_portable.cu. */
    PORTABLE
  }

  /**
   * Planes into the order of activations.
   *
   * @param medians per channel, where symbols come in; null for float32
   * @param absolute whether absolute values are taken
   */
  record Load(int channels, float[] medians, boolean absolute, LayerOutput output) {
    EdgeLoad build(Uploads uploads) {
      return new EdgeLoad(uploads, channels, medians, absolute, output.type(), output.scale());
    }

    KernelSource source() {
      return EdgeLoad.source(channels, medians != null, absolute, output.type());
    }
  }

  /**
   * A layer with the family of its kernel.
   *
   * @param fieldValues whether its tiles, input of the first or output of the last layer, hold a
   *     field's own values; else float32
   */
  record Chosen(
      Family family, Convolution layer, LayerInput input, LayerOutput output, boolean fieldValues) {
    Chosen(Family family, Convolution layer, LayerInput input, LayerOutput output) {
      this(family, layer, input, output, false);
    }

    /** Whether there is a kernel that takes tiles of a field's own values. */
    boolean takesFieldValues() {
      return family == Family.FIRST || family == Family.LAST;
    }

    Chosen withFieldValues() {
      return new Chosen(family, layer, input, output, takesFieldValues());
    }

    DeviceLayer build(Uploads uploads) {
      return switch (family) {
        case FIRST -> new EdgeFirst(uploads, layer, output.type(), output.scale(), fieldValues);
        case LAST -> new EdgeLast(uploads, layer, input.type(), input.scale(), fieldValues);
        case HOPPER -> new HopperConvolution(uploads, layer, input, output);
        case PORTABLE -> new PortableConvolution(uploads, layer, input, output);
      };
    }

    List<KernelSource> sources(DeviceTraits device) {
      return switch (family) {
        case FIRST -> List.of(EdgeFirst.source(layer, output.type(), device, fieldValues));
        case LAST -> List.of(EdgeLast.source(layer, input.type(), device, fieldValues));
        case HOPPER -> HopperConvolution.sources(layer, input.type(), output);
        case PORTABLE -> List.of(PortableConvolution.source(layer, input.type(), output, device));
      };
    }
  }

  /**
   * Chooses.
   *
   * @param which g_a, h_a or g_s
   * @param symbols whether latents are symbols: what g_a gives, or g_s takes
   * @throws dev.tessera.field.TesseraException.Invalid if fp8 is asked of a model that was not
   *     calibrated
   */
  static NetworkLayers of(
      Model model, Network which, Precision precision, boolean symbols, DeviceTraits device) {
    return of(
        model,
        which,
        precision,
        symbols,
        device,
        precision == Precision.FP8 ? Calibration.of(model)::scale : name -> 1);
  }

  /** What is compiled for a network on a device; whether it is calibrated does not matter. */
  static List<KernelSource> sources(
      Model model, Network which, Precision precision, boolean symbols, DeviceTraits device) {
    NetworkLayers chosen = of(model, which, precision, symbols, device, name -> 1);
    return Stream.of(chosen, chosen.withFieldValues())
        .flatMap(layers -> layers.sources(device).stream())
        .distinct()
        .toList();
  }

  /** Whether the network can take or give tiles of a field's own values. */
  static boolean takesFieldValues(
      Model model, Network which, Precision precision, DeviceTraits device) {
    return of(model, which, precision, false, device, name -> 1).layers().stream()
        .anyMatch(Chosen::takesFieldValues);
  }

  /** The same for tiles of a field's own values, where there is a kernel for them. */
  NetworkLayers withFieldValues() {
    return new NetworkLayers(load, layers.stream().map(Chosen::withFieldValues).toList());
  }

  /** What an activation of 1 is worth that a convolution takes in. */
  private interface Scales {
    float of(String convolution);
  }

  private static NetworkLayers of(
      Model model,
      Network which,
      Precision precision,
      boolean symbols,
      DeviceTraits device,
      Scales scales) {
    ActivationType type = ActivationType.of(precision);
    List<Convolution> all = Convolution.of(model, which);
    float[] medians = symbols ? model.medians() : null;
    List<Chosen> chosen = new ArrayList<>();
    Load load = null;
    LayerInput input;
    if (which == Network.G_A) {
      input = new LayerInput(ActivationType.FLOAT, 1);
    } else {
      LayerOutput loaded = activations(all.getFirst(), type, scales);
      load =
          new Load(
              all.getFirst().inputs(),
              which == Network.G_S ? medians : null,
              Convolution.takesAbsolutes(model, which),
              loaded);
      input = new LayerInput(loaded.type(), loaded.scale());
    }
    for (int i = 0; i < all.size(); i++) {
      Convolution layer = all.get(i);
      boolean last = i == all.size() - 1;
      LayerOutput output =
          !last
              ? activations(all.get(i + 1), type, scales)
              : which == Network.G_A && symbols
                  ? LayerOutput.symbols(medians)
                  : LayerOutput.latents();
      Family family = family(which, layer, i == 0, last, input, output, device);
      if (which == Network.G_A && i == 0 && family != Family.FIRST) {
        // the tile itself is never rounded to e4m3
        ActivationType tile = type == ActivationType.E4M3 ? ActivationType.HALF : type;
        load = new Load(layer.inputs(), null, false, LayerOutput.activations(tile, 1));
        input = new LayerInput(tile, 1);
      }
      chosen.add(new Chosen(family, layer, input, output));
      input = new LayerInput(output.type(), output.scale());
    }
    return new NetworkLayers(load, chosen);
  }

  private static LayerOutput activations(Convolution next, ActivationType type, Scales scales) {
    return LayerOutput.activations(type, scales.of(next.name()));
  }

  private static Family family(
      Network which,
      Convolution layer,
      boolean first,
      boolean last,
      LayerInput input,
      LayerOutput output,
      DeviceTraits device) {
    if (which == Network.G_A && first) {
      return EdgeFirst.fits(layer, output.type(), device) ? Family.FIRST : Family.PORTABLE;
    }
    if (which == Network.G_S && last && EdgeLast.fits(layer, input.type(), device)) {
      return Family.LAST;
    }
    return device.hasWgmma() && HopperConvolution.fits(layer, input.type())
        ? Family.HOPPER
        : Family.PORTABLE;
  }

  private List<KernelSource> sources(DeviceTraits device) {
    List<KernelSource> sources = new ArrayList<>();
    if (load != null) {
      sources.add(load.source());
    }
    layers.forEach(layer -> sources.addAll(layer.sources(device)));
    return sources;
  }
}
