// The place to which an output path leads: a file, which can be replaced as a whole, or a stream, which can
// only be written to. Streams are standard output, pipes and devices.
internal import Glibc

/// The place to which an output path leads.
enum OutputPlace {
  /// An open descriptor, which the owner of this value closes.
  case stream(Int32)
  /// The path of the file after all links are followed, and the status of the file that is there now; nil:
  /// there is none.
  case file(path: String, before: FileStatus?)

  /// - Throws: an error that says what is wrong with the path. The message names the path as the user wrote
  ///   it.
  init(_ path: String) throws(InspectorError) {
    if let number = Self.descriptor(named: path) {
      self = .stream(try Self.copy(of: number, path))
      return
    }
    let status = try? FileStatus(ofTarget: path)
    if let status, !status.isRegular, !status.isDirectory {
      self = .stream(try Self.open(path))
      return
    }
    let (place, before) = try Self.followed(path)
    if before?.isDirectory == true || place.hasSuffix("/") {
      throw .badOutput(path: path, reason: "it is a folder; name a file in it")
    }
    self = .file(path: place, before: before)
  }

  /// The folder in which a path lies.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  // MARK: streams

  /// The number of the descriptor that a path such as `-` or `/dev/fd/3` names; nil: it names none. If the path were
  /// opened anew, the write position in a file that the shell opened for us would be lost.
  private static func descriptor(named path: String) -> Int32? {
    switch path {
    case "-", "/dev/stdout": return STDOUT_FILENO
    case "/dev/stderr": return STDERR_FILENO
    default:
      let folders = ["/dev/fd/", "/proc/self/fd/"]
      guard let folder = folders.first(where: { path.hasPrefix($0) }) else { return nil }
      return Int32(path.dropFirst(folder.count))
    }
  }

  private static func copy(of number: Int32, _ path: String) throws(InspectorError) -> Int32 {
    let descriptor = fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard descriptor >= 0 else { throw .stream(path: path, errno: errno) }
    return try checked(descriptor, path)
  }

  private static func open(_ path: String) throws(InspectorError) -> Int32 {
    let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw .output(SystemCallError(call: "open", errno: errno), path: path) }
    return try checked(descriptor, path)
  }

  private static func checked(_ descriptor: Int32, _ path: String) throws(InspectorError) -> Int32 {
    guard isatty(descriptor) == 1 else { return descriptor }
    _ = close(descriptor)
    throw .badOutput(path: path, reason: "it is a terminal, and this is no text; name a file, or a pipe")
  }

  // MARK: links

  /// The path to which `path` leads when all symbolic links in its last component are followed. No file needs to be there.
  private static func followed(_ path: String) throws(InspectorError) -> (String, FileStatus?) {
    var place = path
    // At most 40 links are followed, as in the kernel.
    for _ in 0..<40 {
      let status: FileStatus
      do throws(SystemCallError) {
        status = try FileStatus(ofLink: place)
      } catch {
        guard error.errno == ENOENT else { throw .output(error, path: path) }
        return (place, nil)
      }
      guard status.isSymbolicLink else { return (place, status) }
      try check(link: status, place, path)
      let target = try target(of: place, path)
      place = target.hasPrefix("/") ? target : folder(of: place) + "/" + target
    }
    throw .output(SystemCallError(call: "open", errno: ELOOP), path: path)
  }

  /// Refuses another user's link in a folder that everybody may write to: the link may lead to a file of ours which
  /// that user could not write to. The kernel has the same rule for opening a file (`protected_symlinks`).
  private static func check(link: FileStatus, _ place: String, _ path: String) throws(InspectorError) {
    guard link.owner != currentUser(), let folder = try? FileStatus(ofTarget: folder(of: place)) else {
      return
    }
    guard folder.permissions & 0o1002 == 0o1002, folder.owner != link.owner else { return }
    throw .notWritable(
      path: path, reason: "it is a link of user \(link.owner) in a folder that everybody may write to")
  }

  private static func target(of link: String, _ path: String) throws(InspectorError) -> String {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe readlink(link, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    guard count > 0 else { throw .output(SystemCallError(call: "readlink", errno: errno), path: path) }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}

extension InspectorError {
  /// The error for a system call that failed while something was to be written to `path`.
  package static func output(_ error: SystemCallError, path: String) -> InspectorError {
    switch error.errno {
    case EACCES, EPERM, EROFS, EBUSY:
      .notWritable(path: path, reason: "not permitted (\(errnoText(error.errno)))")
    default: .system(call: error.call, path: path, errno: error.errno)
    }
  }
}
