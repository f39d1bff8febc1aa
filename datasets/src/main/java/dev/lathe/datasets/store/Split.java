package dev.lathe.datasets.store;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.preference.JudgedAnswer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The parts of a dataset. */
public enum Split {
  TRAIN,
  VALIDATION,
  TEST;

  /** The name of its files and its key in the manifest. */
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static List<String> names() {
    return Arrays.stream(values()).map(Split::wire).toList();
  }

  /**
   * The split of that name.
   *
   * @throws BadInput for an unknown one
   */
  public static Split of(String name) {
    return Arrays.stream(values())
        .filter(s -> s.wire().equals(name))
        .findFirst()
        .orElseThrow(() -> new BadInput("unknown split", name, DidYouMean.remedy(name, names())));
  }

  /**
   * Where a conversation belongs: by a hash of its user, or of its own id where the log names no
   * user; a judged answer by a hash of its context. It depends on nothing else, so it stays when
   * logs grow, and a user or a context stays on one side.
   */
  public static Split of(Conversation conversation, DatasetRecipe recipe) {
    return of(key(conversation, recipe), recipe);
  }

  private static String key(Conversation conversation, DatasetRecipe recipe) {
    if (recipe.kind() == DatasetRecipe.Kind.PREFERENCE) {
      return "context:" + JudgedAnswer.marked(conversation).contextKey();
    }
    var user = conversation.user();
    return user == null ? "conversation:" + conversation.id() : "user:" + user;
  }

  private static Split of(String key, DatasetRecipe recipe) {
    byte[] hash =
        Sha256.digest().digest((recipe.seed() + "\n" + key).getBytes(StandardCharsets.UTF_8));
    double place = (ByteBuffer.wrap(hash).getLong() >>> 11) * 0x1p-53;
    if (place < recipe.test()) {
      return TEST;
    }
    return place < recipe.test() + recipe.validation() ? VALIDATION : TRAIN;
  }
}
