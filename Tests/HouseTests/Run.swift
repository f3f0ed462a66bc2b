// Programs and scripts that a house test runs to their end.
import Foundation

/// Why a test cannot go on.
struct Broken: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A private folder on tmpfs, gone with this object, and all that is in it.
final class ScratchFolder: Sendable {
  let path: String

  init() throws {
    path = "/dev/shm/mpgtop-house-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

enum Run {
  /// The folder of this test bundle: the build put the programs and the modules there as well.
  static let built = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().path

  /// Whether this build is one with the thread sanitizer, which bears none of our programs.
  static let hasThreadSanitizer = unsafe dlsym(nil, "__tsan_init") != nil

  struct Result: Sendable {
    let code: Int32
    let output: String
    let errors: String
  }

  /// Runs a program, by its path from the repository's root or from `/`, for two minutes at most. Its region, if it has
  /// one, lies below `regions`.
  static func program(_ path: String, _ words: [String], regions: ScratchFolder? = nil) throws -> Result {
    let process = try start(path, words, regions: regions)
    return try process.finish()
  }

  /// Starts a program that may run on.
  static func start(_ path: String, _ words: [String], regions: ScratchFolder? = nil) throws -> Started {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let full = path.hasPrefix("/") ? path : Repository.root.appending(path: path).path
    process.arguments = ["timeout", "-k", "5", "120", full] + words
    process.currentDirectoryURL = Repository.root
    var variables = ProcessInfo.processInfo.environment
    variables["PATH"] = "\(built):\(variables["PATH"] ?? "/usr/bin:/bin")"
    if let regions { variables["XDG_RUNTIME_DIR"] = regions.path }
    process.environment = variables
    return try Started(process)
  }

  final class Started {
    private let process: Process
    private let (out, err) = (Pipe(), Pipe())

    fileprivate init(_ process: Process) throws {
      self.process = process
      process.standardInput = FileHandle.nullDevice
      (process.standardOutput, process.standardError) = (out, err)
      try process.run()
    }

    deinit { if process.isRunning { process.terminate() } }

    fileprivate func finish() throws -> Result {
      let output = try out.fileHandleForReading.readToEnd() ?? Data()
      let errors = try err.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      return Result(
        code: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
        errors: String(decoding: errors, as: UTF8.self))
    }
  }
}
