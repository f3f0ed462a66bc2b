// The commands by name, and all of them as one tree: what help and shells' completions need to know.
//
// The tree parses nothing, and leaves out the process that mpgtop itself takes, whose name may be anything: shells would
// complete nothing else. Which command is meant is decided by the first word alone (MPGTop.swift).
import ArgumentParser

struct AllCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpgtop", version: Options.configuration.version, subcommands: others)

  /// All but mpgtop without a command. The first argument names one; a process of such a name is found by its pid.
  static let others: [any ParsableCommand.Type] = [
    RecordOptions.self, ReplayOptions.self, ScrubOptions.self, WhyOptions.self, ServeOptions.self,
    ExportOptions.self, ConfigOptions.self, ManualOptions.self,
  ]

  /// `record|replay|…`
  static let names = others.compactMap { $0.configuration.commandName }.joined(separator: "|")

  /// The help of mpgtop itself, or of one of the others.
  static func help(of command: any ParsableCommand.Type) -> String {
    command == Options.self ? Options.helpMessage() : helpMessage(for: command)
  }

  @OptionGroup var modes: ModeOptions
  @OptionGroup var frames: FrameOptions
  @OptionGroup var history: HistoryOptions
}

extension CompletionKind {
  /// Pids and names of what can be looked at.
  static let target = CompletionKind.shellCommand(
    #"mpgtop -l 2>/dev/null | awk '$3 == "live" { print $1; print $2 }' | sort -u"#)
}
