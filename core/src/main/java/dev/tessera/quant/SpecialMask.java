package dev.tessera.quant;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import dev.tessera.field.DataType;

/**
 * Where the special values of one tile lie, coded without loss (FORMAT.md, "Masks").
 *
 * <p>Each place is predicted to have the class of the same place in the plane before, in the first
 * plane that of the place above; what is coded are the lengths of the runs where this holds and the
 * class where it does not. Land masks and detector gaps, the same in every plane, so cost a few
 * bytes.
 *
 * @param classes class of each place, plane by plane, row by row
 * @param bits bit pattern at the places of the last class, else unspecified; same length as {@code
 *     classes}
 */
public record SpecialMask(byte[] classes, long[] bits) {

  /** An all-ordinary mask of a given number of places. */
  public static SpecialMask empty(int places) {
    return new SpecialMask(new byte[places], new long[places]);
  }

  /** Whether every place is ordinary. */
  public boolean isEmpty() {
    for (byte valueClass : classes) {
      if (valueClass != 0) {
        return false;
      }
    }
    return true;
  }

  /** Class of a place, 0 to 251. */
  public int classAt(int place) {
    return classes[place] & 0xff;
  }

  /**
   * The mask as bytes.
   *
   * @param cols places per row
   * @param planePlaces places per plane
   * @param values the field's dictionary
   * @param type the field's type, which gives the size of patterns stored in place
   */
  public byte[] encode(int cols, int planePlaces, SpecialValues values, DataType type) {
    ByteWriter runs = new ByteWriter();
    ByteWriter patterns = new ByteWriter();
    long run = 0;
    for (int i = 0; i < classes.length; i++) {
      if (classes[i] == predict(i, cols, planePlaces)) {
        run++;
      } else {
        runs.varint(run).u8(classes[i]);
        run = 0;
      }
      if (classAt(i) == values.otherClass()) {
        patterns.bits(bits[i], type.bytes());
      }
    }
    return Zstd.pack(runs.varint(run).raw(patterns.toByteArray()).toByteArray());
  }

  /**
   * The inverse of {@link #encode}.
   *
   * @param places number of places, known from the tile
   * @throws dev.tessera.field.TesseraException.Corrupt if the bytes do not describe exactly that
   *     many
   */
  public static SpecialMask decode(
      byte[] data, int places, int cols, int planePlaces, SpecialValues values, DataType type) {
    // a place costs at most one run of one byte, one class and one pattern
    ByteReader in =
        new ByteReader(Zstd.unpack(data, 10L * places + 16, "a mask"), "a mask of special values");
    SpecialMask mask = empty(places);
    byte[] classes = mask.classes();
    int at = 0;
    while (true) {
      for (int end = at + in.varint(places - at); at < end; at++) {
        classes[at] = mask.predict(at, cols, planePlaces);
      }
      if (at == places) {
        break;
      }
      int valueClass = in.u8();
      if (valueClass > values.otherClass()) {
        throw in.corrupt("names a class of values that the file does not have");
      }
      classes[at++] = (byte) valueClass;
    }
    for (int i = 0; i < places; i++) {
      if (mask.classAt(i) == values.otherClass()) {
        mask.bits()[i] = in.bits(type.bytes());
      }
    }
    in.expectEnd();
    return mask;
  }

  private byte predict(int place, int cols, int planePlaces) {
    if (place >= planePlaces) {
      return classes[place - planePlaces];
    }
    return place >= cols ? classes[place - cols] : 0;
  }
}
