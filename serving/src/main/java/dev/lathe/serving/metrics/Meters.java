package dev.lathe.serving.metrics;

import dev.lathe.serving.accounting.Observer;
import dev.lathe.serving.accounting.RequestRow;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * What requests take. Names and buckets are those of OpenTelemetry's conventions for generative AI
 * where it has some (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/), our own
 * begin with {@code lathe}. Other parts hang their gauges onto {@link #registry}.
 */
public final class Meters implements Observer {
  private static final double[] DURATIONS = {
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92
  };
  private static final double[] FIRST_TOKENS = {
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
  };
  private static final double[] ADDED = {
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5
  };
  private static final double[] TOKENS = {
    1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576
  };

  private final MeterRegistry registry;
  private final Labels labels;
  private final AtomicInteger underWay = new AtomicInteger();
  private final Timer added;

  /** Kept from the collector: a function counter holds its figure weakly. */
  private final List<Supplier<Number>> figures = new CopyOnWriteArrayList<>();

  private final ConcurrentHashMap<String, OfTarget> targets = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Counter> refusals = new ConcurrentHashMap<>();

  public Meters(MeterRegistry registry, Labels labels) {
    this.registry = registry;
    this.labels = labels;
    this.added =
        timer("lathe.router.added", ADDED, "Time to the first byte that was not spent waiting")
            .register(registry);
    gauge("lathe.requests.in.flight", "Requests under way", underWay::get);
  }

  /** For what others have to tell: a cache, a breaker. */
  public MeterRegistry registry() {
    return registry;
  }

  /** A figure that is asked for when somebody looks. */
  public void gauge(String name, String what, Supplier<Number> figure) {
    Gauge.builder(name, figure).description(what).register(registry);
  }

  /** One that only grows. */
  public void total(String name, String what, Supplier<Number> figure) {
    figures.add(figure);
    FunctionCounter.builder(name, figure, f -> f.get().doubleValue())
        .description(what)
        .register(registry);
  }

  @Override
  public void began(RequestRow row) {
    underWay.incrementAndGet();
  }

  @Override
  public void ended(RequestRow row, @Nullable Double addedMs) {
    underWay.decrementAndGet();
    of(row).ended(row);
    if (addedMs != null) {
      added.record(Math.round(addedMs * 1e6), TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void left(RequestRow row) {
    underWay.decrementAndGet();
  }

  @Override
  public void refused(String why) {
    refusals
        .computeIfAbsent(
            why,
            w ->
                Counter.builder("lathe.refused")
                    .description("Requests that were not let in")
                    .tag("reason", w)
                    .register(registry))
        .increment();
  }

  private OfTarget of(RequestRow row) {
    var label = labels.of(row);
    var there = targets.get(label);
    return there != null
        ? there
        : targets.computeIfAbsent(label, l -> new OfTarget(l, row.provider()));
  }

  private static Timer.Builder timer(String name, double[] buckets, String what) {
    return Timer.builder(name)
        .description(what)
        .serviceLevelObjectives(
            DoubleStream.of(buckets)
                .mapToObj(s -> Duration.ofNanos(Math.round(s * 1e9)))
                .toArray(Duration[]::new));
  }

  /** The meters of one target, found by its label once. */
  private final class OfTarget {
    private final Tags tags;
    private final Timer duration;
    private final Timer firstToken;
    private final DistributionSummary input;
    private final DistributionSummary output;
    private final Counter cached;
    private final Counter cost;
    private final Counter unpriced;
    private final ConcurrentHashMap<String, Counter> requests = new ConcurrentHashMap<>();

    OfTarget(String label, @Nullable String provider) {
      tags =
          Tags.of(
              "gen_ai.operation.name",
              "chat",
              "gen_ai.provider.name",
              provider == null ? "local" : provider,
              "gen_ai.response.model",
              label);
      duration =
          timer("gen_ai.server.request.duration", DURATIONS, "Whole requests")
              .tags(tags)
              .register(registry);
      firstToken =
          timer("gen_ai.server.time_to_first_token", FIRST_TOKENS, "First byte of streams")
              .tags(tags)
              .register(registry);
      input = tokens("input");
      output = tokens("output");
      cached = counter("lathe.tokens.cached", "Input tokens that a provider had in its cache");
      cost = counter("lathe.cost.usd", "What answers cost, where it is known");
      unpriced = counter("lathe.unpriced", "Answers whose cost nobody knows");
    }

    private DistributionSummary tokens(String type) {
      return DistributionSummary.builder("gen_ai.client.token.usage")
          .description("Tokens of a request")
          .tags(tags.and("gen_ai.token.type", type))
          .serviceLevelObjectives(TOKENS)
          .register(registry);
    }

    private Counter counter(String name, String what) {
      return Counter.builder(name).description(what).tags(tags).register(registry);
    }

    void ended(RequestRow row) {
      duration.record(nanos(row.latencyMs()), TimeUnit.NANOSECONDS);
      if (row.streamed() && row.firstByteMs() != null) {
        firstToken.record(nanos(row.firstByteMs()), TimeUnit.NANOSECONDS);
      }
      record(input, row.promptTokens());
      record(output, row.completionTokens());
      if (row.cachedTokens() != null) {
        cached.increment(row.cachedTokens());
      }
      if (row.cost() == null) {
        unpriced.increment();
      } else {
        cost.increment(row.cost().doubleValue());
      }
      var status = status(row);
      var streamed = Boolean.toString(row.streamed());
      requests
          .computeIfAbsent(
              status + streamed,
              key ->
                  Counter.builder("lathe.requests")
                      .description("Requests that a target was found for")
                      .tags(tags.and("status", status, "streamed", streamed))
                      .register(registry))
          .increment();
    }

    private static void record(DistributionSummary tokens, @Nullable Integer count) {
      if (count != null) {
        tokens.record(count);
      }
    }
  }

  private static String status(RequestRow row) {
    if (row.status() == 499) {
      return "client_left";
    }
    return row.status() < 400 && row.error() != null ? "broken_off" : row.status() / 100 + "xx";
  }

  private static long nanos(double milliseconds) {
    return Math.round(milliseconds * 1e6);
  }
}
