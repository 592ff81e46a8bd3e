package dev.tessera;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;

/** The arrows of docs/ARCHITECTURE.md: data flows through the packages in one direction. */
@AnalyzeClasses(packages = "dev.tessera", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest static final ArchRule FIELD = only("field");
  @ArchTest static final ArchRule BYTES = only("bytes", "field");
  @ArchTest static final ArchRule IO = only("io", "field", "bytes");
  @ArchTest static final ArchRule QUANT = only("quant", "field", "bytes");
  @ArchTest static final ArchRule ENTROPY = only("entropy", "field", "bytes");
  @ArchTest static final ArchRule CONTAINER = only("container", "field", "bytes");
  @ArchTest static final ArchRule MODEL = only("model", "field", "bytes", "entropy");

  @ArchTest
  static final ArchRule TRANSFORM = only("transform", "field", "bytes", "entropy", "model");

  @ArchTest
  static final ArchRule PIPELINE =
      only("pipeline", "field", "bytes", "quant", "entropy", "transform");

  @ArchTest static final ArchRule SYNTH = only("synth", "field");
  @ArchTest static final ArchRule REPORT = only("report", "field");
  @ArchTest static final ArchRule QUALITY = only("quality", "field");

  @ArchTest
  static final ArchRule NO_CYCLES =
      slices().matching("dev.tessera.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule LIBRARY_IS_SILENT =
      noClasses()
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(PrintStream.class, "println", String.class);

  private static ArchRule only(String name, String... below) {
    List<String> allowed = Arrays.stream(below).map(other -> "dev.tessera." + other).toList();
    String own = "dev.tessera." + name;
    return classes()
        .that()
        .resideInAPackage(own)
        .should()
        .onlyDependOnClassesThat(
            DescribedPredicate.describe(
                "belong to " + own + ", " + allowed + " or a library",
                (JavaClass other) ->
                    !other.getPackageName().startsWith("dev.tessera")
                        || other.getPackageName().equals(own)
                        || allowed.contains(other.getPackageName())));
  }
}
