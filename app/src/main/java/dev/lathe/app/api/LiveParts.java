package dev.lathe.app.api;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What the page hears of besides runs, and what tells that it changed. */
@Configuration(proxyBeanMethods = false)
class LiveParts {
  @Bean
  Changes.Topic experimentsTopic(JdbcClient jdbc) {
    return topic(
        jdbc,
        "experiments",
        "SELECT (SELECT COUNT(*) FROM experiments), (SELECT MAX(ended_at) FROM experiments),"
            + " (SELECT COUNT(*) FROM feedback), (SELECT MAX(at) FROM requests)");
  }

  @Bean
  Changes.Topic versionsTopic(JdbcClient jdbc) {
    return topic(
        jdbc,
        "versions",
        "SELECT (SELECT COUNT(*) FROM model_versions),"
            + " (SELECT MAX(seq) FROM audit WHERE action = 'tag')");
  }

  @Bean
  Changes.Topic aliasesTopic(JdbcClient jdbc) {
    return topic(
        jdbc,
        "aliases",
        "SELECT (SELECT SUM(changes) FROM aliases),"
            + " (SELECT COUNT(*) FROM aliases WHERE guarded)");
  }

  /** One row, whose values together are the mark. */
  private static Changes.Topic topic(JdbcClient jdbc, String name, String sql) {
    return new Changes.Topic(name, () -> jdbc.sql(sql).query((rs, n) -> row(rs)).single());
  }

  private static String row(java.sql.ResultSet rs) throws java.sql.SQLException {
    var row = new StringBuilder();
    for (int i = 1; i <= rs.getMetaData().getColumnCount(); i++) {
      row.append(rs.getString(i)).append(' ');
    }
    return row.toString();
  }
}
