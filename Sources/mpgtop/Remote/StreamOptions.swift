// The command line of `mpgtop stream`, and the options by which other commands reach another machine.
import ArgumentParser
import Inspector

/// The command `mpgtop stream` and its options.
struct StreamOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract: "Writes what a process's scheduler does to standard output, for mpgtop elsewhere.",
    discussion: """
      Read it with mpgtop -: ssh HOST mpgtop stream NAME | mpgtop -. Or let mpgtop --ssh HOST NAME do both. Ends when the \
      reader goes, at Ctrl-C, or when the process ends (code 5).
      """)

  @Argument(
    help: ArgumentHelp("Process id, or name of the executable.", valueName: "pid|name"), completion: .target)
  var target: String?

  @Option(
    help: ArgumentHelp(
      "Send at most this many bytes a second: 200k. Gauges go first; events that are not sent count as lost.",
      valueName: "bytes"))
  var rate: ByteRate?

  @Flag(help: "Do not compress, for a reader that has no zstd.")
  var plain = false

  @Flag(help: "Answer questions and commands that come on standard input, as mpgtop --ssh sends them.")
  var answer = false
}

/// The options by which a process on another machine is reached.
struct RemoteOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Look at a process on this host, by your own ssh. mpgtop must be installed there.", valueName: "host"),
    completion: .sshHost)
  var ssh: String?

  @Option(
    help: ArgumentHelp(
      "With --ssh: let the other side send at most this many bytes a second: 200k.", valueName: "bytes"))
  var rate: ByteRate?

  @Option(
    name: .customLong("remote-path"),
    help: ArgumentHelp("With --ssh: the program there. Default: mpgtop.", valueName: "path"))
  var path: String?

  mutating func validate() throws {
    if ssh == nil, rate != nil || path != nil {
      throw ValidationError("--rate and --remote-path go with --ssh")
    }
    if let ssh, ssh.isEmpty || ssh.hasPrefix("-") {
      throw ValidationError("--ssh: '\(ssh)' is no host; options of ssh belong into ~/.ssh/config")
    }
  }

  /// Why an address cannot be followed: the option, and what to do instead; nil: none of these options was given.
  var refusal: (option: String, cure: String)? { ssh == nil ? nil : ("--ssh", "make a tunnel: ssh -L") }
}

extension CompletionKind {
  /// Completes the names of hosts in the user's configuration of ssh, without those that are patterns.
  static let sshHost = CompletionKind.shellCommand(
    #"awk 'tolower($1) == "host" { for (i = 2; i <= NF; i++) if ($i !~ /[*?!]/) print $i }' ~/.ssh/config 2>/dev/null"#
  )
}

/// A number of bytes a second as the user writes it: `200k`, `2M`, `65536`.
struct ByteRate: ExpressibleByArgument, Equatable {
  let bytes: Int

  init?(argument: String) {
    let units: [(Character, Double)] = [("K", 1e3), ("M", 1e6), ("G", 1e9)]
    let unit = units.first { $0.0 == argument.uppercased().last }
    guard let number = Double(unit == nil ? argument : String(argument.dropLast())) else { return nil }
    let count = number * (unit?.1 ?? 1)
    // Gauges alone take some hundred bytes a second.
    guard count >= 1000, count <= 1e12 else { return nil }
    bytes = Int(count)
  }
}
