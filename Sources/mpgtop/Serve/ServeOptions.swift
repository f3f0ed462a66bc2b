// The command line of `mpgtop serve`.
import ArgumentParser

/// The command `mpgtop serve` and its options.
struct ServeOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serves schedulers' gauges and counters over HTTP, for Prometheus.",
    discussion: """
      Without a process, serves all of yours that run on MPG or were built by Go, as they come and go, and ends at Ctrl-C or \
      SIGTERM. With one, it also ends with that process (code 5). GET /metrics answers with OpenMetrics text, or with the older \
      text format if the client prefers it. Each scrape is one snapshot. Everybody who can reach the address may read it.
      """)

  @Option(
    help: ArgumentHelp(
      "The address to listen on. Port 0 picks a free port. Examples: \(ListenAddress.examples).",
      valueName: "address:port"), transform: ListenAddress.parse)
  var prometheus: ListenAddress

  @Argument(
    help: ArgumentHelp("Process id, or name of the executable. Default: all.", valueName: "pid|name"),
    completion: .target)
  var target: String?

  @Option(
    help: ArgumentHelp(
      "Serve only processes whose executable has this name, as they come and go. May be given several times.",
      valueName: "name"))
  var only: [String] = []

  @Flag(
    help: """
      Take events, too: run latency as a histogram, preemptions, exemplars with the labels of requests. Takes at most a tenth of \
      a core; events that it has no time for count as lost.
      """)
  var events = false

  @Flag(
    help: """
      Count Gs by the place where they were spawned: 20 places of each process have a name, all others count together. Takes at \
      most a hundredth of a core.
      """)
  var sites = false

  @Flag(
    name: .customLong("by-name"),
    help: """
      Label samples by name alone, without the pid: then a restart is a reset of the same counters. Of several processes of one \
      name, the one that began last is served.
      """)
  var byName = false

  @OptionGroup var remote: RemoteOptions

  mutating func validate() throws {
    if !only.isEmpty, target != nil || remote.ssh != nil {
      throw ValidationError("--only is for all processes of this machine; leave out either it or the process")
    }
  }

  /// What the server does with each target, by these options.
  var plan: ServePlan { ServePlan(events: events, sites: sites, labelsPid: !byName) }
}

extension ListenAddress {
  static let examples = "--prometheus 127.0.0.1:9464, --prometheus '[::1]:9464'"

  /// - Throws: for a wrong address, an error whose text says what is wrong with it.
  static func parse(_ text: String) throws -> ListenAddress {
    guard let address = ListenAddress(argument: text) else {
      throw ValidationError("it wants an address in numbers and a port, such as \(examples)")
    }
    return address
  }
}
