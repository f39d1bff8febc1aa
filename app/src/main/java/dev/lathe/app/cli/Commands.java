package dev.lathe.app.cli;

import picocli.CommandLine;

/** Puts commands together and gives them one way to fail. */
public final class Commands {
  private final Session session;
  private final CommandLine line = new CommandLine(new Lathe());

  public Commands(Session session) {
    this.session = session;
  }

  public Commands add(Object command, Object... subcommands) {
    var added = new CommandLine(command);
    for (var subcommand : subcommands) {
      added.addSubcommand(subcommand);
    }
    line.addSubcommand(added);
    return this;
  }

  /** Runs one command and returns its exit status. */
  public int run(String... arguments) {
    var exit = new ExitStatus(session);
    line.addSubcommand(new CommandLine.HelpCommand());
    everywhere(line);
    return line.setExecutionExceptionHandler(exit)
        .setParameterExceptionHandler(exit)
        .setOut(writer(session.terminal().out()))
        .setErr(writer(session.terminal().err()))
        .setColorScheme(
            CommandLine.Help.defaultColorScheme(
                session.terminal().colour() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
        .execute(arguments.length == 0 ? new String[] {"help"} : arguments);
  }

  private static void everywhere(CommandLine command) {
    command.setUsageHelpAutoWidth(true).setAbbreviatedOptionsAllowed(false);
    if (command.getCommandSpec().findOption("--help") == null) {
      command
          .getCommandSpec()
          .addOption(
              picocli.CommandLine.Model.OptionSpec.builder("-h", "--help")
                  .usageHelp(true)
                  .description("show this help")
                  .build());
    }
    command.getSubcommands().values().forEach(Commands::everywhere);
  }

  private static java.io.PrintWriter writer(java.io.PrintStream stream) {
    return new java.io.PrintWriter(stream, true, java.nio.charset.StandardCharsets.UTF_8);
  }
}
