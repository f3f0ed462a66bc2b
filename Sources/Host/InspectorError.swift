// What can be wrong with the world when a target is looked at, each case with what to do about it.
//
// `description` is one clause for a person, lower case and without a full stop; the command line puts its own name in
// front and maps each case to an exit code (docs/mpgtop.md).
internal import Glibc
import Region

/// Why a target could not be attached to, or not be read any further.
public enum InspectorError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No process has this id, and none left a region behind.
  case noSuchProcess(pid: Int32)
  /// The process lives, and has no region.
  case notATarget(pid: Int32, name: String)
  /// The process belongs to someone else.
  case otherUser(pid: Int32, uid: UInt32)
  /// The region's file is not one that we may, or should, read: the reason says why.
  case notPermitted(path: String, reason: String)
  /// The region is not one that this build can read.
  case layout(path: String, LayoutProblem)
  /// The process has ended, or ended while it was looked at.
  case gone(pid: Int32, TargetEnding)
  /// The file is not a recording, or there is nothing whole in it.
  case notARecording(path: String, reason: String)
  /// What is to be written cannot go there: the reason says why, and what to do.
  case badOutput(path: String, reason: String)
  /// A file that we may not write.
  case notWritable(path: String, reason: String)
  /// Standard output, a pipe or a device takes no more.
  case stream(path: String, errno: Int32)
  /// No dead process has left a region behind.
  case noBlackBox
  /// The system could not be asked whether the process lives: this process is out of descriptors, for one.
  case cannotTell(pid: Int32, call: String, errno: Int32)
  /// A system call failed that does not, unless the machine is short of something.
  case system(call: String, path: String, errno: Int32)

  public var description: String {
    switch self {
    case .noSuchProcess(let pid):
      "no process \(pid); mpgtop -l lists what can be looked at"
    case .notATarget(let pid, let name):
      "cannot attach to \(pid) (\(name)): it does not run on MPG, or was started with another "
        + "XDG_RUNTIME_DIR; mpgtop -l lists what can be looked at"
    case .otherUser(let pid, let uid):
      "cannot attach to \(pid): it belongs to user \(uid); run mpgtop as that user"
    case .notPermitted(let path, let reason):
      "cannot read \(path): \(reason)"
    case .layout(let path, let problem):
      "cannot read \(path): \(problem)"
    case .gone(let pid, let ending):
      "process \(pid) is gone: \(ending)"
    case .notARecording(let path, let reason):
      "\(path) is not a recording: \(reason)"
    case .badOutput(let path, let reason), .notWritable(let path, let reason):
      "cannot write \(path): \(reason)"
    case .stream(let path, let errno):
      "cannot write to \(path): " + (errno == EPIPE ? "its reader has left" : errnoText(errno))
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

/// What is wrong with a region's bytes.
public enum LayoutProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file does not start as a region does.
  case notARegion
  /// The process is still writing its header.
  case unfinished
  /// The process ended before it had written its header, and how it ended is not known.
  case abandoned
  case otherByteOrder
  case version(UInt64)
  /// The file ends before what it says it holds.
  case truncated(bytes: Int, needed: Int)
  /// The schema lacks something that we cannot do without: `block lane`, `field lane.created`…
  case missing(String)
  /// A line of the schema makes no sense; the line, cut to a readable length.
  case schema(String)
  /// A value that no writer of ours writes.
  case impossible(String, UInt64)

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
  package static func unknownWhetherAlive(pid: Int32, _ error: SystemCallError) -> InspectorError {
    .cannotTell(pid: pid, call: error.call, errno: error.errno)
  }
}

/// How a process ended, as far as its region and the system tell.
public enum TargetEnding: Sendable, Equatable, CustomStringConvertible {
  /// It said goodbye, with this exit code.
  case exited(code: Int32)
  /// It died of this signal and had time to say so.
  case crashed(signal: Int32)
  /// It vanished without a word: SIGKILL, or the machine ran out of memory.
  case killed
  /// A recording tells it, in words.
  case told(String)

  public var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .crashed(let signal): "crashed of signal \(signal) (\(signalName(signal)))"
    case .killed: "killed, without a last word (SIGKILL, or out of memory)"
    case .told(let words): words
    }
  }
}
