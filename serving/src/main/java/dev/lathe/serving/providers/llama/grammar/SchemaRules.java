package dev.lathe.serving.providers.llama.grammar;

import dev.lathe.serving.providers.llama.grammar.Grammar.Element;
import dev.lathe.serving.providers.llama.grammar.Grammar.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * A JSON Schema as rules: objects whose properties come in the schema's order, arrays, strings,
 * numbers, {@code enum}, {@code const}, {@code anyOf}, {@code oneOf} and references into the same
 * schema, recursive ones too. What only describes is passed over; what would bind the answer and
 * cannot be held to is refused rather than ignored.
 */
final class SchemaRules {
  private static final int DEEPEST = 64;
  private static final int LONGEST = 2_000;

  private static final Set<String> BINDING_ELSEWHERE =
      Set.of(
          "pattern",
          "minimum",
          "maximum",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "multipleOf",
          "uniqueItems",
          "contains",
          "minContains",
          "maxContains",
          "prefixItems",
          "additionalItems",
          "unevaluatedItems",
          "unevaluatedProperties",
          "patternProperties",
          "propertyNames",
          "minProperties",
          "maxProperties",
          "dependentRequired",
          "dependentSchemas",
          "dependencies",
          "not",
          "if",
          "then",
          "else",
          "$dynamicRef",
          "$recursiveRef");

  private final JsonGrammar json;
  private final Grammar grammar;
  private final JsonNode whole;
  private final Map<String, Rule> references = new HashMap<>();

  SchemaRules(JsonGrammar json, JsonNode schema) {
    this.json = json;
    this.grammar = json.grammar();
    this.whole = schema;
  }

  Rule root() {
    return of(whole, "#", 0);
  }

  private Rule of(JsonNode schema, String where, int depth) {
    if (depth > DEEPEST) {
      throw new UnsupportedSchema(where, "it is nested too deeply");
    }
    if (schema.isBoolean() && schema.booleanValue()) {
      return json.value;
    }
    if (!(schema instanceof ObjectNode object)) {
      throw new UnsupportedSchema(where, "a schema is an object");
    }
    for (var key : object.propertyNames()) {
      if (BINDING_ELSEWHERE.contains(key)) {
        throw new UnsupportedSchema(where, "'" + key + "' is not supported");
      }
    }
    if (object.has("$ref")) {
      return reference(object.path("$ref").asString(""), where, depth);
    }
    if (object.has("const")) {
      return json.text(object.get("const").toString());
    }
    if (object.has("enum")) {
      return literals(object.get("enum"), where);
    }
    for (var key : List.of("anyOf", "oneOf", "allOf")) {
      if (object.has(key)) {
        return choices(object, key, where, depth);
      }
    }
    var type = object.get("type");
    if (type != null && type.isArray()) {
      var rules = new ArrayList<Rule>();
      type.forEach(t -> rules.add(typed(t.asString(""), object, where, depth)));
      return nonEmpty(rules, where, "type");
    }
    if (type == null) {
      return object.has("properties")
          ? object(object, where, depth)
          : object.has("items") ? array(object, where, depth) : json.value;
    }
    return typed(type.asString(""), object, where, depth);
  }

  private Rule typed(String type, ObjectNode schema, String where, int depth) {
    return switch (type) {
      case "object" -> object(schema, where, depth);
      case "array" -> array(schema, where, depth);
      case "string" -> string(schema, where);
      case "integer" -> json.integer;
      case "number" -> json.number;
      case "boolean" -> grammar.any(List.of(json.text("true"), json.text("false")));
      case "null" -> json.text("null");
      case String other -> throw new UnsupportedSchema(where, "there is no type '" + other + "'");
    };
  }

  private Rule reference(String name, String where, int depth) {
    var known = references.get(name);
    if (known != null) {
      return known;
    }
    if (!name.equals("#") && !name.startsWith("#/")) {
      throw new UnsupportedSchema(where, "only references into the schema itself: " + name);
    }
    var target = name.equals("#") ? whole : whole.at(name.substring(1));
    if (target.isMissingNode()) {
      throw new UnsupportedSchema(where, "nothing lies at " + name);
    }
    var rule = grammar.rule(); // known before it is written: it may refer to itself
    references.put(name, rule);
    grammar.or(rule, of(target, name, depth + 1));
    return rule;
  }

  private Rule literals(JsonNode values, String where) {
    if (!values.isArray()) {
      throw new UnsupportedSchema(where, "'enum' is a list");
    }
    return nonEmpty(values.valueStream().map(v -> json.text(v.toString())).toList(), where, "enum");
  }

  private Rule choices(ObjectNode schema, String key, String where, int depth) {
    var list = schema.get(key);
    if (!list.isArray() || (key.equals("allOf") && list.size() != 1)) {
      throw new UnsupportedSchema(
          where, key.equals("allOf") ? "'allOf' of more than one" : "'" + key + "' is a list");
    }
    if (schema.has("properties")) {
      throw new UnsupportedSchema(where, "'" + key + "' beside 'properties'");
    }
    var rules = new ArrayList<Rule>();
    for (int i = 0; i < list.size(); i++) {
      rules.add(of(list.get(i), where + "/" + key + "/" + i, depth + 1));
    }
    return nonEmpty(rules, where, key);
  }

  private Rule nonEmpty(List<Rule> rules, String where, String key) {
    if (rules.isEmpty()) {
      throw new UnsupportedSchema(where, "'" + key + "' is empty");
    }
    return grammar.any(rules);
  }

  private Rule string(ObjectNode schema, String where) {
    int least = bound(schema, "minLength", 0, where);
    int most = bound(schema, "maxLength", -1, where);
    return json.quoted(repeated(json.character, least, most, where));
  }

  private Rule array(ObjectNode schema, String where, int depth) {
    var item =
        schema.has("items") ? of(schema.get("items"), where + "/items", depth + 1) : json.value;
    int least = bound(schema, "minItems", 0, where);
    int most = bound(schema, "maxItems", -1, where);
    if (most == 0) {
      return json.enclosed("[", json.text(""), "]");
    }
    var more =
        repeated(
            grammar.sequence(json.comma(), item),
            Math.max(0, least - 1),
            most < 0 ? -1 : most - 1,
            where);
    var items = grammar.sequence(item, more);
    return json.enclosed("[", least > 0 ? items : grammar.repeat(items, 0, 1), "]");
  }

  private Rule repeated(Element each, int least, int most, String where) {
    if (most >= 0 && most < least) {
      throw new UnsupportedSchema(where, "at most " + most + " and at least " + least);
    }
    return most < 0 ? grammar.repeat(each, least) : grammar.repeat(each, least, most);
  }

  private static int bound(ObjectNode schema, String key, int otherwise, String where) {
    var value = schema.get(key);
    if (value == null) {
      return otherwise;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToInt()
        || value.intValue() < 0
        || value.intValue() > LONGEST) {
      throw new UnsupportedSchema(where, "'" + key + "' is a number up to " + LONGEST);
    }
    return value.intValue();
  }

  /** Properties in order, those that are not required left out or not. */
  private Rule object(ObjectNode schema, String where, int depth) {
    var properties = schema.get("properties");
    if (properties != null && !properties.isObject()) {
      throw new UnsupportedSchema(where, "'properties' is an object");
    }
    var names = properties == null ? List.<String>of() : List.copyOf(properties.propertyNames());
    var required = required(schema, names, where);
    var others = others(schema, names, where, depth);
    // From the last property back: what may follow when nothing came yet, and when something did.
    var first = grammar.rule();
    var further = grammar.rule();
    grammar.or(first);
    grammar.or(further);
    if (others != null) {
      grammar.or(first, json.list(others));
      grammar.or(further, json.comma(), json.list(others));
    }
    for (int i = names.size() - 1; i >= 0; i--) {
      var name = names.get(i);
      var value = of(schema.path("properties").get(name), where + "/properties/" + name, depth + 1);
      var member = member(json.text(StringNode.valueOf(name).toString()), value);
      var earlier = grammar.rule();
      var between = grammar.rule();
      grammar.or(earlier, member, further);
      grammar.or(between, json.comma(), member, further);
      if (!required.contains(name)) {
        grammar.or(earlier, first);
        grammar.or(between, further);
      }
      first = earlier;
      further = between;
    }
    return json.enclosed("{", first, "}");
  }

  private static Set<String> required(ObjectNode schema, List<String> names, String where) {
    var required = new HashSet<String>();
    for (var name : schema.path("required")) {
      if (!names.contains(name.asString(""))) {
        throw new UnsupportedSchema(where, "it requires " + name + ", which it does not describe");
      }
      required.add(name.asString());
    }
    return required;
  }

  /** Properties that the schema does not name; null where there are none. */
  private @Nullable Rule others(ObjectNode schema, List<String> names, String where, int depth) {
    var others = schema.get("additionalProperties");
    if (others == null ? !names.isEmpty() : others.isBoolean() && !others.booleanValue()) {
      return null;
    }
    var value =
        others == null ? json.value : of(others, where + "/additionalProperties", depth + 1);
    return member(json.string, value);
  }

  private Rule member(Rule name, Rule value) {
    return grammar.sequence(name, json.blank, Grammar.of(":"), json.blank, value);
  }
}
