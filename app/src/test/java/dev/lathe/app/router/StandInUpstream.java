package dev.lathe.app.router;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An OpenAI-compatible server whose manners the model's name chooses, on bare sockets, so that it
 * can break off where a real one would.
 */
public final class StandInUpstream implements AutoCloseable {
  private static final List<String> WORDS = List.of("one", "two", "three", "four", "five");

  /** Before a number in a model's name: the connection is closed after so many bytes. */
  static final String CUT = "cut-";

  private final ServerSocket server;
  private final Collection<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger toDrop = new AtomicInteger();
  private volatile Function<JsonNode, String> says = request -> "one two three four five";

  /** What was asked, as it came. */
  public final List<Asked> asked = new CopyOnWriteArrayList<>();

  /** Counted down when a slow stream finds its reader gone. */
  public final CountDownLatch cancelled = new CountDownLatch(1);

  /** A request: its header lines in lower case, and its body. */
  public record Asked(String head, String body) {
    public JsonNode json() {
      return JsonMapper.shared().readTree(body);
    }
  }

  private StandInUpstream(ServerSocket server) {
    this.server = server;
  }

  public static StandInUpstream start() throws IOException {
    var upstream = new StandInUpstream(new ServerSocket(0, 64, InetAddress.getLoopbackAddress()));
    Thread.ofVirtual().start(upstream::accept);
    return upstream;
  }

  public URI root() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }

  /** The next so many requests find their connection closed without a word. */
  public void drop(int requests) {
    toDrop.set(requests);
  }

  /** What it answers from now on. */
  public void says(String text) {
    says = request -> text;
  }

  /** What it answers from now on to a request's body. */
  public void says(Function<JsonNode, String> answers) {
    says = answers;
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var socket = server.accept();
        open.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      var in = new BufferedInputStream(socket.getInputStream());
      while (answer(in, socket.getOutputStream())) {
        // The connection is kept.
      }
    } catch (IOException e) {
      // The client left, or the test ends.
    } finally {
      open.remove(socket);
    }
  }

  private boolean answer(InputStream in, OutputStream out) throws IOException {
    var head = head(in);
    if (head.isEmpty()) {
      return false;
    }
    int length = 0;
    for (var line : head.split("\r\n")) {
      if (line.startsWith("content-length:")) {
        length = Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
      }
    }
    var request = new Asked(head, new String(in.readNBytes(length), StandardCharsets.UTF_8));
    asked.add(request);
    if (toDrop.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      return false;
    }
    var model = request.json().path("model").asString("");
    if (model.startsWith(CUT)) {
      out.write(Arrays.copyOf(said(request), Integer.parseInt(model.substring(CUT.length()))));
      out.flush();
      return false;
    }
    return said(request, out);
  }

  private boolean said(Asked request, OutputStream out) throws IOException {
    boolean streamed = request.json().path("stream").asBoolean(false);
    return streamed ? stream(request, out) : whole(request, out);
  }

  /** Every byte that answers a request, from the status line on. */
  byte[] said(Asked request) throws IOException {
    var all = new ByteArrayOutputStream();
    said(request, all);
    return all.toByteArray();
  }

  private static String head(InputStream in) throws IOException {
    var head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      int c = in.read();
      if (c < 0) {
        return "";
      }
      head.append((char) c);
    }
    return head.toString().toLowerCase(Locale.ROOT);
  }

  private boolean whole(Asked request, OutputStream out) throws IOException {
    switch (request.json().path("model").asString("")) {
      case "429" ->
          send(
              out,
              "429 Too Many Requests",
              "application/json",
              "retry-after: 7\r\n",
              "{\"error\":{\"message\":\"slow down\",\"type\":\"tokens\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}");
      case "503" -> send(out, "503 Service Unavailable", "text/plain", "", "overloaded");
      case "401" ->
          send(
              out,
              "401 Unauthorized",
              "application/json",
              "",
              "{\"error\":{\"message\":\"Incorrect API key\"}}");
      case "redirect" -> send(out, "302 Found", "text/plain", "location: /x\r\n", "");
      case "garbage" -> send(out, "200 OK", "text/html", "", "<html>hello</html>");
      case "error-200" ->
          send(out, "200 OK", "application/json", "", "{\"error\":{\"message\":\"not today\"}}");
      case "broken" -> {
        out.write(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"id\""
                .getBytes(StandardCharsets.US_ASCII));
        out.flush();
        return false;
      }
      case "silent" -> {
        pause(60_000);
        return false;
      }
      case "slow" -> {
        pause(700);
        send(out, "200 OK", "application/json", "", answer(request));
      }
      default -> send(out, "200 OK", "application/json", "", answer(request));
    }
    return true;
  }

  private String answer(Asked request) {
    return """
    {"id":"chatcmpl-upstream","object":"chat.completion","created":1,"model":"theirs","system_fingerprint":"fp_1",
     "choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],
     "usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}}"""
        .formatted(JsonMapper.shared().writeValueAsString(says.apply(request.json())));
  }

  private boolean stream(Asked request, OutputStream out) throws IOException {
    var model = request.json().path("model").asString("");
    if (List.of("429", "503", "401", "garbage").contains(model)) {
      return whole(request, out);
    }
    out.write(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
            .getBytes(StandardCharsets.US_ASCII));
    if (model.equals("broken-early")) {
      out.flush();
      return false;
    }
    if (model.equals("error-event")) {
      chunk(out, "data: {\"error\":{\"message\":\"not today\",\"code\":\"nope\"}}\n\n");
      return false;
    }
    for (int i = 0; i < WORDS.size() * (model.equals("endless") ? 1000 : 1); i++) {
      if (model.equals("broken") && i == 3) {
        return false;
      }
      if (model.equals("garbled") && i == 3) {
        chunk(out, "data: {\"id\":\n\n");
        return false;
      }
      word(out, WORDS.get(i % WORDS.size()));
      if (model.equals("slow") || model.equals("endless")) {
        pause(60);
      }
    }
    chunk(out, event("{}", "\"stop\""));
    chunk(
        out,
        "data: {\"id\":\"chatcmpl-upstream\",\"model\":\"theirs\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}\n\n");
    if (!model.equals("no-done")) {
      chunk(out, "data: [DONE]\n\n");
    }
    out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
    return true;
  }

  private void word(OutputStream out, String word) throws IOException {
    try {
      chunk(out, event("{\"content\":\"" + word + " \"}", "null"));
    } catch (IOException e) {
      cancelled.countDown();
      throw e;
    }
  }

  private static String event(String delta, String reason) {
    return "data: {\"id\":\"chatcmpl-upstream\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"theirs\",\"choices\":[{\"index\":0,\"delta\":"
        + delta
        + ",\"finish_reason\":"
        + reason
        + "}]}\n\n";
  }

  private static void chunk(OutputStream out, String text) throws IOException {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.write(bytes);
    out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  private static void send(
      OutputStream out, String status, String type, String headers, String body)
      throws IOException {
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    out.write(
        ("HTTP/1.1 "
                + status
                + "\r\ncontent-type: "
                + type
                + "\r\n"
                + headers
                + "content-length: "
                + bytes.length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    out.write(bytes);
    out.flush();
  }

  private static void pause(long millis) throws IOException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (var socket : open) {
      socket.close();
    }
  }
}
