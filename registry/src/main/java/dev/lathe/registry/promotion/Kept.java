package dev.lathe.registry.promotion;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The gate that asks that general language is not forgotten: perplexity on a frozen general text
 * may rise only a little over the base's. A rise over the incumbent's is told and does not decide,
 * or a slow decline from version to version would pass.
 */
public final class Kept {
  public static final String NAME = "kept";

  /** The largest rise of perplexity over the base's, as a share of it. */
  public static final double MOST = 0.05;

  private Kept() {}

  /**
   * Mean losses in nats a token.
   *
   * @param text which general text, with its hash, in words
   * @param tokens scored, by the base's tokenizer
   * @param incumbent null when the base stands for it
   * @param incumbentName null with it
   */
  public record Evidence(
      String text,
      long tokens,
      String candidateName,
      double candidate,
      String baseName,
      double base,
      @Nullable String incumbentName,
      @Nullable Double incumbent) {}

  /** What the gate asks for. */
  public static String expected(String base) {
    return String.format(
        Locale.ROOT,
        "perplexity on the frozen general text at most %.0f %% above that of %s alone",
        100 * MOST,
        base);
  }

  public static GateResult judge(Evidence e) {
    double rise = rise(e.candidate(), e.base());
    var found =
        String.format(
            Locale.ROOT,
            "%s %.3f, %s %.3f: %+.2f %%",
            e.candidateName(),
            Math.exp(e.candidate()),
            e.baseName(),
            Math.exp(e.base()),
            100 * rise);
    if (e.incumbent() != null) {
      found +=
          String.format(
              Locale.ROOT,
              "; %s %.3f: %+.2f %%",
              e.incumbentName(),
              Math.exp(e.incumbent()),
              100 * rise(e.candidate(), e.incumbent()));
    }
    found += String.format(Locale.ROOT, " (%d tokens of %s)", e.tokens(), e.text());
    // A NaN is no pass.
    return new GateResult(NAME, e.tokens() > 0 && rise <= MOST, expected(e.baseName()), found);
  }

  private static double rise(double loss, double over) {
    return Math.expm1(loss - over);
  }
}
