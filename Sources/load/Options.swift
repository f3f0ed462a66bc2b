// The command line of mpg-load.

import ArgumentParser
import Glibc
import MPG

struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpg-load", abstract: "Loads an HTTP server, and measures how long it takes to answer.",
    discussion: """
      Without --rate each connection asks again as soon as it is answered (closed loop). With --rate requests are due at \
      fixed moments, whether earlier ones are answered or not (open loop); latency counts from the moment at which a request \
      was due. Ctrl-C ends it with the report of what was measured until then.

      Examples:
        mpg-load http://127.0.0.1:8080/
            as fast as it goes: 64 connections, for 10 s
        mpg-load -r 2000 -d 30 127.0.0.1:8080
            2,000 requests/s for 30 s
        mpg-load -r 500 --path 9:/ --path '1:/spawn?n=1000' 127.0.0.1:8080
            nine of ten requests are for /, one for /spawn
        mpg-load --burst 1000 127.0.0.1:8080
            1,000 requests at once, on 1,000 connections
        mpg-load --idle 10000 127.0.0.1:8080
            holds 10,000 connections until Ctrl-C
        mpg-load -r 100 --idle 5000 --json 127.0.0.1:8080
            100 requests/s beside 5,000 idle connections; the report as JSON

      Exit codes:
        0   every request was answered, with a status below 400
        1   the server cannot be reached
        2   some requests were not answered, or with a status of 400 or more
        64  the command line was wrong
        71  there are too few descriptors
        74  the report cannot be written
        128 + n  a second signal n came, or one before anything was measured
      """)

  private static let usualTime = TimeLength(nanoseconds: 10_000_000_000)

  @Argument(
    help: "The server: http://HOST:PORT/PATH. Scheme, port (80) and path (/) may be left out.",
    transform: Target.init(parsing:))
  var url: Target
  @Option(name: .shortAndLong, help: "Connections; default 64, and with --burst as many as requests.")
  var connections: Int?
  @Option(name: .shortAndLong, help: "Requests per second: open loop.") var rate: Double?
  @Option(
    name: .shortAndLong,
    help: "How long: seconds, or such as 500ms, 2m. Default 10 s; --idle alone: until Ctrl-C.",
    transform: TimeLength.init(parsing:))
  var duration: TimeLength?
  @Option(help: "That many requests at once, and then the end.") var burst: Int?
  @Option(help: "Connections on which nothing more is asked once they are open.") var idle: Int?
  @Option(
    help: "A path, repeatable, with a weight before it: 9:/about. It replaces the path of the URL.",
    transform: WeightedPath.init(parsing:))
  var path: [WeightedPath] = []
  @Option(
    help: "Longest wait for an answer, from sending: seconds, or such as 500ms. Default 10 s.",
    transform: TimeLength.init(parsing:))
  var timeout = usualTime
  @Flag(help: "A new connection for each request.") var noKeepAlive = false
  @Flag(help: "The report as one JSON object.") var json = false
  @Option(help: "Number of Ps, 1 to 256; default: the CPUs this process may use.") var procs: Int?

  func validate() throws {
    if let connections { try check("--connections", connections, 1...1_000_000) }
    if let burst { try check("--burst", burst, 1...1_000_000) }
    if let idle { try check("--idle", idle, 1...1_000_000) }
    if let procs { try check("--procs", procs, 1...256) }
    if let rate {
      guard rate >= 0.001, rate <= 10_000_000 else {
        throw ValidationError("--rate \(rate) is not in 0.001 to 10000000")
      }
    }
    if burst != nil, rate != nil {
      throw ValidationError("--burst is all at once and --rate is not: name one of them")
    }
    if burst != nil, duration != nil {
      throw ValidationError(
        "--burst ends with its last answer: leave out --duration, or bound it by --timeout")
    }
    if !path.isEmpty, url.hasPath {
      throw ValidationError("a path stands in the URL and in --path: name all paths by --path")
    }
    guard Rota.isShort(path.map(\.weight)) else {
      throw ValidationError("the weights of --path add up to more than \(Rota.longest): use smaller ones")
    }
  }

  private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw ValidationError("\(name) \(value) is not in \(range.lowerBound) to \(range.upperBound)")
    }
  }

  var runtime: MPG.Options {
    var runtime = MPG.Options()
    if let procs { runtime.procs = procs }
    return runtime
  }

  var plan: Plan {
    let paths = path.isEmpty ? [WeightedPath(weight: 1, path: url.path)] : path
    let holdsOnly = idle != nil && connections == nil && rate == nil && burst == nil
    let pace: Pace = burst.map(Pace.burst) ?? rate.map(Pace.open) ?? .closed
    return Plan(
      target: url, requests: paths.map { url.request(for: $0.path, keepAlive: !noKeepAlive) },
      rota: Rota(paths.map(\.weight)), pace: holdsOnly ? nil : pace,
      connections: holdsOnly ? 0 : connections ?? burst ?? 64, idle: idle ?? 0,
      duration: (duration ?? (holdsOnly || burst != nil ? nil : Self.usualTime))?.nanoseconds,
      timeout: .nanoseconds(Int64(timeout.nanoseconds)), keepsAlive: !noKeepAlive)
  }

  /// Reads the command line. A wrong one prints one line and exits with 64. `--help` prints the help and exits with 0.
  static func fromCommandLine() -> Options {
    do {
      return try parse()
    } catch {
      guard exitCode(for: error) != .success else { exit(withError: error) }
      let words = message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
      complain("\(words); try --help")
      Glibc.exit(ExitCode.usage)
    }
  }
}

/// A length of time on the command line: `10`, `10s`, `500ms`, `2m`.
struct TimeLength: Equatable {
  let nanoseconds: UInt64

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  init(parsing text: String) throws {
    let units: [(name: String, nanoseconds: Double)] = [("ms", 1e6), ("s", 1e9), ("m", 60e9), ("", 1e9)]
    guard let unit = units.first(where: { text.hasSuffix($0.name) }),
      let number = Double(text.dropLast(unit.name.count)), number.isFinite
    else { throw ValidationError("a number of seconds, or such as 500ms, 10s, 2m, is wanted") }
    let length = number * unit.nanoseconds
    guard length >= 1e6, length <= 86_400e9 else { throw ValidationError("it is not in 1 ms to 24 hours") }
    nanoseconds = UInt64(length)
  }
}
