package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/**
 * Tokens that a base shall know besides its own, each one id wherever it stands in a text.
 *
 * @param special whether they are marks, which a model reads and writes but engines do not show;
 *     else they are words like others
 */
public record AddedTokens(List<String> tokens, boolean special) {
  /**
   * @throws BadInput when there are none, or one is blank or stands there twice
   */
  public AddedTokens {
    tokens = List.copyOf(tokens);
    var problems = new ArrayList<String>();
    var seen = new HashSet<String>();
    for (var token : tokens) {
      if (token.isBlank()) {
        problems.add("a token is blank: '" + token + "'");
      } else if (!seen.add(token)) {
        problems.add("'" + token + "' stands there twice");
      }
    }
    if (tokens.isEmpty()) {
      problems.add("there are none");
    }
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "these tokens cannot be added",
          problems,
          "Name each once: --tokens '<|order|>,<|sku|>'.");
    }
  }
}
