// The runtime's own words about its scheduler: GODEBUG=schedtrace=…,scheddetail=1.
import Foundation

/// One dump, as numbers and words by name. A plain value.
struct SchedTrace {
  /// The fields of the lines that begin with a name: `SCHED`, `P0`, `M3`, `G17`.
  var lines: [String: [String: String]] = [:]

  /// Parses the lines of one dump.
  init(_ text: Substring) {
    for line in text.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let name = line[..<colon].split(separator: " ").first.map(String.init) ?? ""
      lines[name] = Self.fields(line[line.index(after: colon)...])
    }
  }

  /// The fields of one line: `status=4(chan receive) m=nil` has blanks within brackets.
  private static func fields(_ line: Substring) -> [String: String] {
    var fields: [String: String] = [:]
    for match in line.matches(of: #/(\w+)=(-?\w*(?:\((?:[^()]|\([^()]*\))*\))?)/#) {
      fields[String(match.1)] = String(match.2)
    }
    return fields
  }

  func numbers(_ prefix: Character) -> [String: [String: String]] {
    lines.filter { $0.key.first == prefix && $0.key.dropFirst().allSatisfy(\.isNumber) && $0.key.count > 1 }
  }
}

/// The standard error of a program, as a pipe of one page that nobody empties until it is asked for. A program that dumps
/// its scheduler then stands still within the dump, with the scheduler's lock in its hand.
final class NarrowPipe {
  private let descriptor: Int32
  let path: String
  /// F_SETPIPE_SZ, which Swift's Glibc lacks.
  private static let setSize: Int32 = 1031

  init(_ folder: String) throws {
    path = folder + "/narrow"
    guard unsafe mkfifo(path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
    descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    _ = fcntl(descriptor, Self.setSize, 4096)
  }

  deinit { close(descriptor) }

  /// How many bytes lie in the pipe.
  var count: Int {
    var count: Int32 = 0
    _ = unsafe ioctl(descriptor, UInt(FIONREAD), &count)
    return Int(count)
  }

  /// Takes what lies in the pipe.
  func take() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    return Array(bytes.prefix(max(0, count)))
  }
}
