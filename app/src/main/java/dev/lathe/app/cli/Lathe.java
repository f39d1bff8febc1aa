package dev.lathe.app.cli;

import dev.lathe.app.owner.Release;
import picocli.CommandLine.Command;

/** The command line's root; its subcommands are listed in {@code Main}. */
@Command(
    name = "lathe",
    description = "Conversation logs become datasets, datasets become adapters.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    version = "lathe " + Release.VERSION,
    footer = {
      "",
      "Exit status: 0 done, 2 bad input, 1 anything else.",
      "See './lathe help COMMAND'."
    })
public final class Lathe {
  public Lathe() {}
}
