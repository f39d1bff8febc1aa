package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.Settings;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.training.EncoderDecoderRecipe;
import dev.lathe.pipelines.training.LoadedModel;
import dev.lathe.pipelines.training.Recipe;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Plans runs from the bases and datasets of a home. */
public final class HomeFinetunePlan implements FinetunePlan {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
  private static final YAMLMapper YAML = YAMLMapper.builder().build();
  private static final TypeReference<LinkedHashMap<String, Object>> OBJECT =
      new TypeReference<>() {};

  private final BaseStore bases;
  private final DatasetStore datasets;

  public HomeFinetunePlan(Path bases, Path datasets) {
    this.bases = new BaseStore(bases);
    this.datasets = new DatasetStore(datasets);
  }

  @Override
  public RunSpec plan(String id, FinetuneRequest request, Instant now) {
    if (!NAME.matcher(request.model()).matches()) {
      throw new BadInput(
          "A model's name is made of small letters, digits, '.', '_' and '-'",
          request.model(),
          "Choose another --name, such as support.");
    }
    var recipe = Recipe.of(Settings.overlaid(yaml(request.recipe()), request.overrides()));
    var base = bases.require(request.base());
    recipe.targetsOf(base.config()); // refused here, not by the run
    EncoderDecoderRecipe.require(recipe, base.config());
    var parts = MixtureRef.parse(request.dataset()).find(datasets);
    requireAlike(parts.stream().map(MixtureRef.Part::version).toList());
    for (var part : parts) {
      requireToLearn(recipe, part.version(), base);
    }
    LoadedModel.requireStart(recipe, base);
    return new RunSpec(
        id,
        request.model(),
        new RunSpec.BaseRef(base.name(), base.weightsSha256(), base.folder().toString()),
        MixtureRef.ref(parts, datasets),
        recipe.toMap(),
        now,
        version());
  }

  @Override
  public boolean hasValidation(RunSpec planned) {
    boolean pairs = Recipe.of(planned.recipe()).objective() == Recipe.Objective.DPO;
    return planned.dataset().parts().stream()
        .map(part -> datasets.require(part.ref()))
        .anyMatch(
            dataset ->
                pairs
                    ? dataset.pairs(Split.VALIDATION) > 0
                    : dataset.part(Split.VALIDATION).labelTokens() > 0);
  }

  /** A mixture is rendered by one template, which serving will use too, and learnt in one way. */
  private static void requireAlike(List<DatasetVersion> mixture) {
    var first = mixture.getFirst();
    for (var other : mixture) {
      if (other.holdsPreferences() != first.holdsPreferences()) {
        throw new BadInput(
            "The mixture holds both conversations and preferences",
            kind(first) + ", " + kind(other),
            "Mix datasets of one kind: what was liked in logs of preferences is learnt as"
                + " conversations when they are built with --set kind=chat.");
      }
      if (!other.templateSha256().equals(first.templateSha256())) {
        throw new BadInput(
            "The mixture's datasets were rendered by different chat templates",
            first.dataset() + ", " + other.dataset(),
            "Build them with the same --base and the same --set template=FILE, or none.");
      }
    }
  }

  private static String kind(DatasetVersion dataset) {
    return dataset.dataset()
        + (dataset.holdsPreferences() ? " holds preferences" : " holds conversations");
  }

  private static void requireToLearn(Recipe recipe, DatasetVersion dataset, Base base) {
    dataset.requireFor(base);
    if (dataset.part(Split.TRAIN).labelTokens() == 0) {
      throw new BadInput(
          "The dataset has no labelled token to learn from",
          dataset.dataset(),
          "Build it from logs with assistant turns whose weight is not 0.");
    }
    requireObjective(recipe, dataset);
  }

  /** Preferences are no conversations to learn, and conversations no preferences. */
  private static void requireObjective(Recipe recipe, DatasetVersion dataset) {
    boolean supervised = recipe.objective() == Recipe.Objective.SFT;
    if (supervised && dataset.holdsPreferences()) {
      throw new BadInput(
          "objective=sft learns conversations, and this dataset holds preferences",
          dataset.dataset(),
          "Train with --set objective=dpo or kto, or build the logs with --set kind=chat, which"
              + " learns what was liked.");
    }
    if (!supervised && !dataset.holdsPreferences()) {
      throw new BadInput(
          "objective=%s learns preferences, and this dataset holds conversations"
              .formatted(recipe.objective() == Recipe.Objective.DPO ? "dpo" : "kto"),
          dataset.dataset(),
          "Build logs of rated answers with --set kind=preference, or logs of chosen and rejected"
              + " ones (docs/formats.md); or train with --set objective=sft.");
    }
    if (recipe.objective() == Recipe.Objective.DPO && dataset.pairs(Split.TRAIN) == 0) {
      throw new BadInput(
          "objective=dpo learns from pairs, and the dataset has none to train on",
          dataset.dataset(),
          "No context has both a liked and a disliked answer: --set objective=kto needs no pairs.");
    }
  }

  @Override
  public void requireThere(RunSpec planned) {
    var base = bases.require(planned.base().name());
    if (!base.weightsSha256().equals(planned.base().weightsSha256())) {
      throw new BadInput(
          "The base is not the one that the run was made with",
          base.name() + " has weights " + base.weightsSha256(),
          "The run needs weights " + planned.base().weightsSha256() + ".");
    }
    for (var part : planned.dataset().parts()) {
      var dataset = datasets.require(part.ref());
      if (!dataset.id().equals(part.id())) {
        throw new BadInput(
            "The dataset of this name is not the one that the run was made with",
            dataset.dataset() + " (" + dataset.id() + ")",
            "Restore the dataset " + part.id() + ".");
      }
    }
  }

  @Override
  public String codeVersion() {
    return version();
  }

  private static Map<String, Object> yaml(@Nullable String text) {
    if (text == null || text.isBlank()) {
      return Map.of();
    }
    try {
      return YAML.readValue(text, OBJECT);
    } catch (JacksonException e) {
      throw new BadInput(
          "The recipe is no YAML of keys and values",
          e.getOriginalMessage(),
          "A line looks like 'learningRate: 2e-4'.",
          e);
    }
  }

  private static String version() {
    var version = HomeFinetunePlan.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
