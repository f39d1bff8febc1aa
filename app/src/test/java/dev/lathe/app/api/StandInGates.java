package dev.lathe.app.api;

import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.GateResult;
import dev.lathe.registry.promotion.Gates;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Primary;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Gates that open for odd versions only, and break at the sixth. */
@Primary
@Component
@Profile(StandInGates.PROFILE)
class StandInGates implements Gates {
  static final String PROFILE = "stand-in-gates";

  @Override
  public List<GateResult> judge(
      ModelVersion candidate, @Nullable ModelVersion incumbent, Consumer<String> progress) {
    progress.accept("measuring " + candidate.version());
    if (candidate.number() == 6) {
      throw new IllegalStateException("the engine is gone");
    }
    var against = incumbent == null ? candidate.base() : incumbent.version();
    return List.of(
        new GateResult("better", candidate.number() % 2 == 1, "better than " + against, "0.1"),
        new GateResult("kept", true, "at most 5 %", "1 %"));
  }
}
