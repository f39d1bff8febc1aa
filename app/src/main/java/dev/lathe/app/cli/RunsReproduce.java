package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;

/** {@code runs reproduce RUN}. */
@Command(
    name = "reproduce",
    description = "run a completed run again from its lineage, and compare what comes out",
    footer = {
      "",
      "Exit status: 0 the same losses and adapter, bit for bit; 1 others; 2 bad input.",
    })
public final class RunsReproduce extends RunsFollow {
  public RunsReproduce(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) {
    var path = "runs/" + Text.segment(id(owner)) + "/reproduce";
    var id = owner.post(path, Map.of(), OwnerClient.Repeat.NEVER).path("id").asString("");
    terminal().err().println("run " + id);
    new RunFollower(owner, id, terminal()).toItsEnd(RunFollower.Interrupt.STOPS_THE_RUN);
    var compared = owner.get("runs/" + Text.segment(id) + "/reproduction");
    print(compared, this::tell);
    return compared.path("same").asBoolean(false) ? ExitStatus.DONE : ExitStatus.FAILED;
  }

  private void tell(JsonNode r) {
    var out = terminal().out();
    var losses = r.path("losses");
    out.println(
        r.path("original").asString("")
            + (r.path("same").asBoolean(false)
                ? " is reproduced, bit for bit, by "
                : " is not reproduced by ")
            + r.path("run").asString("")
            + (r.path("state").asString("").equals("completed")
                ? ""
                : ", which is " + r.path("state").asString("")));
    out.println(
        "  losses   "
            + Text.count(losses.path("equal"))
            + " of "
            + Text.count(losses.path("steps"))
            + " are equal"
            + (losses.path("firstDifference").isNumber()
                ? String.format(
                    Locale.ROOT,
                    ", the first other one at step %,d, at most %.3g apart",
                    losses.path("firstDifference").asLong(),
                    losses.path("largest").asDouble(Double.NaN))
                : ""));
    out.println("  adapter  " + sha256(r.path("adapterSha256")) + " before");
    out.println("           " + sha256(r.path("againSha256")) + " now");
    for (var difference : r.path("differences")) {
      out.println("  differs  " + difference.asString(""));
    }
    if (!r.path("same").asBoolean(false) && r.path("differences").isEmpty()) {
      out.println(
          "  Nothing is known to differ: machine, library, threads, recipe and code agree.");
    }
  }

  private static String sha256(JsonNode hash) {
    return hash.isString() ? hash.asString() : "none";
  }
}
