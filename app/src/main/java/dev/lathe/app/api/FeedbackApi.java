package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.feedback.Feedback;
import dev.lathe.serving.feedback.Reward;
import dev.lathe.serving.feedback.Said;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** What users say of answers; kept for good before it is acknowledged. */
@RestController
@RequestMapping("/api/feedback")
class FeedbackApi {
  private final Feedback feedback;

  FeedbackApi(Feedback feedback) {
    this.feedback = feedback;
  }

  /**
   * @param id the answer's
   * @param value from 0 to 1; one of the three must be there
   * @param rating from 1 to 5
   * @param thumb up or down
   */
  record Given(
      @Nullable String id,
      @Nullable Double value,
      @Nullable Double rating,
      @Nullable String thumb,
      @Nullable String comment) {}

  @PostMapping
  Said post(@RequestBody Given given) {
    var id = given.id();
    if (id == null) {
      throw new BadInput(
          "feedback names the answer it speaks of",
          null,
          "Send its \"id\"; it is in the answer and in its header x-lathe-id.");
    }
    var reward = Reward.of(given.value(), given.rating(), given.thumb());
    return feedback
        .post(id, reward, given.comment())
        .orElseThrow(
            () ->
                new NotFound(
                    "no answer has this id",
                    id,
                    "It is in the answer and in its header x-lathe-id."));
  }
}
