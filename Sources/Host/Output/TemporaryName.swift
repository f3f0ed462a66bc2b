// The name that an output has until it takes its own.
internal import Glibc

/// A name of ours in the folder of a file that is to be replaced.
struct TemporaryName {
  package let path: String

  /// Files of one name that are tried, at most.
  private static let most = 100
  /// O_TMPFILE, which Swift does not see: its own bit, and the folder's.
  private static let unnamed = 0o20_000_000 | O_DIRECTORY

  private init(path: String) { self.path = path }

  /// A file beside `target` that is seen: `target.part`, with a lock on it as long as it is open. One that is there already,
  /// of a recorder that has died, is left alone; nil: another recorder writes it.
  package static func shown(
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

  /// A new file that is locked before anybody can see it, where the file system has files without names.
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

  /// Whether somebody who lives writes a file; the lock goes with who holds it, however that ends.
  private static func isLocked(_ path: String) -> Bool {
    let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { _ = close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EAGAIN
  }

  /// What an error means of files without names: the last two are a kernel that does not know of them, and takes this for a
  /// folder that is to be written to.
  private static func hasNoUnnamed(_ error: Int32) -> Bool { [EOPNOTSUPP, EISDIR, EINVAL].contains(error) }

  /// Gives a file without a name one; false: see errno.
  private static func link(_ descriptor: Int32, _ path: String) -> Bool {
    unsafe linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
  }

  /// A file in `folder` that nobody sees: without a name, or where the file system cannot do that, with one that goes when a
  /// signal ends us.
  package static func hidden(in folder: String, _ mode: mode_t) throws(SystemCallError) -> (
    Int32, TemporaryName?
  ) {
    let descriptor = unsafe open(folder, unnamed | O_WRONLY | O_CLOEXEC, mode)
    if descriptor >= 0 { return (descriptor, nil) }
    guard hasNoUnnamed(errno) else { throw SystemCallError(call: "open", errno: errno) }
    return try hiddenByName(in: folder, mode)
  }

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

  /// A name for a file that has none yet. Where `target` is free that is its own at once.
  init(ofUnnamed descriptor: Int32, beside target: String, isFree: Bool) throws(SystemCallError) {
    if isFree, Self.link(descriptor, target) {
      path = target
      return
    }
    guard !isFree || errno == EEXIST else { throw SystemCallError(call: "linkat", errno: errno) }
    path = Self.unique(in: OutputPlace.folder(of: target))
    guard Self.link(descriptor, path) else { throw SystemCallError(call: "linkat", errno: errno) }
  }

  /// The file is `target` from now on. What was there is replaced at one moment; where it must be new, that is an error.
  package func become(_ target: String, isNew: Bool) throws(SystemCallError) {
    defer { Doomed.clear() }
    guard path != target else { return }
    if isNew {
      if unsafe Glibc.link(path, target) == 0 { return remove() }
      // A file system without links, where nothing but to look is left.
      guard errno != EEXIST, unsafe access(target, F_OK) != 0 else {
        throw SystemCallError(call: "link", errno: EEXIST)
      }
    }
    try unsafe succeeds("rename", rename(path, target))
  }

  package func remove() {
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

/// The name that goes when a signal ends this process: one at a time. Signals that somebody else waits for, or ignores,
/// stay theirs.
private enum Doomed {
  /// Ours for good: a handler may come at any moment.
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
