package dev.tessera.io;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/**
 * The channel that jhdf reads through: a read gives all the bytes that are asked for, or fails.
 * After a short read jhdf 0.13 asks for the rest at the old position, so that the buffer fills with
 * repetitions; where a damaged file claims a part of a gigabyte, that takes half a minute.
 */
final class Hdf5Channel implements SeekableByteChannel {
  private final FileChannel file;

  Hdf5Channel(FileChannel file) {
    this.file = file;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    int count = target.remaining();
    if (count > size() - position()) {
      throw new EOFException("a part reaches beyond the end of the file");
    }
    while (target.hasRemaining()) {
      if (file.read(target) < 0) {
        throw new EOFException("the file was cut off while it was read");
      }
    }
    return count;
  }

  @Override
  public int write(ByteBuffer source) {
    throw new NonWritableChannelException();
  }

  @Override
  public long position() throws IOException {
    return file.position();
  }

  @Override
  public Hdf5Channel position(long position) throws IOException {
    file.position(position);
    return this;
  }

  @Override
  public long size() throws IOException {
    return file.size();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new NonWritableChannelException();
  }

  @Override
  public boolean isOpen() {
    return file.isOpen();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
