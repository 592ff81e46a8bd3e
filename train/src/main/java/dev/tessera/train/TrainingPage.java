package dev.tessera.train;

import dev.tessera.report.FieldImages.Scale;
import dev.tessera.report.HtmlPage;
import dev.tessera.report.LineChart;
import dev.tessera.report.LineChart.Series;
import dev.tessera.train.MetricsLog.Entry;
import dev.tessera.train.MetricsLog.Kind;
import dev.tessera.train.data.TrainingData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The page about a training: its curves, where its model stands, and what that makes of tiles. */
final class TrainingPage {
  private static final String STEPS = "steps";

  /** Curves begin after this share of the steps. */
  private static final double SETTLED = 0.05;

  /** What a page tells of. */
  record Story(
      TrainingOptions options,
      FinishedModel finished,
      long steps,
      double seconds,
      List<Entry> metrics,
      TrainingData data,
      List<Validation.Picture> pictures) {}

  private TrainingPage() {}

  /** The page of a model file. */
  static Path beside(Path model) {
    return model.resolveSibling(FinishedModel.name(model) + ".html");
  }

  static void write(Path file, Path model, Story story) throws IOException {
    TrainingOptions options = story.options();
    HtmlPage page =
        new HtmlPage(
            "Training of " + story.finished().model().name(),
            "%s, N = %d, M = %d, λ = %s, on %d planes at once"
                .formatted(
                    options.architecture().id(),
                    options.n(),
                    options.m(),
                    options.lambda(),
                    options.channels()));
    page.numbers("Result", numbers(story));
    page.heading("Curves");
    List<Entry> metrics = story.metrics();
    // what the first steps lose would leave no room for the rest
    List<Entry> settled =
        metrics.stream().filter(entry -> entry.step() >= SETTLED * story.steps()).toList();
    chart(page, "Loss", "loss", settled, entry -> entry.losses().loss());
    chart(page, "Rate", "bits per pixel", settled, entry -> entry.losses().bitsPerPixel());
    chart(page, "Quality", "PSNR in dB", settled, entry -> entry.losses().psnr());
    rateDistortion(page, story);
    LineChart rates =
        new LineChart(
            "Learning rate",
            List.of(),
            STEPS,
            "learning rate × 10⁻⁴",
            List.of(series("networks", metrics, Kind.TRAINING, e -> e.learningRate() * 1e4)));
    page.chart(rates.draw(), "Learning rate over steps");
    for (Validation.Picture picture : story.pictures()) {
      page.comparison(
          "Validation tile " + picture.tile(),
          picture.original(),
          picture.restored(),
          Scale.of(picture.original()),
          "normalized",
          "");
    }
    page.commands(
        "Use it",
        List.of(
            "./tessera compress FILE out.tsr --model " + model.getFileName(),
            "./tessera decompress out.tsr restored.npy --model " + model.getFileName()));
    page.write(file);
  }

  private static Map<String, String> numbers(Story story) {
    Losses losses = story.finished().losses();
    Losses precise = story.finished().precise();
    Map<String, String> numbers = new LinkedHashMap<>();
    numbers.put("validation loss", String.format(Locale.ROOT, "%.5f", losses.loss()));
    numbers.put(
        "rate",
        String.format(Locale.ROOT, "%.4f bits per pixel (estimated)", losses.bitsPerPixel()));
    numbers.put(
        "quality", String.format(Locale.ROOT, "%.3f dB PSNR of normalized values", losses.psnr()));
    if (!losses.equals(precise)) {
      numbers.put(
          "cost of float16 weights",
          String.format(
              Locale.ROOT,
              "%.4f dB, %+.3f %% of the bits",
              precise.psnr() - losses.psnr(),
              100 * (losses.bitsPerPixel() / precise.bitsPerPixel() - 1)));
    }
    numbers.put(
        "training",
        String.format(
            Locale.ROOT,
            "%d steps of %d crops of %d × %d in %.0f s",
            story.steps(),
            story.options().batch(),
            story.options().patch(),
            story.options().patch(),
            story.seconds()));
    Map<String, String> metadata = story.data().metadata();
    numbers.put("data", metadata.get(TrainingData.DATA));
    numbers.put("validated on", metadata.get(TrainingData.VALIDATION));
    numbers.put("normalizer", story.data().normalizer());
    numbers.put("model", story.finished().model().id());
    return numbers;
  }

  private static void chart(
      HtmlPage page,
      String title,
      String unit,
      List<Entry> metrics,
      ToDoubleFunction<Entry> value) {
    LineChart chart =
        new LineChart(
            title,
            List.of("without the first twentieth of the steps"),
            STEPS,
            unit,
            List.of(
                series("training", metrics, Kind.TRAINING, value),
                series("validation", metrics, Kind.VALIDATION, value)));
    page.chart(chart.draw(), title + " in training and validation over steps");
  }

  private static Series series(
      String name, List<Entry> metrics, Kind kind, ToDoubleFunction<Entry> value) {
    List<Entry> own = metrics.stream().filter(entry -> entry.kind() == kind).toList();
    return new Series(
        name,
        own.stream().mapToDouble(Entry::step).toArray(),
        own.stream().mapToDouble(value).toArray(),
        kind == Kind.VALIDATION);
  }

  /** Where validations stood on the plane of rate and distortion, and where the model stands. */
  private static void rateDistortion(HtmlPage page, Story story) {
    List<Entry> validations =
        story.metrics().stream().filter(entry -> entry.kind() == Kind.VALIDATION).toList();
    Losses end = story.finished().losses();
    List<Series> series = new ArrayList<>();
    series.add(
        new Series(
            "validations",
            validations.stream().mapToDouble(entry -> entry.losses().bitsPerPixel()).toArray(),
            validations.stream().mapToDouble(entry -> entry.losses().psnr()).toArray(),
            true));
    series.add(Series.point("this model", end.bitsPerPixel(), end.psnr()));
    LineChart chart =
        new LineChart("Rate and distortion", List.of(), "bits per pixel", "PSNR in dB", series);
    page.chart(chart.draw(), "PSNR over bits per pixel, validation by validation");
  }
}
