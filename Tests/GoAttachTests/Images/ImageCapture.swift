// How images are captured: with Go and gdb, when MPG_CAPTURE_IMAGES says so.
//
// The program stands still within a dump of its scheduler, as in FrozenTests, and is then dumped by gcore. What of the core
// and of the executable is read when the program is looked at is kept. Then zeros are put wherever they change no answer.
import Foundation
import TestSupport
import Testing

@testable import GoAttach

@Suite("Capturing images", .serialized)
struct ImageCapture {
  private static let isAsked = ProcessInfo.processInfo.environment["MPG_CAPTURE_IMAGES"] != nil
  private static let ways: [GoToolchain.Way] = GoToolchain.all.flatMap { go in
    [.usual, .stripped].map { GoToolchain.Way(go: go, build: $0) }
  }

  @Test("captures images of the versions of Go that there are", .enabled(if: isAsked), arguments: ways)
  func capture(_ way: GoToolchain.Way) throws {
    let source = CapturedImage.folder.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Programs/still").path
    let path = GoToolchain.cache.appending(path: "still-\(way.go.version)-\(way.build)").path
    let linker = way.build == .stripped ? "-s -w" : ""
    // Without the folders of this machine in it.
    try way.go.run(
      ["build", "-trimpath", "-ldflags=\(linker)", "-o", path, "."], in: source, cache: GoToolchain.cache)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let image = try Self.reduced(Self.image(path, way))
    try FileManager.default.createDirectory(at: CapturedImage.folder, withIntermediateDirectories: true)
    try encoder.encode(image).write(to: CapturedImage.folder.appending(path: "\(image.name).json"))
  }

  /// A moment in which every field that we read is what the program says of it.
  private static func image(_ path: String, _ way: GoToolchain.Way) throws -> CapturedImage {
    let folder = try TemporaryFolder()
    let pipe = try NarrowPipe(folder.path)
    let program = try Program(
      Command(
        words: ["sh", "-c", "exec \(path) 2>'\(pipe.path)'"],
        environment: ["GODEBUG": "schedtrace=100,scheddetail=1,asyncpreemptoff=1", "GOMAXPROCS": "3"]))
    let stacks = try eventually("it is ready") {
      _ = pipe.take()
      return program.output.hasSuffix("\nready\n") ? String(program.output.dropLast(7)) : nil
    }
    for _ in 0..<12 {
      try eventually("the pipe is full") { FrozenTests.isFull(pipe) }
      let core = try CoreMaker.dump(program.pid, in: folder.path)
      var text: [UInt8] = []
      try eventually("the dump is over") {
        text += pipe.take()
        return FrozenTests.dump(text) != nil
      }
      let dump = try #require(FrozenTests.dump(text).map(String.init))
      let image = try Self.image(core, path, way, dump, stacks)
      if try ImageTests.differences(image, image.open()).isEmpty { return image }
      while !pipe.take().isEmpty {}
    }
    throw Broken("no moment is whole")
  }

  /// What is read of a core and of an executable.
  private static func image(
    _ core: String, _ executable: String, _ way: GoToolchain.Way, _ dump: String, _ stacks: String
  ) throws -> CapturedImage {
    let (core, program) = (
      RecordedBytes(try FileBytes(path: core)), RecordedBytes(try FileBytes(path: executable))
    )
    // Without its descriptor libdw cannot read the executable, so both ways take Go's own descriptors.
    _ = try ImageAnswers(CapturedImage.open(core, program))
    let file = try CoreFile(core)
    var writer = CoreWriter()
    writer.threads = file.notes.threads.sorted { $0.key < $1.key }.map {
      .init(tid: $0.key, registers: $0.value)
    }
    (writer.pid, writer.name, writer.entry) = (file.notes.pid ?? 0, "still", file.notes.entry)
    for range in core.read {
      for piece in file.pieces where range.overlaps(piece.offset..<piece.offset + piece.count) {
        let part = range.clamped(to: piece.offset..<piece.offset + piece.count)
        writer.pieces.append(
          (
            piece.address + UInt64(part.lowerBound - piece.offset),
            try #require(core.bytes(at: part.lowerBound, part.count))
          ))
      }
    }
    var bytes = [UInt8](repeating: 0, count: program.size)
    for range in program.read {
      bytes.replaceSubrange(range, with: try #require(program.bytes(at: range.lowerBound, range.count)))
    }
    return CapturedImage(
      version: way.go.version, way: way.build == .stripped ? "stripped" : "default",
      core: SparseBytes(writer.bytes), executable: SparseBytes(bytes), scheduler: dump, stacks: stacks)
  }

  /// Puts zeros wherever they change nothing.
  private static func reduced(_ image: CapturedImage) throws -> CapturedImage {
    let wanted = try ImageAnswers(image.open())
    var tries = 0
    func isEqual(_ core: [UInt8], _ executable: [UInt8]) -> Bool {
      tries += 1
      guard let source = try? CapturedImage.open(ArrayBytes(core), ArrayBytes(executable)) else {
        return false
      }
      return (try? ImageAnswers(source)) == wanted
    }
    let core = image.core.bytes
    let executable = try CaptureTests.reduced(image.executable.bytes, least: 32) { isEqual(core, $0) }
    var small = image
    small.executable = SparseBytes(executable)
    small.core = SparseBytes(try CaptureTests.reduced(core, least: 16) { isEqual($0, executable) })
    print("\(image.name): reduced by \(tries) tries")
    return small
  }
}
