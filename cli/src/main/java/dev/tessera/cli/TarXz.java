package dev.tessera.cli;

import dev.tessera.field.TesseraException;
import dev.tessera.io.PendingFile;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/**
 * Packs a folder as {@code .tar.xz}: POSIX ustar, entries by name, owner 0, one fixed time, so that
 * equal folders give equal bytes.
 */
final class TarXz {
  private static final int BLOCK = 512;
  private static final int NAME_BYTES = 100;
  private static final int PREFIX_BYTES = 155;
  private static final int CHECKSUM_AT = 148;

  /** Much larger than the window that LZMA looks back in, 8 MiB, so that little is lost. */
  private static final long PART = 32 << 20;

  /** Each takes about 100 MB. */
  private static final int MAX_THREADS = 8;

  /** 1980-01-01, the first day that zip files know as well. */
  static final long TIME_SECONDS = 315532800;

  private TarXz() {}

  /**
   * Writes an archive.
   *
   * @param folder what is packed
   * @param name the folder's name in the archive
   * @param file the archive; must not lie in the folder
   */
  static void write(Path folder, String name, Path file) throws IOException {
    try (PendingFile tar = PendingFile.scratch();
        PendingFile pending = PendingFile.create(file)) {
      try (OutputStream out =
          new BufferedOutputStream(Files.newOutputStream(tar.path()), 1 << 16)) {
        tar(folder, name, out);
      }
      try (OutputStream out = Files.newOutputStream(pending.path())) {
        pack(tar.path(), out);
      }
      pending.commit();
    }
  }

  private static void tar(Path folder, String name, OutputStream out) throws IOException {
    List<Path> entries;
    try (Stream<Path> all = Files.walk(folder)) {
      entries = all.filter(path -> !path.equals(folder)).sorted().toList();
    }
    header(out, name + "/", true, true, 0);
    for (Path entry : entries) {
      boolean directory = Files.isDirectory(entry);
      String path = name + "/" + folder.relativize(entry).toString().replace('\\', '/');
      long size = directory ? 0 : Files.size(entry);
      header(out, directory ? path + "/" : path, directory, Files.isExecutable(entry), size);
      if (!directory) {
        Files.copy(entry, out);
        out.write(new byte[(int) (-size & BLOCK - 1)]);
      }
    }
    out.write(new byte[2 * BLOCK]);
  }

  /** Parts of fixed size, each a stream of its own, side by side on all cores. */
  private static void pack(Path plain, OutputStream out) throws IOException {
    long size = Files.size(plain);
    List<CompletableFuture<byte[]>> parts = new ArrayList<>();
    try (FileChannel in = FileChannel.open(plain);
        ExecutorService workers =
            Executors.newFixedThreadPool(
                Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors()))) {
      for (long at = 0; at < size; at += PART) {
        MappedByteBuffer part =
            in.map(FileChannel.MapMode.READ_ONLY, at, Math.min(PART, size - at));
        parts.add(CompletableFuture.supplyAsync(() -> pack(part), workers));
      }
      for (CompletableFuture<byte[]> part : parts) {
        out.write(part.join());
      }
    }
  }

  private static byte[] pack(ByteBuffer part) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream(part.remaining() / 3);
    try (XZOutputStream out = new XZOutputStream(packed, new LZMA2Options())) {
      byte[] block = new byte[1 << 16];
      while (part.hasRemaining()) {
        int count = Math.min(block.length, part.remaining());
        part.get(block, 0, count);
        out.write(block, 0, count);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  private static void header(
      OutputStream out, String path, boolean directory, boolean executable, long size)
      throws IOException {
    byte[] header = new byte[BLOCK];
    int cut = split(path);
    put(header, 0, path.substring(cut == 0 ? 0 : cut + 1));
    put(header, 100, directory || executable ? "0000755" : "0000644");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, "%011o".formatted(size));
    put(header, 136, "%011o".formatted(TIME_SECONDS));
    put(header, CHECKSUM_AT, "        ");
    put(header, 156, directory ? "5" : "0");
    put(header, 257, "ustar\0" + "00");
    put(header, 345, path.substring(0, cut));
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, CHECKSUM_AT, "%06o\0 ".formatted(sum));
    out.write(header);
  }

  /** Where a long path is cut into prefix and name; 0 where it need not be. */
  private static int split(String path) {
    if (length(path) <= NAME_BYTES) {
      return 0;
    }
    for (int cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) {
      String rest = path.substring(cut + 1);
      if (!rest.isEmpty()
          && length(rest) <= NAME_BYTES
          && length(path.substring(0, cut)) <= PREFIX_BYTES) {
        return cut;
      }
    }
    throw new TesseraException.Unsupported("'" + path + "' is too long for a name in an archive");
  }

  private static int length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
