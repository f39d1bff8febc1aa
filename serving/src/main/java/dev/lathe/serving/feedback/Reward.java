package dev.lathe.serving.feedback;

import dev.lathe.checkpoints.input.BadInput;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How good somebody found an answer, in one of three ways; all become a number in [0, 1]. */
public sealed interface Reward {
  /** 0 is the worst, 1 the best. */
  double value();

  /** A thumb: 1 up, 0 down. */
  record Thumb(boolean up) implements Reward {
    @Override
    public double value() {
      return up ? 1 : 0;
    }
  }

  /** Stars from 1 (worst) to 5 (best), halves allowed: (stars - 1) / 4. */
  record Rating(double stars) implements Reward {
    public Rating {
      if (!(stars >= 1 && stars <= 5)) {
        throw new BadInput("a rating goes from 1 to 5", Double.toString(stars), "5 is the best.");
      }
    }

    @Override
    public double value() {
      return (stars - 1) / 4;
    }
  }

  /** A number from 0 (worst) to 1 (best) as it is. */
  record Value(double value) implements Reward {
    public Value {
      if (!(value >= 0 && value <= 1)) {
        throw new BadInput("a value goes from 0 to 1", Double.toString(value), "1 is the best.");
      }
    }
  }

  /** As it is stored and answered. */
  default String kind() {
    return switch (this) {
      case Thumb t -> "thumb";
      case Rating r -> "rating";
      case Value v -> "value";
    };
  }

  /**
   * The reward of a request that names one of the three.
   *
   * @throws BadInput when it names none, several, or one out of range
   */
  static Reward of(@Nullable Double value, @Nullable Double rating, @Nullable String thumb) {
    List<Reward> given = new ArrayList<>();
    if (value != null) {
      given.add(new Value(value));
    }
    if (rating != null) {
      given.add(new Rating(rating));
    }
    if (thumb != null) {
      given.add(
          switch (thumb) {
            case "up" -> new Thumb(true);
            case "down" -> new Thumb(false);
            default ->
                throw new BadInput("a thumb is up or down", thumb, "Send \"up\" or \"down\".");
          });
    }
    if (given.size() != 1) {
      throw new BadInput(
          "feedback has one of thumb, rating and value",
          given.isEmpty() ? null : given.size() + " of them",
          "Send {\"id\": \"…\", \"thumb\": \"up\"}, or \"rating\" from 1 to 5, or \"value\" from 0 to 1.");
    }
    return given.getFirst();
  }
}
