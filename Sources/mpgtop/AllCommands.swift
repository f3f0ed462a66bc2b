// All commands by name, and one tree of them, from which help and shell completions are made.
//
// The tree is never used to parse a command line: the first word alone decides the command (MPGTop.swift). The tree leaves
// out the process argument of mpgtop itself. A process may have any name, so with that argument shells would complete only
// processes and no commands.
import ArgumentParser

struct AllCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpgtop", version: Options.configuration.version, subcommands: others)

  /// All commands except mpgtop itself. If the first argument is one of these names, it means the command; a process of
  /// such a name can only be named by its pid.
  static let others: [any ParsableCommand.Type] = [
    LearnOptions.self, RecordOptions.self, ReplayOptions.self, ScrubOptions.self, WhyOptions.self,
    StacksOptions.self, DoctorOptions.self, RunOptions.self, ServeOptions.self, StreamOptions.self,
    ExportOptions.self, CompareOptions.self, ConfigOptions.self, ManualOptions.self,
  ]

  /// The names of all commands: `record|replay|…`.
  static let names = others.compactMap { $0.configuration.commandName }.joined(separator: "|")

  /// The help of mpgtop itself, or of another command.
  static func help(of command: any ParsableCommand.Type) -> String {
    command == Options.self ? Options.helpMessage() : helpMessage(for: command)
  }

  @OptionGroup var modes: ModeOptions
  @OptionGroup var frames: FrameOptions
  @OptionGroup var history: HistoryOptions
  @OptionGroup var remote: RemoteOptions
}

extension CompletionKind {
  /// Completes the pids and names of all live targets.
  static let target = CompletionKind.shellCommand(
    #"mpgtop -l 2>/dev/null | awk '$3 ~ /^live/ { print $1; print $2 }' | sort -u"#)
}
