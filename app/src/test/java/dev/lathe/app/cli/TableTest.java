package dev.lathe.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TableTest {
  @Test
  void alignsTextLeftAndNumbersRight() {
    var out = new ByteArrayOutputStream();
    new Table("NAME", "TOKENS")
        .row("a", "1,234")
        .row("grüße", "5")
        .print(new PrintStream(out, true, StandardCharsets.UTF_8));
    assertThat(out.toString(StandardCharsets.UTF_8))
        .isEqualTo("NAME   TOKENS\na       1,234\ngrüße       5\n");
  }
}
