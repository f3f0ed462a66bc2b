// A core file of a Go program, beside the program's executable.
//
// A core holds what the program could write to. Code, types and tables of functions are only in its executable. That file is
// found by the path that the core tells, or is named by the user. The file at this path may be another build by now, so its
// build id must be the one that the core's memory holds.
import Host
import Observed

/// The core file of a dead Go program, together with its executable. Immutable.
final class GoCore: Sendable {
  let path: String
  /// The path of the executable that fits the core.
  let executable: String
  let file: CoreFile
  let program: GoProgram

  /// Opens a core file.
  ///
  /// - Parameter executable: the program's file; nil: the one at the path that the core tells.
  /// - Throws: a refusal that says what is wrong with which file, and what to do.
  convenience init(path: String, executable given: String?) throws(GoRefusal) {
    let core = try CoreFile(Self.open(path))
    guard let executable = given ?? core.notes.executable else {
      throw .core("it does not tell what its executable is; name the executable behind the core")
    }
    let program: GoExecutable
    do throws(GoRefusal) {
      program = try GoExecutable(path: executable)
    } catch {
      throw Self.refusal(error, executable, isGiven: given != nil)
    }
    try self.init(core, program, path: path, executable: executable)
  }

  /// Takes a core and an executable that are open already.
  init(_ core: CoreFile, _ file: GoExecutable, path: String, executable: String) throws(GoRefusal) {
    (self.path, self.executable, self.file) = (path, executable, core)
    let bias = try Self.bias(core, file, executable)
    guard Self.isBuildEqual(core, file, bias) else {
      throw .core("\(executable) is another build of the program; name the one that died behind the core")
    }
    do throws(GoRefusal) {
      program = try GoProgram(
        pid: core.notes.pid ?? 0, file, CoreMemory(core, file, bias: bias), bias: bias, isStill: true)
    } catch {
      guard core.missing > 0 else { throw error }
      throw .core("\(Self.words(ofMissing: core.missing)), and what is there is not enough: \(error)")
    }
  }

  private static func open(_ path: String) throws(GoRefusal) -> FileBytes {
    do throws(OpenProblem) {
      return try FileBytes(path: path)
    } catch {
      throw .core(errnoText(error.errno))
    }
  }

  private static func refusal(_ refusal: GoRefusal, _ executable: String, isGiven: Bool) -> GoRefusal {
    let cure = isGiven ? "" : "; name the executable behind the core"
    return switch refusal {
    case .notGo: .core("\(executable) was not built by Go")
    case .memory(.gone): .core("there is no \(executable)\(cure)")
    case .memory(.denied(let errno)), .memory(.system(_, let errno)):
      .core("\(executable) cannot be opened: \(errnoText(errno))\(cure)")
    default: .core("\(executable) is not understood: \(refusal)\(cure)")
    }
  }

  /// The load bias: by how much addresses in the core are higher than those in the executable.
  private static func bias(
    _ core: CoreFile, _ file: GoExecutable, _ executable: String
  ) throws(GoRefusal) -> UInt64 {
    guard let entry = core.notes.entry else {
      if !file.elf.isMovable { return 0 }
      throw .core("it does not tell where its program was loaded")
    }
    let bias = entry &- file.elf.entry
    // Files are loaded in whole pages, so the bias is a multiple of a page's size.
    guard bias & 0xFFF == 0, bias == 0 || file.elf.isMovable else {
      throw .core("\(executable) is not the program that died; name the one that died behind the core")
    }
    return bias
  }

  /// Whether the build ids in the file are those in the core. If the core lacks the page that holds them, this is true, and
  /// other checks must find out whether the file is the wrong one (Module, Validation).
  private static func isBuildEqual(_ core: CoreFile, _ file: GoExecutable, _ bias: UInt64) -> Bool {
    let memory = CoreMemory(core)
    for name in [".note.go.buildid", ".note.gnu.build-id"] {
      guard let section = file.elf.sections[name], section.size <= 4096,
        let wanted = file.elf.bytes(of: name, in: file.file),
        let found = try? memory.bytes(at: section.address &+ bias, section.size)
      else { continue }
      if found != wanted { return false }
    }
    return true
  }

  /// How the process ended, and what of the core is missing.
  var ending: TargetEnding {
    let missing = file.missing > 0 ? "; \(Self.words(ofMissing: file.missing))" : ""
    guard let signal = file.notes.signal else {
      return .told("dumped by a debugger while it lived" + missing)
    }
    let crashed = TargetEnding.crashed(signal: signal)
    return missing.isEmpty ? crashed : .told("\(crashed)\(missing)")
  }

  private static func words(ofMissing count: Int) -> String {
    "the core is cut short by \(Quantity.bytes(UInt64(count)))"
  }
}
