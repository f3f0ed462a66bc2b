// The manual page, made from the option parser's help and the table of actions: `mpgtop gen-man | man -l -`.
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
    Maps the memory in which the program keeps its scheduler read\\-only, and shows it. The program is not stopped,
    signalled, slowed or written to.

    """
  }

  /// The help of the command line as it is.
  private var options: String {
    ".SH OPTIONS\n.nf\n" + Self.plain(Options.helpMessage(columns: 76)) + ".fi\n"
  }

  /// The same of each command.
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
    Settings; mpgtop gen\\-config prints one with comments. $XDG_CONFIG_HOME moves it.
    .TP
    .I FILE of record, scrub, export and gen\\-config \\-o
    Appears when all of it is there: until then a file of that name stays as it was, also when the disk is full or the
    command is ended in the middle. A file that is replaced keeps its mode. A new one follows the umask, but a
    recording that is not scrubbed is for its owner alone (0600): it names the program, its functions and its
    requests. \\- is standard output.
    .TP
    .I FILE.part
    A recording that goes on, or whose recorder was killed. mpgtop replay shows what there is of it.
    .TP
    .I $XDG_RUNTIME_DIR/mpg, /dev/shm/mpg\\-UID
    Where programs keep the memory that mpgtop maps.

    """
  }

  private static func plain(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(String($0)) + "\n" }.joined()
  }

  /// A backslash, and a dot or quote at the beginning of a line, mean something to roff.
  private static func escaped(_ line: String) -> String {
    let text = line.reduce(into: "") { $0 += $1 == "\\" ? "\\e" : $1 == "-" ? "\\-" : String($1) }
    return text.first == "." || text.first == "'" ? "\\&" + text : text
  }
}
