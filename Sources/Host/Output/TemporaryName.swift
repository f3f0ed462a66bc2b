// The name that an output file has until it takes its final name.
internal import Glibc

/// A temporary name, in the folder of the file that is to be replaced.
struct TemporaryName {
  let path: String

  /// At most this many names are tried: `target.part`, `target.part-2` and so on.
  private static let most = 100
  /// O_TMPFILE, a macro that Swift does not import: a bit of its own, together with O_DIRECTORY.
  private static let unnamed = 0o20_000_000 | O_DIRECTORY

  private init(path: String) { self.path = path }

  /// Makes a visible file beside `target`: `target.part`, locked as long as it is open. If a dead recorder left a file
  /// of that name, that file stays, and the next name is tried. nil: another recorder is writing the file now.
  static func shown(
    beside target: String, _ mode: mode_t
  ) throws(SystemCallError) -> (Int32, TemporaryName?)? {
    for number in 1...most {
      let path = target + ".part" + (number == 1 ? "" : "-\(number)")
      do throws(SystemCallError) {
        let made: (Int32, TemporaryName?) = (try locked(path, mode), TemporaryName(path: path))
        return made
      } catch {
        guard error.errno == EEXIST, number < most else { throw error }
        if isLocked(path) { return nil }
      }
    }
    throw SystemCallError(call: "open", errno: EEXIST)
  }

  /// Makes a new file that is locked before any other process can see it. On a file system without O_TMPFILE it is
  /// locked right after it was made.
  private static func locked(_ path: String, _ mode: mode_t) throws(SystemCallError) -> Int32 {
    let unseen = unsafe open(OutputPlace.folder(of: path), unnamed | O_WRONLY | O_CLOEXEC, mode)
    guard unseen >= 0 else {
      guard hasNoUnnamed(errno) else { throw SystemCallError(call: "open", errno: errno) }
      let descriptor = try create(path, mode)
      _ = flock(descriptor, LOCK_EX | LOCK_NB)
      return descriptor
    }
    _ = flock(unseen, LOCK_EX | LOCK_NB)
    guard link(unseen, path) else {
      let error = SystemCallError(call: "linkat", errno: errno)
      _ = close(unseen)
      throw error
    }
    return unseen
  }

  /// Whether a living process is writing the file. The kernel releases the lock when its holder ends, however it ends.
  private static func isLocked(_ path: String) -> Bool {
    let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { _ = close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EAGAIN
  }

  /// Whether this errno means that O_TMPFILE is not supported. A kernel that does not know O_TMPFILE takes the call for
  /// an attempt to write to a folder, and answers EISDIR or EINVAL.
  private static func hasNoUnnamed(_ error: Int32) -> Bool { [EOPNOTSUPP, EISDIR, EINVAL].contains(error) }

  /// Gives the name `path` to a file that has no name. false: errno says why not.
  private static func link(_ descriptor: Int32, _ path: String) -> Bool {
    unsafe linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
  }

  /// Makes a file in `folder` that nobody sees, because it has no name. On a file system without O_TMPFILE it has a
  /// name, which is removed if a signal ends this process.
  static func hidden(in folder: String, _ mode: mode_t) throws(SystemCallError) -> (
    Int32, TemporaryName?
  ) {
    let descriptor = unsafe open(folder, unnamed | O_WRONLY | O_CLOEXEC, mode)
    if descriptor >= 0 { return (descriptor, nil) }
    guard hasNoUnnamed(errno) else { throw SystemCallError(call: "open", errno: errno) }
    return try hiddenByName(in: folder, mode)
  }

  /// Makes a file in `folder` with a unique name, which is removed if a signal ends this process.
  static func hiddenByName(
    in folder: String, _ mode: mode_t
  ) throws(SystemCallError) -> (Int32, TemporaryName?) {
    let path = unique(in: folder)
    Doomed.set(path)
    do throws(SystemCallError) {
      return (try create(path, mode), TemporaryName(path: path))
    } catch {
      Doomed.clear()
      throw error
    }
  }

  /// Gives a name to a file that has none: `target` itself if that name is free, otherwise a unique temporary name.
  init(ofUnnamed descriptor: Int32, beside target: String, isFree: Bool) throws(SystemCallError) {
    if isFree, Self.link(descriptor, target) {
      path = target
      return
    }
    guard !isFree || errno == EEXIST else { throw SystemCallError(call: "linkat", errno: errno) }
    path = Self.unique(in: OutputPlace.folder(of: target))
    guard Self.link(descriptor, path) else { throw SystemCallError(call: "linkat", errno: errno) }
  }

  /// Renames the file to `target`, in one step. With `isNew`, an existing file is an error; otherwise it is replaced.
  func become(_ target: String, isNew: Bool) throws(SystemCallError) {
    defer { Doomed.clear() }
    guard path != target else { return }
    if isNew {
      if unsafe Glibc.link(path, target) == 0 { return remove() }
      // This file system has no hard links, so the only way left is to look whether the name is free.
      guard errno != EEXIST, unsafe access(target, F_OK) != 0 else {
        throw SystemCallError(call: "link", errno: EEXIST)
      }
    }
    try unsafe succeeds("rename", rename(path, target))
  }

  func remove() {
    _ = unsafe unlink(path)
    Doomed.clear()
  }

  private static func create(_ path: String, _ mode: mode_t) throws(SystemCallError) -> Int32 {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw SystemCallError(call: "open", errno: errno) }
    return descriptor
  }

  private static func unique(in folder: String) -> String {
    "\(folder)/.mpgtop-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
  }
}

/// The temporary name that is removed if a signal ends this process. There is one at a time. A signal that the program
/// handles or ignores stays as it is.
private enum Doomed {
  /// This memory is never freed, because the signal handler may run at any moment.
  nonisolated(unsafe) static var name: UnsafeMutablePointer<CChar>?

  static func set(_ path: String) {
    unsafe name = strdup(path)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      if let before = signal(number, end) { _ = signal(number, before) }
    }
  }

  static func clear() { unsafe name = nil }

  private static let end: @convention(c) (Int32) -> Void = { number in
    if let name = unsafe Doomed.name { _ = unsafe unlink(name) }
    _ = signal(number, SIG_DFL)
    _ = raise(number)
  }
}
