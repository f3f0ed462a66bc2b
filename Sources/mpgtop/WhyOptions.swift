// The command line of `mpgtop why`.
import ArgumentParser
import Inspector

/// The command `mpgtop why` and its options.
struct WhyOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Says why goroutines waited, hop by hop, and what requests did.",
    discussion: """
      For a live process it collects all events for --for, and then answers. For a recording or a dead process it \
      answers at once; an execution trace of Go may stand in place of the process. Without -g, --requests and --request it shows the slowest waits.
      """)

  @Argument(
    help: ArgumentHelp(
      "Process id, or name of the executable; http://HOST:6060: a Go program by its traces.",
      valueName: "pid|name"),
    completion: .target)
  var target: String?

  @Option(
    help: ArgumentHelp("Ask a recording instead of a process.", valueName: "file"), completion: .file())
  var replay: String?

  @Flag(
    name: .customLong("post-mortem"),
    help: "Ask a dead process, by its pid or the file of its region. Default: the one started last.")
  var postMortem = false

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The last waits of this goroutine.", valueName: "gid"))
  var g: UInt64?

  @Option(help: ArgumentHelp("The slowest waits of all. Default: 5.", valueName: "count"))
  var slowest: Int?

  @Option(
    help: ArgumentHelp(
      "Rank by delay (the time that the scheduler could have saved) or by length (the whole wait).",
      valueName: "delay|length"))
  var by: WaitOrder = .delay

  @Option(help: ArgumentHelp("The slowest requests, or other spans.", valueName: "count"))
  var requests: Int?

  @Option(
    help: ArgumentHelp(
      "Everything that one request did. Its number is in the output of --requests.", valueName: "number"))
  var request: UInt64?

  @Option(
    help: ArgumentHelp(
      "One request step by step, from the accept to the response, by its number in the output of --requests; or 'last'.",
      valueName: "number|last"))
  var follow: FollowedRequest?

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp("How long to watch a live process: 2s. Default: 2s.", valueName: "time"))
  var duration: TimeSpan?

  @Flag(help: "Print JSON, one object per line.")
  var json = false

  @Flag(help: "Refuse a Go trace that is damaged, instead of answering by what is whole.")
  var strict = false

  @OptionGroup var history: HistoryOptions
  @OptionGroup var remote: RemoteOptions

  /// How many waits or requests are shown at most.
  var count: Int { requests ?? slowest ?? 5 }

  mutating func validate() throws {
    if replay != nil, target != nil || postMortem {
      throw ValidationError("--replay asks a recording; it takes no process")
    }
    if remote.ssh != nil, replay != nil || postMortem {
      throw ValidationError("--ssh goes with a live process")
    }
    if duration != nil, replay != nil || postMortem {
      throw ValidationError("--for goes with a live process")
    }
    let questions = [requests != nil, request != nil, follow != nil, g != nil].count { $0 }
    if questions > 1 {
      throw ValidationError("-g, --requests, --request and --follow are four questions; take one")
    }
    if slowest != nil, requests != nil || request != nil || follow != nil {
      throw ValidationError("--slowest is about waits, --requests about requests; take one")
    }
    if !(1...100_000).contains(count) { throw ValidationError("\(count): the number to show is 1 to 100000") }
  }
}

extension WaitOrder: ExpressibleByArgument {}

/// The request that `--follow` tells step by step.
enum FollowedRequest: ExpressibleByArgument {
  case last
  case number(UInt64)

  init?(argument: String) {
    if argument == "last" {
      self = .last
    } else if let number = UInt64(argument) {
      self = .number(number)
    } else {
      return nil
    }
  }
}
