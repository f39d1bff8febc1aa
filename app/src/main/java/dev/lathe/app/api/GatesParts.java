package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.pipelines.jobs.Lineage;
import dev.lathe.pipelines.jobs.PromotionGates;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.Gates;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.routing.LocalTargets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * What a version must pass to be promoted: measured by the trainer and by the engine that serves.
 */
@Configuration(proxyBeanMethods = false)
class GatesParts {
  @Bean
  Gates gates(Home home, ModelRegistry models, LocalTargets targets, LocalEngines engines) {
    return new PromotionGates(
        home.bases(),
        new DatasetStore(home.datasets()),
        new Registered(models, home.runs()),
        new EngineAnswers(engines, v -> served(targets, v)));
  }

  /** The registry's versions; an adapter may lie in a version's folder or in its run's. */
  private record Registered(ModelRegistry models, Path runs) implements Lineage {
    @Override
    public ModelVersion first(String model) {
      return models.versions(model).stream()
          .min(Comparator.comparingInt(ModelVersion::number))
          .orElseThrow(
              () -> new BadInput("a model without versions", model, "Train it: ./lathe train."));
    }

    @Override
    public Optional<ModelVersion> owner(Path adapter) {
      var path = adapter.toAbsolutePath().normalize();
      if (path.startsWith(runs) && path.getNameCount() > runs.getNameCount()) {
        return models.ofRun(path.getName(runs.getNameCount()).toString());
      }
      return models.names().stream()
          .flatMap(name -> models.versions(name).stream())
          .filter(version -> path.startsWith(Path.of(version.folder())))
          .findFirst();
    }
  }

  /** The very files that requests for this version are answered from. */
  private static LocalModel served(LocalTargets targets, ModelVersion version) {
    return targets
        .find(version.version())
        .orElseThrow(
            () ->
                new BadInput(
                    "the router does not know this version",
                    version.version(),
                    "'./lathe models verify " + version.version() + "' tells what is missing."))
        .model();
  }
}
