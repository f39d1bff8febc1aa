package dev.lathe.datasets.cleaning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DuplicatesTest {
  private final Random random = new Random(7);

  @Test
  void dropsWhatCameBeforeWordForWord() {
    var duplicates = new Duplicates();
    assertThat(check(duplicates, chat("a", "Hello there", "Hi"), false)).isEqualTo("kept");
    assertThat(check(duplicates, chat("b", "Hello there", "Hi"), false))
        .isEqualTo("exact-duplicate: the same as a");
    assertThat(check(duplicates, chat("c", "Hello there", "Hi!"), false)).isEqualTo("kept");
    assertThat(check(duplicates, chat("d", "Hello thereHi", ""), false)).isEqualTo("kept");
  }

  @Test
  void dropsNearDuplicatesAndKeepsThoseThatAreOnlyAlike() {
    var duplicates = new Duplicates();
    var text = words(200);
    assertThat(check(duplicates, chat("a", text, "Answer"), true)).isEqualTo("kept");
    assertThat(check(duplicates, chat("b", text + " once more", "Answer"), true))
        .startsWith("near-duplicate: 9");
    assertThat(check(duplicates, chat("c", text + words(200), "Answer"), true)).isEqualTo("kept");
    assertThat(check(duplicates, chat("d", words(200), "Answer"), true)).isEqualTo("kept");
  }

  @Test
  void aSharedSystemPromptMakesNoDuplicates() {
    var duplicates = new Duplicates();
    var system = Message.of(Role.SYSTEM, words(400));
    for (int i = 0; i < 5; i++) {
      var turns =
          List.of(system, Message.of(Role.USER, words(9)), Message.of(Role.ASSISTANT, words(9)));
      assertThat(check(duplicates, chat("c" + i, turns), true)).isEqualTo("kept");
    }
  }

  @Test
  void signaturesEstimateTheJaccardSimilarity() {
    double worst = 0;
    double sum = 0;
    for (int i = 0; i < 60; i++) {
      var a = words(120);
      var b = a.substring(0, a.length() * (40 + i) / 100) + words(60 - i / 2);
      double exact = jaccard(a, b);
      double estimate = estimate(a, b);
      worst = Math.max(worst, Math.abs(exact - estimate));
      sum += estimate - exact;
    }
    assertThat(worst).isLessThan(0.12);
    assertThat(Math.abs(sum / 60)).isLessThan(0.01);
  }

  @Test
  void thousandsOfOneTemplateTakeNoLongerThanTheyMust() {
    var duplicates = new Duplicates();
    var frame = words(60);
    long started = System.nanoTime();
    for (int i = 0; i < 3_000; i++) {
      check(duplicates, chat("c" + i, frame + words(14), "Answer"), true);
    }
    assertThat(System.nanoTime() - started).isLessThan(4_000_000_000L);
  }

  @Test
  void dropsTrainingConversationsThatSayWhatValidationSays() {
    var contamination = new Contamination(4, List.of("thank you for writing"));
    contamination.hold(chat("v", "q", "Thank you for writing to us, Anna.\nThe belt wears out."));
    contamination.hold(chat("v2", "q", "one two three"));
    assertThat(contamination.check(chat("a", "q", "Thank you for writing to us, Bob.\nNo.")))
        .isEmpty();
    assertThat(contamination.check(chat("b", "q", "I fear the belt, wears OUT soon")))
        .hasValueSatisfying(
            d -> {
              assertThat(d.rule()).isEqualTo("contaminated");
              assertThat(d.why()).isEqualTo("shares 'the belt wears out' with v");
            });
    assertThat(contamination.check(chat("c", "the belt wears out", "ok one two three"))).isEmpty();
  }

  private static double estimate(String a, String b) {
    int[] x = MinHash.signature(a);
    int[] y = MinHash.signature(b);
    return IntStream.range(0, x.length).filter(i -> x[i] == y[i]).count() / (double) x.length;
  }

  private static double jaccard(String a, String b) {
    var x = shingles(a);
    var y = shingles(b);
    var both = new HashSet<>(x);
    both.retainAll(y);
    return (double) both.size() / (x.size() + y.size() - both.size());
  }

  private static Set<String> shingles(String text) {
    return IntStream.rangeClosed(0, text.length() - MinHash.SHINGLE)
        .mapToObj(i -> text.substring(i, i + MinHash.SHINGLE))
        .collect(Collectors.toSet());
  }

  private String words(int n) {
    return random
        .ints(n, 0, 5_000)
        .mapToObj(w -> " w" + Integer.toString(w * 7919, 36))
        .collect(Collectors.joining());
  }

  private static String check(Duplicates duplicates, Conversation chat, boolean near) {
    return duplicates
        .check(chat, Fingerprint.of(chat, near))
        .map(d -> d.rule() + ": " + d.why())
        .orElse("kept");
  }

  private static Conversation chat(String id, String question, String answer) {
    return chat(id, List.of(Message.of(Role.USER, question), Message.of(Role.ASSISTANT, answer)));
  }

  private static Conversation chat(String id, List<Message> messages) {
    return new Conversation(
        id, messages, List.of(), null, null, new Conversation.Origin("f", 1), Map.of());
  }
}
