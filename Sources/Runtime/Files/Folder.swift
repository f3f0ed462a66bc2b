// A folder as the root of what may be read: names come from strangers, and no name leads out of it.
//
// §1 The problem. Checking a path for `..` and then opening it is not enough: a link inside the folder may point
// outside, and may be put there between the check and the open.
//
// §2 The design. The folder is opened once, and the kernel itself resolves each path from there with RESOLVE_BENEATH
// (openat2, Linux 5.6): a step outside fails, whichever way it comes about, `..` and absolute links included, and at
// whatever moment. Links that stay inside are followed; those of /proc that lead anywhere are not.
//
// §3 Where the call is missing, or a sandbox refuses it, we walk: each component is opened by itself, from the one
// before, with O_NOFOLLOW. So links are not followed at all, and the moved folder is not either: what was opened stays
// opened, wherever it is moved to.
//
// §4 A regular file only, asked of the open descriptor. It is opened without waiting, so a FIFO cannot hold the thread.
import CMPG
import Glibc

/// An open folder, beneath which files can be opened. Thread-safe.
public final class Folder: Sendable {
  public let path: String
  private let fd: Int32

  public init(_ path: String) throws(FileError) {
    try File.check(path)
    let fd = blocking { unsafe mpg_open_folder(path) }
    guard fd >= 0 else { throw FileError("open", path, -fd) }
    (self.path, self.fd) = (path, fd)
  }

  deinit { close(fd) }

  /// Opens the file at `path` beneath this folder. Throws `outside` for whatever leads out of it.
  public func open(_ path: String) throws(FileError) -> File {
    try File.check(path)
    // The kernel would refuse these as well; said here, so that a missing file does not hide a bad name.
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
