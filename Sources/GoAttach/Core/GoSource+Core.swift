// A core file as a source: a Go program that has ended.
import Host
import Observed

extension GoSource {
  /// Opens the core file of a dead Go program, which the kernel or gcore wrote.
  ///
  /// - Parameters:
  ///   - path: the core file. Only the parts of it that are needed are read.
  ///   - executable: the program's file; nil: the one at the path that the core tells.
  /// - Throws: an error if the file is no core of a Go program, or the executable is missing or another build.
  public convenience init(core path: String, executable: String? = nil) throws(InspectorError) {
    let core: GoCore
    do throws(GoRefusal) {
      core = try GoCore(path: path, executable: executable)
    } catch {
      throw .badCore(path: path, reason: error.description)
    }
    self.init(core)
  }

  convenience init(_ core: GoCore) {
    let notes = core.file.notes
    let name = core.executable.split(separator: "/").last.map(String.init) ?? notes.name
    // The core does not tell when its process began.
    let identity = Snapshot.Target(
      pid: notes.pid ?? 0, name: name, bootTime: 0, state: notes.signal == nil ? .live : .crashed)
    self.init(core.program, identity, image: nil, core: core)
  }

  /// Whether a file is a core file of a 64-bit system.
  public static func isCore(path: String) -> Bool {
    guard let file = try? FileBytes(path: path) else { return false }
    return CoreFile.isCore(file)
  }

  /// How the process ended, in words, if it left a core; nil: it lives.
  public var endOfCore: String? { core?.ending.description }

  /// The path of the program's executable; nil: it cannot be known.
  public var executablePath: String? { core?.executable ?? ProcessFacts.executable(of: identity.pid) }
}
