// A folder beneath which files are opened by names that come from strangers. No name leads out of the folder.
//
// §1 The problem. Checking a path for `..` and then opening it is not enough: a link inside the folder may point
// outside, and may be put there between the check and the open.
//
// §2 The design. The folder is opened once, and the kernel itself resolves each path from there with RESOLVE_BENEATH
// (openat2, Linux 5.6). Any step outside fails, at whatever moment, also by `..` or by an absolute link. Links that
// stay inside are followed; links of /proc that lead anywhere are not.
//
// §3 Where openat2 is missing, or a sandbox refuses it, we open each component of the path by itself, relative to the
// open folder of the component before it, with O_NOFOLLOW. So no links are followed at all. And moving a folder
// meanwhile does no harm: the open descriptor stays with the folder, wherever that was moved to.
//
// §4 Only regular files can be opened; fstat of the open descriptor tells which kind it is. The file is opened without
// waiting, so a FIFO cannot hold up the thread.
import CMPG
import Glibc

/// An open folder, beneath which files can be opened. Thread-safe.
public final class Folder: Sendable {
  /// The path as it was given.
  public let path: String
  private let fd: Int32

  /// Opens the folder at `path`, which may be relative to the current folder. A folder that is moved later stays open.
  /// - Throws: `.invalidPath`, `.notFound` (also for what is no folder), `.notPermitted`; for any other errno `.failed`.
  public init(_ path: String) throws(FileError) {
    try File.check(path)
    let fd = blocking { unsafe mpg_open_folder(path) }
    guard fd >= 0 else { throw FileError("open", path, -fd) }
    (self.path, self.fd) = (path, fd)
  }

  deinit { close(fd) }

  /// Opens the file at `path` beneath this folder.
  /// - Throws: `.outside` for a path that leads out of it, and what `File.init(opening:)` throws.
  public func open(_ path: String) throws(FileError) -> File {
    try File.check(path)
    // The kernel would refuse such a path as well. Checking here gives `outside` also where the file does not exist.
    guard !path.hasPrefix("/"), !path.utf8.split(separator: UInt8(ascii: "/")).contains(where: isParent)
    else {
      throw .outside(path)
    }
    let folder = fd
    return try File(adopting: blocking { unsafe mpg_open_beneath(folder, path) }, path)
  }

  private func isParent(_ component: Substring.UTF8View.SubSequence) -> Bool {
    Array(component) == Array("..".utf8)
  }
}
