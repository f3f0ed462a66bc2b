// `mpgtop --version --verbose`: what this build can do, and whether the libraries that it looks for are on this machine.
import GoAttach
import Inspector

/// A part of mpgtop that a build, or a machine, may lack.
struct Feature {
  let name: String
  /// Whether this build contains the part.
  let isBuiltIn: Bool
  /// The version of the library that the part needs, as found on this machine; nil: the library is not found. Empty:
  /// the part needs no library.
  let version: String?
  /// What the part is for, and what happens without it.
  let use: String

  /// All parts that `--version --verbose` lists.
  static let all = [
    Feature(
      name: "libdw", isBuiltIn: DWARFLibrary.isBuiltIn, version: DWARFLibrary.version,
      use: "reads the DWARF of Go programs; without it, Go's own descriptors are read"),
    Feature(
      name: "zstd", isBuiltIn: Zstd.isBuiltIn, version: Zstd.version,
      use: "compresses streams; without it, they are sent as they are, and compressed ones cannot be read"),
    Feature(
      name: "io_uring", isBuiltIn: hasUring, version: "",
      use: "netpoll of programs on this version's runtime, with MPG_NETPOLL=io_uring"),
  ]

  /// Whether this build can use io_uring. The runtime calls the kernel itself, so it needs Linux and no library.
  private static var hasUring: Bool {
    #if os(Linux)
      true
    #else
      false
    #endif
  }

  /// Says in words whether the part can be used on this machine.
  var state: String {
    guard isBuiltIn else { return "no, not compiled in" }
    return version.map { $0.isEmpty ? "yes" : "yes, \($0)" } ?? "no, compiled in but not found here"
  }

  /// The lines that are printed: version and architecture, then a line for each feature.
  static func text(version: String) -> String {
    let (names, states) = (all.map(\.name.count).max() ?? 0, all.map(\.state.count).max() ?? 0)
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: width - text.count)
    }
    let lines = all.map { "\(padded($0.name, names))  \(padded($0.state, states))  \($0.use)\n" }
    return "\(version) for \(architecture)\n" + lines.joined()
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #else
      "another architecture"
    #endif
  }
}
