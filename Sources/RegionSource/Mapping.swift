// A region's file, mapped read-only.
//
// §1 The problem. The writer works on these pages at full speed and must not notice us; and the bytes are somebody
// else's: the file may be cut short under our feet, and then a load from the mapping is a SIGBUS.
//
// §2 Rejected. Reading with `pread` instead of a mapping: no SIGBUS, but the kernel copies bytes and not words, so a
// counter on its way from 0xff to 0x100 may be read as neither, and a pass over the lanes would take longer, so two
// passes would agree less often. A SIGBUS handler that maps zeros over the hole: a library that takes a signal
// handler away from its program is worse than the ailment, and zeros would pass for data.
//
// §3 The design. PROT_READ over O_RDONLY: the kernel itself makes a write impossible, by accident too. The size is
// asked for again (`fstat`, 0.2 µs) before each pass over the region, so that a shortened file is an error and not a
// trap. What is left is a file cut within the microseconds of one pass. Only the target's own user can do that (we
// read no file of another owner), who could as well kill us, so no more is spent on it.
//
// §4 Of the file, which looks more than a GiB long, only what the target uses has memory. To load from a hole would
// give it memory, so nobody reads beyond the Ps, Ms and strings that are in use.
internal import Glibc
import Host
import Region

/// Safe because: every place is checked against the mapping before it is used, and the memory stays mapped as long as
/// this object lives (its users keep it).
@safe final class Mapping {
  let path: String
  package let bytes: Int
  private let base: UnsafeMutableRawPointer
  private let file: FileDescriptor

  /// Opens and maps `path`, after checking that it is a plain file of `owner`.
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

  /// Throws when the file has become shorter since it was mapped. See §3.
  func checkSize() throws(LayoutProblem) {
    guard let now = try? file.status().bytes else { return }
    guard now >= bytes else { throw .truncated(bytes: now, needed: bytes) }
  }

  /// Whether somebody has the lock by which the writer tells that it lives (Residence §2); nil: the system does not say.
  var isLocked: Bool? { Self.isLocked(file) }

  /// The same of a file that cannot be mapped.
  static func isLocked(_ file: borrowing FileDescriptor) -> Bool? {
    var lock = flock()
    (lock.l_type, lock.l_whence, lock.l_start, lock.l_len) = (
      Int16(F_WRLCK), Int16(SEEK_SET), off_t(LifeLock.byte), 1
    )
    guard unsafe fcntl(file.raw, LifeLock.get, &lock) == 0 else { return nil }
    return lock.l_type != Int16(F_UNLCK)
  }

  /// The word at `offset`, which must be a multiple of 8 inside the mapping: places are checked when the schema is
  /// resolved, so a failure here is our own mistake.
  @inline(__always)
  func word(at offset: Int) -> Word {
    precondition(offset >= 0 && offset <= bytes - 8 && offset & 7 == 0, "a word inside the region")
    return unsafe Word(at: base + offset)
  }

  /// A copy of `count` bytes from `offset`; nil when they do not all lie in the region.
  func copy(_ count: Int, at offset: Int) -> [UInt8]? {
    guard offset >= 0, count >= 0, offset <= bytes, count <= bytes - offset else { return nil }
    return unsafe Array(UnsafeRawBufferPointer(start: base + offset, count: count))
  }

  /// The interned string with `id`, of a table at `offset` that is filled `end` bytes far; nil when there is none.
  func string(_ id: UInt64, tableAt offset: Int, capacity: Int, below end: Int) -> String? {
    guard offset >= 0, capacity >= 0, offset <= bytes, capacity <= bytes - offset else { return nil }
    let area = unsafe UnsafeRawBufferPointer(start: base + offset, count: capacity)
    return unsafe StringTable.string(id, in: area, below: end)
  }

  /// A reader of the ring at `offset`; the caller has checked that it lies in the region.
  func ring(at offset: Int, records: Int, position: Word, from start: UInt64?) -> RingReader {
    precondition(offset >= 0 && records * Record.bytes <= bytes - offset, "a ring inside the region")
    return unsafe RingReader(slots: base + offset, capacity: records, position: position, from: start)
  }
}
