package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class Hdf5ChannelTest {
  @TempDir private Path folder;

  @Test
  void aReadIsCompleteOrFails() throws IOException {
    Path path = Files.write(folder.resolve("five"), new byte[] {1, 2, 3, 4, 5});
    try (FileChannel file = FileChannel.open(path);
        Hdf5Channel channel = new Hdf5Channel(file)) {
      ByteBuffer four = ByteBuffer.allocate(4);
      assertThat(channel.position(1).read(four)).isEqualTo(4);
      assertThat(four.array()).containsExactly(2, 3, 4, 5);
      assertThat(channel.size()).isEqualTo(5);
      assertThatThrownBy(() -> channel.position(2).read(four.clear()))
          .isInstanceOf(EOFException.class);
      assertThatThrownBy(() -> channel.position(9).read(four.clear()))
          .isInstanceOf(EOFException.class);
      assertThatThrownBy(() -> channel.write(four)).isInstanceOf(NonWritableChannelException.class);
    }
  }

  /**
   * Found by Hdf5Fuzz: the only dataset's header claims 1.2 GB of a file of 375 bytes, and was read
   * 375 bytes at a time, for half a minute.
   */
  @Test
  @Timeout(15)
  void aPartThatCannotBeThereIsNotReadOverAndOver() {
    assertThatThrownBy(() ->
            FieldFiles.open(Resources.path("claims_a_gigabyte.h5").toString(), OpenOptions.NONE))
        .isInstanceOf(TesseraException.Corrupt.class);
  }
}
