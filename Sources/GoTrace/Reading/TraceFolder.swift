// A folder of traces, such as a flight recorder's snapshots, in the order of their times.

#if canImport(Glibc)
  import Glibc
#endif

enum TraceFolder {
  /// The most files of a folder that are looked at.
  private static let most = 10_000

  /// The paths of the traces in a folder, the earliest first.
  static func traces(in folder: String) throws(TraceError) -> [String] {
    guard let stream = unsafe opendir(folder) else { throw .cannotRead(path: folder, errno: errno) }
    defer { unsafe closedir(stream) }
    var found: [(start: UInt64, path: String)] = []
    var count = 0
    while count < most, let entry = unsafe readdir(stream) {
      count += 1
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      let path = folder + "/" + name
      if isFile(path), let start = start(path) { found.append((start, path)) }
    }
    return found.sorted { ($0.start, $0.path) < ($1.start, $1.path) }.map(\.path)
  }

  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// The time of the first batch of a trace; nil: the file is no trace that can be read.
  private static func start(_ path: String) -> UInt64? {
    guard let input = try? TraceInput(path: path) else { return nil }
    guard var reader = try? BatchReader(input) else { return nil }
    return reader.firstTime
  }
}
