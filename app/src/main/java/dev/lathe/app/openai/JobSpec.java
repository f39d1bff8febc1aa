package dev.lathe.app.openai;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a job was asked to do. Written once and never changed; how it goes stands in its run.
 *
 * @param run the run that trains, decided before there is one: what dies on the way is begun again
 *     and is the same
 * @param name of the model that comes out
 * @param model as it was asked for, base what that means, initFrom the adapter or the whole model
 *     that it goes on with
 * @param adapter the recipe's {@code adapter}, where it goes on with something
 * @param recipe recipe keys over what the hyperparameters mean
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record JobSpec(
    String id,
    Instant createdAt,
    String run,
    String name,
    String model,
    String base,
    @Nullable String initFrom,
    @Nullable String adapter,
    String trainingFile,
    @Nullable String validationFile,
    @Nullable String suffix,
    int seed,
    Method method,
    Hyperparameters hyperparameters,
    @Nullable Map<String, String> metadata,
    List<Wandb> integrations,
    Map<String, Object> recipe) {

  /** What is learnt from. */
  enum Method {
    SUPERVISED,
    DPO;

    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Weights &amp; Biases, as it was asked for. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Wandb(String project, @Nullable String name, @Nullable String entity, List<String> tags) {}
}
