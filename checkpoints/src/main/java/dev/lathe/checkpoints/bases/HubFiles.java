package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Brings a repository of the Hugging Face hub, one commit of it. */
final class HubFiles {
  private static final JsonMapper JSON = JsonMapper.shared();

  private HubFiles() {}

  /**
   * Downloads the files that make a base into a folder under {@code aside} that belongs to the
   * commit, and continues there when it was broken off.
   *
   * @param pinned SHA-256 by file name
   * @return the folder
   */
  static Path fetch(
      Source.Hub source,
      Path aside,
      Map<String, String> pinned,
      PullSettings settings,
      Consumer<PullProgress> progress)
      throws IOException {
    var download = new Download(settings, progress);
    var host = settings.endpoint().getHost();
    progress.accept(new PullProgress("ask " + host + " for " + source.repository(), 0, 0));
    var about =
        download.document(
            at(settings, "/api/models/" + source.repository() + "/revision/" + source.revision()));
    JsonNode model;
    try {
      model = JSON.readTree(about);
    } catch (JacksonException e) {
      throw new BadInput(
          "the hub's answer is not JSON", host, "Check HF_ENDPOINT, or a proxy on the way.", e);
    }
    var commit = model.path("sha").asString("");
    if (!commit.matches("[0-9a-f]{40}")) {
      throw new BadInput(
          "the hub's answer names no commit", host + ": " + commit, "Check HF_ENDPOINT.");
    }
    List<String> names = new ArrayList<>();
    model.path("siblings").forEach(s -> names.add(s.path("rfilename").asString("")));
    var folder = aside.resolve("hub-" + commit);
    Files.createDirectories(folder);
    for (String name : BaseLayout.select(source.toString(), names)) {
      var path = "/" + source.repository() + "/resolve/" + commit + "/" + name.replace(" ", "%20");
      download.fetch(at(settings, path), folder.resolve(name), pinned.get(name));
    }
    return folder;
  }

  private static URI at(PullSettings settings, String path) {
    return URI.create(settings.endpoint() + path);
  }
}
