// Libraries that Go built, within programs that it did not build (c-shared, plugins).
import Host

/// Finds libraries that Go built in processes that it did not build.
enum GoLibrary {
  /// No more files of a process than this are looked into.
  private static let most = 512

  /// The name of a library that Go built and that a process has loaded; nil: there is none, or this user may not know.
  static func loaded(by pid: Int32) -> String? {
    let maps = String(decoding: wholeFile("/proc/\(pid)/maps", limit: 16 << 20), as: UTF8.self)
    var seen: Set<Substring> = []
    for line in maps.split(separator: "\n") {
      // In a line of `maps` many blanks stand before the path, so the path is found by its first slash.
      guard let start = line.firstIndex(of: "/"), line[..<start].includes("r-x"), seen.count < most,
        seen.insert(line[start...]).inserted
      else { continue }
      // The path begins at the process's root folder, which may be another than ours (a container).
      let path = String(line[start...])
      if (try? GoExecutable(path: "/proc/\(pid)/root\(path)")) != nil { return printable(path) }
    }
    return nil
  }
}
