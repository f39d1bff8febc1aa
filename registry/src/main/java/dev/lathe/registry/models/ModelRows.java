package dev.lathe.registry.models;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The tables {@code models}, {@code model_versions} and {@code model_tags}. */
final class ModelRows {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<List<ModelVersion.Source>> SOURCES = new TypeReference<>() {};
  private static final TypeReference<List<ModelVersion.Dataset>> DATASETS =
      new TypeReference<>() {};
  private static final TypeReference<List<ModelVersion.File>> FILES = new TypeReference<>() {};
  private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};
  private static final TypeReference<Map<String, Double>> NUMBERS = new TypeReference<>() {};
  private static final String VERSION = "SELECT * FROM model_versions";

  private final JdbcClient jdbc;
  private final VersionFiles files;

  ModelRows(JdbcClient jdbc, VersionFiles files) {
    this.jdbc = jdbc;
    this.files = files;
  }

  /** The model's last number, 0 for a new one; nobody else changes it in this transaction. */
  int lockedNumber(String name) {
    var last =
        jdbc.sql("SELECT last_number FROM models WHERE name = ? FOR UPDATE")
            .param(name)
            .query(Integer.class)
            .optional();
    if (last.isPresent()) {
      return last.get();
    }
    // Two that come here at once: one of them is told of a duplicate and begins again.
    jdbc.sql("INSERT INTO models (name, last_number) VALUES (?, 0)").param(name).update();
    return 0;
  }

  void insert(ModelVersion v) {
    jdbc.sql("UPDATE models SET last_number = ? WHERE name = ?")
        .params(v.number(), v.name())
        .update();
    jdbc.sql(
            "INSERT INTO model_versions (name, number, run_id, dataset, dataset_id, mixture, base,"
                + " base_sha256, template_sha256, sources, recipe, metrics, files, code_version,"
                + " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .param(v.name())
        .param(v.number())
        .param(v.run())
        .param(v.dataset())
        .param(v.datasetId())
        .param(v.mixture().isEmpty() ? null : JSON.writeValueAsString(v.mixture()))
        .param(v.base())
        .param(v.baseSha256())
        .param(v.templateSha256())
        .param(JSON.writeValueAsString(v.sources()))
        .param(JSON.writeValueAsString(v.recipe()))
        .param(JSON.writeValueAsString(v.metrics()))
        .param(JSON.writeValueAsString(v.files()))
        .param(v.codeVersion())
        .param(v.createdAt().atOffset(ZoneOffset.UTC))
        .update();
  }

  Optional<ModelVersion> version(String name, int number) {
    return jdbc.sql(VERSION + " WHERE name = ? AND number = ?")
        .params(name, number)
        .query((rs, n) -> version(rs))
        .optional();
  }

  Optional<ModelVersion> ofRun(String run) {
    return jdbc.sql(VERSION + " WHERE run_id = ?")
        .param(run)
        .query((rs, n) -> version(rs))
        .optional();
  }

  List<ModelVersion> versions(String name) {
    return jdbc.sql(VERSION + " WHERE name = ? ORDER BY number DESC")
        .param(name)
        .query((rs, n) -> version(rs))
        .list();
  }

  List<Integer> numbers(String name) {
    return jdbc.sql("SELECT number FROM model_versions WHERE name = ? ORDER BY number DESC")
        .param(name)
        .query(Integer.class)
        .list();
  }

  List<String> names() {
    return jdbc.sql("SELECT name FROM models WHERE last_number > 0 ORDER BY name")
        .query(String.class)
        .list();
  }

  /** Where the model's aliases stand. */
  Map<String, Integer> aliases(String name) {
    var standing = new TreeMap<String, Integer>();
    jdbc.sql("SELECT alias, number FROM aliases WHERE name = ? AND number IS NOT NULL")
        .param(name)
        .query(
            rs -> {
              standing.put(rs.getString(1), rs.getInt(2));
            });
    return standing;
  }

  void tag(ModelVersion v, String tag, String content) {
    untag(v, tag);
    jdbc.sql("INSERT INTO model_tags (name, number, tag, content) VALUES (?, ?, ?, ?)")
        .params(v.name(), v.number(), tag, content)
        .update();
  }

  void untag(ModelVersion v, String tag) {
    jdbc.sql("DELETE FROM model_tags WHERE name = ? AND number = ? AND tag = ?")
        .params(v.name(), v.number(), tag)
        .update();
  }

  Map<String, String> tags(ModelVersion v) {
    var tags = new TreeMap<String, String>();
    jdbc.sql("SELECT tag, content FROM model_tags WHERE name = ? AND number = ?")
        .params(v.name(), v.number())
        .query(
            rs -> {
              tags.put(rs.getString(1), rs.getString(2));
            });
    return tags;
  }

  private static List<ModelVersion.Dataset> mixture(ResultSet rs) throws SQLException {
    var mixture = rs.getString("mixture");
    return mixture == null ? List.of() : JSON.readValue(mixture, DATASETS);
  }

  private ModelVersion version(ResultSet rs) throws SQLException {
    var name = rs.getString("name");
    int number = rs.getInt("number");
    return new ModelVersion(
        name + "@" + number,
        name,
        number,
        rs.getString("run_id"),
        rs.getString("dataset"),
        rs.getString("dataset_id"),
        mixture(rs),
        rs.getString("base"),
        rs.getString("base_sha256"),
        rs.getString("template_sha256"),
        JSON.readValue(rs.getString("sources"), SOURCES),
        JSON.readValue(rs.getString("recipe"), OBJECT),
        JSON.readValue(rs.getString("metrics"), NUMBERS),
        JSON.readValue(rs.getString("files"), FILES),
        files.of(name, number).toString(),
        rs.getString("code_version"),
        rs.getObject("created_at", OffsetDateTime.class).toInstant());
  }
}
