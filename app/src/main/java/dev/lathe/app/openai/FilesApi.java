package dev.lathe.app.openai;

import dev.lathe.serving.settings.ServerLimits;
import dev.lathe.serving.wire.WireError;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ContentDisposition;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's files. */
@RestController
@RequestMapping("/v1/files")
class FilesApi {
  private static final int MOST = 10_000;

  private final FileStore files;
  private final ServerLimits limits;
  private final Clock clock = Clock.systemUTC();

  FilesApi(FileStore files, ServerLimits limits) {
    this.files = files;
    this.limits = limits;
  }

  @PostMapping
  StoredFile.View create(HttpServletRequest request) {
    var upload = new Upload(request, limits.maxFileBytes());
    return files.add(file -> upload.into(file, clock.instant())).view();
  }

  @GetMapping
  Page<StoredFile.View> list(
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit,
      @RequestParam(required = false) @Nullable String order,
      @RequestParam(required = false) @Nullable String purpose) {
    var cut = Page.Cut.of(after, limit, MOST, MOST);
    boolean descending = descending(order);
    var all = files.list(purpose);
    return Page.sorted(descending ? all.reversed() : all, StoredFile::id, cut, descending)
        .map(StoredFile::view);
  }

  private static boolean descending(@Nullable String order) {
    return switch (order) {
      case null -> true;
      case "desc" -> true;
      case "asc" -> false;
      default ->
          throw WireError.invalid(
              "order", "invalid_value", "'order' is '" + order + "'. It must be 'asc' or 'desc'.");
    };
  }

  @GetMapping("{id}")
  StoredFile.View show(@PathVariable String id) {
    return files.require(id).view();
  }

  @GetMapping("{id}/content")
  void content(@PathVariable String id, HttpServletResponse response) throws IOException {
    var file = files.require(id);
    try (var in = Files.newInputStream(files.content(file))) {
      response.setContentType("application/octet-stream");
      response.setContentLengthLong(file.bytes());
      response.setHeader(
          "Content-Disposition",
          ContentDisposition.attachment()
              .filename(file.filename(), StandardCharsets.UTF_8)
              .build()
              .toString());
      in.transferTo(response.getOutputStream());
    }
  }

  record Deleted(String id, String object, boolean deleted) {}

  @DeleteMapping("{id}")
  Deleted delete(@PathVariable String id) {
    files.delete(files.require(id));
    return new Deleted(id, "file", true);
  }
}
