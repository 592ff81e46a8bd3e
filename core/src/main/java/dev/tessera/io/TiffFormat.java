package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * TIFF and BigTIFF, multi-page (TIFF 6.0 and its supplements). Pages of equal size and type are one
 * field: a page is {@code H×W}, several samples make it {@code samples×H×W}, several pages put
 * their number in front; {@code file.tif:3} is the page with index 3 alone. Samples come back as
 * they are stored: no colour map and no inversion is applied. Written files are uncompressed, with
 * a page for each slice, and keep shape and attributes in the first page's description.
 */
final class TiffFormat implements FieldFormat {
  private static final int NEW_SUBFILE_TYPE = 254;
  private static final int REDUCED_OR_MASK = 5;
  private static final Pattern IMAGEJ_IMAGES = Pattern.compile("(?m)^images=(\\d{1,9})\\s*$");

  @Override
  public String name() {
    return "TIFF";
  }

  @Override
  public List<String> extensions() {
    return List.of("tif", "tiff", "btf", "tf8");
  }

  @Override
  public boolean recognizes(byte[] head) {
    if (head.length < 4) {
      return false;
    }
    String mark = "" + (char) head[0] + (char) head[1];
    boolean little = mark.equals("II") && head[3] == 0;
    boolean big = mark.equals("MM") && head[2] == 0;
    int version = little ? head[2] : head[3];
    return (little || big) && (version == 42 || version == 43);
  }

  @Override
  public FieldSource open(Path file, String inner, OpenOptions options) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      List<TiffDirectory> directories = TiffDirectory.readAll(bytes);
      boolean single = !inner.isEmpty();
      if (single) {
        directories = List.of(directories.get(pageNumber(inner, directories.size())));
      } else {
        directories = fullImages(directories);
      }
      List<TiffPage> pages = new ArrayList<>(directories.size());
      for (TiffDirectory directory : directories) {
        pages.add(TiffPage.of(directory, bytes.byteSize()));
      }
      checkAlike(file, pages);
      TiffMetadata metadata = TiffMetadata.read(directories.getFirst());
      if (!single && pages.size() == 1) {
        pages = imageJPages(pages.getFirst(), metadata, bytes.byteSize());
      }
      TiffPage first = pages.getFirst();
      Shape shape = shape(pages.size(), first, single ? null : metadata.shape());
      FieldInfo info = metadata.info(first.elements().type(), shape);
      if (options.fill().isPresent()) {
        info = info.withFill(options.fill().getAsDouble());
      }
      return new TiffSource(info, bytes, arena, pages);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static int pageNumber(String inner, int pages) {
    try {
      int page = Integer.parseInt(inner.strip());
      if (page >= 0 && page < pages) {
        return page;
      }
    } catch (NumberFormatException e) {
      // falls through to the sentence below
    }
    throw new TesseraException.Invalid(
        "'" + inner + "' is not a page of this TIFF file: it has pages 0 to " + (pages - 1));
  }

  /** Leaves out thumbnails and masks, which stand between the images of some files. */
  private static List<TiffDirectory> fullImages(List<TiffDirectory> directories) {
    List<TiffDirectory> full =
        directories.stream()
            .filter(d -> (d.integer(NEW_SUBFILE_TYPE, 0) & REDUCED_OR_MASK) == 0)
            .toList();
    return full.isEmpty() ? directories : full;
  }

  private static void checkAlike(Path file, List<TiffPage> pages) {
    TiffPage first = pages.getFirst();
    for (int i = 1; i < pages.size(); i++) {
      if (!pages.get(i).isLike(first)) {
        throw new TesseraException.Invalid(
            "the "
                + pages.size()
                + " pages of "
                + file.getFileName()
                + " differ (page 0 is "
                + describe(first)
                + ", page "
                + i
                + " is "
                + describe(pages.get(i))
                + "): choose one, as in "
                + file.getFileName()
                + ":"
                + i);
      }
    }
  }

  private static String describe(TiffPage page) {
    String samples = page.samples() == 1 ? "" : page.samples() + "x";
    return samples + page.height() + "x" + page.width() + " " + page.elements().type().code();
  }

  /**
   * ImageJ writes stacks beyond 4 GB with the directory of the first page only: the other pages
   * follow its data without gaps.
   */
  private static List<TiffPage> imageJPages(TiffPage page, TiffMetadata metadata, long fileBytes) {
    Matcher images = IMAGEJ_IMAGES.matcher(metadata.description());
    boolean contiguous =
        page.compression() == TiffCompression.NONE
            && page.offsets().length == 1
            && !page.tiled()
            && !page.planar();
    if (!metadata.description().startsWith("ImageJ=") || !contiguous || !images.find()) {
      return List.of(page);
    }
    int count = Integer.parseInt(images.group(1));
    long pageBytes = page.blockBytes(0);
    if (count < 2 || (fileBytes - page.offsets()[0]) / count < pageBytes) {
      return List.of(page);
    }
    List<TiffPage> pages = new ArrayList<>(Collections.nCopies(count, page));
    for (int i = 1; i < count; i++) {
      pages.set(i, page.shifted(i * pageBytes));
    }
    return pages;
  }

  /** The declared shape where it describes these pages, else theirs. */
  private static Shape shape(int pages, TiffPage page, Shape declared) {
    Shape own =
        page.samples() == 1
            ? pages == 1
                ? Shape.of(page.height(), page.width())
                : Shape.of(pages, page.height(), page.width())
            : pages == 1
                ? Shape.of(page.samples(), page.height(), page.width())
                : Shape.of(pages, page.samples(), page.height(), page.width());
    boolean fits =
        declared != null
            && declared.elements() == own.elements()
            && declared.width() == own.width()
            && declared.height() == own.height();
    return fits ? declared : own;
  }

  @Override
  public FieldSink create(Path file, String inner, FieldInfo info) throws IOException {
    if (!inner.isEmpty()) {
      throw new TesseraException.Invalid(
          "a TIFF file is written as a whole: leave out ':" + inner + "'");
    }
    Shape shape = info.shape();
    if (shape.width() > 0xffff_ffffL || shape.height() > 0xffff_ffffL) {
      throw new TesseraException.Unsupported(
          "TIFF pages have at most 4294967295 rows and columns, not those of "
              + shape
              + ": write HDF5, .npy or raw instead");
    }
    byte[] header = TiffHeader.build(info);
    StoredElements elements = StoredElements.plain(info.type(), ByteOrder.LITTLE_ENDIAN);
    return ArraySink.create(PendingFile.create(file), info, elements, header, 1);
  }

  /** TIFF's number for a type's kind: 1 unsigned, 2 signed, 3 float. */
  static int sampleFormat(DataType type) {
    return switch (type) {
      case UINT8, UINT16, UINT32 -> 1;
      case INT8, INT16, INT32, INT64 -> 2;
      case FLOAT32, FLOAT64 -> 3;
    };
  }
}
