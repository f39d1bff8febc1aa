package dev.lathe.app.cli;

import dev.lathe.app.demo.ScriptedUsers;
import dev.lathe.app.demo.Voice;
import dev.lathe.app.owner.ApiError;
import dev.lathe.app.owner.OwnerClient;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** The demo's second half: the version, its gates and promotion, serving, and the experiment. */
final class DemoServing {
  private static final String ALIAS = "champion";

  /** The longest answer of the sample logs has about 110 tokens. */
  private static final int MAX_TOKENS = 160;

  /** Two for every question, so that most questions are answered by both arms. */
  private static final int USERS = 40;

  private static final int REGISTERED_WITHIN_SECONDS = 60;
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  private final OwnerClient owner;
  private final Terminal terminal;

  DemoServing(OwnerClient owner, Terminal terminal) {
    this.owner = owner;
    this.terminal = terminal;
  }

  /** The version that the owner makes of a completed run. */
  String version(String run) throws InterruptedException {
    for (int i = 0; i < 10 * REGISTERED_WITHIN_SECONDS; i++) {
      var version = owner.get("runs/" + Text.segment(run)).path("version").asString("");
      if (!version.isEmpty()) {
        return version;
      }
      Thread.sleep(100);
    }
    throw new ApiError(
        500,
        "the run did not become a version",
        run,
        "'./lathe models register " + run + "' tells why.");
  }

  /**
   * What came of the promotion.
   *
   * @param champion the version that the alias stands on now
   * @param promotion as {@code models promote} has it; missing when the version before stayed
   * @param told in words
   */
  record Promoted(String champion, JsonNode promotion, String told) {}

  /**
   * Promotes through the gates. When they refuse, the version before stays; where there is none,
   * the promotion is forced, and the history keeps that and why.
   */
  Promoted promote(String version) {
    try {
      var promotion = promote(version, false, "the demo");
      return new Promoted(version, promotion, gates(promotion));
    } catch (ApiError e) {
      if (e.status() >= 500) {
        throw e;
      }
      var champion = champion(version);
      if (!champion.isEmpty()) {
        return new Promoted(
            champion, MissingNode.getInstance(), champion + " stays: " + version + " is refused");
      }
      var promotion = promote(version, true, "the demo goes on although a gate refused");
      return new Promoted(version, promotion, "forced, because a gate refused: " + e.value());
    }
  }

  private String champion(String version) {
    var name = version.substring(0, version.indexOf('@'));
    for (var model : owner.get("models").path("items")) {
      if (model.path("name").asString("").equals(name)) {
        return model.path("aliases").path(ALIAS).asString("");
      }
    }
    return "";
  }

  private JsonNode promote(String version, boolean force, String reason) {
    var body =
        Map.<String, Object>of(
            "version", version, "alias", ALIAS, "reason", reason, "force", force, "by", "demo");
    try (var progress = new Progress(terminal)) {
      return owner.work("models/promote", body, told -> ModelChanges.Promote.tell(told, progress));
    }
  }

  private static String gates(JsonNode promotion) {
    long passed = promotion.path("gates").valueStream().filter(g -> isPassed(g)).count();
    return "%s is %s; %d of %d gates passed"
        .formatted(
            promotion.path("version").asString(""),
            promotion.path("alias").asString(""),
            passed,
            promotion.path("gates").size());
  }

  private static boolean isPassed(JsonNode gate) {
    return gate.path("passed").asBoolean(false);
  }

  /** Loads what will be asked, by asking each for a word. */
  void serve(List<String> targets) {
    for (var target : targets) {
      desk().ask(target, "the demo", "Hello!", 1);
    }
  }

  /** What the scripted users did. */
  record Trial(JsonNode report, Map<String, List<String>> answers) {}

  /** Runs the experiment, ends it, and fills in what the users did not happen to ask. */
  Trial trial(String base, String champion, List<String> prompts, Voice voice, Clock clock) {
    var id = "demo-" + STAMP.format(LocalDateTime.now(clock));
    var arms =
        List.of(
            Map.of("target", base),
            Map.of("target", champion.substring(0, champion.indexOf('@')) + "@" + ALIAS));
    owner.post("experiments", Map.of("id", id, "arms", arms), OwnerClient.Repeat.SAFE);
    try (var progress = new Progress(terminal)) {
      var users =
          new ScriptedUsers(
              desk(), prompts, voice, n -> progress.update("answers", n, 0, "of scripted users"));
      var heard = users.takePart(id, USERS);
      var sides = users.sideBySide(List.of(base, champion), heard);
      var report = owner.post("experiments/" + id + "/stop", Map.of(), OwnerClient.Repeat.SAFE);
      return new Trial(report, sides);
    }
  }

  private Desk desk() {
    return new Desk(owner);
  }

  /** The router and the feedback of the owner. */
  private record Desk(OwnerClient owner) implements ScriptedUsers.Desk {
    @Override
    public ScriptedUsers.Reply ask(String target, String user, String prompt) {
      return ask(target, user, prompt, MAX_TOKENS);
    }

    ScriptedUsers.Reply ask(String target, String user, String prompt, int tokens) {
      var body =
          Map.<String, Object>of(
              "model",
              target,
              "user",
              user,
              "messages",
              List.of(Map.of("role", "user", "content", prompt)),
              "temperature",
              0,
              "max_tokens",
              tokens,
              "stream",
              true);
      var answer = new ChatAnswer(null);
      var headers = owner.stream("v1/chat/completions", body, answer::take);
      return new ScriptedUsers.Reply(
          headers.getOrDefault("x-lathe-id", ""),
          headers.getOrDefault("x-lathe-route", target),
          answer.text());
    }

    @Override
    public void vote(String answerId, boolean up) {
      owner.post(
          "feedback", Map.of("id", answerId, "thumb", up ? "up" : "down"), OwnerClient.Repeat.SAFE);
    }
  }
}
