// Images of memory: what once was read of a running `still`, so small that it can be kept. Every test run attaches to programs
// of every version of Go with them, though it has no Go.
//
// An image is a core file and an executable, in which all bytes are zero that change nothing of what we read; and the
// program's own words of that moment (ImageCapture.swift).
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import GoAttach
@testable import Observed

/// One image.
struct CapturedImage: Codable {
  var version: String
  /// How the program was built: `default` or `stripped`.
  var way: String
  var core: SparseBytes
  var executable: SparseBytes
  /// What `schedtrace` printed of that moment.
  var scheduler: String
  /// What `runtime.Stack` printed, a moment earlier.
  var stacks: String

  var name: String { "\(version)-\(way)" }
  var isStripped: Bool { way == "stripped" }

  /// The program that it is an image of.
  func open() throws -> GoSource { try Self.open(ArrayBytes(core.bytes), ArrayBytes(executable.bytes)) }

  static func open(_ core: any ByteSource, _ executable: any ByteSource) throws -> GoSource {
    let core = try GoCore(
      CoreFile(core), GoExecutable(executable), path: "core", executable: "/srv/still")
    return GoSource(core)
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/Images")

  static let all: [CapturedImage] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
      guard let data = try? Data(contentsOf: folder.appending(path: name)) else { return nil }
      return try? JSONDecoder().decode(CapturedImage.self, from: data)
    }
  }()
}

extension CapturedImage: CustomTestStringConvertible {
  var testDescription: String { name }
}

/// All that we say of a program. Equal answers mean that what differs between two images is not needed.
struct ImageAnswers: Equatable {
  let layout: GoLayout
  let variables: Variables
  let module: Module
  let reasons: WaitReasons
  /// The fields of the scheduler, Ps, Ms and Gs, by the names that `schedtrace` uses.
  let fields: [String: [String: String]]
  /// Everything that a frame of the screen shows, but for the moment of reading.
  let snapshot: Snapshot
  let goroutines: [GoroutineRow]
  /// The stacks, also those of running goroutines.
  let stacks: String

  init(_ source: GoSource) throws {
    let program = source.program
    (layout, variables, module) = (program.layout, program.variables, program.module)
    (reasons, fields) = (program.reasons, try FrozenTests.reading(program).fields)
    var look = try source.snapshot()
    look.time = 0
    snapshot = look
    goroutines = try source.goroutines()
    let (listings, found) = try source.stacks()
    var text = StackText(program.tables, found, showsMachinery: true)
    stacks = listings.map { text.text(of: $0) }.joined(separator: "\n")
  }
}

/// The bytes of a file, and which of them were read.
final class RecordedBytes: ByteSource {
  private let file: any ByteSource
  private let ranges = Mutex<[Range<Int>]>([])
  var size: Int { file.size }

  init(_ file: any ByteSource) { self.file = file }

  func bytes(at place: Int, _ count: Int) -> [UInt8]? {
    let bytes = file.bytes(at: place, count)
    if bytes != nil, count > 0 { ranges.withLock { $0.append(place..<place + count) } }
    return bytes
  }

  /// What was read, in order, neighbours put together.
  var read: [Range<Int>] {
    ranges.withLock { ranges in
      ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: [Range<Int>]()) { all, range in
        if let last = all.last, range.lowerBound <= last.upperBound + 64 {
          all[all.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
          all.append(range)
        }
      }
    }
  }
}
