package dev.lathe.pipelines.evaluation;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.lathe.checkpoints.input.BadInput;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What answers in JSON are held to: a JSON Schema, 2020-12 where it names no other draft. Nothing
 * is fetched: what it refers to stands in it.
 */
public final class AnswerSchema {
  private static final int TOLD = 3;

  private final Schema schema;

  private AnswerSchema(Schema schema) {
    this.schema = schema;
  }

  /**
   * Holds it to its own draft's schema first.
   *
   * @throws BadInput for what is no schema, or refers to what is not in it
   */
  public static AnswerSchema of(JsonNode given) {
    if (!given.isObject() && !given.isBoolean()) {
      throw bad("it is " + given.getNodeType().name().toLowerCase(Locale.ROOT), null);
    }
    // One for each: a registry remembers schemas by their $id.
    var registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    try {
      var dialect =
          given.path("$schema").asString(SpecificationVersion.DRAFT_2020_12.getDialectId());
      var problems = registry.getSchema(SchemaLocation.of(dialect)).validate(given);
      if (!problems.isEmpty()) {
        throw bad(
            problems.stream()
                .limit(TOLD)
                .map(p -> p.getInstanceLocation() + ": " + p.getMessage())
                .collect(Collectors.joining("; ")),
            null);
      }
      var schema = registry.getSchema(given);
      schema.initializeValidators(); // finds all that it refers to
      return new AnswerSchema(schema);
    } catch (SchemaException e) {
      // What is not in it is looked for among files, and never in the network.
      var why =
          String.valueOf(e.getMessage())
              .replace("java.io.FileNotFoundException: ", "no such schema: ");
      throw bad(why, e);
    }
  }

  private static BadInput bad(String why, @Nullable Throwable cause) {
    return new BadInput(
        "this is no JSON Schema that answers can be held to",
        why,
        "Give a JSON Schema (2020-12 unless its $schema says otherwise) with all that it refers to"
            + " in it.",
        cause);
  }

  /** Whether a value is as the schema wants it. */
  boolean holds(JsonNode value) {
    // As text: the library compares numbers by their kind, and ours are decimals.
    return schema.validate(value.toString(), InputFormat.JSON).isEmpty();
  }
}
