// Interning names: the place of a `go` call gets a string id when it first makes a G, and events carry the id.
import Region

/// The place of a `go` call, as the compiler knows it: the addresses of two static strings, and a line.
struct SpawnSite: Hashable {
  let file: UInt
  let function: UInt
  let line: Int

  @inline(__always)
  init(_ file: StaticString, _ function: StaticString, _ line: Int) {
    self.file = unsafe UInt(bitPattern: file.utf8Start)
    self.function = unsafe UInt(bitPattern: function.utf8Start)
    self.line = line
  }
}

/// The dictionary behind the region's string table. Each P keeps a small cache in front of it (`P.entry`).
///
/// Safe because: every stored property is touched under `lock` alone.
final class Interner: @unchecked Sendable {
  private var ids: [SpawnSite: UInt32] = [:]
  private var labels: [String: UInt32] = [:]
  private var end = 0
  private let lock = Lock()

  /// The id of `function at File.swift:31`; 0 when the table is full.
  func id(
    _ site: SpawnSite, file: StaticString, function: StaticString, in region: RegionFile
  ) -> UInt32 {
    id(site, in: region) {
      let name = "\(file)".split(separator: "/").last.map(String.init) ?? "?"
      return "\(function) at \(name):\(site.line)"
    }
  }

  /// The id of a name for Gs that no call in the program has spawned; 0 when the table is full.
  func id(named name: StaticString, in region: RegionFile) -> UInt32 {
    id(SpawnSite("", name, 0), in: region) { "\(name)" }
  }

  /// A program makes labels of whatever it likes, perhaps of what strangers send it. So their number and their length
  /// are limited.
  static let mostLabels = 1024
  static let longestLabel = 120

  /// The id of a span's label; 0 when there are too many labels already, or the table is full.
  func id(label: String, in region: RegionFile) -> UInt32 {
    lock.lock()
    defer { lock.unlock() }
    if let known = labels[label] { return known }
    guard labels.count < Self.mostLabels, let id = append(label, to: region) else { return 0 }
    labels[label] = id
    return id
  }

  private func id(_ site: SpawnSite, in region: RegionFile, named words: () -> String) -> UInt32 {
    lock.lock()
    defer { lock.unlock() }
    if let known = ids[site] { return known }
    guard let id = append(words(), to: region) else { return 0 }
    ids[site] = id
    return id
  }

  /// Adds a string, and returns its id; nil: the table is full. Call under the lock.
  private func append(_ words: String, to region: RegionFile) -> UInt32? {
    guard let next = unsafe StringTable.append(words, to: region.strings, at: end) else { return nil }
    let id = UInt32(end + 1)
    end = next
    region.sched[.stringBytes].publish(UInt64(end))
    return id
  }
}
