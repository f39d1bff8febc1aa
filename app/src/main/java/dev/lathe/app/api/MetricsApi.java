package dev.lathe.app.api;

import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.metrics.Meters;
import dev.lathe.serving.providers.llama.LlamaEngines;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Figures for Prometheus. */
@RestController
class MetricsApi {
  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  private final Meters meters;

  MetricsApi(Meters meters, RequestLog requests, LlamaEngines engines) {
    this.meters = meters;
    if (!(meters.registry() instanceof PrometheusMeterRegistry registry)) {
      return;
    }
    meters.gauge("lathe.request.log.waiting", "Rows in memory", requests::waiting);
    meters.total("lathe.request.log.written", "Rows in the database", requests::written);
    meters.total("lathe.request.log.lost", "Rows that no database has", requests::lost);
    meters.gauge("lathe.engines.loaded", "Local engines that run", () -> engines.loaded().size());
    List.of(
            new JvmMemoryMetrics(),
            new JvmThreadMetrics(),
            new ClassLoaderMetrics(),
            new ProcessorMetrics(),
            new UptimeMetrics(),
            new FileDescriptorMetrics())
        .forEach(m -> m.bindTo(registry));
    new JvmGcMetrics().bindTo(registry);
  }

  @GetMapping("/metrics")
  void metrics(HttpServletRequest request, HttpServletResponse response) throws IOException {
    if (!(meters.registry() instanceof PrometheusMeterRegistry registry)) {
      throw new NotFound(
          "only './lathe serve' has metrics", "/metrics", "Start it, and ask its address.");
    }
    var accept = request.getHeader("Accept");
    boolean open = accept != null && accept.contains("application/openmetrics-text");
    response.setContentType(open ? OPEN_METRICS : TEXT);
    registry.scrape(response.getOutputStream(), open ? OPEN_METRICS : TEXT);
  }
}
