package dev.lathe.app.openai;

import dev.lathe.app.owner.Home;
import java.time.Clock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The files of a home, for its owner. */
@Configuration(proxyBeanMethods = false)
class FileParts {
  @Bean(initMethod = "recover")
  FileStore fileStore(Home home) {
    return new FileStore(home.folder().resolve("files"), Clock.systemUTC());
  }
}
