// Installed versions of Go, with which tests build their own programs. CI installs them; without one such tests are skipped.
import Foundation
import Testing

/// A Go installation.
struct GoToolchain: Sendable, CustomTestStringConvertible {
  let root: String
  /// `1.27.3`.
  let version: String
  var minor: Int { Int(version.split(separator: ".").dropFirst().first ?? "0") ?? 0 }
  var testDescription: String { version }

  private static let environment = ProcessInfo.processInfo.environment
  /// The cache of `make test-go`: a folder for each version, and one with programs.
  private static let store = environment["MPG_GO_PROGRAMS"].map {
    URL(filePath: $0).deletingLastPathComponent()
  }

  /// What `MPG_GO_ROOTS` lists, folders with `bin/go` in them, separated by colons; else what `make test-go` installed.
  /// The newest is the last.
  static let all: [GoToolchain] = roots.compactMap { root in
    guard let text = try? String(contentsOfFile: "\(root)/VERSION", encoding: .utf8),
      let line = text.split(whereSeparator: \.isNewline).first, line.hasPrefix("go1.")
    else { return nil }
    return GoToolchain(root: root, version: String(line.dropFirst(2)))
  }.sorted { $0.version.compare($1.version, options: .numeric) == .orderedAscending }

  private static var roots: [String] {
    if let named = environment["MPG_GO_ROOTS"] { return named.split(separator: ":").map(String.init) }
    guard let store, let versions = try? FileManager.default.contentsOfDirectory(atPath: store.path) else {
      return []
    }
    return versions.map { store.appending(path: "\($0)/go").path }
  }

  /// Where programs are built.
  static let cache: URL = {
    let named = environment["MPG_GO_CACHE"].map { URL(filePath: $0) } ?? store?.appending(path: "parked")
    let url = named ?? FileManager.default.temporaryDirectory.appending(path: "mpg-go")
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }()

  /// A version, and how it builds.
  struct Way: Sendable, CustomTestStringConvertible {
    let go: GoToolchain
    let build: Build
    var testDescription: String { "\(go.version) \(build.rawValue)" }

    /// The newest version in all ways, and the others as usual and stripped; all of them in all ways, if they were named.
    static let all: [Way] = GoToolchain.all.enumerated().flatMap { index, go in
      let isWhole = environment["MPG_GO_ROOTS"] != nil || index == GoToolchain.all.count - 1
      let ways = isWhole ? Build.allCases : [.usual, .stripped]
      return ways.filter { hasC || !$0.needsC }.map { Way(go: go, build: $0) }
    }
  }

  /// How a program is built.
  enum Build: String, CaseIterable, Sendable {
    case usual = "default"
    case stripped = "-s -w"
    case pie = "PIE"
    case strippedPIE = "PIE -s -w"
    case trimmed = "-trimpath"
    case notInlined = "-l"
    case race = "-race"
    case cgo = "cgo, external"

    /// Whether it takes a C compiler.
    var needsC: Bool { self == .race || self == .cgo }
  }

  private static let hasC = ["gcc", "clang"].contains {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
  }

  /// Builds the program in `folder`. Returns its path, which is the same for the same build.
  func build(_ folder: String, _ build: Build, cache: URL) throws -> String {
    let name =
      "\(URL(filePath: folder).lastPathComponent)-\(version)-\(build)"
    let path = cache.appending(path: name).path
    var linker = minor >= 23 ? "-checklinkname=0" : ""
    if build == .stripped || build == .strippedPIE { linker += " -s -w" }
    if build == .cgo { linker += " -linkmode=external" }
    var arguments = ["build", "-o", path, "-ldflags=\(linker)"]
    switch build {
    case .pie, .strippedPIE: arguments.append("-buildmode=pie")
    case .trimmed: arguments.append("-trimpath")
    case .notInlined: arguments.append("-gcflags=all=-l")
    case .race: arguments.append("-race")
    case .usual, .stripped, .cgo: break
    }
    try run(arguments + ["."], in: folder, cache: cache, cgo: build.needsC)
    return path
  }

  /// Runs `go` with arguments. Returns what it said.
  @discardableResult
  func run(_ arguments: [String], in folder: String, cache: URL, cgo: Bool = false) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "\(root)/bin/go")
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder)
    var environment = Self.environment
    environment["GOROOT"] = root
    environment["GOTOOLCHAIN"] = "local"
    environment["GOCACHE"] = cache.appending(path: "go-build-\(version)").path
    environment["GOFLAGS"] = ""
    environment["CGO_ENABLED"] = cgo ? "1" : "0"
    process.environment = environment
    let output = Pipe()
    (process.standardOutput, process.standardError) = (output, output)
    try process.run()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(said: said) }
    return said
  }

  struct Failure: Error, CustomStringConvertible {
    let said: String
    var description: String { said }
  }
}
