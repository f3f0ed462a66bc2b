import Glibc
import Region
import Testing

@testable import Host
@testable import Inspector
@testable import RegionSource

@Suite("Mapping a region")
struct MappingTests {
  @Test("the kernel maps the region shared and read-only, and holds it by no writable descriptor")
  func readOnly() throws {
    let region = RegionFixture()
    let source = try region.source()
    defer { withExtendedLifetime(source) {} }

    let lines = String(decoding: Self.readAll("/proc/self/maps"), as: UTF8.self).split(separator: "\n")
    let permissions = lines.filter { $0.hasSuffix(region.path) }.map { $0.split(separator: " ")[1] }

    #expect(permissions.sorted() == ["r--s", "rw-s"])  // the reader's, and the fixture's
    let ours = (Int32(3)..<20_000).filter { Self.path(of: $0) == region.path }.map {
      fcntl($0, F_GETFL) & O_ACCMODE
    }
    #expect(ours.sorted() == [O_RDONLY, O_RDWR])
  }

  @Test("looking gives no memory to the parts of the file that the target does not use")
  func holesStayHoles() throws {
    let region = RegionFixture()
    let source = try region.source()
    _ = try source.snapshot()
    let before = region.allocatedBytes

    for _ in 0..<20 {
      _ = try source.snapshot()
      _ = try source.drain { _, _ in }
    }

    #expect(region.allocatedBytes == before)
    #expect(before < 256 * 1024)
  }

  @Test("a file that is cut while it is mapped is an error, not a trap")
  func cutWhileMapped() throws {
    let region = RegionFixture()
    let source = try region.source()
    region.truncate(to: 8192)

    let problem = LayoutProblem.truncated(bytes: 8192, needed: region.plan.bytes)
    #expect(throws: problem) { try source.snapshot() }
    #expect(throws: problem) { _ = try source.drain { _, _ in } }
    #expect(throws: problem) { try source.life() }
  }

  @Test("a file shorter than its header, or than what its schema places, says how much is missing")
  func short() throws {
    let region = RegionFixture()
    func problem(at bytes: Int) -> LayoutProblem? {
      region.truncate(to: bytes)
      do throws(InspectorError) {
        _ = try RegionFile(path: region.path, process: region.process).open()
      } catch {
        if case .layout(_, let problem) = error { return problem }
      }
      return nil
    }

    guard case .truncated = problem(at: region.plan.bytes - 1) else {
      Issue.record("cut by a byte")
      return
    }
    guard case .truncated = problem(at: 100_000) else {
      Issue.record("cut after the schema")
      return
    }
    guard case .truncated = problem(at: 6000) else {
      Issue.record("cut in the schema")
      return
    }
    #expect(problem(at: 100) == .truncated(bytes: 100, needed: Header.bytes))
    #expect(problem(at: 0) == .unfinished)
  }

  private static func readAll(_ path: String) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY)
    defer { close(descriptor) }
    var (all, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
    while true {
      let count = unsafe read(descriptor, &chunk, chunk.count)
      if count <= 0 { return all }
      all += chunk.prefix(count)
    }
  }

  private static func path(of descriptor: Int32) -> String? {
    var bytes = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/fd/\(descriptor)", &bytes, bytes.count - 1)
    return count < 0 ? nil : String(decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
