package dev.tessera.train;

import dev.tessera.field.TesseraException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;

/** Texts that a user gave for some settings, or that a checkpoint keeps of all of them. */
final class Settings {
  private static final String KEY = "option.";

  private final Map<Setting, String> texts;

  private Settings(Map<Setting, String> texts) {
    this.texts = texts;
  }

  static Settings of(Map<Setting, String> texts) {
    Map<Setting, String> copy = new EnumMap<>(Setting.class);
    copy.putAll(texts);
    return new Settings(copy);
  }

  /** What a checkpoint's metadata keep. */
  SortedMap<String, String> toMetadata() {
    SortedMap<String, String> metadata = new TreeMap<>();
    texts.forEach((setting, text) -> metadata.put(KEY + setting.option(), text));
    return metadata;
  }

  static Settings fromMetadata(Map<String, String> metadata) {
    Map<Setting, String> texts = new EnumMap<>(Setting.class);
    for (Setting setting : Setting.values()) {
      String text = metadata.get(KEY + setting.option());
      if (text != null) {
        texts.put(setting, text);
      }
    }
    return new Settings(texts);
  }

  /** These settings, and the defaults of all others that have one. */
  Settings withDefaults() {
    Map<Setting, String> all = new EnumMap<>(texts);
    for (Setting setting : Setting.values()) {
      setting.defaultValue().ifPresent(text -> all.putIfAbsent(setting, text));
    }
    return new Settings(all);
  }

  /** These settings with another one. */
  Settings with(Setting setting, String text) {
    Map<Setting, String> changed = new EnumMap<>(texts);
    changed.put(setting, text);
    return new Settings(changed);
  }

  /**
   * What a resumed training does: what its checkpoint says, but for what may change and is given.
   *
   * @param kept what the checkpoint says
   * @throws TesseraException.Invalid if what is given would make it another training
   */
  Settings resuming(Settings kept) {
    Map<Setting, String> merged = new EnumMap<>(kept.texts);
    if (texts.containsKey(Setting.TIME) || texts.containsKey(Setting.STEPS)) {
      merged.remove(Setting.TIME);
      merged.remove(Setting.STEPS);
    }
    texts.forEach((setting, text) -> {
      String before = kept.texts.get(setting);
      if (setting.fixedForLife() && before != null && !sameValue(before, text)) {
        throw new TesseraException.Invalid(
            "the checkpoint was made with --%s %s, not %s: leave the option out to go on, or begin"
                    .formatted(setting.option(), readable(before), readable(text))
                + " another training under another --out");
      }
      merged.put(setting, text);
    });
    return new Settings(merged);
  }

  private static String readable(String text) {
    return text.replace(Setting.SEPARATOR, ", ");
  }

  /** Numbers are the same however they are written. */
  private static boolean sameValue(String a, String b) {
    if (a.equals(b)) {
      return true;
    }
    try {
      return Double.parseDouble(a) == Double.parseDouble(b);
    } catch (NumberFormatException e) {
      return false;
    }
  }

  boolean has(Setting setting) {
    return texts.containsKey(setting);
  }

  /**
   * @throws TesseraException.Invalid if it was not given and has no default
   */
  String text(Setting setting) {
    String text = texts.get(setting);
    if (text == null || text.isBlank()) {
      throw new TesseraException.Invalid("--" + setting.option() + " is missing");
    }
    return text;
  }

  List<String> list(Setting setting) {
    return List.of(text(setting).split(Setting.SEPARATOR));
  }

  /** Empty for a word that stands for nothing. */
  Optional<String> unless(Setting setting, String nothing) {
    return Optional.of(text(setting)).filter(text -> !text.equals(nothing));
  }

  int integer(Setting setting, int low, int high) {
    return (int) whole(setting, low, high);
  }

  long whole(Setting setting, long low, long high) {
    String text = text(setting);
    try {
      long value = Long.parseLong(text.strip());
      if (value >= low && value <= high) {
        return value;
      }
    } catch (NumberFormatException e) {
      // as below
    }
    String upTo = high == Long.MAX_VALUE ? " up" : " to " + high;
    throw new TesseraException.Invalid(
        "--%s takes a whole number from %d%s, not '%s'"
            .formatted(setting.option(), low, upTo, text));
  }

  double real(Setting setting, double low, double high) {
    String text = text(setting);
    try {
      double value = Double.parseDouble(text.strip());
      if (value >= low && value <= high) {
        return value;
      }
    } catch (NumberFormatException e) {
      // as below
    }
    throw new TesseraException.Invalid(
        "--%s takes a number from %s to %s, not '%s'"
            .formatted(setting.option(), plain(low), plain(high), text));
  }

  /** Empty for a word that stands for nothing. */
  OptionalDouble realUnless(Setting setting, String nothing, double low, double high) {
    return text(setting).equals(nothing)
        ? OptionalDouble.empty()
        : OptionalDouble.of(real(setting, low, high));
  }

  private static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  String choice(Setting setting, String... choices) {
    String text = text(setting);
    for (String choice : choices) {
      if (choice.equalsIgnoreCase(text)) {
        return choice;
      }
    }
    throw new TesseraException.Invalid(
        "--%s is one of %s, not '%s'"
            .formatted(setting.option(), String.join(", ", choices), text));
  }
}
