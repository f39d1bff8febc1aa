package dev.lathe.serving.settings;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.Settings;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * {@code lathe.yaml}: where else requests can be answered, the server's limits, what promotions
 * must pass, who may ask and what it costs. Every key has a default; the file may be missing.
 *
 * @param providers by name
 */
public record LatheYaml(
    Map<String, Provider> providers,
    ServerLimits server,
    StandingGates gates,
    RoutingSettings routing,
    AiSettings ai,
    Accounting accounting) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,62}");
  private static final Set<String> LATER = Set.of("azure", "bedrock", "vertex", "gemini");
  private static final int MAX_TOKENS = 4096;
  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  public LatheYaml {
    providers = Map.copyOf(providers);
  }

  /** No providers, and the defaults. */
  public static LatheYaml defaults() {
    return of(Map.of(), Map.of());
  }

  /**
   * Reads the file.
   *
   * @param environment what <code>${NAME}</code> stands for
   * @throws BadInput when it is not there or is no YAML, or naming every problem in it at once
   */
  public static LatheYaml read(Path file, Map<String, String> environment) {
    if (!Files.isRegularFile(file)) {
      throw new BadInput(
          "no such configuration",
          file.toString(),
          "lathe.example.yaml shows what one looks like.");
    }
    try {
      var read = YAML.readTree(file.toFile());
      var map = new TypeReference<Map<String, Object>>() {};
      return of(
          read.isMissingNode() || read.isNull() ? Map.of() : YAML.treeToValue(read, map),
          environment);
    } catch (JacksonException e) {
      var where = e.getLocation();
      throw new BadInput(
          "the configuration is no YAML mapping",
          file + (where == null ? "" : ", line " + where.getLineNr()),
          String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse(""),
          e);
    }
  }

  /**
   * @throws BadInput naming every problem at once
   */
  public static LatheYaml of(Map<String, ?> values, Map<String, String> environment) {
    var s = new Settings("configuration", values);
    var server = s.part("server");
    var limits =
        new ServerLimits(
            (int) (server.number("maxBodyMiB", 16, 0.001, 1024) * (1 << 20)),
            (long) (server.number("maxFileMiB", 512, 0.001, 1 << 20) * (1 << 20)),
            seconds(server.number("drainSeconds", 30, 0, 3600)));
    var variables = new Variables(environment);
    var providers = new LinkedHashMap<String, Provider>();
    s.parts("providers").forEach((name, p) -> providers.put(name, provider(name, p, variables)));
    var gates = s.part("gates");
    var standing = new StandingGates(gates.words("suites", List.of()), gates.text("judge", null));
    if (standing.judge() != null && standing.suites().isEmpty()) {
      gates.problem("judge: there is nothing to grade for. Add suites: [\"suite:safety>=0.9\"]");
    }
    var routing = RoutingSettings.read(s.part("routing"));
    var ai = AiSettings.read(s.part("ai"));
    var accounting = Accounting.read(s, variables);
    s.done();
    return new LatheYaml(providers, limits, standing, routing, ai, accounting);
  }

  private static Provider provider(String name, Settings s, Variables variables) {
    if (!NAME.matcher(name).matches()) {
      s.problem(
          "'%s' is no name for a provider: use lower-case letters, digits, '-' and '_'"
              .formatted(name));
    }
    var kind = kind(s);
    var endpoints = s.parts("endpoints");
    var only =
        new Provider(
            name,
            kind,
            endpoints.isEmpty() || s.has("baseUrl")
                ? address(s, kind, variables.in(s, "baseUrl"))
                : NOWHERE,
            key(s, variables),
            kind == ProviderKind.ANTHROPIC
                ? s.integer("maxTokens", MAX_TOKENS, 1, 1_000_000)
                : MAX_TOKENS,
            s.words("models", List.of()),
            seconds(s.number("timeoutSeconds", 600, 0.001, 86_400)),
            s.integer("connections", 256, 1, 65_536),
            kind != ProviderKind.OPENAI || s.flag("streamUsage", true),
            "",
            1,
            List.of());
    if (endpoints.isEmpty()) {
      return only;
    }
    var parts = new ArrayList<Provider>();
    endpoints.forEach(
        (part, e) -> {
          var address = variables.in(e, "baseUrl");
          var key = key(e, variables);
          parts.add(
              only.at(
                  part,
                  address == null && s.has("baseUrl") ? only.baseUrl() : address(e, kind, address),
                  key == null ? only.apiKey() : key,
                  e.number("weight", 1, 0.000_001, 1e9)));
        });
    return only.over(parts);
  }

  private static @Nullable Secret key(Settings s, Variables variables) {
    var key = variables.in(s, "apiKey");
    return key == null || key.isEmpty() ? null : new Secret(key);
  }

  /** OpenAI's where it is not told, so that the other problems are found as well. */
  private static ProviderKind kind(Settings s) {
    var type = s.text("type", null);
    var known =
        Stream.of(ProviderKind.values()).map(k -> k.name().toLowerCase(Locale.ROOT)).toList();
    if (type == null) {
      s.problem("type: it is missing. 'openai' means any server with OpenAI's API");
    } else if (LATER.contains(type)) {
      s.problem(
          "type: '%s' is not spoken here yet; %s are. Many providers offer OpenAI's API beside their own"
              .formatted(type, String.join(", ", known)));
    } else if (!known.contains(type)) {
      s.problem("type: '%s' is unknown. Known: %s".formatted(type, String.join(", ", known)));
    } else {
      return ProviderKind.valueOf(type.toUpperCase(Locale.ROOT));
    }
    return ProviderKind.OPENAI;
  }

  private static final URI NOWHERE = URI.create("http://127.0.0.1:9");

  private static URI address(Settings s, ProviderKind kind, @Nullable String given) {
    var text = given == null ? kind.baseUrl() : given.replaceAll("/+$", "");
    if (kind != ProviderKind.OPENAI) {
      text = text.replaceAll("/(v1|v2|api)$", ""); // it begins the paths of their APIs
    }
    try {
      var uri = new URI(text);
      var scheme = String.valueOf(uri.getScheme());
      boolean plain = uri.getQuery() == null && uri.getFragment() == null;
      if ((scheme.equals("http") || scheme.equals("https"))
          && uri.getHost() != null
          && uri.getUserInfo() == null
          && plain) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // told below, as for an address of another kind
    }
    // The text may hold a key, so it is not repeated.
    s.problem("baseUrl: no address of the form http://host[:port]/path or https://…");
    return NOWHERE;
  }

  private static Duration seconds(double seconds) {
    return Duration.ofMillis(Math.max(1, Math.round(seconds * 1000)));
  }
}
