package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.AddedTokens;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseExtension;
import dev.lathe.checkpoints.bases.BaseRecord;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.Catalogue;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Pull;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** The bases of the home: what is here, what could be, and bringing it. */
@RestController
@RequestMapping("/api/bases")
class BasesApi {
  private final BaseStore store;
  private final JsonMapper json;

  BasesApi(Home home, JsonMapper json) {
    this.store = new BaseStore(home.bases());
    this.json = json;
  }

  /**
   * @param here false for a base that the catalogue knows and nobody has pulled
   * @param problem what is wrong with a damaged one
   */
  record Listed(
      String name,
      boolean here,
      @Nullable String source,
      @Nullable String weightsSha256,
      @Nullable String architecture,
      @Nullable Long parameters,
      @Nullable String licence) {
    static Listed of(Base base) {
      var known = Catalogue.find(base.name());
      return new Listed(
          base.name(),
          true,
          base.source(),
          base.weightsSha256(),
          base.config().architecture(),
          known.map(Catalogue.Known::parameters).orElse(null),
          known.map(Catalogue.Known::licence).orElse(null));
    }

    static Listed of(Catalogue.Known known) {
      return new Listed(
          known.name(),
          false,
          known.sources().getFirst().toString(),
          null,
          null,
          known.parameters(),
          known.licence());
    }
  }

  record Listing(List<Listed> items, List<String> damaged) {}

  @GetMapping
  Listing list() {
    var here = store.list();
    var items = new ArrayList<Listed>(here.stream().map(Listed::of).toList());
    Catalogue.all().stream()
        .filter(k -> here.stream().noneMatch(b -> b.name().equals(k.name())))
        .map(Listed::of)
        .forEach(items::add);
    return new Listing(
        items, store.damaged().stream().map(BadInput::getMessage).map(String::valueOf).toList());
  }

  record Shown(
      String name,
      String folder,
      String source,
      String weightsSha256,
      String tokenizerSha256,
      String templateSha256,
      String pulledAt,
      ModelConfig config,
      Map<String, BaseRecord.FileRecord> files,
      List<BaseRecord.Attempt> tried,
      BaseRecord.@Nullable Extension extension) {
    static Shown of(Base base, BaseRecord record) {
      return new Shown(
          base.name(),
          base.folder().toString(),
          base.source(),
          base.weightsSha256(),
          base.tokenizerSha256(),
          base.templateSha256(),
          record.pulledAt(),
          base.config(),
          record.files(),
          record.tried(),
          record.extension());
    }
  }

  @GetMapping("{name}")
  Shown show(@PathVariable String name) {
    return Shown.of(store.require(name), store.record(name));
  }

  /** Hashes every file again. */
  @PostMapping("{name}/verify")
  Shown verify(@PathVariable String name) {
    return Shown.of(store.verify(name), store.record(name));
  }

  @DeleteMapping("{name}")
  Map<String, String> remove(@PathVariable String name) {
    store.remove(name);
    return Map.of("removed", name);
  }

  /**
   * @param name of the new base
   * @param special whether the tokens are marks; else they are words
   * @param chatTemplate Jinja; null keeps the old one's
   */
  record More(
      @Nullable String name,
      @Nullable List<String> tokens,
      boolean special,
      @Nullable String chatTemplate) {}

  /** Makes a base with more tokens of one that is here. */
  @PostMapping("{from}/extend")
  void extend(@PathVariable String from, @RequestBody More more, HttpServletResponse response)
      throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          var base = store.require(from);
          if (more.chatTemplate() != null) {
            ChatTemplate.of(more.chatTemplate(), base.folder()); // refuses what is no Jinja
          }
          var tokens =
              new AddedTokens(more.tokens() == null ? List.of() : more.tokens(), more.special());
          var made =
              new BaseExtension(store)
                  .extend(from, tokens, String.valueOf(more.name()), more.chatTemplate());
          return Shown.of(made, store.record(made.name()));
        });
  }

  record Wanted(String ref) {}

  @PostMapping("pull")
  void pull(@RequestBody Wanted wanted, HttpServletResponse response) throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          var base = new Pull(store).pull(wanted.ref(), progress::accept);
          return Shown.of(base, store.record(base.name()));
        });
  }
}
