// The errors of all modules of the inspector: what can go wrong with a target, a recording or an output. Each message
// says what the user can do about it.
//
// `description` is one clause for a person, in lower case and without a full stop. The command line puts its own name
// in front and maps each case to an exit code (docs/mpgtop.md).
internal import Glibc
import Region

/// The reason why a target cannot be attached to or read any further, why a file is no recording, or why an
/// output cannot be written.
public enum InspectorError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No process has this id, and no process that had it left a region behind.
  case noSuchProcess(pid: Int32)
  /// The process lives, but no region of it was found.
  case notATarget(pid: Int32, name: String)
  /// The process belongs to another user, whose id is `uid`.
  case otherUser(pid: Int32, uid: UInt32)
  /// The region's file may not be read, or is not safe to read; the reason says why.
  case notPermitted(path: String, reason: String)
  /// This build cannot read the region's bytes; the problem says why.
  case layout(path: String, LayoutProblem)
  /// The process is of a kind that can be looked at, but a part of its scheduler is not understood; the reason says which.
  case notUnderstood(pid: Int32, name: String, reason: String)
  /// The process has ended, before or while it was looked at; the ending says how.
  case gone(pid: Int32, TargetEnding)
  /// The file is not a recording, or holds no complete part of one; the reason says which.
  case notARecording(path: String, reason: String)
  /// The file is no execution trace of Go that can be read; the reason says why, and what can be.
  case badTrace(path: String, reason: String)
  /// The core file of a dead process is not shown; the reason says why, and what to do.
  case badCore(path: String, reason: String)
  /// The output cannot go to this path; the reason says why, and what to do.
  case badOutput(path: String, reason: String)
  /// This process may not write the file; the reason says why.
  case notWritable(path: String, reason: String)
  /// Standard output, a pipe or a device refused more bytes. EPIPE: its reader has left.
  case stream(path: String, errno: Int32)
  /// What comes from another machine is no stream, is damaged, or has ended; the words say which, and follow "the stream".
  case badStream(String)
  /// No dead process has left a region behind.
  case noBlackBox
  /// The operating system could not be asked whether the process lives, for example because this process has no file
  /// descriptors left.
  case cannotTell(pid: Int32, call: String, errno: Int32)
  /// Another system call failed, mostly because the machine is short of something. The errno says why.
  case system(call: String, path: String, errno: Int32)

  /// One clause for a person, in lower case and without a full stop: what is wrong, and what to do about it.
  public var description: String {
    switch self {
    case .noSuchProcess(let pid):
      "no process \(pid); mpgtop -l lists what can be looked at"
    case .notATarget(let pid, let name):
      "cannot attach to \(pid) (\(name)): it does not run on MPG and was not built by Go, or was "
        + "started with another XDG_RUNTIME_DIR; mpgtop -l lists what can be looked at"
    case .otherUser(let pid, let uid):
      "cannot attach to \(pid): it belongs to user \(uid); run mpgtop as that user"
    case .notPermitted(let path, let reason):
      "cannot read \(path): \(reason)"
    case .layout(let path, let problem):
      "cannot read \(path): \(problem)"
    case .notUnderstood(let pid, let name, let reason):
      "cannot look at \(pid) (\(name)): \(reason)"
    case .gone(let pid, let ending):
      "process \(pid) is gone: \(ending)"
    case .notARecording(let path, let reason):
      "\(path) is not a recording: \(reason)"
    case .badTrace(let path, let reason):
      "cannot read \(path): \(reason)"
    case .badCore(let path, let reason):
      "cannot show \(path): \(reason)"
    case .badOutput(let path, let reason), .notWritable(let path, let reason):
      "cannot write \(path): \(reason)"
    case .stream(let path, let errno):
      "cannot write to \(path): " + (errno == EPIPE ? "its reader has left" : errnoText(errno))
    case .badStream(let words):
      "the stream \(words)"
    case .noBlackBox:
      "no dead process has left a region behind; mpgtop -l lists what there is"
    case .cannotTell(let pid, let call, let errno):
      "cannot tell whether process \(pid) lives: \(call) failed on /proc/\(pid)/stat: errno \(errno) "
        + "(\(errnoText(errno)))"
    case .system(let call, let path, let errno):
      "\(call) failed on \(path): errno \(errno) (\(errnoText(errno)))"
    }
  }
}

/// The fault in the bytes of a region.
public enum LayoutProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file does not begin with the bytes with which every region begins.
  case notARegion
  /// The process has not finished writing the header of its region.
  case unfinished
  /// The process ended before it had finished the header of its region. How it ended is not known.
  case abandoned
  /// The region was written on a machine of the other byte order.
  case otherByteOrder
  /// The region has this layout version, which this build cannot read.
  case version(UInt64)
  /// The file has `bytes` bytes, and its own header and schema claim that it has at least `needed`.
  case truncated(bytes: Int, needed: Int)
  /// The schema lacks something that the reader cannot do without, such as `block lane` or `field lane.created`.
  case missing(String)
  /// A line of the schema cannot be understood. The value is that line, cut to a readable length.
  case schema(String)
  /// The named field has this value, which no correct writer writes.
  case impossible(String, UInt64)

  /// One clause for a person, in lower case and without a full stop. It follows the name of the file.
  public var description: String {
    switch self {
    case .notARegion: "it is not a scheduler's region (the first bytes are others)"
    case .unfinished: "its process has not finished booting; try again"
    case .abandoned: "its process ended before it had finished booting; there is nothing in it, remove it"
    case .otherByteOrder: "it was written in the other byte order; read it on a machine of its own kind"
    case .version(let found):
      "its layout version is \(found), this build reads \(Layout.version); rebuild either side"
    case .truncated(let bytes, let needed):
      "it is truncated: \(bytes) bytes where \(needed) are needed; restart the target"
    case .missing(let what): "its schema has no \(what); rebuild either side"
    case .schema(let line): "its schema is damaged at '\(line)'; restart the target"
    case .impossible(let field, let value):
      "it is damaged: \(field) is \(value), which cannot be; restart the target"
    }
  }
}

extension InspectorError {
  /// The error for a process about which a failed call could not tell whether it lives.
  package static func unknownWhetherAlive(pid: Int32, _ error: SystemCallError) -> InspectorError {
    .cannotTell(pid: pid, call: error.call, errno: error.errno)
  }
}

/// How a process ended, as far as its region and the operating system tell.
public enum TargetEnding: Sendable, Equatable, CustomStringConvertible {
  /// The process exited by itself with this code, and wrote the code into its region.
  case exited(code: Int32)
  /// This signal ended the process, which could still write the number into its region.
  case crashed(signal: Int32)
  /// The process ended without a word in its region: SIGKILL, or the machine ran out of memory.
  case killed
  /// A source or a recording tells in these words how the process ended.
  case told(String)

  /// One clause for a person, such as `exited with code 1`.
  public var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .crashed(let signal): "crashed of signal \(signal) (\(signalName(signal)))"
    case .killed: "killed, without a last word (SIGKILL, or out of memory)"
    case .told(let words): words
    }
  }
}
