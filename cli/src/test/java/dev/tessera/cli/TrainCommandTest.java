package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command's words; libtorch is not on the class path here, as it is not for most users. */
class TrainCommandTest extends CommandTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--data a.npy --steps 10; Missing required option: '--out=FILE'",
        "--data a.npy --steps 10 --out model.pth; a model is written to a .safetensors file, not to",
        "--data a.npy --out FOLDER/m.safetensors; how long to train is not said",
        "--steps 10 --out FOLDER/m.safetensors; --data is missing",
        "--data a.npy --steps 10 --lambda x --out FOLDER/m.safetensors; --lambda takes a number",
        "--resume --out FOLDER/m.safetensors; there is nothing to resume",
        "--data a.npy --steps 1 --init none.pth --out FOLDER/m.safetensors; there is no model"
            + " 'none.pth'",
      })
  void whatMakesNoSenseIsOneSentence(String arguments, String sentence) {
    run(words(arguments)).expectError(Main.USAGE, sentence);
  }

  @Test
  void checkingNeedsNoLibtorch() throws IOException {
    Files.createFile(folder.resolve("a.npy"));
    String[] good = words("--check --data FOLDER/a.npy --steps 10 --out FOLDER/m.safetensors");
    String[] bad = words("--check --data FOLDER/b.npy --steps 10 --out FOLDER/m.safetensors");

    run(good).expectDone();
    run(bad).expectError(Main.USAGE, "no file matches", "b.npy");
    run(words("--check --data FOLDER/a.npy --steps 10 --out"))
        .expectError(Main.USAGE, "Missing required parameter for option '--out'");
  }

  private String[] words(String arguments) {
    return ("train " + arguments.replace("FOLDER", folder.toString())).split(" ");
  }

  @Test
  void withoutLibtorchItSaysWhereThatComesFrom() throws IOException {
    Files.createFile(folder.resolve("a.npy"));
    run(words("--data FOLDER/a.npy --steps 10 --out FOLDER/m.safetensors"))
        .expectError(
            Main.DATA,
            "libtorch, which training needs, cannot be loaded",
            "./tessera train fetches");
    assertThat(folder.resolve("m.safetensors")).doesNotExist();
    assertThat(Files.exists(folder.resolve("m.safetensors.checkpoint"))).isFalse();
  }

  @Test
  void helpNeedsNoLibtorch() {
    assertThat(run("train", "--help").text()).contains("--resume", "--lambda", "--init");
  }
}
