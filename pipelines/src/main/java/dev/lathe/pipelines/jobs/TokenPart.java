package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.chat.RenderCounts;
import dev.lathe.datasets.chat.Rendered;
import dev.lathe.datasets.chat.SourcesAndAnswers;
import dev.lathe.datasets.cleaning.Drop;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.store.ConversationJson;
import dev.lathe.datasets.store.DatasetVersion.Part;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.store.VersionFolder;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.Masking;
import dev.lathe.datasets.tokens.PieceCache;
import dev.lathe.datasets.tokens.Preferences;
import dev.lathe.datasets.tokens.ShardWriter;
import dev.lathe.datasets.tokens.Truncation;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.stream.IntStream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The third step: each conversation rendered by the template, tokenized, masked, cut to length and
 * written to its split. All of a batch but the writing is done by one worker, compression too: a
 * file of several gzip members is a gzip file (RFC 1952, section 2.2).
 */
final class TokenPart implements AutoCloseable {
  static final String TEMPLATE = "template";
  static final String TOO_LONG = "too-long";
  static final String NO_LABEL = "no-label";
  private static final int BATCH = 96;

  private final Spool spool;
  private final Tally tally;
  private final @Nullable PreferenceRows preferences;
  private final PieceCache tokenizer;
  private final ChatTemplate template;
  private final Truncation truncation;
  private final @Nullable SourcesAndAnswers answers;
  private final InOrder<int[], Batch> batches;
  private final Map<Split, Output> outputs = new EnumMap<>(Split.class);
  private Truncation.Counts cut = Truncation.Counts.NONE;
  private RenderCounts counts = RenderCounts.NONE;
  private final SortedMap<String, Long> judged = new TreeMap<>();
  private long straddling;
  private int drawn;
  private int done;

  TokenPart(
      Spool spool,
      Tally tally,
      @Nullable PreferenceRows preferences,
      PieceCache tokenizer,
      String tokenizerSha256,
      ChatTemplate template,
      Truncation truncation,
      @Nullable SourcesAndAnswers answers,
      VersionFolder folder,
      ExecutorService threads,
      int ahead) {
    this.spool = spool;
    this.tally = tally;
    this.preferences = preferences;
    this.tokenizer = tokenizer;
    this.template = template;
    this.truncation = truncation;
    this.answers = answers;
    for (var split : Split.values()) {
      outputs.put(split, new Output(folder, split, tokenizerSha256, template.sha256()));
    }
    this.batches = new InOrder<>(threads, ahead, this::draw, this::render);
  }

  /** What a worker made of some conversations. */
  private static final class Batch {
    final Map<Split, Pieces> pieces = new EnumMap<>(Split.class);
    final List<Drop> drops = new ArrayList<>();
    RenderCounts rendered = RenderCounts.NONE;
    Truncation.Counts cut = Truncation.Counts.NONE;
    long straddling;
    int size;
  }

  private static final class Pieces {
    final List<Example> examples = new ArrayList<>();
    final List<Integer> numbers = new ArrayList<>();
    final ByteArrayOutputStream gzip = new ByteArrayOutputStream(1 << 14);
    final OutputStream lines;
    int conversations;

    Pieces() {
      try {
        lines =
            new GZIPOutputStream(gzip, 1 << 14) {
              {
                def.setLevel(Deflater.BEST_SPEED);
              }
            };
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void add(byte[] line, List<Example> found, int number) {
      try {
        lines.write(line);
        lines.write('\n');
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      examples.addAll(found);
      numbers.addAll(Collections.nCopies(found.size(), number));
      conversations++;
    }

    byte[] member() {
      try {
        lines.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return gzip.toByteArray();
    }
  }

  /** The files of one split and what is in them. */
  private static final class Output {
    final ShardWriter shard;
    final OutputStream conversations;
    final List<Integer> numbers = new ArrayList<>();
    long kept;
    long examples;
    long tokens;
    long labelTokens;

    Output(VersionFolder folder, Split split, String tokenizer, String template) {
      shard = new ShardWriter(folder.shard(split), tokenizer, template);
      try {
        conversations =
            new BufferedOutputStream(Files.newOutputStream(folder.conversations(split)), 1 << 16);
        // An empty member first: a split without conversations is a gzip file too.
        conversations.write(new Pieces().member());
      } catch (IOException e) {
        throw new UncheckedIOException("cannot write " + folder.conversations(split), e);
      }
    }

    void write(Pieces pieces) {
      try {
        conversations.write(pieces.member());
      } catch (IOException e) {
        throw new UncheckedIOException("cannot write the conversations", e);
      }
      kept += pieces.conversations;
      numbers.addAll(pieces.numbers);
      for (var example : pieces.examples) {
        shard.add(example);
        examples++;
        tokens += example.length();
        labelTokens += example.labelCount();
      }
    }
  }

  int done() {
    return done;
  }

  Map<String, Part> parts() {
    var parts = new LinkedHashMap<String, Part>();
    outputs.forEach(
        (split, o) ->
            parts.put(split.wire(), new Part(o.kept, o.examples, o.tokens, o.labelTokens)));
    return parts;
  }

  /** How turns with tools were rendered, in turns and calls. */
  SortedMap<String, Long> tools() {
    var found = new TreeMap<String, Long>();
    found.put("calls", counts.toolCalls());
    found.put("results", counts.toolResults());
    found.put("callsAsText", counts.toolCallsAsText());
    found.put("resultsAsText", counts.toolResultsAsText());
    found.put("declarationsNotShown", counts.declarationsNotShown());
    return found;
  }

  /** What was said of the examples; empty for a chat dataset. */
  SortedMap<String, Long> preferences() {
    if (preferences != null) {
      judged.put("contexts", preferences.contextsLeft());
    }
    return judged;
  }

  private void judged(Split split, Preferences said, int examples) {
    long liked = said.liked().cardinality();
    judged.merge("liked", liked, Long::sum);
    judged.merge("disliked", examples - liked, Long::sum);
    judged.merge("pairs", (long) said.pairs().size(), Long::sum);
    judged.put("pairs." + split.wire(), (long) said.pairs().size());
  }

  /** What the length limit did. */
  SortedMap<String, Long> truncated() {
    var counts = new TreeMap<String, Long>();
    counts.put("examples", cut.truncated());
    counts.put("split", cut.split());
    counts.put("tokensCut", cut.tokensCut());
    counts.put("labelsCut", cut.labelsCut());
    counts.put("straddlingTokens", straddling);
    return counts;
  }

  /** Tokenizes on; false when every split is written. */
  boolean more() {
    var batch = batches.next();
    if (batch == null) {
      finish();
      return false;
    }
    batch.drops.forEach(tally::drop);
    counts = counts.plus(batch.rendered);
    cut = cut.plus(batch.cut);
    straddling += batch.straddling;
    batch.pieces.forEach((split, pieces) -> output(split).write(pieces));
    done += batch.size;
    return true;
  }

  private Output output(Split split) {
    var output = outputs.get(split);
    if (output == null) {
      throw new IllegalStateException("every split has its files");
    }
    return output;
  }

  private int @Nullable [] draw() {
    if (drawn == spool.size()) {
      return null;
    }
    int from = drawn;
    drawn = Math.min(spool.size(), from + BATCH);
    return IntStream.range(from, drawn).toArray();
  }

  private Batch render(int[] numbers) {
    var batch = new Batch();
    for (int i : numbers) {
      var split = spool.split(i);
      batch.size++;
      if (split == null) {
        continue;
      }
      byte[] line = spool.line(i);
      var conversation = ConversationJson.read(line);
      if (answers != null) {
        answers(answers, batch, conversation, split, i, line);
        continue;
      }
      Rendered rendered;
      try {
        rendered = template.renderForTraining(conversation);
      } catch (BadInput refused) {
        batch.drops.add(Drop.of(conversation, TEMPLATE, refused.what()));
        continue;
      }
      var encoded = tokenizer.encode(rendered.text());
      var labels = Masking.labels(encoded, rendered.labelled());
      batch.rendered = batch.rendered.plus(rendered.counts());
      batch.straddling += labels.straddling();
      if (labels.labelled().isEmpty()) {
        batch.drops.add(Drop.of(conversation, NO_LABEL, "the template renders no token to learn"));
        continue;
      }
      var fitted =
          truncation.fit(
              new Example(
                  conversation.id(),
                  encoded.ids(),
                  labels.labelled(),
                  conversation.origin().file(),
                  conversation.metadata().getOrDefault("language", "")));
      batch.cut = batch.cut.plus(fitted.counts());
      if (fitted.examples().isEmpty()) {
        batch.drops.add(tooLong(conversation, encoded.length(), fitted.counts()));
      } else {
        batch.pieces.computeIfAbsent(split, s -> new Pieces()).add(line, fitted.examples(), i);
      }
    }
    batch.pieces.values().forEach(Pieces::member);
    return batch;
  }

  /** The same for an encoder-decoder, to which every answer is an example. */
  private void answers(
      SourcesAndAnswers from,
      Batch batch,
      Conversation conversation,
      Split split,
      int number,
      byte[] line) {
    SourcesAndAnswers.Made made;
    try {
      made = from.of(conversation);
    } catch (BadInput refused) {
      batch.drops.add(Drop.of(conversation, TEMPLATE, refused.what()));
      return;
    }
    batch.rendered = batch.rendered.plus(made.rendered());
    batch.cut = batch.cut.plus(made.cut());
    if (!made.examples().isEmpty()) {
      batch.pieces.computeIfAbsent(split, s -> new Pieces()).add(line, made.examples(), number);
    } else if (made.cut().tooLong() > 0) {
      var limit = "an answer and what it answers are more than " + truncation.maxLength();
      batch.drops.add(Drop.of(conversation, TOO_LONG, limit + " tokens"));
    } else {
      batch.drops.add(Drop.of(conversation, NO_LABEL, "no turn before an answer to learn"));
    }
  }

  private Drop tooLong(Conversation conversation, int tokens, Truncation.Counts counts) {
    var limit = tokens + " tokens, more than " + truncation.maxLength();
    return counts.tooLong() > 0
        ? Drop.of(conversation, TOO_LONG, limit)
        : Drop.of(conversation, NO_LABEL, limit + ", and nothing to learn in what is left");
  }

  private void finish() {
    outputs.forEach(this::finish);
  }

  private void finish(Split split, Output output) {
    if (preferences == null) {
      output.shard.finish();
    } else {
      var said = preferences.of(output.numbers);
      output.shard.finish(said);
      judged(split, said, output.numbers.size());
    }
    try {
      output.conversations.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the conversations", e);
    }
  }

  @Override
  public void close() {
    IOException failed = null;
    for (var output : outputs.values()) {
      try (var conversations = output.conversations;
          var shard = output.shard) {
        // Both of every split, whatever each says.
      } catch (IOException e) {
        failed = e;
      } catch (UncheckedIOException e) {
        failed = e.getCause();
      }
    }
    if (failed != null) {
      throw new UncheckedIOException("cannot write the conversations", failed);
    }
  }
}
