package dev.lathe.app;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/** The JSON Schemas of docs/schema, one a command: {@code runs-show.json} for {@code runs show}. */
public final class Schemas {
  private static final String BASE = "https://lathe.invalid/schema/";

  public static final Path FOLDER = folder();

  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12,
          b -> b.schemas(iri -> iri.startsWith(BASE) ? read(iri.substring(BASE.length())) : null));

  private Schemas() {}

  /** The schema of what a command line prints with {@code --json}; empty where there is none. */
  public static Optional<String> of(String... arguments) {
    if (List.of(arguments).contains("--dry-run")) {
      return Optional.of(arguments[0] + "-dry-run");
    }
    if (List.of(arguments).contains("--suite")) {
      return Optional.of(arguments[0] + "-suite");
    }
    return IntStream.rangeClosed(0, Math.min(2, arguments.length))
        .mapToObj(
            i -> String.join("-", List.of(arguments).subList(0, Math.min(2, arguments.length) - i)))
        .filter(name -> Files.isRegularFile(FOLDER.resolve(name + ".json")))
        .findFirst();
  }

  /** What is wrong with a printed object; empty when nothing is. */
  public static List<String> problems(String name, JsonNode printed) {
    return schema(name).validate(printed).stream().map(Object::toString).toList();
  }

  public static Schema schema(String name) {
    return REGISTRY.getSchema(SchemaLocation.of(BASE + name + ".json"));
  }

  private static String read(String file) {
    try {
      return Files.readString(FOLDER.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path folder() {
    var here = Path.of("docs/schema").toAbsolutePath();
    return Files.isDirectory(here) ? here : Path.of("../docs/schema").toAbsolutePath().normalize();
  }
}
