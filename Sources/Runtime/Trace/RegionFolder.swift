// The folder in which regions live: it is on a tmpfs, belongs to this user, and no other user may enter it.
//
// §1 A program also runs without its region: a place that cannot be had is no reason not to start. Places are tried in
// order, and the last resort is memory that no other process sees (RegionFile.create).
//
// §2 Dead processes leave their regions behind, as black boxes; a program that starts removes those that are too many
// or too old. It removes a region only if its process is surely dead. Processes of several pid namespaces may share the
// folder (containers do, with the host or with each other), so a pid that no process has here may belong to a process
// there. What holds across namespaces is a lock on the file. It is a lock of the open file description, not of the
// process: a lock of the process would be lost when the process closes any other descriptor of the file, as a reader
// inside the process does. This lock also outlives its descriptor as long as the file is mapped, so a program that
// closes all its descriptors keeps it. A child of fork has neither the mapping (Fork) nor the descriptor, so it does
// not pass for its dead parent. A child that was made past the fork handlers may hold the lock until it ends; then a
// black box stays for longer than it should.
import CMPG
import Glibc
import Region

/// An open folder for regions.
struct RegionFolder {
  let fd: Int32
  let path: String

  /// The folders for regions, in the order in which they are tried: `$XDG_RUNTIME_DIR/mpg`, `/dev/shm/mpg-UID`,
  /// `/run/user/UID/mpg`, and `mpg-UID` in `TMPDIR`, where that is a tmpfs. Viewers look there too.
  static var places: [String] {
    let user = getuid()
    var places: [String] = []
    if let runtime = environment("XDG_RUNTIME_DIR") { places.append(runtime + "/mpg") }
    places += ["/dev/shm/mpg-\(user)", "/run/user/\(user)/mpg"]
    // Only a tmpfs: the kernel would write a region on a disk to that disk, page after page.
    let temporary = environment("TMPDIR") ?? "/tmp"
    if unsafe mpg_is_tmpfs(temporary) { places.append("\(temporary)/mpg-\(user)") }
    return places
  }

  /// The value of an environment variable, if it is an absolute path.
  private static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let path = unsafe String(cString: value)
    return path.hasPrefix("/") ? path : nil
  }

  /// Opens the folder at `path`; makes it with mode 0700 if it is missing.
  init(_ path: String) throws(SystemError) {
    if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
      throw SystemError(call: "mkdir \(path)", errno: errno)
    }
    fd = try SystemCall.retrying("open \(path)") {
      unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    self.path = path
    var status = stat()
    guard unsafe fstat(fd, &status) == 0, status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
      close(fd)
      throw SystemError(call: "\(path) is not a private folder of this user", errno: EACCES)
    }
  }

  /// Creates the file of this process, with access for this user alone, and locks it. Returns its name and its
  /// descriptor. If the lock cannot be had, the file has none, and its header says so.
  func createFile() throws(SystemError) -> (name: String, fd: Int32, isLocked: Bool) {
    let (pid, start) = (getpid(), SystemCall.processStartTime())
    let names = [nil, Residence.own.pid].map {
      RegionName(pid: pid, startTime: start, namespace: $0).fileName
    }
    var refusal = SystemError(call: "open \(path)/\(names[0])", errno: EEXIST)
    // The first name may belong to a region of another namespace whose process has our pid there, and was started in
    // the same hundredth of a second.
    for name in names {
      for _ in 0..<2 {
        do throws(SystemError) {
          let file = try SystemCall.retrying("open \(path)/\(name)") {
            unsafe openat(fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
          }
          _ = fchmod(file, 0o600)  // the process's umask may have taken bits away
          return (name, file, FileLock.take(file))
        } catch {
          guard error.errno == EEXIST else { throw error }
          refusal = error
        }
        if !removeReplaced(name) { break }
      }
    }
    throw refusal
  }

  // MARK: what dead processes left behind

  /// Removes a file that has our own name, if it is ours. It has our pid and start time in our namespace, but we are
  /// only booting: so an earlier image of this process made the file, and `exec` has replaced that image, and its
  /// threads with it. That image ended in order; readers that have the file mapped are told so.
  ///
  /// - Returns: whether the file was ours.
  private func removeReplaced(_ name: String) -> Bool {
    guard let old = RegionRemains(name, in: fd), old.isOfThisNamespace else { return false }
    old.markExited()
    return unsafe unlinkat(fd, name, 0) == 0
  }

  /// How many black boxes are kept: the newest ones.
  private static let keptBoxes = 8
  /// Black boxes that are older than this many seconds are not kept.
  private static let keptSeconds = 7 * 24 * 3600

  /// Removes the regions of dead processes that are too many or too old. A region that cannot be removed stays.
  func prune() {
    var dead: [(name: String, age: Int)] = []
    for name in names() {
      guard let parts = RegionName(name), let remains = RegionRemains(name, in: fd),
        remains.isSurelyDead(parts)
      else { continue }
      dead.append((name, remains.age))
    }
    dead.sort { $0.age < $1.age }
    for (index, box) in dead.enumerated() where index >= Self.keptBoxes || box.age > Self.keptSeconds {
      unsafe unlinkat(fd, box.name, 0)
      if let name = RegionName(box.name) { unsafe unlinkat(fd, Control.socketName(of: name), 0) }
    }
  }

  private func names() -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      names.append(
        unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names
  }
}
