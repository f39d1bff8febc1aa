package dev.lathe.app.security;

import dev.lathe.serving.accounting.Admission;
import dev.lathe.serving.accounting.Estimate;
import dev.lathe.serving.metrics.Meters;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.stereotype.Component;

/** Holds requests against the limits of the keys that they bear. */
@Component
public class Admissions {
  private final Meters meters;

  Admissions(Meters meters) {
    this.meters = meters;
  }

  /**
   * Lets a request in; the response tells how the limits stand.
   *
   * @throws WireError when it is not let in
   */
  public Admission admit(
      HttpServletRequest request, HttpServletResponse response, ChatRequest chat) {
    var account = Bearer.of(request);
    if (account == null) {
      return Admission.FREE;
    }
    var admission = account.admit(chat.model(), () -> Estimate.of(chat.fields()));
    admission.headers().forEach(response::setHeader);
    try {
      admission.orThrow();
    } catch (WireError e) {
      meters.refused(e.status() == 403 ? "model" : e.type());
      throw e;
    }
    return admission;
  }
}
