package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import java.util.regex.Pattern;

/** Drops conversations that hold a private key: nothing around one is fit to be learned. */
public final class Secret implements Rule {
  private static final Pattern PRIVATE_KEY =
      Pattern.compile("-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-");

  @Override
  public String name() {
    return "secret";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    for (var message : conversation.messages()) {
      if (holdsKey(message.content())
          || message.toolCalls().stream().anyMatch(call -> holdsKey(call.arguments()))) {
        return new Outcome.Dropped("a private key stands in it");
      }
    }
    return Rule.kept(conversation);
  }

  private static boolean holdsKey(String text) {
    return (text.contains("PRIVATE KEY") || text.contains("PuTTY"))
        && PRIVATE_KEY.matcher(text).find();
  }
}
