package dev.lathe.app.api;

/** What is asked is right, and this server cannot do it now. Answered as 503. */
public final class Unavailable extends Refusal {
  private static final long serialVersionUID = 1L;

  public Unavailable(String what, String value, String remedy) {
    super(503, what, value, remedy);
  }
}
