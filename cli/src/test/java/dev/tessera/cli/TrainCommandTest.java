package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
        "--data a.npy --steps 10 --out model.pth; --out names a .safetensors file to write",
        "--data a.npy --out FOLDER/m.safetensors; how long to train is not said",
        "--steps 10 --out FOLDER/m.safetensors; --data is missing",
        "--data a.npy --steps 10 --lambda x --out FOLDER/m.safetensors; --lambda takes a number",
        "--resume --out FOLDER/m.safetensors; there is nothing to resume",
        "--data a.npy --steps 1 --init none.pth --out FOLDER/m.safetensors; there is no model"
            + " 'none.pth'",
      })
  void whatMakesNoSenseIsOneSentence(String arguments, String sentence) {
    String[] words = ("train " + arguments.replace("FOLDER", folder.toString())).split(" ");

    run(words).expectError(Main.USAGE, sentence);
  }

  @Test
  void withoutLibtorchItSaysWhereThatComesFrom() {
    run("train", "--data", "a.npy", "--steps", "10", "--out", folder + "/m.safetensors")
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
