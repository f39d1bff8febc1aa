package dev.lathe.datasets.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.cleaning.Pii;
import dev.lathe.datasets.cleaning.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetRecipeTest {
  @TempDir Path folder;

  @Test
  void theDefaultsArePinned() {
    assertThat(DatasetRecipe.defaults().toMap().toString())
        .isEqualTo(
            "{kind=auto, pairsPerContext=16, maxLength=2048, truncation=end, validation=0.05, test=0.05, seed=7, dedupe=near,"
                + " redact=[email, token, iban, card, ip, phone], downVoted=drop, minTurns=2,"
                + " maxCharacters=1000000, decontaminate=0, decontaminateIgnore=[]}");
    assertThat(DatasetRecipe.defaults().cleaner().rules())
        .extracting(Rule::name)
        .containsExactly(
            "down-voted",
            "normalise",
            "role-repair",
            "empty",
            "no-assistant",
            "secret",
            "length",
            "redact");
  }

  @Test
  void aFileIsReadAndWordsAreLaidOverIt() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("r.yaml"),
            "maxLength: 512\nredact: [email, phone]\ndecontaminateIgnore:\n  - Best wishes\n");
    var recipe = DatasetRecipe.read(file, Map.of("maxLength", "256", "dedupe", "exact"));
    assertThat(recipe.maxLength()).isEqualTo(256);
    assertThat(recipe.dedupe()).isEqualTo(DatasetRecipe.Dedupe.EXACT);
    assertThat(recipe.redact()).containsExactlyInAnyOrder(Pii.EMAIL, Pii.PHONE);
    assertThat(recipe.decontaminateIgnore()).containsExactly("Best wishes");
    assertThat(DatasetRecipe.of(recipe.toMap())).isEqualTo(recipe);
    assertThat(DatasetRecipe.read(null, Map.of("redact", "none")).redact()).isEmpty();
  }

  @Test
  void aDayIsKeptAndReadBack() throws IOException {
    var file = Files.writeString(folder.resolve("r.yaml"), "date: 2026-11-21\n");
    var recipe = DatasetRecipe.read(file, Map.of());
    assertThat(recipe.date()).isEqualTo("2026-11-21");
    assertThat(DatasetRecipe.of(recipe.toMap())).isEqualTo(recipe);
    assertThat(DatasetRecipe.defaults().on(LocalDate.of(2026, 11, 21))).isEqualTo(recipe);
  }

  @Test
  void everyProblemIsToldAtOnce() {
    assertThatThrownBy(
            () ->
                DatasetRecipe.of(
                    Map.of(
                        "maxLenght",
                        5,
                        "dedupe",
                        "nearly",
                        "validation",
                        0.6,
                        "test",
                        0.6,
                        "redact",
                        List.of("emial"),
                        "date",
                        "today",
                        "template",
                        "/none.jinja")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("'maxLength'")
        .hasMessageContaining("'near'")
        .hasMessageContaining("leave nothing")
        .hasMessageContaining("'email'")
        .hasMessageContaining("'today' is no day such as")
        .hasMessageContaining("/none.jinja");
    assertThatThrownBy(() -> DatasetRecipe.read(folder.resolve("no.yaml"), Map.of()))
        .isInstanceOf(BadInput.class);
  }
}
