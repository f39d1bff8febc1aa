package dev.lathe.app.api;

import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.settings.ServerLimits;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;

/** Starts the Spring context that serves a home on loopback; nothing of it reaches the terminal. */
public final class ApiServer implements HomeServer {
  private static final String LOOPBACK = "127.0.0.1";

  private final Map<String, String> environment;

  /** With the home's own database. */
  public ApiServer() {
    this(Map.of());
  }

  /**
   * @param environment says where the database is; the home has one of its own otherwise
   */
  public ApiServer(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  @Override
  public Running start(Home home, Door door) {
    var database = Database.of(environment, home);
    // Logback's configuration reads it; it must be there before the first logger.
    System.setProperty("lathe.log", home.log().toString());
    var application = new SpringApplication(ApiContext.class);
    application.setBannerMode(Banner.Mode.OFF);
    application.setRegisterShutdownHook(false);
    application.setLogStartupInfo(false);
    application.setDefaultProperties(properties(database, door.port()));
    application.addInitializers(
        context -> {
          context.getBeanFactory().registerSingleton("home", home);
          context.getBeanFactory().registerSingleton("door", door);
          context.getBeanFactory().registerSingleton("database", database);
        });
    try {
      var context = (ServletWebServerApplicationContext) application.run();
      var server = context.getWebServer();
      if (server == null) {
        throw new IllegalStateException("the context has no web server");
      }
      var address = URI.create("http://" + LOOPBACK + ":" + server.getPort());
      return new ApiRunning(context, address, door);
    } catch (RuntimeException e) {
      throw told(e, door, database);
    }
  }

  /** What a user can mend is told as such, and not as a bean that failed. */
  private static RuntimeException told(RuntimeException e, Door door, Database database) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof BadInput bad) {
        return bad;
      }
      if (t instanceof PortInUseException) {
        return new BadInput(
            "the port is taken",
            Integer.toString(door.port()),
            "Choose another with --port, or end what listens there.",
            e);
      }
    }
    var failure = database.failure(e);
    return failure == null ? e : failure;
  }

  private static Map<String, Object> properties(Database database, int port) {
    var p = new HashMap<String, Object>();
    p.put("server.address", LOOPBACK);
    p.put("server.port", port);
    p.put("server.shutdown", "immediate");
    p.put("server.tomcat.max-keep-alive-requests", "-1");
    // A body that is too long is read to its end and thrown away, so that the client hears why.
    p.put("server.tomcat.max-swallow-size", "256MB");
    p.put("spring.threads.virtual.enabled", "true");
    p.put("spring.jmx.enabled", "false");
    p.put("spring.batch.job.enabled", "false");
    p.put("spring.batch.jdbc.initialize-schema", "always");
    // Spring Batch's tables may be there before ours.
    p.put("spring.flyway.baseline-on-migrate", "true");
    p.put("spring.flyway.baseline-version", "0");
    p.put("spring.jackson.deserialization.fail-on-unknown-properties", "true");
    p.putAll(database.properties());
    p.put("logging.config", "classpath:logback-owner.xml");
    return p;
  }

  private record ApiRunning(ServletWebServerApplicationContext context, URI address, Door door)
      implements Running {
    @Override
    public void drain() {
      context.getBean(WorkInHand.class).await();
    }

    @Override
    public void close() {
      if (door.open() && context.getWebServer() instanceof TomcatWebServer server) {
        server.getTomcat().getConnector().pause(); // whoever comes now waits for the next server
        context.getBean(WorkInHand.class).await(context.getBean(ServerLimits.class).drain());
      }
      context.close();
    }
  }
}
