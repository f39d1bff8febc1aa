package dev.lathe.app.cli;

import dev.lathe.app.owner.ApiError;
import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Talks to a target through the same API as every client. */
@Command(
    name = "chat",
    description = "talk to a model, a base or a provider's model; answers appear as they are made")
public final class Chat extends HomeCommand {
  @Parameters(
      index = "0",
      paramLabel = "TARGET",
      description = "MODEL, MODEL@ALIAS, MODEL@N, BASE, PROVIDER:MODEL or an experiment")
  String target = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "QUESTION",
      description = "one question; without it lines are read until the end of the input")
  @Nullable String question;

  @Option(names = "--system", paramLabel = "TEXT", description = "what the model is told first")
  @Nullable String system;

  @Option(names = "--temperature", paramLabel = "T", description = "0 for the likeliest words")
  @Nullable Double temperature;

  @Option(names = "--max-tokens", paramLabel = "N", description = "of one answer")
  @Nullable Integer maxTokens;

  @Option(names = "--user", paramLabel = "ID", description = "who asks; experiments go by it")
  @Nullable String user;

  private final List<Map<String, String>> messages = new ArrayList<>();

  public Chat(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) throws IOException {
    if (system != null) {
      say("system", system);
    }
    if (question != null) {
      var told = ask(owner, question, !json());
      print(told, t -> terminal().out().println());
      return ExitStatus.DONE;
    }
    if (json()) {
      throw new BadInput(
          "with --json one question is asked", target, "Add it: ./lathe chat TARGET \"…\" --json");
    }
    return talk(owner);
  }

  /** Reads lines; an error ends no conversation. */
  private int talk(OwnerClient owner) throws IOException {
    boolean live = terminal().live();
    if (live) {
      terminal().err().println("Talking to " + target + ". /clear forgets, Ctrl-D ends.");
    }
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    int status = ExitStatus.DONE;
    while (true) {
      if (live) {
        terminal().err().print("> ");
        terminal().err().flush();
      }
      var line = in.readLine();
      if (line == null || line.strip().equals("/quit")) {
        return status;
      }
      if (line.strip().equals("/clear")) {
        messages.removeIf(m -> !"system".equals(m.get("role")));
      } else if (!line.isBlank()) {
        try {
          ask(owner, line, true);
          terminal().out().println();
        } catch (ApiError e) {
          if (!live) {
            throw e;
          }
          messages.removeLast();
          terminal().out().println();
          terminal().err().println("lathe: " + e.what() + " " + e.remedy());
        }
      }
    }
  }

  private void say(String role, String content) {
    messages.add(Map.of("role", role, "content", content));
  }

  /** Asks with everything said so far, and keeps the answer. */
  private Map<String, @Nullable Object> ask(OwnerClient owner, String text, boolean shown) {
    say("user", text);
    var started = System.nanoTime();
    var answer = new ChatAnswer(shown ? terminal().out() : null);
    var headers = owner.stream("v1/chat/completions", body(), answer::take);
    say("assistant", answer.text());
    var told = new LinkedHashMap<String, @Nullable Object>();
    told.put("id", headers.get("x-lathe-id"));
    told.put("target", target);
    told.put("route", headers.get("x-lathe-route"));
    told.put("version", headers.get("x-lathe-version"));
    told.put("experiment", headers.get("x-lathe-experiment"));
    told.put("answer", answer.text());
    told.put("finishReason", answer.finishReason());
    told.put("usage", answer.usage());
    told.put("seconds", (System.nanoTime() - started) / 1e9);
    return told;
  }

  private Map<String, Object> body() {
    var body = new LinkedHashMap<String, Object>();
    body.put("model", target);
    body.put("messages", messages);
    body.put("stream", true);
    body.put("stream_options", Map.of("include_usage", true));
    if (temperature != null) {
      body.put("temperature", temperature);
    }
    if (maxTokens != null) {
      body.put("max_tokens", maxTokens);
    }
    if (user != null) {
      body.put("user", user);
    }
    return body;
  }
}
