package dev.lathe.registry.promotion;

import dev.lathe.registry.models.ModelVersion;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Measures whether a version may take an alias. */
public interface Gates {
  /**
   * Runs every gate, also after one has failed, so that the refusal tells all.
   *
   * @param incumbent the version that the alias names now; null when there is none, and then the
   *     candidate's base stands for it
   * @param progress told in words what is being measured
   */
  List<GateResult> judge(
      ModelVersion candidate, @Nullable ModelVersion incumbent, Consumer<String> progress);
}
