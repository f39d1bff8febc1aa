package dev.lathe.app.page;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Properties;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.CacheControl;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * The libraries of the page, out of their webjars and without their version in the path, so that
 * the import map need not know it. A browser asks each time whether a file changed and mostly hears
 * that it did not.
 */
@Configuration(proxyBeanMethods = false)
class PageFiles implements WebMvcConfigurer {
  private static final String WEBJARS = "org.webjars.npm";

  /** Name under {@code /lib/}, then where the jar keeps its files. */
  private static final Map<String, String> LIBRARIES =
      Map.of(
          "lit", folder("webjars", WEBJARS, "lit"),
          "lit-html", folder("webjars", WEBJARS, "lit-html"),
          "lit-element", folder("webjars", WEBJARS, "lit-element"),
          "reactive-element", folder("webjars", WEBJARS, "lit__reactive-element"),
          "echarts", folder("_static", "org.mvnpm", "echarts"));

  @Override
  public void addResourceHandlers(ResourceHandlerRegistry registry) {
    LIBRARIES.forEach(
        (name, folder) ->
            registry
                .addResourceHandler("/lib/" + name + "/**")
                .addResourceLocations("classpath:" + folder)
                .setCacheControl(CacheControl.noCache()));
    registry
        .addResourceHandler("/page/**")
        .addResourceLocations("classpath:/static/page/")
        .setCacheControl(CacheControl.noCache());
    registry
        .addResourceHandler("/*.html", "/*.css", "/*.js", "/*.svg")
        .addResourceLocations("classpath:/static/")
        .setCacheControl(CacheControl.noCache());
  }

  private static String folder(String root, String group, String artifact) {
    var file = "/META-INF/maven/" + group + "/" + artifact + "/pom.properties";
    try (var in = PageFiles.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("the class path has no " + group + ":" + artifact);
      }
      var properties = new Properties();
      properties.load(in);
      return "/META-INF/resources/"
          + root
          + "/"
          + artifact
          + "/"
          + properties.getProperty("version")
          + "/";
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }
}
