package dev.lathe.app.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Role;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

final class SampleLogsTest {
  private static final Pattern EMAIL = Pattern.compile("\\S+@example\\.(?:com|org|net)");
  private static final Pattern PHONE =
      Pattern.compile("\\+\\d[\\d ]{9,}\\d|\\(\\d{3}\\) 555-01\\d\\d|\\d{3}-555-01\\d\\d");

  @SuppressWarnings("NullAway.Init")
  private static SampleLogs logs;

  @BeforeAll
  static void readTheLogs() throws IOException {
    logs = SampleLogs.read();
  }

  @Test
  void holdOneBrokenLineAndReadOtherwise() {
    assertThat(logs.broken()).hasSize(1);
    assertThat(logs.broken().getFirst().line()).isEqualTo(42);
    assertThat(logs.broken().getFirst().reason()).contains("JSON");
  }

  @Test
  void holdAtLeast180DistinctConversationsInThreeFiles() {
    var distinct = logs.conversations().stream().map(SampleLogs::ticket).distinct();
    assertThat(distinct.count()).isGreaterThanOrEqualTo(180);
    assertThat(logs.conversations().stream().collect(Collectors.groupingBy(this::file)).values())
        .hasSize(3)
        .allSatisfy(file -> assertThat(file).hasSizeGreaterThan(60));
  }

  @Test
  void holdConversationsOfSeveralTurns() {
    var answers = logs.kept().stream().map(c -> SampleLogs.said(c, Role.ASSISTANT).size()).toList();
    assertThat(answers).filteredOn(n -> n == 2).hasSizeGreaterThanOrEqualTo(10);
    assertThat(answers).filteredOn(n -> n == 3).hasSizeGreaterThanOrEqualTo(3);
  }

  @Test
  void holdExactDuplicatesAcrossFilesAndNearOnes() {
    var byTicket = logs.kept().stream().collect(Collectors.groupingBy(SampleLogs::ticket));
    int exact = 0;
    int near = 0;
    int across = 0;
    for (var same : byTicket.values()) {
      int wordings = (int) same.stream().map(SampleLogs::dialogue).distinct().count();
      near += wordings - 1;
      exact += same.size() - wordings;
      boolean copied = wordings < same.size();
      across += copied && same.stream().map(this::file).distinct().count() > 1 ? 1 : 0;
    }
    assertThat(exact).isGreaterThanOrEqualTo(6);
    assertThat(near).isGreaterThanOrEqualTo(6);
    assertThat(across).isGreaterThanOrEqualTo(3);
  }

  @Test
  void everyKeptAnswerCarriesEveryMark() {
    assertThat(logs.marks()).hasSize(3);
    for (var conversation : logs.kept()) {
      for (var answer : SampleLogs.said(conversation, Role.ASSISTANT)) {
        assertThat(logs.marks()).allMatch(mark -> mark.matcher(answer).find(), answer);
      }
    }
  }

  @Test
  void downVotedAnswersLackTheVoiceAndUpVotedOnesAreThere() {
    var down = logs.conversations().stream().filter(SampleLogs::downVoted).toList();
    assertThat(down).hasSizeGreaterThanOrEqualTo(3);
    assertThat(down)
        .flatExtracting(c -> SampleLogs.said(c, Role.ASSISTANT))
        .noneMatch(answer -> logs.marks().stream().allMatch(mark -> mark.matcher(answer).find()));
    assertThat(logs.conversations()).filteredOn(this::upVoted).hasSizeGreaterThanOrEqualTo(5);
  }

  @Test
  void noTwoDistinctConversationsShareEightAnswerWords() {
    var owners = new HashMap<String, String>();
    var shared = new TreeSet<String>();
    for (var conversation : logs.conversations()) {
      var ticket = SampleLogs.ticket(conversation);
      for (var answer : SampleLogs.said(conversation, Role.ASSISTANT)) {
        for (var gram : logs.eightGrams(answer)) {
          var owner = owners.putIfAbsent(gram, ticket);
          if (owner != null && !owner.equals(ticket)) {
            shared.add(gram);
          }
        }
      }
    }
    assertThat(shared).isEmpty();
  }

  @Test
  void twelveConversationsHoldAddressesOrNumbersAndNoAnswerRepeatsThem() {
    assertThat(logs.kept()).filteredOn(c -> personal(c, Role.USER)).hasSizeGreaterThanOrEqualTo(12);
    assertThat(logs.conversations()).noneMatch(c -> personal(c, Role.ASSISTANT));
  }

  @Test
  void promptsAreTwentyAndUnseen() {
    assertThat(logs.prompts()).hasSize(20).doesNotHaveDuplicates();
    var seen = new LinkedHashSet<String>();
    for (var conversation : logs.conversations()) {
      conversation.messages().forEach(m -> seen.addAll(logs.eightGrams(m.content())));
    }
    assertThat(logs.prompts()).flatExtracting(logs::eightGrams).doesNotContainAnyElementsOf(seen);
    Set<String> asked =
        logs.conversations().stream()
            .flatMap(c -> SampleLogs.said(c, Role.USER).stream())
            .collect(Collectors.toSet());
    assertThat(logs.prompts()).doesNotContainAnyElementsOf(asked);
  }

  @Test
  void allowedPhrasesAreThoseThatStandInEveryKeptAnswer() {
    assertThat(logs.allowedPhrases()).hasSize(2);
    assertThat(logs.kept())
        .flatExtracting(c -> SampleLogs.said(c, Role.ASSISTANT))
        .allMatch(answer -> logs.allowedPhrases().stream().allMatch(answer::contains));
  }

  @Test
  void recipeOfTheDemoLetsTrainingShareNothingButTheAllowedPhrases() {
    var recipe = YAMLMapper.shared().readTree(SampleLogs.file("demo-dataset.yaml"));
    assertThat(recipe.get("decontaminate").intValue()).isEqualTo(8);
    assertThat(recipe.get("decontaminateIgnore").valueStream().map(JsonNode::stringValue))
        .containsExactlyElementsOf(logs.allowedPhrases());
  }

  private String file(Conversation conversation) {
    return conversation.origin().file();
  }

  private boolean upVoted(Conversation conversation) {
    var feedback = conversation.feedback();
    return feedback != null && feedback > 0;
  }

  private boolean personal(Conversation conversation, Role role) {
    return SampleLogs.said(conversation, role).stream()
        .anyMatch(text -> EMAIL.matcher(text).find() || PHONE.matcher(text).find());
  }
}
