// Why a trace cannot be read at all, or, when the reader is strict, why it is not read further.

/// The reason why a trace is not read. Its description is one line for people, with what to do.
public enum TraceError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file begins with something else than a trace does.
  case notATrace
  /// The trace is of version 1, which Go 1.21 and older write; the value is the minor version in its header.
  case oldVersion(Int)
  /// The header has a version that was not known when this was written.
  case unknownVersion(Int)
  /// The file cannot be read; `errno` is the system's error number.
  case cannotRead(path: String, errno: Int32)
  /// The file is packed by gzip, and this program was built without zlib, or the packed bytes are damaged from
  /// the first one on.
  case cannotUnpack
  /// The folder has no trace in it.
  case noTraces(path: String)
  /// A reader that was asked to be strict found this damage.
  case damaged(String)

  /// One line for people.
  public var description: String {
    switch self {
    case .notATrace: "not a Go execution trace: it does not begin with \"go 1.\" and a version"
    case .oldVersion(let minor):
      "a Go trace of the old format, \"go 1.\(minor) trace\", which Go 1.21 and older write; "
        + "traces of Go 1.22 and later can be read"
    case .unknownVersion(let minor):
      "a Go trace of a version that is not known, \"go 1.\(minor) trace\"; those of 1.22, 1.23, 1.25 and 1.26 are"
    case .cannotRead(let path, let errno): "cannot read \(path): errno \(errno)"
    case .cannotUnpack: "cannot unpack the gzip file: it is damaged at its beginning, or zlib is missing"
    case .noTraces(let path): "no Go trace in the folder \(path)"
    case .damaged(let what): what
    }
  }
}
