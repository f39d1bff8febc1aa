package dev.lathe.app.api;

/**
 * What is asked contradicts the state of things (a run that lives cannot be resumed). Answered as
 * 409.
 */
public final class Conflict extends Refusal {
  private static final long serialVersionUID = 1L;

  public Conflict(String what, String value, String remedy) {
    super(409, what, value, remedy);
  }
}
