package dev.lathe.app.api;

import dev.lathe.app.api.RouterParts.Configured;
import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.pipelines.jobs.Answers;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.serving.routing.Router;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What evaluation suites are asked of, for the owner of a home. */
@Configuration(proxyBeanMethods = false)
class SuiteParts {
  @Bean
  Respondents respondents(Router router, Home home, ModelRegistry models) {
    return new Respondents(router, new BaseStore(home.bases()), models, new Answers(home.bases()));
  }

  /** A server that was asked to serve refuses gates that are none; else a promotion meets them. */
  @Bean
  SuiteGates suiteGates(Respondents respondents, Configured configured, Door door) {
    var gates = new SuiteGates(respondents, () -> configured.yaml().get().gates());
    if (door.open()) {
      gates.check();
    }
    return gates;
  }
}
