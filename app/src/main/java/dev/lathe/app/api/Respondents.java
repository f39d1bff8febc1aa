package dev.lathe.app.api;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.ServedBase;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.pipelines.jobs.Answers;
import dev.lathe.pipelines.suites.Respondent;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.serving.routing.Router;
import dev.lathe.serving.routing.Target;
import dev.lathe.serving.wire.WireError;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whoever answers under a name: as the router has it, and where no engine here can load a family,
 * the trainer.
 */
final class Respondents {
  private final Router router;
  private final BaseStore bases;
  private final ModelRegistry models;
  private final Answers trainer;

  Respondents(Router router, BaseStore bases, ModelRegistry models, Answers trainer) {
    this.router = router;
    this.bases = bases;
    this.models = models;
    this.trainer = trainer;
  }

  /**
   * @param name a base, a version, an alias or {@code provider:model}
   * @throws BadInput when nothing bears the name
   */
  Respondent of(String name) {
    try {
      return switch (router.planning().targets().target(name)) {
        case Target.Local local -> new RoutedRespondent(router, local.name(), "engine");
        case Target.Remote remote -> new RoutedRespondent(router, remote.name(), "provider");
      };
    } catch (WireError e) {
      return unserved(name).orElseThrow(() -> refused(name, e));
    }
  }

  private BadInput refused(String name, WireError e) {
    if (!"model_not_found".equals(e.code())) {
      return new BadInput("the target cannot be asked now", name, e.message(), e);
    }
    var names = router.planning().targets().names();
    return new BadInput(
        "nothing answers under this name",
        name,
        names.isEmpty() ? e.message() : DidYouMean.remedy(name, names),
        e);
  }

  /** What the trainer answers for, because llama.cpp does not know its family. */
  private Optional<Respondent> unserved(String name) {
    var version = name.indexOf(':') < 0 ? models.find(name).orElse(null) : null;
    var base = bases.find(version == null ? name : version.base()).orElse(null);
    if (base == null) {
      return Optional.empty();
    }
    try {
      ServedBase.check(base);
      return Optional.empty(); // an engine could: what is in its way is for the user to mend
    } catch (BadInput e) {
      @Nullable Path tuned =
          version == null ? null : WholeModel.orAdapter(Path.of(version.folder()));
      return Optional.of(
          new TrainerRespondent(
              trainer, version == null ? name : version.version(), base.name(), tuned));
    }
  }
}
