package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.tukaani.xz.XZInputStream;

class RuntimeImageTest extends CommandTest {
  private static final Pattern LINUX = Pattern.compile("linux[-/](x64|amd64)");

  /** A member of an archive, as a reader of POSIX ustar sees it. */
  private record Member(String mode, long time, char kind, byte[] contents) {}

  private static Map<String, Member> untar(byte[] packed) throws IOException {
    byte[] tar;
    try (InputStream in = new XZInputStream(new ByteArrayInputStream(packed))) {
      tar = in.readAllBytes();
    }
    Map<String, Member> members = new LinkedHashMap<>();
    int at = 0;
    while (tar[at] != 0) {
      int sum = 0;
      for (int i = 0; i < 512; i++) {
        sum += i >= 148 && i < 156 ? ' ' : tar[at + i] & 0xff;
      }
      assertThat(Integer.parseInt(field(tar, at + 148, 6), 8)).isEqualTo(sum);
      assertThat(field(tar, at + 257, 5)).isEqualTo("ustar");
      String prefix = field(tar, at + 345, 155);
      String name = (prefix.isEmpty() ? "" : prefix + "/") + field(tar, at, 100);
      int size = Integer.parseInt(field(tar, at + 124, 11), 8);
      members.put(
          name,
          new Member(
              field(tar, at + 100, 7),
              Long.parseLong(field(tar, at + 136, 11), 8),
              (char) tar[at + 156],
              Arrays.copyOfRange(tar, at + 512, at + 512 + size)));
      at += 512 + (size + 511) / 512 * 512;
    }
    assertThat(tar.length - at).isEqualTo(1024);
    return members;
  }

  private static String field(byte[] tar, int at, int length) {
    int end = at;
    while (end < at + length && tar[end] != 0) {
      end++;
    }
    return new String(tar, at, end - at, StandardCharsets.UTF_8);
  }

  @Test
  void foldersComeBackFromArchives() throws IOException {
    Path in = Files.createDirectories(folder.resolve("in/sub"));
    String longName = "l".repeat(90);
    Path deep = Files.createDirectories(in.resolve(longName));
    Files.write(deep.resolve("a-file-of-a-longer-name"), new byte[] {1, 2, 3});
    Files.write(in.resolve("whole-block"), new byte[512]);
    Files.write(in.resolve("script"), new byte[] {'#'});
    assertThat(in.resolve("script").toFile().setExecutable(true)).isTrue();
    TarXz.write(folder.resolve("in"), "top", folder.resolve("out.tar.xz"));

    Map<String, Member> members = untar(bytes("out.tar.xz"));

    String sub = "top/sub/";
    assertThat(members.keySet())
        .containsExactly(
            "top/",
            sub,
            sub + longName + "/",
            sub + longName + "/a-file-of-a-longer-name",
            sub + "script",
            sub + "whole-block");
    assertThat(members.get(sub + longName + "/a-file-of-a-longer-name").contents())
        .containsExactly(1, 2, 3);
    assertThat(members.get(sub + "script").mode()).isEqualTo("0000755");
    assertThat(members.get(sub + "whole-block").mode()).isEqualTo("0000644");
    assertThat(members.get(sub).kind()).isEqualTo('5');
    assertThat(members.values())
        .allSatisfy(member -> assertThat(member.time()).isEqualTo(TarXz.TIME_SECONDS));
  }

  @Test
  void equalFoldersGiveEqualArchives() throws IOException {
    for (String name : List.of("one", "two")) {
      Path in = Files.createDirectories(folder.resolve(name));
      for (String file : name.equals("one") ? List.of("a", "b", "c") : List.of("c", "b", "a")) {
        Files.writeString(in.resolve(file), file.repeat(1000));
      }
      TarXz.write(in, "top", folder.resolve(name + ".tar.xz"));
    }

    assertThat(bytes("one.tar.xz")).isEqualTo(bytes("two.tar.xz"));
  }

  @Test
  void namesThatNoArchiveHoldsAreRefused() throws IOException {
    Path in = Files.createDirectories(folder.resolve("in"));
    Files.write(in.resolve("n".repeat(120)), new byte[1]);

    assertThatThrownBy(() -> TarXz.write(in, "top", folder.resolve("out.tar.xz")))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("too long");
  }

  private static void jar(Path file, String... names) throws IOException {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (String name : names) {
        out.putNextEntry(new ZipEntry(name));
        out.write(name.getBytes(StandardCharsets.UTF_8));
        out.closeEntry();
      }
    }
  }

  @Test
  void jarsKeepWhatThisPlatformNeeds() throws IOException {
    jar(
        folder.resolve("in.jar"),
        "z/Z.class",
        "a/linux-x64/liba.so",
        "a/win-x64/a.dll",
        "a/osx-aarch64/liba.dylib",
        "a/osx-aarch64/liba.dylib.dSYM/Contents/Info.plist",
        "a/linux/amd64/libb.so",
        "a/linux/aarch64/libb.so",
        "META-INF/maven/x/pom.xml",
        "META-INF/BenchmarkList",
        "META-INF/LICENSE",
        "META-INF/MANIFEST.MF",
        "b/jmh_generated/X.class",
        "old.txt",
        "gone.txt");
    Map<String, byte[]> replaced = new LinkedHashMap<>();
    replaced.put("old.txt", new byte[] {7});
    replaced.put("gone.txt", null);
    replaced.put("new.txt", new byte[] {8});
    SlimJar.copy(folder.resolve("in.jar"), folder.resolve("out.jar"), LINUX, replaced);

    try (ZipFile out = new ZipFile(folder.resolve("out.jar").toFile())) {
      assertThat(out.stream().map(ZipEntry::getName))
          .containsExactly(
              "META-INF/MANIFEST.MF",
              "META-INF/LICENSE",
              "a/linux-x64/liba.so",
              "a/linux/amd64/libb.so",
              "new.txt",
              "old.txt",
              "z/Z.class");
      assertThat(out.getInputStream(out.getEntry("old.txt")).readAllBytes()).containsExactly(7);
      assertThat(out.getInputStream(out.getEntry("z/Z.class")).readAllBytes())
          .asString(StandardCharsets.UTF_8)
          .isEqualTo("z/Z.class");
    }
  }

  @Test
  void mistakesAreOneSentence() {
    run("runtime-image", path("x.zip")).expectError(Main.USAGE, ".tar.xz");
    run("runtime-image", path("x.tar.xz"), "--arch", "hopper")
        .expectError(Main.USAGE, "'hopper'", "sm_90a");
    run("runtime-image", path("x.tar.xz"), "--model", "nothing")
        .expectError(Main.USAGE, "there is no model 'nothing'");
  }

  @Test
  void onlyThePackagedProgramPacksItself() {
    // tests run from folders of classes
    run("runtime-image", path("x.tar.xz"), "--arch", "none")
        .expectError(Main.DATA, "./tessera runtime-image");
    assertThat(folder.resolve("x.tar.xz")).doesNotExist();
  }
}
