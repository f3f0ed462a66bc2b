// Names once: entry points are interned at their first use, and events carry ids.
import Region

/// Where a G was spawned, as the compiler knows it; two static strings and a line.
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

  private func id(_ site: SpawnSite, in region: RegionFile, named words: () -> String) -> UInt32 {
    lock.lock()
    defer { lock.unlock() }
    if let known = ids[site] { return known }
    let words = words()
    guard let next = unsafe StringTable.append(words, to: region.strings, at: end) else { return 0 }
    let id = UInt32(end + 1)
    end = next
    region.sched[.stringBytes].publish(UInt64(end))
    ids[site] = id
    return id
  }
}
