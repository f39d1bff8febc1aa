package dev.lathe.app.api;

/** A target that was asked on somebody's behalf did not answer. Answered as 503. */
public final class NotAnswered extends Refusal {
  private static final long serialVersionUID = 1L;

  public NotAnswered(String what, String value, String remedy) {
    super(503, what, value, remedy);
  }
}
