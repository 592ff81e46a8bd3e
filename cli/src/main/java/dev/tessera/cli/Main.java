package dev.tessera.cli;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The {@code tessera} command. Exit codes: 0 done, 1 the data or the machine was at fault, 2 the
 * command line was.
 */
@Command(
    name = "tessera",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description =
        "Compresses scientific image data, with an error bound or through learned transforms.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "Start with: tessera demo",
      "Then:       tessera compress density_512x512x512.f32 density.tsr",
      "            tessera decompress density.tsr restored.npy"
    },
    subcommands = {
      CompressCommand.class,
      DecompressCommand.class,
      InfoCommand.class,
      VerifyCommand.class,
      DemoCommand.class,
      ModelsCommand.class,
      ImportCommand.class,
      TrainCommand.class,
      CalibrateCommand.class,
      ExportOnnxCommand.class,
      SynthCommand.class,
      EvalCommand.class,
      BenchCommand.class,
      DoctorCommand.class,
      SelfTestCommand.class,
      RuntimeImageCommand.class,
    })
public final class Main {
  static final int DATA = 1;
  static final int USAGE = 2;

  private Main() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs one command. */
  static int run(String... args) {
    CommandLine line = new CommandLine(new Main());
    giveVersion(line, line.getCommandSpec().versionProvider());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpAutoWidth(true);
    line.setAbbreviatedOptionsAllowed(false);
    line.setParameterExceptionHandler(Main::usageError);
    line.setExecutionExceptionHandler((e, command, parsed) -> report(command.getErr(), e));
    if (args.length == 0) {
      line.usage(line.getErr());
      return USAGE;
    }
    try {
      int code = line.execute(args);
      if (code == 0) {
        Console.requireWritten();
      }
      return code;
    } catch (IOException unwritten) {
      line.getErr().println("tessera: " + unwritten.getMessage());
      return DATA;
    } catch (OutOfMemoryError e) {
      line.getErr()
          .println(
              "tessera: there is not enough memory: give Java more with JAVA_OPTS=-Xmx…, or use"
                  + " smaller tiles or a smaller --batch");
      return DATA;
    }
  }

  /** Every command has --version, and should not answer it with nothing. */
  private static void giveVersion(CommandLine line, CommandLine.IVersionProvider provider) {
    line.getCommandSpec().versionProvider(provider);
    line.getSubcommands().values().forEach(command -> giveVersion(command, provider));
  }

  private static int usageError(CommandLine.ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    command
        .getErr()
        .println(
            "tessera: "
                + usageMessage(e, args)
                + " (see: "
                + command.getCommandSpec().qualifiedName()
                + " --help)");
    return USAGE;
  }

  private static String usageMessage(CommandLine.ParameterException e, String[] args) {
    if (!(e instanceof CommandLine.UnmatchedArgumentException unmatched)) {
      // the brackets are those of a synopsis
      return e instanceof CommandLine.MutuallyExclusiveArgsException
          ? e.getMessage().replaceFirst("^Error: ", "").replaceAll("[\\[\\]]", "")
          : e.getMessage().replaceFirst("^Error: ", "");
    }
    String first = unmatched.getUnmatched().getFirst();
    return first.startsWith("-") && first.length() > 1
        ? "there is no option '" + first + "'"
        : e.getCommandLine().getParent() == null
            ? "there is no command '" + first + "'"
            : "'" + first + "' is one name too many" + hint(e.getCommandLine(), args, first);
  }

  /**
   * What to do where several names stand behind an option that takes one, as a shell makes them.
   */
  private static String hint(CommandLine command, String[] args, String unmatched) {
    int at = Arrays.asList(args).indexOf(unmatched);
    while (at > 0 && (!args[at].startsWith("-") || args[at].equals("-"))) {
      at--;
    }
    String name = at > 0 ? args[at].replaceFirst("=.*", "") : "";
    OptionSpec option = command.getCommandSpec().findOption(name);
    if (option == null || !option.isMultiValue()) {
      return "";
    }
    boolean patterns = command.getCommandSpec().userObject() instanceof TrainCommand;
    return ": repeat "
        + name
        + " for each"
        + (patterns ? ", or put a pattern such as '*.npy' in quotes" : "");
  }

  /** Says what went wrong in one sentence; throws what only a fault of this program explains. */
  static int report(PrintWriter err, Exception e) throws Exception {
    if (e instanceof UncheckedIOException unchecked) {
      return report(err, unchecked.getCause());
    }
    String message =
        switch (e) {
          case TesseraException known -> known.getMessage();
          case NoSuchFileException missing ->
              "'"
                  + missing.getFile()
                  + "' does not exist: check the name and the folder you are in";
          case AccessDeniedException denied ->
              "'" + denied.getFile() + "' may not be read or written: ask its owner for permission";
          // only ever a folder is to be made
          case FileAlreadyExistsException exists ->
              "'" + exists.getFile() + "' is a file, not a folder: choose another name";
          case FileSystemException fs ->
              fs.getFile() + ": " + (fs.getReason() == null ? fs.getMessage() : fs.getReason());
          case IOException io -> "reading or writing failed: " + io.getMessage();
          case java.util.concurrent.CancellationException cancelled -> "cancelled";
          default -> throw e;
        };
    err.println("tessera: " + message);
    return switch (e) {
      case TesseraException.Invalid i -> USAGE;
      // as for fields, which are looked for before they are opened
      case NoSuchFileException missing -> USAGE;
      case AccessDeniedException denied -> USAGE;
      case FileAlreadyExistsException exists -> USAGE;
      default -> DATA;
    };
  }

  /** Version of the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"tessera " + (version == null ? "(development)" : version)};
    }
  }
}
