package dev.lathe.pipelines.suites;

/** How answers are scored without a judge. Each is a rule and nothing more. */
public enum Rules {
  /** One of the accepted forms stands in the answer. */
  ACCEPTED,
  /** The answer refuses where it should, and does not where it should not. */
  REFUSAL,
  /** Partners who differ in a group's word are answered alike. */
  PARTNERS,
  /** The answer is text in the asker's script, comes to its end and does not repeat itself. */
  FORM
}
