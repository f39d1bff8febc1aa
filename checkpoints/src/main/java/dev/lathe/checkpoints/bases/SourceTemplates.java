package dev.lathe.checkpoints.bases;

import java.util.Locale;

/**
 * Templates for encoder-decoders, whose files come without any: what the encoder reads of a
 * conversation that ends where an answer is wanted, its end token included.
 */
final class SourceTemplates {
  private static final String END = "+ (eos_token or '</s>') -}}\n";

  /** GODEL's form (Peng et al. 2022), as its model card has it; a system message instructs. */
  static final String GODEL =
      """
      {%- set instruction = 'given a dialog context, you need to response empathically.' -%}
      {%- set turns = messages -%}
      {%- if messages and messages[0]['role'] == 'system' -%}
        {%- set instruction = messages[0]['content'] -%}
        {%- set turns = messages[1:] -%}
      {%- endif -%}
      {{- 'Instruction: ' + instruction + ' [CONTEXT] ' + turns | map(attribute='content') | join(' EOS ')\s"""
          + END;

  /** What was said, a turn a line: the user's text alone where nothing was said before. */
  static final String PLAIN = "{{- messages | map(attribute='content') | join('\\n') " + END;

  private SourceTemplates() {}

  /**
   * @param called the base's name and where it comes from
   */
  static String of(String called) {
    return called.toLowerCase(Locale.ROOT).contains("godel") ? GODEL : PLAIN;
  }
}
