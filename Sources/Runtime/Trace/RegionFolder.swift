// Where regions live: a folder of this user's on tmpfs, that nobody else may enter.
import Glibc
import Region

/// An open folder for regions.
struct RegionFolder {
  let fd: Int32
  let path: String

  /// `$XDG_RUNTIME_DIR/mpg` where that is set and usable, else `/dev/shm/mpg-UID`; made if missing, mode 0700.
  static func open() throws(SystemError) -> RegionFolder {
    if let runtime = unsafe getenv("XDG_RUNTIME_DIR") {
      let parent = unsafe String(cString: runtime)
      if parent.hasPrefix("/"), let folder = try? open(parent + "/mpg") { return folder }
    }
    return try open("/dev/shm/mpg-\(getuid())")
  }

  private static func open(_ path: String) throws(SystemError) -> RegionFolder {
    if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
      throw SystemError(call: "mkdir \(path)", errno: errno)
    }
    let fd = try SystemCall.retrying("open \(path)") {
      unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    var status = stat()
    guard unsafe fstat(fd, &status) == 0, status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
      close(fd)
      throw SystemError(call: "\(path) is not a private folder of this user", errno: EACCES)
    }
    return RegionFolder(fd: fd, path: path)
  }

  /// Creates the file of this process, for itself alone; its descriptor.
  func createFile(_ name: String) throws(SystemError) -> Int32 {
    func create() throws(SystemError) -> Int32 {
      try SystemCall.retrying("open \(path)/\(name)") {
        unsafe openat(fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      }
    }
    do throws(SystemError) {
      return try create()
    } catch {
      guard error.errno == EEXIST else { throw error }
      removeReplaced(name)
      return try create()
    }
  }

  // MARK: what dead processes left behind

  /// Our pid and our start time, and we are only booting: an image of this process made the file that `exec` has
  /// replaced since, and its threads with it. It ended in order. Who has it mapped is told so, and the file removed.
  private func removeReplaced(_ name: String) {
    let old = unsafe openat(fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    if old >= 0 {
      markEnded(old)
      close(old)
    }
    unsafe unlinkat(fd, name, 0)
  }

  /// Nothing, if the file is not of our layout.
  private func markEnded(_ file: Int32) {
    func at(_ field: HeaderField) -> off_t { off_t(field.rawValue * 8) }
    for (field, expected) in [(HeaderField.magic, Layout.magic), (.version, Layout.version)] {
      var word: UInt64 = 0
      guard unsafe pread(file, &word, 8, at(field)) == 8, word == expected else { return }
    }
    for (field, value) in [(HeaderField.ending, 0), (.state, UInt64(ProcessState.exited.rawValue))] {
      var word = value
      unsafe _ = pwrite(file, &word, 8, at(field))
    }
  }

  /// Pid and start time together are never reused.
  static func fileName(pid: Int32, startTime: UInt64) -> String { "\(pid)-\(startTime).mpg" }

  /// Black boxes that are kept, the newest first, and for how long.
  private static let keptBoxes = 8
  private static let keptSeconds = 7 * 24 * 3600

  /// Removes the regions of dead processes that are too many or too old. What cannot be removed stays.
  func prune() {
    var dead: [(name: String, age: Int)] = []
    for name in names() {
      let parts = name.dropLast(4).split(separator: "-")
      guard name.hasSuffix(".mpg"), parts.count == 2, let start = UInt64(parts[1]) else { continue }
      guard SystemCall.isGone(String(parts[0]), startTime: start) else { continue }
      var status = stat()
      guard unsafe fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      dead.append((name, Int(time(nil)) - status.st_mtim.tv_sec))
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
