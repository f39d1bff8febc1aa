package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation;

/** What one entry of a log turned out to be. */
public sealed interface LogEntry {
  /** The line, from 1, where the entry began. */
  long line();

  record Read(Conversation conversation) implements LogEntry {
    @Override
    public long line() {
      return conversation.origin().line();
    }
  }

  /**
   * Two answers to one context.
   *
   * @param chosen its feedback is 1
   * @param rejected its feedback is 0
   */
  record Compared(Conversation chosen, Conversation rejected) implements LogEntry {
    @Override
    public long line() {
      return chosen.origin().line();
    }
  }

  /** Cannot be used; the reason is for the person who wrote the log. */
  record Broken(long line, String reason) implements LogEntry {}

  /**
   * Not a conversation of its own: feedback, which stands in the conversation it speaks of, or an
   * answer whose chat goes on in a later answer of the log.
   */
  record Joined(long line, String why) implements LogEntry {}
}
