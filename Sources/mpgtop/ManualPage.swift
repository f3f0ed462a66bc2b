// Makes the manual page from the option parser's help and the table of actions: `mpgtop gen-man | man -l -`.
import ArgumentParser
import TUI

struct ManualPage {
  var text: String {
    [head, options, commands, keys, files].joined()
  }

  private var head: String {
    """
    .TH MPGTOP 1
    .SH NAME
    mpgtop \\- watch the scheduler of a program on the MPG runtime
    .SH SYNOPSIS
    .B mpgtop
    [options] [pid|name]
    .br
    .B mpgtop \(Self.escaped(AllCommands.names)) \\-\\-help
    .SH DESCRIPTION
    Maps the memory in which a program keeps its scheduler, read\\-only, and shows it. The program is not stopped,
    signalled, slowed or written to.

    """
  }

  /// The help of mpgtop itself, unchanged.
  private var options: String {
    ".SH OPTIONS\n.nf\n" + Self.plain(Options.helpMessage(columns: 76)) + ".fi\n"
  }

  /// The help of each other command.
  private var commands: String {
    AllCommands.others.reduce(into: ".SH COMMANDS\n") { text, command in
      let name = "mpgtop " + (command.configuration.commandName ?? "")
      text += ".SS \(Self.escaped(name))\n.nf\n"
      text += Self.plain(AllCommands.helpMessage(for: command, includeHidden: false, columns: 76)) + ".fi\n"
    }
  }

  private var keys: String {
    Manual.sections.reduce(into: ".SH KEYS\n") { text, section in
      text += ".SS \(Self.escaped(section.title))\n\(Self.escaped(section.summary))\n"
      for line in section.keys { text += ".TP\n.B \(Self.escaped(line.keys))\n\(Self.escaped(line.help))\n" }
    }
  }

  private var files: String {
    """
    .SH FILES
    .TP
    .I ~/.config/mpgtop/config
    Settings. mpgtop gen\\-config prints such a file with comments. $XDG_CONFIG_HOME replaces ~/.config.
    .TP
    .I FILE of record, scrub, export and gen\\-config \\-o
    The file appears when all of it is written. Until then an existing file of that name stays as it was, also when
    the disk is full or the command is ended in the middle. A replaced file keeps its mode. The mode of a new file
    follows the umask. The exception is a recording that is not scrubbed: only its owner may read it (0600), because
    it names the program, its functions and its requests. \\- means standard output.
    .TP
    .I FILE.part
    A recording under way, or one whose recorder was killed. mpgtop replay shows what was written so far.
    .TP
    .I $XDG_RUNTIME_DIR/mpg, /dev/shm/mpg\\-UID
    Folders of the files that mpgtop maps.

    """
  }

  private static func plain(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(String($0)) + "\n" }.joined()
  }

  /// roff interprets a backslash anywhere, and a dot or quote at the beginning of a line; this escapes them.
  private static func escaped(_ line: String) -> String {
    let text = line.reduce(into: "") { $0 += $1 == "\\" ? "\\e" : $1 == "-" ? "\\-" : String($1) }
    return text.first == "." || text.first == "'" ? "\\&" + text : text
  }
}
