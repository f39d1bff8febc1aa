package dev.lathe.datasets.cleaning;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Kinds of personal data and secrets that are found; the order is the order of the search. */
public enum Pii {
  EMAIL,
  TOKEN,
  IBAN,
  CARD,
  IP,
  PHONE;

  /** In recipes and counts. */
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What stands in the text instead: {@code [email]}. */
  public String placeholder() {
    return "[" + wire() + "]";
  }

  public static List<String> names() {
    return Arrays.stream(values()).map(Pii::wire).toList();
  }

  /**
   * The kind of that name.
   *
   * @throws BadInput for an unknown one
   */
  public static Pii of(String name) {
    return Arrays.stream(values())
        .filter(k -> k.wire().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new BadInput(
                    "unknown kind of personal data", name, DidYouMean.remedy(name, names())));
  }

  List<PiiFinder.Found> find(String text) {
    return switch (this) {
      case EMAIL -> Emails.find(text);
      case TOKEN -> Tokens.find(text);
      case IBAN -> Ibans.find(text);
      case CARD -> Cards.find(text);
      case IP -> Addresses.find(text);
      case PHONE -> Phones.find(text);
    };
  }
}
