package dev.lathe.serving.providers.llama.grammar;

import dev.lathe.serving.providers.llama.decoding.Constraint;
import dev.lathe.serving.providers.llama.grammar.Grammar.Element;
import dev.lathe.serving.providers.llama.grammar.Grammar.Rule;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/**
 * JSON (RFC 8259) as a grammar. Blanks between its parts are few, so that a model cannot go on with
 * them for ever; numbers are short enough for a double.
 */
public final class JsonGrammar {
  private static final int DIGITS = 16;

  private final Grammar grammar = new Grammar();
  final Rule blank = grammar.rule();
  final Rule character;
  final Rule string;
  final Rule integer;
  final Rule number;
  final Rule value = grammar.rule();
  final Rule object;
  final Rule array;
  private final Rule root;

  private JsonGrammar(Function<JsonGrammar, Rule> root) {
    grammar.or(blank);
    grammar.or(blank, Grammar.of(" "));
    grammar.or(blank, Grammar.of("\n"), grammar.repeat(Grammar.of(" \t"), 0, 20));
    character = character();
    string = quoted(grammar.repeat(character, 0));
    var digit = Grammar.range('0', '9');
    var whole =
        grammar.any(
            List.of(
                Grammar.of("0"),
                grammar.sequence(Grammar.range('1', '9'), grammar.repeat(digit, 0, DIGITS - 1))));
    integer = grammar.sequence(grammar.repeat(Grammar.of("-"), 0, 1), whole);
    var fraction = grammar.sequence(Grammar.of("."), grammar.repeat(digit, 1, DIGITS));
    var exponent =
        grammar.sequence(
            Grammar.of("eE"), grammar.repeat(Grammar.of("+-"), 0, 1), grammar.repeat(digit, 1, 2));
    number =
        grammar.sequence(integer, grammar.repeat(fraction, 0, 1), grammar.repeat(exponent, 0, 1));
    var member = grammar.sequence(string, blank, Grammar.of(":"), blank, value);
    object = enclosed("{", grammar.repeat(list(member), 0, 1), "}");
    array = enclosed("[", grammar.repeat(list(value), 0, 1), "]");
    for (var each :
        List.of(object, array, string, number, text("true"), text("false"), text("null"))) {
      grammar.or(value, each);
    }
    this.root = root.apply(this);
    grammar.requireProgress();
  }

  /** Any JSON object. */
  public static Constraint anyObject() {
    var json = new JsonGrammar(j -> j.object);
    return new GrammarConstraint(json.grammar, json.root);
  }

  /**
   * JSON of a schema.
   *
   * @throws UnsupportedSchema where the schema is none, or asks for what cannot be held to
   */
  public static Constraint ofSchema(JsonNode schema) {
    var json = new JsonGrammar(j -> new SchemaRules(j, schema).root());
    return new GrammarConstraint(json.grammar, json.root);
  }

  Grammar grammar() {
    return grammar;
  }

  Rule text(String text) {
    return grammar.text(text);
  }

  Rule quoted(Element content) {
    return grammar.sequence(Grammar.of("\""), content, Grammar.of("\""));
  }

  Rule enclosed(String open, Element content, String close) {
    return grammar.sequence(Grammar.of(open), blank, content, blank, Grammar.of(close));
  }

  Rule comma() {
    return grammar.sequence(blank, Grammar.of(","), blank);
  }

  /** One or more. */
  Rule list(Element each) {
    return grammar.sequence(each, grammar.repeat(grammar.sequence(comma(), each), 0));
  }

  /** A character of a string: well-formed UTF-8 (the Unicode standard, table 3-7), or an escape. */
  private Rule character() {
    var tail = Grammar.range(0x80, 0xBF);
    var hex = Grammar.of("0123456789abcdefABCDEF");
    return grammar.any(
        List.of(
            Grammar.range(0x20, 0x21),
            Grammar.range(0x23, 0x5B),
            Grammar.range(0x5D, 0x7E),
            grammar.sequence(Grammar.range(0xC2, 0xDF), tail),
            grammar.sequence(Grammar.range(0xE0, 0xE0), Grammar.range(0xA0, 0xBF), tail),
            grammar.sequence(Grammar.range(0xE1, 0xEC), tail, tail),
            grammar.sequence(Grammar.range(0xED, 0xED), Grammar.range(0x80, 0x9F), tail),
            grammar.sequence(Grammar.range(0xEE, 0xEF), tail, tail),
            grammar.sequence(Grammar.range(0xF0, 0xF0), Grammar.range(0x90, 0xBF), tail, tail),
            grammar.sequence(Grammar.range(0xF1, 0xF3), tail, tail, tail),
            grammar.sequence(Grammar.range(0xF4, 0xF4), Grammar.range(0x80, 0x8F), tail, tail),
            grammar.sequence(Grammar.of("\\"), Grammar.of("\"\\/bfnrt")),
            grammar.sequence(Grammar.of("\\"), Grammar.of("u"), hex, hex, hex, hex)));
  }
}
