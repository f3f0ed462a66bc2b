// Runs of mpg-load, and its report as tests read it.
import Foundation
import TestSupport

/// Runs mpg-load to its end, with its region in a folder of its own.
func load(_ arguments: [String], within seconds: Double = patience) throws -> Finished {
  let folder = try TemporaryFolder()
  return try Program.run(loadCommand(arguments, in: folder), within: seconds)
}

/// Starts mpg-load, with its region in `folder`; the caller looks at it while it runs.
func startLoad(_ arguments: String..., in folder: TemporaryFolder) throws -> Program {
  try Program(loadCommand(arguments, in: folder))
}

private func loadCommand(_ arguments: [String], in folder: TemporaryFolder) -> Command {
  Command(words: [Built.load] + arguments, environment: ["XDG_RUNTIME_DIR": folder.path])
}

/// What `--json` prints.
struct LoadReport: Decodable {
  struct Requests: Decodable { let sent, answered, unsent, interrupted: Int }
  struct Latency: Decodable {
    let count, givenUp: Int
    let p50Ns, p90Ns, p99Ns, p999Ns, maxNs: UInt64?
  }
  struct Idle: Decodable {
    let wanted, opened, closed, failed: Int
    let firstError: String?
  }
  struct Generator: Decodable {
    let procs, lateForConnection, lateByItself: Int
    let cpus: Double
    let waitingThreads: Double?
    let mostLateByItselfNs: UInt64
  }
  let schema, url, mode: String
  let elapsedNs: UInt64
  let interrupted: Bool
  let connections, reopened: Int
  let wantedPerS, answersPerS: Double?
  let requests: Requests
  let latency: Latency
  let status, errors, bytes: [String: Int]
  let firstError: String?
  let idle: Idle?
  let generator: Generator
  let notes: [String]

  init(_ run: Finished) throws { try self.init(run.output, run.errors) }
  init(_ program: Program) throws { try self.init(program.output, program.errors) }

  private init(_ output: String, _ errors: String) throws {
    guard output.hasSuffix("}\n"), output.filter(\.isNewline).count == 1 else {
      throw Broken("mpg-load: \(output) \(errors)")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(LoadReport.self, from: Data(output.utf8))
  }
}
