package dev.lathe.datasets.cleaning;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * International bank account numbers: a country, the length that it registered, and remainder 1 by
 * 97 (ISO 13616).
 */
final class Ibans {
  private static final Pattern START =
      Pattern.compile("(?<![\\p{L}\\p{N}])[A-Z]{2}\\d{2}(?=[ -]?[A-Z0-9]{4})");

  /** From the registry of SWIFT, release 98. */
  private static final Map<String, Integer> LENGTHS =
      lengths(
          "NO15 BE16 DK18 FI18 FK18 FO18 GL18 NL18 SD18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 MN20 XK20"
              + " CH21 HR21 LI21 LV21 BG22 BH22 CR22 DE22 GB22 GE22 IE22 ME22 RS22 VA22 AE23 GI23 IL23 IQ23"
              + " OM23 SO23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 VG24 LY25 PT25 ST25 IS26"
              + " TR26 BI27 DJ27 FR27 GR27 IT27 MC27 MR27 SM27 AL28 AZ28 BY28 CY28 DO28 GT28 HU28 LB28 NI28"
              + " PL28 SV28 BR29 EG29 PS29 QA29 UA29 JO30 KW30 MU30 YE30 MT31 SC31 LC32 RU33");

  private Ibans() {}

  private static Map<String, Integer> lengths(String table) {
    var lengths = new HashMap<String, Integer>();
    for (var entry : table.split(" ")) {
      lengths.put(entry.substring(0, 2), Integer.valueOf(entry.substring(2)));
    }
    return Map.copyOf(lengths);
  }

  static List<PiiFinder.Found> find(String text) {
    if (!PiiFinder.hasDigits(text, 8)) {
      return List.of();
    }
    var found = new ArrayList<PiiFinder.Found>();
    var matcher = START.matcher(text);
    while (matcher.find()) {
      int end = end(text, matcher.start());
      if (end > 0) {
        found.add(new PiiFinder.Found(matcher.start(), end));
      }
    }
    return found;
  }

  /** Where the number that begins at {@code start} ends, or -1 if none does. */
  private static int end(String text, int start) {
    var length = LENGTHS.get(text.substring(start, start + 2));
    if (length == null) {
      return -1;
    }
    var number = new StringBuilder(length);
    int at = start;
    for (; at < text.length() && number.length() < length; at++) {
      char c = text.charAt(at);
      boolean gap = (c == ' ' || c == '-') && number.length() % 4 == 0;
      if (!gap) {
        if (!(PiiFinder.isDigit(c) || (c >= 'A' && c <= 'Z'))) {
          return -1;
        }
        number.append(c);
      }
    }
    boolean whole =
        number.length() == length
            && (at == text.length() || !Character.isLetterOrDigit(text.charAt(at)));
    return whole && remainder(number.substring(4) + number.substring(0, 4)) == 1 ? at : -1;
  }

  private static int remainder(String rearranged) {
    int remainder = 0;
    for (int i = 0; i < rearranged.length(); i++) {
      int value = Character.digit(rearranged.charAt(i), 36);
      remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
    }
    return remainder;
  }
}
