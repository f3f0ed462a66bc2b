// Why a process is not shown. In any doubt mpgtop refuses and says what it did not understand: it shows no doubtful number.

/// The reason why a Go program's scheduler is not read.
public enum GoRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// The executable was not built by Go.
  case notGo
  /// The executable was not built by Go, but a library that it has loaded was.
  case guest(String)
  /// The executable was built by this version of Go, which is not understood.
  case version(String)
  /// The executable's file is not understood; the reason says why.
  case file(String)
  /// No source of offsets tells this field of the runtime's structs.
  case field(String)
  /// This variable of the runtime was not found.
  case variable(String)
  /// The memory contradicts what a scheduler looks like; the text says in which way.
  case contradiction(String)
  /// The core file is not shown; the text says why.
  case core(String)
  /// The memory cannot be read.
  case memory(MemoryProblem)

  /// One clause for a person, in lower case and without a full stop.
  public var description: String {
    switch self {
    case .notGo: "it is no Go program"
    case .guest(let library):
      "it was not built by Go, but has loaded \(library), which was; Go within another program (c-shared) is not shown"
    case .version(let version):
      "it was built by \(version); Go 1.21 to 1.27 are understood, and later ones unless they are stripped (-s, -w)"
    case .file(let reason): "its executable is not understood: \(reason)"
    case .field(let name): "its runtime has no field \(name) that this build knows how to find"
    case .variable(let name): "its runtime's \(name) was not found"
    case .contradiction(let what): "its memory is not that of a scheduler as this build knows it: \(what)"
    case .core(let reason): reason
    case .memory(let problem): problem.words
    }
  }
}

extension MemoryProblem {
  /// The problem as one clause for a person, in lower case and without a full stop.
  var words: String {
    switch self {
    case .gone: "it has ended"
    case .denied(let errno):
      "the system does not let its memory be read (errno \(errno)); run mpgtop as root or with CAP_SYS_PTRACE"
    case .unmapped(let address): "nothing is mapped at 0x\(String(address, radix: 16))"
    case .absurd(let count): "a length of \(count) bytes makes no sense"
    case .system(let call, let errno): "\(call) failed with errno \(errno)"
    }
  }
}
