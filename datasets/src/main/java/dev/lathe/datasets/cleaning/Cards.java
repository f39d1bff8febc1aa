package dev.lathe.datasets.cleaning;

import java.util.List;
import java.util.regex.Pattern;

/** Payment cards: a length and first digits that networks issue, and a right check digit. */
final class Cards {
  private static final Pattern CARD =
      Pattern.compile("(?<![\\w.#-])[2-6]\\d{3}(?:([ -]?)\\d{3,6})(?:\\1\\d{2,6}){1,3}(?![\\w-])");

  private Cards() {}

  static List<PiiFinder.Found> find(String text) {
    return PiiFinder.hasDigits(text, 13)
        ? PiiFinder.matches(CARD, text, m -> isCard(PiiFinder.digits(m.group())))
        : List.of();
  }

  static boolean isCard(String digits) {
    return issued(digits) && luhn(digits);
  }

  private static boolean issued(String digits) {
    int n = digits.length();
    if (n < 13) {
      return false;
    }
    int two = Integer.parseInt(digits.substring(0, 2));
    int four = Integer.parseInt(digits.substring(0, 4));
    boolean visa = digits.charAt(0) == '4' && (n == 13 || n == 16 || n == 19);
    boolean mastercard = n == 16 && ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720));
    boolean amex = n == 15 && (two == 34 || two == 37);
    boolean diners = n == 14 && (two == 36 || two == 38 || (four >= 3000 && four <= 3059));
    boolean discover = n >= 16 && n <= 19 && (four == 6011 || two == 65 || four / 10 >= 644);
    boolean jcb = n >= 16 && n <= 19 && four >= 3528 && four <= 3589;
    boolean unionPay = n >= 16 && n <= 19 && two == 62;
    return visa || mastercard || amex || diners || (discover && two <= 65) || jcb || unionPay;
  }

  /** ISO/IEC 7812-1, annex B. */
  static boolean luhn(String digits) {
    int sum = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(digits.length() - 1 - i) - '0';
      int doubled = i % 2 == 0 ? digit : 2 * digit;
      sum += doubled > 9 ? doubled - 9 : doubled;
    }
    return sum % 10 == 0;
  }
}
