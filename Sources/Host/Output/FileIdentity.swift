// The identity of the file to which a path leads, whatever name the path has.
internal import Glibc

/// A file as the kernel knows it. Two paths lead to the same file exactly if their identities are equal, even where the
/// paths differ by `./`, by a link or by another way through the folders.
public struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  package let inode: UInt64

  package init(device: UInt64, inode: UInt64) { (self.device, self.inode) = (device, inode) }

  /// The identity of the file that `path` leads to; links are followed. nil: there is no such file, or this process may
  /// not ask about it.
  public init?(path: String) {
    guard let status = try? FileStatus(ofTarget: path) else { return nil }
    self = status.identity
  }
}
