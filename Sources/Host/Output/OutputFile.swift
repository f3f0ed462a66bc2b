// A file that is written from its beginning to its end: a recording, or a trace for another program.
//
// §1 Whole or absent. The bytes go to a temporary file in the same folder. That file takes the wanted name once it is
// complete and on the disk. Until then an older file of that name stays as it was, even if the disk becomes full or the
// writer is killed. A file that is being read is never written to: files are compared by device and inode, not by name.
//
// §2 No litter. The temporary file has no name (O_TMPFILE), so the kernel removes it when the writer ends, however it
// ends. On a file system without O_TMPFILE the file has a name of ours (TemporaryName.swift). A recording that grows
// for hours is visible as `PATH.part` instead. So people can look at what has been recorded meanwhile, and that survives
// even if the recorder is killed.
//
// §3 No file lost. If two processes wrote to one name, each would replace the file of the other. So the writer of a
// visible file holds a lock (flock) on it, and another writer is refused while the lock is held. An existing file is
// replaced only by a file of its own kind, because another kind means that the user mistook the name
// (OutputKind.swift).
//
// §4 Streams. Standard output, pipes and devices have no name to take, so the bytes are written to them directly.
internal import Glibc

/// How an output file is made, and what it may replace.
public struct OutputRules: Sendable {
  /// Whether only its owner may read a new file; if not, the umask decides. A file that replaces another takes over the
  /// mode of that file.
  public var isPrivate = false
  /// Whether the file must be new. An existing file then stays as it is, and is an error.
  public var isNew = false
  /// Whether the file is visible as `PATH.part` while it is written.
  public var isShown = false
  /// The kind of existing file that may be replaced. An empty file may always be replaced.
  public var replaces = OutputKind.anything
  /// Files that are read at the same time. An output that would overwrite one of them is an error.
  public var inputs: [FileIdentity?] = []

  /// Rules for a file that may replace any other.
  public init() {}
}

/// A file that is being written. Nothing of it stays unless `commit` is called. Not thread-safe.
public final class OutputFile {
  /// The path as the user wrote it.
  public let path: String
  /// The number of bytes written so far.
  public private(set) var bytes = 0
  /// Whether a file of that name exists, which `commit` replaces.
  public let replaces: Bool

  private let rules: OutputRules
  private let place: OutputPlace
  private let descriptor: Int32
  /// The name that the file has until it takes its final name; nil: it has no name, or the output is a stream.
  private let temporary: TemporaryName?
  /// Whether the output is finished, so that `deinit` takes nothing back.
  package private(set) var isDone = false
  /// Whether the output is a stream (§4), from which nothing that was written can be taken back.
  package var isStream: Bool { if case .stream = place { true } else { false } }

  /// Finds out what `path` stands for, and makes the temporary file.
  ///
  /// - Throws: an error if the output is already known to fail, for example because the path is a folder or may not be
  ///   written to.
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
    // The folder's permissions would allow us to replace the file. But the user who made the file read-only wanted to
    // prevent that too, so it is refused.
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

  /// Appends all of `bytes`, and waits until they are written.
  ///
  /// - Throws: `stream` for a stream and `system` for a file.
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

  /// Removes everything behind the first `count` bytes. false: that is impossible, because the output is a stream or
  /// finished.
  package func cut(to count: Int) -> Bool {
    guard case .file = place, !isDone, ftruncate(descriptor, off_t(count)) == 0 else { return false }
    guard lseek(descriptor, off_t(count), SEEK_SET) == off_t(count) else { return false }
    bytes = count
    return true
  }

  /// Finishes the output: once its bytes are on the disk, the file takes its final name.
  ///
  /// - Throws: `InspectorError` if that fails. Then an older file of that name is unchanged. If a visible file could not
  ///   be renamed, it keeps its temporary name, which the message tells.
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

  /// Gives the new file the owner, the group and the mode of the file that it replaces, so that exactly the same users
  /// may read it.
  private func adopt(_ before: FileStatus?) throws(SystemCallError) {
    guard let before else { return }
    // Only root can give a file away. For other users the file stays their own, as any file that they make.
    if fchown(descriptor, before.owner, before.group) != 0 { _ = fchown(descriptor, uid_t.max, before.group) }
    try succeeds("fchmod", fchmod(descriptor, before.permissions & 0o777))
  }

  /// Writes the folder to the disk, so that the new name survives a crash of the machine. Not every file system can do
  /// that; the bytes of the file itself are on the disk already.
  private func syncFolder(of target: String) {
    let folder = unsafe open(OutputPlace.folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    _ = fsync(folder)
    _ = close(folder)
  }
}

/// Removes the last `count` bytes that were written to a regular file which the shell opened, so that no half-written
/// output stays there. Does nothing for any other kind of descriptor.
public func takeBack(_ descriptor: Int32, written count: Int) {
  guard count > 0, let status = try? FileStatus(of: descriptor), status.isRegular else { return }
  let end = lseek(descriptor, 0, SEEK_CUR)
  // If another process has written behind our bytes, nothing is removed.
  guard end >= off_t(count), off_t(status.bytes) == end else { return }
  _ = ftruncate(descriptor, end - off_t(count))
  _ = lseek(descriptor, end - off_t(count), SEEK_SET)
}

func succeeds(_ call: String, _ result: Int32) throws(SystemCallError) {
  if result != 0 { throw SystemCallError(call: call, errno: errno) }
}
