package dev.lathe.app;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Holds the arrows of docs/decisions/0001-modules.md: data flows down, no module reaches back. */
@AnalyzeClasses(packages = "dev.lathe", importOptions = ImportOption.DoNotIncludeTests.class)
class HouseTest {
  /** A module and the modules it may see. */
  private static final Map<String, Set<String>> ARROWS =
      Map.of(
          "checkpoints", Set.of(),
          "datasets", Set.of("checkpoints"),
          "engine", Set.of("checkpoints"),
          "registry", Set.of("checkpoints"),
          "pipelines", Set.of("checkpoints", "datasets", "engine", "registry"),
          "serving", Set.of("checkpoints", "datasets", "engine", "registry"),
          "app", Set.of("checkpoints", "datasets", "engine", "registry", "pipelines", "serving"));

  @ArchTest
  static void everyModuleSeesOnlyWhatItMay(JavaClasses house) {
    var broken = new TreeSet<String>();
    for (JavaClass from : house) {
      for (var dependency : from.getDirectDependenciesFromSelf()) {
        var to = dependency.getTargetClass();
        if (!to.getPackageName().startsWith("dev.lathe.")) {
          continue;
        }
        var module = moduleOf(from);
        var other = moduleOf(to);
        if (!module.equals(other) && !ARROWS.getOrDefault(module, Set.of()).contains(other)) {
          broken.add(from.getName() + " -> " + to.getName());
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  @ArchTest
  static void everyModuleStandsInTheTable(JavaClasses house) {
    assertThat(house.stream().map(HouseTest::moduleOf).distinct()).isSubsetOf(ARROWS.keySet());
  }

  @ArchTest
  static final ArchRule datasetsSeesOnlyTheSharedRoomsAndTheBases =
      noClasses()
          .that()
          .resideInAPackage("dev.lathe.datasets..")
          .should()
          .dependOnClassesThat(
              resideInAPackage("dev.lathe.checkpoints..")
                  .and(
                      not(
                          resideInAnyPackage(
                              "dev.lathe.checkpoints.bases",
                              "dev.lathe.checkpoints.input",
                              "dev.lathe.checkpoints.files"))));

  @ArchTest
  static final ArchRule onlyTheEngineSeesTensors =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lathe.engine..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "ai.djl.pytorch..", "ai.djl.ndarray..", "ai.djl.nn..", "ai.djl.training..");

  @ArchTest
  static final ArchRule onlyTokensAndTheDoctorSeeTheTokenizersLibrary =
      classes()
          .that(not(resideInAnyPackage("dev.lathe.datasets.tokens", "dev.lathe.app.doctor")))
          .should()
          .onlyDependOnClassesThat(not(resideInAPackage("ai.djl.huggingface..")));

  @ArchTest
  static final ArchRule bytesConversationsAndMathematicsArePlainJava =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.lathe.checkpoints..", "dev.lathe.datasets..", "dev.lathe.engine..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.springframework..", "jakarta..");

  /** A run process is a plain main: it must come up, and go down, without Spring or a database. */
  @ArchTest
  static final ArchRule theTrainingLoopSeesNeitherSpringNorTheDatabase =
      noClasses()
          .that()
          .resideInAPackage("dev.lathe.pipelines.training..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.springframework..", "java.sql..", "dev.lathe.registry..")
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule noRoomsFormACircle =
      slices().matching("dev.lathe.(**)").should().beFreeOfCycles();

  private static String moduleOf(JavaClass type) {
    var rest = type.getPackageName().substring("dev.lathe.".length());
    return rest.contains(".") ? rest.substring(0, rest.indexOf('.')) : rest;
  }
}
