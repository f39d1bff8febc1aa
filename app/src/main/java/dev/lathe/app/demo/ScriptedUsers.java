package dev.lathe.app.demo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/**
 * Users that a script plays: each asks the desk one question through the experiment and votes for
 * the answer when it is in the desk's voice, against it otherwise.
 */
public final class ScriptedUsers {
  /** So many at a time: each arm's engine has a core of its own and answers some together. */
  private static final int AT_ONCE = 8;

  /** Where they ask and vote. */
  public interface Desk {
    /**
     * @param target what to ask: the experiment, or one of its arms
     * @param user who asks
     */
    Reply ask(String target, String user, String prompt);

    /** Votes for an answer or against it. */
    void vote(String answerId, boolean up);
  }

  /**
   * @param id of the answer, which feedback names
   * @param target what answered
   */
  public record Reply(String id, String target, String text) {}

  private final Desk desk;
  private final List<String> prompts;
  private final Voice voice;
  private final IntConsumer done;
  private int answered;

  /**
   * @param done told how many have their answer
   */
  public ScriptedUsers(Desk desk, List<String> prompts, Voice voice, IntConsumer done) {
    this.desk = desk;
    this.prompts = List.copyOf(prompts);
    this.voice = voice;
    this.done = done;
  }

  /** So many users take part; returns what each target answered, by prompt. */
  public Map<String, Map<String, String>> takePart(String experiment, int users) {
    var work = new ArrayList<Callable<Answered>>();
    for (int i = 0; i < users; i++) {
      var user = "user-%02d".formatted(i + 1);
      var prompt = prompts.get(i % prompts.size());
      work.add(
          () -> {
            var reply = desk.ask(experiment, user, prompt);
            desk.vote(reply.id(), voice.isIn(reply.text()));
            return new Answered(prompt, reply);
          });
    }
    var byTarget = new LinkedHashMap<String, Map<String, String>>();
    for (var answered : all(work)) {
      byTarget
          .computeIfAbsent(answered.reply().target(), t -> new LinkedHashMap<>())
          .put(answered.prompt(), answered.reply().text());
    }
    return byTarget;
  }

  /**
   * What each target answers to every prompt, side by side.
   *
   * @param known answers that were given already: greedily, so the same would come again
   */
  public Map<String, List<String>> sideBySide(
      List<String> targets, Map<String, Map<String, String>> known) {
    var work = new ArrayList<Callable<Answered>>();
    for (var prompt : prompts) {
      for (var target : targets) {
        if (!known.getOrDefault(target, Map.of()).containsKey(prompt)) {
          work.add(() -> new Answered(prompt, desk.ask(target, "side by side", prompt), target));
        }
      }
    }
    var whole = new LinkedHashMap<String, Map<String, String>>();
    targets.forEach(t -> whole.put(t, new LinkedHashMap<>(known.getOrDefault(t, Map.of()))));
    for (var answered : all(work)) {
      whole
          .computeIfAbsent(answered.asked(), t -> new LinkedHashMap<>())
          .put(answered.prompt(), answered.reply().text());
    }
    var answers = new LinkedHashMap<String, List<String>>();
    whole.forEach(
        (target, byPrompt) -> answers.put(target, prompts.stream().map(byPrompt::get).toList()));
    return answers;
  }

  private record Answered(String prompt, Reply reply, String asked) {
    Answered(String prompt, Reply reply) {
      this(prompt, reply, reply.target());
    }
  }

  private List<Answered> all(List<Callable<Answered>> work) {
    try (var pool = Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory())) {
      var futures = new ArrayList<Future<Answered>>();
      work.forEach(w -> futures.add(pool.submit(w)));
      var all = new ArrayList<Answered>();
      for (var future : futures) {
        try {
          all.add(future.get());
          done.accept(++answered);
        } catch (ExecutionException e) {
          pool.shutdownNow();
          throw e.getCause() instanceof RuntimeException r
              ? r
              : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
          pool.shutdownNow();
          Thread.currentThread().interrupt();
          throw new IllegalStateException("interrupted", e);
        }
      }
      return all;
    }
  }
}
