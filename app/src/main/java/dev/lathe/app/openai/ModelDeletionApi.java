package dev.lathe.app.openai;

import dev.lathe.serving.routing.Targets;
import dev.lathe.serving.wire.WireError;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's deletion of fine-tuned models, which there is not here: versions never go. */
@RestController
@RequestMapping("/v1/models")
class ModelDeletionApi {
  private final Targets targets;

  ModelDeletionApi(Targets targets) {
    this.targets = targets;
  }

  /** 403, and not 409, which clients would send again by themselves. */
  @DeleteMapping("{*id}")
  void delete(@PathVariable String id) {
    var name = id.startsWith("/") ? id.substring(1) : id;
    if (!targets.names().contains(name)) {
      targets.target(name);
    }
    throw new WireError(
        403,
        "invalid_request_error",
        "model",
        "model_not_deletable",
        "'%s' stays: versions of models are kept with all that they came from, and bases are removed with './lathe bases remove'."
            .formatted(name),
        null);
  }
}
