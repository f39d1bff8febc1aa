package dev.lathe.serving.wire;

import java.security.SecureRandom;
import java.time.Clock;

/**
 * Ids of answers: {@code chatcmpl-}, then 12 hexadecimal digits of the time in milliseconds and 20
 * of chance. Later ids sort behind earlier ones, which keeps the request log's index in one place;
 * and nobody guesses another's, so that feedback comes from whoever saw the answer.
 */
public final class AnswerIds {
  private static final String HEX = "0123456789abcdef";
  private static final String PREFIX = "chatcmpl-";
  private static final int TIME = 12;
  private static final int CHANCE = 20;

  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  public AnswerIds(Clock clock) {
    this.clock = clock;
  }

  public String next() {
    var id = new char[PREFIX.length() + TIME + CHANCE];
    PREFIX.getChars(0, PREFIX.length(), id, 0);
    int at = PREFIX.length();
    long time = clock.millis();
    for (int i = TIME - 1; i >= 0; i--) {
      id[at++] = HEX.charAt((int) (time >>> (4 * i)) & 15);
    }
    var chance = new byte[CHANCE / 2];
    random.nextBytes(chance);
    for (byte b : chance) {
      id[at++] = HEX.charAt((b >> 4) & 15);
      id[at++] = HEX.charAt(b & 15);
    }
    return new String(id);
  }
}
