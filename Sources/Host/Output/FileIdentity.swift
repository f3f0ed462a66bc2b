// Which file something is, by whichever name.
internal import Glibc

/// A file as the system knows it: two paths lead to the same one exactly if their identities are equal, be it by `./`,
/// a link, or another way through the folders.
public struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  package let inode: UInt64

  package init(device: UInt64, inode: UInt64) { (self.device, self.inode) = (device, inode) }

  /// Of the file that `path` leads to, links followed; nil: there is none, or it may not be asked about.
  public init?(path: String) {
    guard let status = try? FileStatus(ofTarget: path) else { return nil }
    self = status.identity
  }
}
