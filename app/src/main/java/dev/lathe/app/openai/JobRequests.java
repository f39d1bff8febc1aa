package dev.lathe.app.openai;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.pipelines.training.EncoderDecoderRecipe;
import dev.lathe.pipelines.training.LoadedModel;
import dev.lathe.pipelines.training.Recipe;
import dev.lathe.registry.models.ModelRef;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.Aliases;
import dev.lathe.serving.wire.WireError;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Reads what a client wants trained, and refuses at once what can be seen to be wrong. */
final class JobRequests {
  private static final int LONGEST_NAME = 63;
  private static final int LONGEST_SUFFIX = 64;
  private static final int SUFFIX_IN_NAME = 30;
  private static final int MOST_METADATA = 16;

  private final FileStore files;
  private final BaseStore bases;
  private final ModelRegistry models;
  private final Aliases aliases;

  JobRequests(FileStore files, BaseStore bases, ModelRegistry models, Aliases aliases) {
    this.files = files;
    this.bases = bases;
    this.models = models;
    this.aliases = aliases;
  }

  /** What a job begins with. */
  private record Start(Base base, @Nullable ModelVersion version) {}

  /**
   * @param run the id that its run will have
   * @throws WireError naming the field that is wrong
   */
  JobSpec read(byte[] json, String run, Instant now) {
    var body = Body.read(json);
    var model = body.text("model");
    var training = body.text("training_file");
    var validation = body.optionalText("validation_file");
    var suffix = suffix(body);
    var seed = body.whole("seed", 0, Integer.MAX_VALUE);
    var how = training(body);
    var metadata = metadata(body);
    var integrations = integrations(body);
    var recipe = body.fields("recipe");
    body.done();
    requireFile("training_file", training);
    if (validation != null) {
      requireFile("validation_file", validation);
    }
    var start = start(model);
    var version = start.version();
    var spec =
        new JobSpec(
            Ids.next("ftjob", now),
            now,
            run,
            name(start.base().name(), suffix),
            model,
            start.base().name(),
            version == null ? null : WholeModel.orAdapter(Path.of(version.folder())).toString(),
            version == null ? null : Objects.toString(version.recipe().get("adapter"), null),
            training,
            validation,
            suffix,
            seed == null ? ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE) : seed,
            how.method(),
            how.hyperparameters(),
            metadata,
            integrations,
            recipe == null ? Map.of() : recipe);
    requireTrainable(spec, start.base());
    return spec;
  }

  private static @Nullable String suffix(Body body) {
    var suffix = body.optionalText("suffix");
    if (suffix != null && suffix.length() > LONGEST_SUFFIX) {
      throw WireError.invalid(
          "suffix",
          "string_above_max_length",
          "'suffix' has %d characters; %d are allowed.".formatted(suffix.length(), LONGEST_SUFFIX));
    }
    return suffix == null || suffix.isBlank() ? null : suffix;
  }

  private record Training(JobSpec.Method method, Hyperparameters hyperparameters) {}

  /** By {@code method}, or by {@code hyperparameters} alone as older clients have them. */
  private static Training training(Body body) {
    var older = body.part("hyperparameters");
    var given = body.part("method");
    if (given == null) {
      var method = JobSpec.Method.SUPERVISED;
      return new Training(method, Hyperparameters.read(older, method));
    }
    var method =
        switch (given.text("type")) {
          case "supervised" -> JobSpec.Method.SUPERVISED;
          case "dpo" -> JobSpec.Method.DPO;
          case String other ->
              throw WireError.invalid(
                  "method.type",
                  "invalid_value",
                  "'%s' is not trained here. Give 'supervised' or 'dpo'.".formatted(other));
        };
    var of = given.part(method.wire());
    var newer = of == null ? null : of.part("hyperparameters");
    if (older != null && newer != null) {
      throw WireError.invalid(
          "hyperparameters",
          "invalid_value",
          "There are 'hyperparameters' and 'method.%s.hyperparameters'. Give one of the two."
              .formatted(method.wire()));
    }
    return new Training(method, Hyperparameters.read(newer == null ? older : newer, method));
  }

  private static @Nullable Map<String, String> metadata(Body body) {
    var given = body.fields("metadata");
    if (given == null) {
      return null;
    }
    var metadata = new LinkedHashMap<String, String>();
    given.forEach(
        (key, value) -> {
          if (!(value instanceof String text) || text.length() > 512 || key.length() > 64) {
            throw WireError.invalid(
                "metadata",
                "invalid_value",
                "'metadata.%s' cannot be kept: keys are texts of up to 64 characters, values of up to 512."
                    .formatted(key));
          }
          metadata.put(key, text);
        });
    if (metadata.size() > MOST_METADATA) {
      throw WireError.invalid(
          "metadata",
          "invalid_value",
          "'metadata' has %d keys; %d are allowed.".formatted(metadata.size(), MOST_METADATA));
    }
    return metadata;
  }

  private static List<JobSpec.Wandb> integrations(Body body) {
    var all = new ArrayList<JobSpec.Wandb>();
    for (var given : body.list("integrations")) {
      var type = given.text("type");
      if (!type.equals("wandb")) {
        throw WireError.invalid(
            given.path("type"),
            "invalid_value",
            "'%s' is no integration here. Give 'wandb'; its runs are written to the run's folder."
                .formatted(type));
      }
      var wandb = given.part("wandb");
      if (wandb == null) {
        throw WireError.invalid(
            given.path("wandb"),
            "missing_required_parameter",
            "'" + given.path("wandb") + "' is missing.");
      }
      all.add(
          new JobSpec.Wandb(
              wandb.text("project"),
              wandb.optionalText("name"),
              wandb.optionalText("entity"),
              wandb.texts("tags")));
    }
    return all;
  }

  private void requireFile(String param, String id) {
    var file = files.find(id).orElse(null);
    if (file == null) {
      throw WireError.invalid(
          param, "file_not_found", "There is no file '" + id + "'. POST /v1/files uploads one.");
    }
    if (file.purpose() != Purpose.FINE_TUNE) {
      throw WireError.invalid(
          param,
          "invalid_value",
          "The file '%s' is for '%s'. Upload it again with purpose 'fine-tune'."
              .formatted(id, file.purpose().wire()));
    }
  }

  /** A base, or a version of a model to go on with. */
  private Start start(String model) {
    var ref = ModelRef.parse(model).orElse(null);
    var version = ref == null ? Optional.<ModelVersion>empty() : version(model, ref);
    if (version.isPresent()) {
      var base = base(version.get().base());
      return new Start(
          base.orElseThrow(
              () ->
                  notThere(
                      "The base '%s' of '%s' is not here any more. Pull it again."
                          .formatted(version.get().base(), model))),
          version.get());
    }
    return new Start(
        base(model)
            .orElseThrow(
                () ->
                    notThere(
                        "The model '%s' does not exist or cannot be fine-tuned. %s"
                            .formatted(model, DidYouMean.remedy(model, names())))),
        null);
  }

  private Optional<ModelVersion> version(String model, ModelRef ref) {
    return ref.number() != null
        ? models.find(model)
        : aliases.resolve(ref.name(), ref.alias() == null ? ModelRegistry.CHAMPION : ref.alias());
  }

  private Optional<Base> base(String name) {
    try {
      return bases.find(name);
    } catch (BadInput e) {
      throw notThere(String.valueOf(e.getMessage()));
    }
  }

  private List<String> names() {
    var names = new ArrayList<String>(bases.list().stream().map(Base::name).toList());
    models.names().forEach(n -> models.versions(n).forEach(v -> names.add(v.version())));
    return names;
  }

  private static WireError notThere(String message) {
    return WireError.invalid("model", "model_not_available", message);
  }

  /** What the run would refuse is refused now, as far as it does not depend on the files. */
  private static void requireTrainable(JobSpec spec, Base base) {
    Recipe recipe;
    try {
      recipe = Recipe.of(JobRecipe.of(spec, null));
    } catch (BadInput e) {
      throw WireError.invalid("recipe", "invalid_value", String.valueOf(e.getMessage()));
    }
    try {
      recipe.targetsOf(base.config());
      EncoderDecoderRecipe.require(recipe, base.config());
      LoadedModel.requireStart(recipe, base);
    } catch (BadInput e) {
      throw notThere(String.valueOf(e.getMessage()));
    }
  }

  /** A name that says what it is of, short enough for the registry, and nobody's before. */
  static String name(String base, @Nullable String suffix) {
    var end = "-" + Ids.letters(8);
    var middle = suffix == null ? "" : slug(suffix, SUFFIX_IN_NAME);
    if (!middle.isEmpty()) {
      end = "-" + middle + end;
    }
    return "ft-" + slug(base, LONGEST_NAME - 3 - end.length()) + end;
  }

  private static String slug(String text, int most) {
    var plain = text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._]+", "-");
    var cut = plain.substring(0, Math.min(most, plain.length()));
    return cut.replaceAll("^[-._]+|[-._]+$", "");
  }
}
