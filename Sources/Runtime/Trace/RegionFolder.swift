// Where regions live: a folder of this user's on tmpfs, that nobody else may enter.
//
// §1 A program runs without its window too: a place that cannot be had is no reason not to start. Places are tried in order,
// and the last is memory that no one else sees (RegionFile.create).
//
// §2 The dead leave their regions behind, as black boxes; the next start removes what is too many. Nothing is removed unless
// its process is surely dead. Processes of several pid namespaces may share the folder (containers do, with the host or with
// each other), so that a pid that is nobody's here is somebody's there. What holds across namespaces is a lock on the file.
// It is the open file description's, not the process's: that one would be lost when any other descriptor of the file is
// closed in the process, as a reader in it does. And it outlives its descriptor as long as the file is mapped, so that a
// program that closes all its descriptors keeps it. A child of fork has neither the mapping (Fork) nor the descriptor, so
// it does not seem to be its dead parent; one that was made past the handlers of fork may, until it ends: then a box stays
// for longer than it should.
import CMPG
import Glibc
import Region

/// An open folder for regions.
struct RegionFolder {
  let fd: Int32
  let path: String

  /// Where regions are looked for by viewers, in the order in which a place is tried: `$XDG_RUNTIME_DIR/mpg`,
  /// `/dev/shm/mpg-UID`, `/run/user/UID/mpg`, and `mpg-UID` in `TMPDIR`, where that is a tmpfs.
  static var places: [String] {
    let user = getuid()
    var places: [String] = []
    if let runtime = environment("XDG_RUNTIME_DIR") { places.append(runtime + "/mpg") }
    places += ["/dev/shm/mpg-\(user)", "/run/user/\(user)/mpg"]
    // A region on a disk would be written there, page after page.
    let temporary = environment("TMPDIR") ?? "/tmp"
    if unsafe mpg_is_tmpfs(temporary) { places.append("\(temporary)/mpg-\(user)") }
    return places
  }

  /// An absolute path in the environment.
  private static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let path = unsafe String(cString: value)
    return path.hasPrefix("/") ? path : nil
  }

  /// Opens the folder at `path`; made if missing, mode 0700.
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

  /// Creates the file of this process, for itself alone, and locks it; its name and its descriptor. Where the lock cannot be
  /// had the file has none, and its header says so.
  func createFile() throws(SystemError) -> (name: String, fd: Int32, isLocked: Bool) {
    let (pid, start) = (getpid(), SystemCall.processStartTime())
    let names = [nil, Residence.own.pid].map {
      RegionName(pid: pid, startTime: start, namespace: $0).fileName
    }
    var refusal = SystemError(call: "open \(path)/\(names[0])", errno: EEXIST)
    // Under the first name may lie the region of somebody in another namespace: with our pid there, and started in the same
    // hundredth of a second.
    for name in names {
      for _ in 0..<2 {
        do throws(SystemError) {
          let file = try SystemCall.retrying("open \(path)/\(name)") {
            unsafe openat(fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
          }
          _ = fchmod(file, 0o600)  // whatever the process's mask takes away
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

  /// Our pid and our start time in our namespace, and we are only booting: an image of this process made the file that `exec`
  /// has replaced since, and its threads with it. It ended in order. Who has it mapped is told so, and the file removed.
  ///
  /// - Returns: whether it was ours.
  private func removeReplaced(_ name: String) -> Bool {
    guard let old = RegionRemains(name, in: fd), old.isOfThisNamespace else { return false }
    old.markExited()
    return unsafe unlinkat(fd, name, 0) == 0
  }

  /// Black boxes that are kept, the newest first, and for how long.
  private static let keptBoxes = 8
  private static let keptSeconds = 7 * 24 * 3600

  /// Removes the regions of dead processes that are too many or too old. What cannot be removed stays.
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
