package dev.lathe.app.cli;

import dev.lathe.app.doctor.Doctor;
import dev.lathe.app.doctor.Finding;
import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Tells what the machine offers; 1 when something is missing that Lathe cannot work without. */
@Command(
    name = "doctor",
    description = "JDK, native libraries, GPU, disk, ports, keys: what is there, what is missing")
public final class DoctorCommand extends LatheCommand implements Callable<Integer> {
  public DoctorCommand(Session session) {
    super(session);
  }

  record Findings(List<Finding> checks) {}

  @Override
  public Integer call() throws Exception {
    var checks = examine();
    print(new Findings(checks), this::tell);
    return checks.stream().anyMatch(c -> c.needed() && !c.ok())
        ? ExitStatus.FAILED
        : ExitStatus.DONE;
  }

  /** Where the home cannot be written nobody can own it, and that is one of the findings. */
  private List<Finding> examine() throws InterruptedException {
    try {
      session().home().prepare();
    } catch (BadInput e) {
      return new Doctor(session().home(), session().environment()).examine();
    }
    try (OwnerClient owner = session().connect()) {
      return JsonMapper.shared()
          .convertValue(owner.get("doctor").path("checks"), new TypeReference<>() {});
    }
  }

  private void tell(Findings findings) {
    int width = findings.checks().stream().mapToInt(c -> c.name().length()).max().orElse(0);
    for (var check : findings.checks()) {
      var mark =
          check.ok()
              ? terminal().styled("32", "ok     ")
              : check.needed()
                  ? terminal().styled("31", "missing")
                  : terminal().styled("33", "warning");
      var name = check.name() + " ".repeat(width - check.name().length());
      terminal().out().println(mark + "  " + name + "  " + check.found());
      if (!check.remedy().isEmpty()) {
        terminal().out().println(" ".repeat(width + 11) + check.remedy());
      }
    }
  }
}
