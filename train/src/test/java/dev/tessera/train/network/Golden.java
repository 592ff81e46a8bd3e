package dev.tessera.train.network;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.tessera.model.Model;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;

/** The golden models of testdata/golden and what CompressAI makes of two images of 3×128×192. */
final class Golden {
  private Golden() {}

  private static Path file(String architecture, String name) {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("testdata"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("tests run inside the checkout");
      }
    }
    return folder.resolve("testdata/golden").resolve(architecture).resolve(name);
  }

  static Model model(String architecture) throws IOException {
    return Model.read(file(architecture, "checkpoint.pth.tar"));
  }

  /** Likelihood bits and mean squared error, rounded latents. */
  static JsonObject results(String architecture) throws IOException {
    return JsonParser.parseString(Files.readString(file(architecture, "case.json")))
        .getAsJsonObject();
  }

  static Tensor images(String architecture) throws IOException {
    return npy(architecture, "x", 2, 3, 128, 192);
  }

  /** The restored images, clamped to 0…1. */
  static Tensor restored(String architecture) throws IOException {
    return npy(architecture, "x_hat", 2, 3, 128, 192);
  }

  private static Tensor npy(String architecture, String name, long... shape) throws IOException {
    ByteBuffer file =
        ByteBuffer.wrap(Files.readAllBytes(file(architecture, name + ".npy")))
            .order(ByteOrder.LITTLE_ENDIAN);
    file.position(10 + file.getShort(8));
    float[] values = new float[file.remaining() / Float.BYTES];
    file.asFloatBuffer().get(values);
    return Tensor.create(values, shape);
  }
}
