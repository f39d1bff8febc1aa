package dev.lathe.serving.settings;

import dev.lathe.checkpoints.input.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The table of prices that ships, {@code prices.yaml}.
 *
 * @param read the day on which it was true
 */
public record KnownPrices(LocalDate read, Map<String, Vendor> vendors) {
  /**
   * @param source the page that says so
   * @param hosts whose answers cost that; a gateway that speaks the same protocol is another
   */
  public record Vendor(String source, List<String> hosts, Map<String, Price> models) {
    public Vendor {
      hosts = List.copyOf(hosts);
      models = Map.copyOf(models);
    }
  }

  public KnownPrices {
    vendors = Map.copyOf(vendors);
  }

  public static KnownPrices shipped() {
    try (InputStream in =
        KnownPrices.class.getResourceAsStream("/dev/lathe/serving/accounting/prices.yaml")) {
      return of(
          new YAMLMapper()
              .readValue(Objects.requireNonNull(in), new TypeReference<Map<String, Object>>() {}));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static KnownPrices of(Map<String, Object> values) {
    var s = new Settings("price table", values);
    var read = LocalDate.parse(String.valueOf(s.text("read", null)));
    var vendors = new HashMap<String, Vendor>();
    s.parts("vendors")
        .forEach(
            (name, v) -> {
              var models = new HashMap<String, Price>();
              v.parts("models")
                  .forEach(
                      (model, p) -> {
                        var price = Price.read(p);
                        models.put(model, price);
                        p.words("also", List.of()).forEach(other -> models.put(other, price));
                      });
              vendors.put(
                  name,
                  new Vendor(
                      String.valueOf(v.text("source", null)), v.words("hosts", List.of()), models));
            });
    s.done();
    return new KnownPrices(read, vendors);
  }

  /** Null when nobody knows. */
  public @Nullable Price at(String host, String model) {
    for (var vendor : vendors.values()) {
      if (vendor.hosts().contains(host)) {
        return vendor.models().get(model);
      }
    }
    return null;
  }

  /** By the vendor's own name, as in {@code openai:gpt-4o-mini}. */
  public @Nullable Price of(String vendor, String model) {
    var known = vendors.get(vendor);
    return known == null ? null : known.models().get(model);
  }
}
