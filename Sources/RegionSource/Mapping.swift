// A region's file, mapped read-only.
//
// §1 The problem. The writer works on these pages at full speed, and a reader must not disturb it. And the file belongs
// to another process, which may cut it short while it is mapped here; then a load from the mapping raises SIGBUS.
//
// §2 Rejected. Reading with `pread` instead of a mapping: it raises no SIGBUS, but the kernel copies bytes and not
// words, so a counter that changes from 0xff to 0x100 may be read as neither. And a pass over the lanes would take
// longer, so two passes would be equal less often. A SIGBUS handler that maps zeros in place of the missing pages: a
// library must not take a signal handler away from its program, and zeros would pass for data.
//
// §3 The design. The file is opened with O_RDONLY and mapped with PROT_READ, so the kernel makes a write impossible,
// even by accident. Before each pass over the region `fstat` (0.2 µs) reads the size again, so that a shortened file is
// an error and not a trap. A file that is cut within the microseconds of one pass still traps. Only the target's own
// user can do that, because we read no file of another owner; and this user could as well kill us, so no more is spent
// on it.
//
// §4 The file looks more than a GiB long, but only the parts that the target uses have memory. A load from an unused part
// would give that part memory, so the reader reads nothing beyond the Ps, Ms and strings that are in use.
internal import Glibc
import Host
import Region

/// A mapped region.
///
/// Safe because: every place is checked against the mapping before it is used, and the memory stays mapped as long as
/// this object lives (its users keep it).
@safe final class Mapping {
  let path: String
  let bytes: Int
  private let base: UnsafeMutableRawPointer
  private let file: FileDescriptor

  /// Opens and maps `path`, after checking that it is a regular file of `owner`.
  init(path: String, owner: UInt32 = currentUser()) throws(InspectorError) {
    let status: FileStatus
    do throws(SystemCallError) {
      file = try FileDescriptor(reading: path)
      status = try file.status()
    } catch {
      throw InspectorError(error, path: path)
    }
    guard status.isRegular else { throw .notPermitted(path: path, reason: "it is not a plain file") }
    guard status.owner == owner else {
      throw .notPermitted(path: path, reason: "it belongs to user \(status.owner), not to \(owner)")
    }
    bytes = status.bytes
    guard bytes >= Header.bytes else {
      throw .layout(path: path, bytes == 0 ? .unfinished : .truncated(bytes: bytes, needed: Header.bytes))
    }
    guard let mapped = unsafe mmap(nil, bytes, PROT_READ, MAP_SHARED, file.raw, 0),
      unsafe mapped != MAP_FAILED
    else { throw .system(call: "mmap", path: path, errno: errno) }
    unsafe base = mapped
    self.path = path
  }

  deinit { unsafe munmap(base, bytes) }

  /// Throws if the file has become shorter since it was mapped. See §3.
  func checkSize() throws(LayoutProblem) {
    guard let now = try? file.status().bytes else { return }
    guard now >= bytes else { throw .truncated(bytes: now, needed: bytes) }
  }

  /// Whether a process holds the lock by which the writer shows that it lives (Residence §2); nil: the system does not
  /// tell.
  var isLocked: Bool? { Self.isLocked(file) }

  /// Whether a process holds the lock of `isLocked` on `file`. For a file that cannot be mapped yet, because its writer has
  /// just begun. nil: the system does not tell.
  static func isLocked(_ file: borrowing FileDescriptor) -> Bool? {
    var lock = flock()
    (lock.l_type, lock.l_whence, lock.l_start, lock.l_len) = (
      Int16(F_WRLCK), Int16(SEEK_SET), off_t(LifeLock.byte), 1
    )
    guard unsafe fcntl(file.raw, LifeLock.get, &lock) == 0 else { return nil }
    return lock.l_type != Int16(F_UNLCK)
  }

  /// The word at `offset`, which must be a multiple of 8 inside the mapping. Places are checked when the schema is
  /// resolved, so a wrong offset is our own mistake.
  @inline(__always)
  func word(at offset: Int) -> Word {
    precondition(offset >= 0 && offset <= bytes - 8 && offset & 7 == 0, "a word inside the region")
    return unsafe Word(at: base + offset)
  }

  /// A copy of `count` bytes from `offset`; nil: not all of them lie in the region.
  func copy(_ count: Int, at offset: Int) -> [UInt8]? {
    guard offset >= 0, count >= 0, offset <= bytes, count <= bytes - offset else { return nil }
    return unsafe Array(UnsafeRawBufferPointer(start: base + offset, count: count))
  }

  /// The string with `id` in the table at `offset`, of which `end` bytes are filled; nil: there is no such string.
  func string(_ id: UInt64, tableAt offset: Int, capacity: Int, below end: Int) -> String? {
    guard offset >= 0, capacity >= 0, offset <= bytes, capacity <= bytes - offset else { return nil }
    let area = unsafe UnsafeRawBufferPointer(start: base + offset, count: capacity)
    return unsafe StringTable.string(id, in: area, below: end)
  }

  /// A reader of the ring at `offset`. The caller has checked that the ring lies in the region.
  func ring(at offset: Int, records: Int, position: Word, from start: UInt64?) -> RingReader {
    precondition(offset >= 0 && records * Record.bytes <= bytes - offset, "a ring inside the region")
    return unsafe RingReader(slots: base + offset, capacity: records, position: position, from: start)
  }
}
