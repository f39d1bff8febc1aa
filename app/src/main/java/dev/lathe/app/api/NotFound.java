package dev.lathe.app.api;

/** The name is well formed, and nothing bears it. Answered as 404. */
public final class NotFound extends Refusal {
  private static final long serialVersionUID = 1L;

  public NotFound(String what, String value, String remedy) {
    super(404, what, value, remedy);
  }
}
