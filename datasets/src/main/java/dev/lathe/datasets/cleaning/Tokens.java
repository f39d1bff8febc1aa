package dev.lathe.datasets.cleaning;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** API keys and access tokens by the prefixes of their makers, and values said to be secret. */
final class Tokens {
  private static final Pattern KNOWN =
      Pattern.compile(
          "(?<![A-Za-z0-9_])(?:"
              + "sk-[A-Za-z0-9_-]{16,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"
              + "|gh[opsur]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{16,}"
              + "|xox[abeprs]-[A-Za-z0-9-]{10,}|A(?:KI|SI)A[A-Z0-9]{16}(?![A-Z0-9])"
              + "|AIza[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{30,}"
              + "|pypi-[A-Za-z0-9_-]{40,}|SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}"
              + "|eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}"
              + ")");
  private static final Pattern SAID =
      Pattern.compile(
          "(?i)\\b(?:api[ _-]?key|access[ _-]?token|auth[ _-]?token|secret(?:[ _-]?key)?|password|passwd"
              + "|bearer)\\b[\"']?\\s*(?:[:=]|\\bis\\b|(?<=bearer)\\s)\\s*[\"']?"
              + "((?=[^\\s\"',;]*\\d)[^\\s\"',;<>\\[\\]]{8,})");

  private Tokens() {}

  static List<PiiFinder.Found> find(String text) {
    if (!hasLongWord(text)) {
      return List.of();
    }
    var found = new ArrayList<>(PiiFinder.matches(KNOWN, text, m -> true));
    var said = SAID.matcher(text);
    while (said.find()) {
      int start = said.start(1);
      int end = said.end(1);
      while (end > start && ".!?)".indexOf(text.charAt(end - 1)) >= 0) {
        end--;
      }
      int last = end;
      if (found.stream().noneMatch(f -> f.start() < last && start < f.end())) {
        found.add(new PiiFinder.Found(start, end));
      }
    }
    return found;
  }

  /** A digit within a run of at least eight characters that are no spaces: nothing is shorter. */
  private static boolean hasLongWord(String text) {
    int run = 0;
    boolean digit = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c == '"' || c == '\'' || c == ',') {
        run = 0;
        digit = false;
        continue;
      }
      run++;
      digit |= PiiFinder.isDigit(c);
      if (digit && run >= 8) {
        return true;
      }
    }
    return false;
  }
}
