package dev.lathe.datasets.cleaning;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Phone numbers. Digits alone say little, so one of these must hold: an international prefix, the
 * North American grouping 3-3-4, a trunk zero with groups, or a word such as "call" before it.
 * Words such as "order" or "ticket" before it, dates, amounts and decimals speak against.
 */
final class Phones {
  private static final Pattern CANDIDATE =
      Pattern.compile(
          "(?<![\\p{L}\\p{N}_.,#$€£/@-])(?:\\+|\\()?\\d(?:[ ().\\-/]{0,3}\\d){6,16}(?![\\p{L}\\p{N}_@%€$]|[.,]\\d|-[\\p{L}])");
  private static final Pattern DATE =
      Pattern.compile(
          "(?<!\\d)(?:(?:19|20)\\d{2}([-/. ])\\d{1,2}\\1\\d{1,2}|\\d{1,2}([-/.])\\d{1,2}\\2(?:19|20)?\\d{2})(?!\\d)");
  private static final Pattern NORTH_AMERICAN =
      Pattern.compile("(?:1[ .-]?)?(?:\\([2-9]\\d{2}\\) ?|[2-9]\\d{2}[ .-])[2-9]\\d{2}[ .-]\\d{4}");
  private static final Pattern TRUNK_ZERO =
      Pattern.compile(
          "\\(?0\\d{1,5}\\)?(?:[ /-]|\\) ?| ?/ ?| - )\\d{2,8}(?:[ /-]\\d{2,6}){0,4}"
              + "|0\\d(?:[ .]\\d{2}){4}");

  /** A stop after a short word is an abbreviation's: "no.", "tel.". */
  private static final Pattern SENTENCE = Pattern.compile("\n|[?!] |\\p{L}{5,}\\. ");

  private static final Pattern WORD = Pattern.compile("[\\p{L}#]+");
  private static final List<String> FOR =
      List.of(
          "phone",
          "telephone",
          "tel",
          "mobile",
          "cell",
          "cellphone",
          "call",
          "fax",
          "whatsapp",
          "text",
          "sms",
          "dial",
          "ring",
          "handy",
          "telefon",
          "hotline",
          "landline",
          "reach");
  private static final List<String> AGAINST =
      List.of(
          "order",
          "ticket",
          "invoice",
          "case",
          "ref",
          "reference",
          "tracking",
          "parcel",
          "booking",
          "account",
          "customer",
          "id",
          "serial",
          "article",
          "item",
          "sku",
          "isbn",
          "part",
          "policy",
          "contract",
          "reservation",
          "number",
          "no",
          "nr",
          "#",
          "code",
          "usd",
          "eur",
          "price",
          "amount",
          "shipment",
          "package",
          "confirmation",
          "claim",
          "member",
          "membership",
          "return",
          "rma");

  private Phones() {}

  static List<PiiFinder.Found> find(String text) {
    return PiiFinder.hasDigits(text, 7)
        ? PiiFinder.matches(CANDIDATE, text, m -> isPhone(text, m.start(), m.group()))
        : List.of();
  }

  private static boolean isPhone(String text, int start, String written) {
    var digits = PiiFinder.digits(written);
    int n = digits.length();
    if (n < 7 || n > 17) {
      return false;
    }
    if (written.startsWith("+")) {
      return n >= 8 && n <= 15;
    }
    if (DATE.matcher(written).find()) {
      return false;
    }
    var context = context(text, start);
    if (context == Context.AGAINST) {
      return false;
    }
    if (context == Context.FOR) {
      return n <= 15;
    }
    boolean international = written.startsWith("00") && n >= 10 && hasSeparator(written);
    boolean trunk = n >= 9 && n <= 12 && TRUNK_ZERO.matcher(written).matches();
    return international || trunk || NORTH_AMERICAN.matcher(written).matches();
  }

  private static boolean hasSeparator(String written) {
    return written.length() > PiiFinder.digits(written).length();
  }

  private enum Context {
    FOR,
    AGAINST,
    NONE
  }

  /**
   * The nearest telling word of the five before the number, in the same sentence. "number" and "no"
   * alone leave it to the word before them: "phone number" speaks for, "order number" against.
   */
  private static Context context(String text, int start) {
    var before = text.substring(Math.max(0, start - 48), start);
    int sentence = 0;
    for (var end = SENTENCE.matcher(before); end.find(); ) {
      sentence = end.end();
    }
    var words = new ArrayList<String>();
    var matcher = WORD.matcher(before.substring(sentence).toLowerCase(Locale.ROOT));
    while (matcher.find()) {
      words.add(matcher.group());
    }
    boolean numbered = false;
    for (int i = words.size() - 1; i >= Math.max(0, words.size() - 5); i--) {
      var word = words.get(i);
      if (FOR.contains(word)) {
        return Context.FOR;
      }
      if (word.equals("number") || word.equals("no") || word.equals("nr")) {
        numbered = true;
      } else if (AGAINST.contains(word)) {
        return Context.AGAINST;
      }
    }
    return numbered && words.size() == 1 ? Context.AGAINST : Context.NONE;
  }
}
