// mpgtop: watches the scheduler of a process on the MPG runtime, from outside.
import ArgumentParser
internal import Glibc
import Inspector

@main
enum MPGTop {
  static func main() {
    do throws(Failure) {
      let output = try StandardOutput()
      let options = try options(output)
      try run(options, output)
    } catch {
      complain(error.message)
      exit(error.code)
    }
  }

  /// The options, if they make sense. Prints the help and ends where that was asked for.
  private static func options(_ output: StandardOutput) throws(Failure) -> Options {
    do {
      return try Options.parse()
    } catch {
      if Options.exitCode(for: error).isSuccess {
        try output.write(Options.fullMessage(for: error) + "\n")
        exit(ExitCode.success)
      }
      throw Failure(ExitCode.usage, Self.clause(of: error) + " (mpgtop --help lists the options)")
    }
  }

  /// The parser's message as one clause: it may be several sentences on several lines.
  private static func clause(of error: any Error) -> String {
    let text = Options.message(for: error).split(separator: "\n").joined(separator: " ")
    let sentences = text.split(separator: ". ").map { $0.prefix(1).lowercased() + $0.dropFirst() }
    return sentences.joined(separator: ", ")
  }

  private static func run(_ options: Options, _ output: StandardOutput) throws(Failure) {
    let folders = RegionFolders.standard
    if options.list { return try list(folders, output) }
    guard options.isBatch || isInteractive else {
      throw Failure(
        ExitCode.usage,
        "cannot open the screen: standard input or output is not a terminal; use -b for plain text, --json for JSON"
      )
    }
    let choice = TargetChoice(folders: folders, mayAsk: isInteractive)
    guard let inspector = try choice.attach(to: options.target) else { return }
    if options.isBatch {
      try Batch(options: options, output: output).run(inspector)
    } else {
      try Dashboard(options: options).run(inspector)
    }
  }

  private static func list(_ folders: RegionFolders, _ output: StandardOutput) throws(Failure) {
    let targets = folders.targets()
    let lines = TargetList(targets: targets, now: monotonicNow()).lines()
    try output.write(lines.joined(separator: "\n") + "\n")
    if targets.isEmpty {
      complain("nothing to list: no process of yours runs on MPG, and none left a region")
    }
    for target in targets {
      if case .unreadable(let error) = target.state { complain(error.description) }
    }
    if let refusal = folders.refusal() { complain(refusal.description) }
  }
}
