// A file that is written from its beginning to its end: a recording, or a trace for another program.
//
// §1 Whole or absent. What is written goes to a file beside the one that is wanted, and takes its name when all of it is
// there and the disk has it. Until then a file that lies there stays as it was; so it does when the disk is full, or
// whoever writes is ended in the middle. What somebody reads is never written to: files are compared by device and
// inode, not by name.
//
// §2 No litter. The file beside has no name (O_TMPFILE), so that it is gone with whoever writes it, however that ends.
// Some file systems cannot do that; there it has a name of ours (TemporaryName.swift). A recording that grows for hours is
// seen as `PATH.part` instead, so that what there is of it can be looked at meanwhile, and is not lost if the recorder is.
//
// §3 Nobody's loss. Two that write to one name would each replace the other's: who shows what is written holds a lock on it
// (flock), and another one is refused as long as that is held. And a file that is there is replaced by one of its kind, not
// because somebody mistook its name (OutputKind.swift).
//
// §4 What has no name to take (standard output, pipes, devices) is written straight.
internal import Glibc

/// How the file of an output comes to be.
public struct OutputRules: Sendable {
  /// Whether a new file is for its owner alone; if not, the umask decides. One that is replaced passes its mode on.
  public var isPrivate = false
  /// Whether it must be new: a file that is there is left alone, and an error.
  public var isNew = false
  /// Whether it is seen as `PATH.part` while it is written.
  public var isShown = false
  /// What a file that is there must be to be replaced; one without a byte may always.
  public var replaces = OutputKind.anything
  /// Files that are read meanwhile, and so may not be written to.
  public var inputs: [FileIdentity?] = []

  public init() {}
}

/// A file that is being written. Without `commit` nothing of it stays. Not thread-safe.
public final class OutputFile {
  /// As the user called it.
  public let path: String
  /// Bytes written so far.
  public private(set) var bytes = 0
  /// Whether there was a file of that name, which is replaced.
  public let replaces: Bool

  private let rules: OutputRules
  private let place: OutputPlace
  private let descriptor: Int32
  /// The name that it has until it takes its own; nil: none.
  private let temporary: TemporaryName?
  /// Whether it has its name, with all that was written.
  package private(set) var isDone = false
  /// Whether what is written cannot be taken back.
  package var isStream: Bool { if case .stream = place { true } else { false } }

  /// Finds out what `path` stands for, and makes the file beside. Throws where that is known to end badly.
  public init(path: String, _ rules: OutputRules = OutputRules()) throws(InspectorError) {
    (self.path, self.rules) = (path, rules)
    place = try OutputPlace(path)
    switch place {
    case .stream(let stream):
      (descriptor, temporary, replaces) = (stream, nil, false)
    case .file(let target, let before):
      try Self.check(before, path, rules)
      (descriptor, temporary) = try Self.create(target, before, path, rules)
      replaces = before != nil
    }
    let identity = try? FileStatus(of: descriptor).identity
    if isStream, let identity, rules.inputs.contains(identity) { throw Self.isInput(path) }
  }

  deinit {
    if !isDone, isStream { takeBack(descriptor, written: bytes) }
    if !isDone { temporary?.remove() }
    _ = close(descriptor)
  }

  private static func check(
    _ before: FileStatus?, _ path: String, _ rules: OutputRules
  ) throws(InspectorError) {
    guard let before else { return }
    if rules.isNew { throw .system(call: "open", path: path, errno: EEXIST) }
    if rules.inputs.contains(before.identity) { throw isInput(path) }
    try rules.replaces.check(before, path)
    // It could be replaced all the same; but who took the right to write to it away meant this too.
    guard unsafe access(path, W_OK) == 0 else {
      throw .output(SystemCallError(call: "access", errno: errno), path: path)
    }
  }

  private static func isInput(_ path: String) -> InspectorError {
    .badOutput(path: path, reason: "it is the input itself; name another file")
  }

  private static func create(
    _ target: String, _ before: FileStatus?, _ path: String, _ rules: OutputRules
  ) throws(InspectorError) -> (Int32, TemporaryName?) {
    let mode: mode_t = rules.isPrivate || before != nil ? 0o600 : 0o666
    do throws(SystemCallError) {
      guard rules.isShown else { return try TemporaryName.hidden(in: OutputPlace.folder(of: target), mode) }
      if let shown = try TemporaryName.shown(beside: target, mode) { return shown }
    } catch {
      if before != nil, [EACCES, EPERM, EROFS].contains(error.errno) {
        let why = "its folder may not be written to, and a file is replaced as a whole or not at all"
        throw .notWritable(path: path, reason: why)
      }
      throw .output(error, path: path)
    }
    let why = "another recorder is writing it at the moment (\(target).part); name another file"
    throw .notWritable(path: path, reason: why)
  }

  // MARK: writing

  /// Writes all of `bytes` behind what is there.
  public func write(_ bytes: [UInt8]) throws(InspectorError) {
    var done = 0
    while done < bytes.count {
      let written = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
      }
      if written > 0 {
        done += written
        continue
      }
      let error = errno
      if error == EINTR { continue }
      if error == EAGAIN {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&ready, 1, -1)
        continue
      }
      if isStream {
        self.bytes += done
        throw .stream(path: path, errno: error)
      }
      throw .system(call: "write", path: path, errno: error)
    }
    self.bytes += bytes.count
  }

  /// Takes back what was written behind the first `count` bytes; false: that cannot be, in what has gone down a pipe.
  package func cut(to count: Int) -> Bool {
    guard case .file = place, !isDone, ftruncate(descriptor, off_t(count)) == 0 else { return false }
    guard lseek(descriptor, off_t(count), SEEK_SET) == off_t(count) else { return false }
    bytes = count
    return true
  }

  /// All is written: it takes its name, and stays. Throws when it could not, and then nothing has changed, but that a file
  /// which was shown keeps the name that it had meanwhile.
  public func commit() throws(InspectorError) {
    guard !isDone, case .file(let target, let before) = place else {
      isDone = true
      return
    }
    do throws(SystemCallError) {
      try adopt(before)
      try succeeds("fsync", fsync(descriptor))
    } catch {
      throw .output(error, path: path)
    }
    try take(target, isFree: before == nil)
    isDone = true
    syncFolder(of: target)
  }

  private func take(_ target: String, isFree: Bool) throws(InspectorError) {
    let name: TemporaryName
    do throws(SystemCallError) {
      if let temporary {
        name = temporary
      } else {
        name = try TemporaryName(ofUnnamed: descriptor, beside: target, isFree: isFree)
      }
    } catch {
      throw .output(error, path: path)
    }
    do throws(SystemCallError) {
      try name.become(target, isNew: rules.isNew)
    } catch {
      isDone = true
      guard rules.isShown else {
        name.remove()
        throw .output(error, path: path)
      }
      throw .output(error, path: "\(path) (what was written is in \(name.path))")
    }
  }

  /// Who may read a file that is replaced may read what comes in its place, and nobody else.
  private func adopt(_ before: FileStatus?) throws(SystemCallError) {
    guard let before else { return }
    // Only root can give a file away; else it is ours, as any file that we make.
    if fchown(descriptor, before.owner, before.group) != 0 { _ = fchown(descriptor, uid_t.max, before.group) }
    try succeeds("fchmod", fchmod(descriptor, before.permissions & 0o777))
  }

  /// The name is on the disk then. Not every file system can; what is in the file is there already.
  private func syncFolder(of target: String) {
    let folder = unsafe open(OutputPlace.folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    _ = fsync(folder)
    _ = close(folder)
  }
}

/// Takes back the last `count` bytes that were written to a file which the shell opened, so that no half of a thing stays
/// there; nothing else can be taken back from.
public func takeBack(_ descriptor: Int32, written count: Int) {
  guard count > 0, let status = try? FileStatus(of: descriptor), status.isRegular else { return }
  let end = lseek(descriptor, 0, SEEK_CUR)
  // Somebody else's bytes behind ours stay where they are.
  guard end >= off_t(count), off_t(status.bytes) == end else { return }
  _ = ftruncate(descriptor, end - off_t(count))
  _ = lseek(descriptor, end - off_t(count), SEEK_SET)
}

func succeeds(_ call: String, _ result: Int32) throws(SystemCallError) {
  if result != 0 { throw SystemCallError(call: call, errno: errno) }
}
