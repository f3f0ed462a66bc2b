// The region from its writer's side: creating the file, growing it, and ending it.
//
// The file is sparse and mapped whole. Every part is allocated in the file system (`fallocate`) before it is first
// touched, so that a full tmpfs is an error here and never a SIGBUS later. When there is little room, the rings are
// made smaller first. If no folder can hold the file, the region is memory without a file: the program runs, but mpgtop
// cannot look at it.
import CMPG
import Glibc
import Region
import Synchronization

/// The mapped region of this process.
///
/// Safe because: the mapping is made once and never unmapped; `Layout`, whose end is its size, gives all offsets.
@safe final class RegionFile: @unchecked Sendable {
  let layout: Layout
  private let base: UnsafeMutableRawPointer
  /// The file's descriptor; −1 when there is no file.
  private let fd: Int32
  /// The file's path; nil when there is no file.
  private let path: String?
  /// How many slots of the G table the file backs.
  private var listedSlots = 0
  /// How many slots are backed at all: by the file, or by anonymous memory for the rest of the table (`backSlots`).
  private var backedSlots = 0
  /// Held while the region grows, so that only one thread at a time makes it grow.
  private let growth = Lock()

  /// How many slots of the G table are allocated at a time. They take 64 KiB.
  static let slotBatch = 1024

  private init(layout: Layout, base: UnsafeMutableRawPointer, fd: Int32 = -1, path: String? = nil) {
    (self.layout, self.fd, self.path) = (layout, fd, path)
    unsafe self.base = base
  }

  /// Keeps the region's mapping and descriptor out of children of fork, and has `forget` called in each child. Returns
  /// 0, or an errno. Call once.
  func keepFromChildren(_ forget: @escaping @convention(c) () -> Void) -> Int32 {
    unsafe mpg_fork_install(base, layout.end, fd, forget)
  }

  // MARK: places

  var header: Block<HeaderField> { unsafe Block(at: base) }
  var sched: Block<SchedField> { unsafe Block(at: base + layout.sched) }
  func p(_ id: Int) -> Block<PField> { unsafe Block(at: base + layout.offset(of: PField.self, id)) }
  func m(_ id: Int) -> Block<MField> { unsafe Block(at: base + layout.offset(of: MField.self, id)) }
  func lrqSlots(_ p: Int) -> UnsafeMutableRawPointer {
    unsafe base + layout.offset(of: PField.self, p) + PField.lrq.rawValue * 8
  }
  func steal(thief: Int, victim: Int) -> Block<StealField> {
    unsafe Block(at: base + layout.offset(of: StealField.self, thief * Capacity.ps + victim))
  }
  var gTable: UnsafeMutableRawPointer { unsafe base + layout.g }
  var strings: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base + layout.strings, count: Layout.stringsCapacity)
  }

  /// The lane of the P with this id.
  func lane(p: Int) -> Lane { lane(p, ring: layout.pRing(p), records: layout.pRingRecords) }
  /// The lane that the M with this id uses while it holds no P.
  func lane(m: Int) -> Lane { lane(Capacity.ps + m, ring: layout.mRing(m), records: layout.mRingRecords) }

  private func lane(_ index: Int, ring: Int, records: Int) -> Lane {
    let counters = unsafe Block<LaneField>(at: base + layout.offset(of: LaneField.self, index))
    let writer = unsafe RingWriter(slots: base + ring, capacity: records, position: counters[.position])
    return Lane(counters: counters, ring: writer)
  }

  // MARK: making it

  /// Creates the region with room for `procs` Ps, in the first place that is available; without a file if
  /// none is. If a place was refused for an unusual reason (`isUsual`), a line on stderr says so.
  static func create(procs: Int) throws(SystemError) -> RegionFile {
    var refusals: [SystemError] = []
    let places = RegionFolder.places
    for place in places {
      do throws(SystemError) {
        let region = try create(procs: procs, in: RegionFolder(place))
        if refusals.contains(where: { !isUsual($0.errno) })
          || !place.hasPrefix("/dev/shm/") && !refusals.isEmpty
        {
          tell("no shared region where it should be (\(reasons(refusals))): it is in \(place)")
        }
        return region
      } catch {
        refusals.append(error)
      }
    }
    let region = try withoutFile(procs: procs)
    tell(
      "no shared region (\(reasons(refusals))): the program runs without one, and mpgtop cannot look at it")
    return region
  }

  /// Whether a place that was refused with this errno needs no line on stderr: `$XDG_RUNTIME_DIR` names a folder that
  /// does not exist, or that belongs to another user, as after `su`. Viewers look into /dev/shm too.
  private static func isUsual(_ errno: Int32) -> Bool { [ENOENT, ENOTDIR, EACCES, EPERM].contains(errno) }

  /// The reasons why places were refused, each once. A folder that does not exist is not mentioned if another one
  /// exists and refuses.
  private static func reasons(_ refusals: [SystemError]) -> String {
    var texts: [String] = []
    for refusal in refusals where refusal.errno != ENOENT || refusals.allSatisfy({ $0.errno == ENOENT }) {
      if !texts.contains(refusal.description) { texts.append(refusal.description) }
    }
    return texts.joined(separator: "; ")
  }

  /// Creates the region in `folder`. Tries smaller rings when the file system is nearly full.
  private static func create(procs: Int, in folder: RegionFolder) throws(SystemError) -> RegionFile {
    defer { close(folder.fd) }
    folder.prune()
    var records = ringRecords(procs)
    while true {
      do throws(SystemError) {
        return try create(layout(records), procs: procs, in: folder)
      } catch {
        // The file that did not fit is removed again. A smaller one may fit.
        guard error.errno == ENOSPC || error.errno == EDQUOT, records > 1024 else { throw error }
        records /= 4
      }
    }
  }

  private static func layout(_ records: Int) -> Layout {
    Layout(pRingRecords: records, mRingRecords: min(max(records / 8, 256), 4096))
  }

  private static func withoutFile(procs: Int) throws(SystemError) -> RegionFile {
    let layout = layout(ringRecords(procs))
    let region = unsafe RegionFile(layout: layout, base: try SystemCall.reserve(layout.end))
    try region.allocateStart(procs: procs)
    region.writeHeader(isLocked: false)
    return region
  }

  /// How many records each P's ring has: 4 MiB of them; fewer if the rings of all `procs` Ps would take more than 64
  /// MiB together. The ring is how far a reader may lag without a loss: 0.1 s at a million events a second.
  private static func ringRecords(_ procs: Int) -> Int {
    var records = 131_072
    while records > 4096, records * Record.bytes * procs > 64 << 20 { records /= 2 }
    return records
  }

  private static func create(
    _ layout: Layout, procs: Int, in folder: RegionFolder
  ) throws(SystemError) -> RegionFile {
    try refuseAboveLimit(layout.end)
    let (name, fd, isLocked) = try folder.createFile()
    do throws(SystemError) {
      _ = try SystemCall.retrying("ftruncate") { ftruncate(fd, off_t(layout.end)) }
      let flags = MAP_SHARED | MAP_NORESERVE
      let base = unsafe mmap(nil, layout.end, PROT_READ | PROT_WRITE, flags, fd, 0)
      guard let base = unsafe base, unsafe base != MAP_FAILED else {
        throw SystemError(call: "mmap", errno: errno)
      }
      let region = unsafe RegionFile(layout: layout, base: base, fd: fd, path: "\(folder.path)/\(name)")
      do throws(SystemError) {
        try region.allocateStart(procs: procs)
      } catch {
        // The mapping would keep the removed file's memory, which the next, smaller try needs.
        unsafe munmap(base, layout.end)
        throw error
      }
      region.writeHeader(isLocked: isLocked)
      return region
    } catch {
      unsafe unlinkat(folder.fd, name, 0)
      close(fd)
      throw error
    }
  }

  /// Refuses a file that is longer than the limit for files (`ulimit -f`). To write such a file is no error but a
  /// signal that ends the process.
  private static func refuseAboveLimit(_ bytes: Int) throws(SystemError) {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
      limit.rlim_cur < UInt64(bytes)
    else { return }
    throw SystemError(
      call: "a sparse file of \(bytes >> 20) MiB, with ulimit -f at \(limit.rlim_cur >> 10) KiB", errno: EFBIG
    )
  }

  /// Allocates everything that the boot will touch.
  private func allocateStart(procs: Int) throws(SystemError) {
    try allocate(0, layout.p + procs * PField.stride * 8)
    for thief in 0..<procs {
      try allocate(
        layout.offset(of: StealField.self, thief * Capacity.ps), Capacity.ps * StealField.stride * 8)
    }
    try allocate(layout.m, 64 * MField.stride * 8)
    try allocate(layout.lane, procs * LaneField.stride * 8)
    try allocate(layout.pRings, procs * layout.pRingRecords * Record.bytes)
    for m in 0..<procs + 4 { try allocateM(m) }
    try allocate(layout.g, Self.slotBatch * GField.stride * 8)
    listedSlots = Self.slotBatch
    backedSlots = Self.slotBatch
  }

  /// Allocates the blocks and the ring of the M with id `m`.
  func allocateM(_ m: Int) throws(SystemError) {
    try allocate(layout.offset(of: MField.self, m), MField.stride * 8)
    try allocate(layout.offset(of: LaneField.self, Capacity.ps + m), LaneField.stride * 8)
    try allocate(layout.mRing(m), layout.mRingRecords * Record.bytes)
  }

  /// Allocates all that the P with id `p` will touch, and all that other threads write about it.
  func allocateP(_ p: Int) throws(SystemError) {
    try allocate(layout.offset(of: PField.self, p), PField.stride * 8)
    try allocate(
      layout.offset(of: StealField.self, p * Capacity.ps), Capacity.ps * StealField.stride * 8)
    try allocate(layout.offset(of: LaneField.self, p), LaneField.stride * 8)
    try allocate(layout.pRing(p), layout.pRingRecords * Record.bytes)
  }

  private func allocate(_ offset: Int, _ bytes: Int) throws(SystemError) {
    guard let path else { return }  // without a file, memory is committed on touch
    _ = try SystemCall.check(
      "fallocate of \(bytes) bytes in \(path)", mpg_allocate(fd, Int64(offset), Int64(bytes)))
  }

  private func writeHeader(isLocked: Bool) {
    let text = Array(Schema.text(for: layout).utf8)
    precondition(text.count <= Layout.schemaCapacity, "the schema outgrew its room")
    unsafe (base + layout.schema).copyMemory(from: text, byteCount: text.count)
    let name = Array(SystemCall.executableName().utf8.prefix(HeaderField.executableBytes - 1))
    unsafe (base + HeaderField.executable.rawValue * 8).copyMemory(from: name, byteCount: name.count)
    let header = header
    header[.version].set(Layout.version)
    header[.byteOrder].set(Layout.byteOrder)
    header[.schemaOffset].set(UInt64(layout.schema))
    header[.schemaBytes].set(UInt64(text.count))
    header[.pid].set(UInt64(getpid()))
    header[.startTime].set(SystemCall.processStartTime())
    header[.state].set(UInt64(ProcessState.booting.rawValue))
    header[.fileBytes].set(UInt64(layout.end))
    header[.pRingRecords].set(UInt64(layout.pRingRecords))
    header[.mRingRecords].set(UInt64(layout.mRingRecords))
    let home = Residence.own
    header[.pidNamespace].set(home.pid)
    header[.timeNamespace].set(home.time)
    header[.monotonicOffset].set(UInt64(bitPattern: home.monotonic))
    header[.boottimeOffset].set(UInt64(bitPattern: home.boottime))
    header[.isLocked].set(isLocked ? 1 : 0)
    Clock.boot(header)
    header[.magic].publish(Layout.magic)  // last: a reader that sees the magic sees all of the above
  }

  // MARK: growing and ending the region

  /// Makes sure that the slots of the G table below `count` have memory. Any thread.
  ///
  /// When the file system is full, the rest of the table is put on anonymous memory. Gs there run like others, but no
  /// reader sees them; `SchedField.gListed` says where that part begins.
  func backSlots(below count: Int) {
    growth.lock()
    defer { growth.unlock() }
    while backedSlots < count {
      let offset = layout.offset(of: GField.self, backedSlots)
      let bytes = Self.slotBatch * GField.stride * 8
      if listedSlots == backedSlots {
        do throws(SystemError) {
          try allocate(offset, bytes)
          listedSlots += Self.slotBatch
          sched[.gListed].publish(UInt64(listedSlots))
        } catch {
          MPG.sched.shortages.note(.region, error.errno)
          detachTable(from: offset)
        }
      }
      backedSlots += Self.slotBatch
    }
  }

  /// Whether the whole G table lies in the file, so that its end can be cut off.
  var canTrim: Bool {
    growth.lock()
    defer { growth.unlock() }
    return listedSlots == backedSlots
  }

  /// Gives the memory of slots at `count` (whole batches) and above back to the file system. The caller must have
  /// lowered `gSlots`, so that no thread uses them. Returns how many bytes it gave back.
  func trimSlots(to count: Int) -> Int {
    growth.lock()
    defer { growth.unlock() }
    guard listedSlots == backedSlots, count < backedSlots, count >= Self.slotBatch else { return 0 }
    let offset = layout.offset(of: GField.self, count)
    let bytes = (backedSlots - count) * GField.stride * 8
    sched[.gListed].publish(UInt64(count))
    (listedSlots, backedSlots) = (count, count)
    if path == nil { return unsafe madvise(base + offset, bytes, MADV_DONTNEED) == 0 ? bytes : 0 }
    // A file system that cannot punch holes keeps the memory, and the next growth finds it there.
    return mpg_punch(fd, Int64(offset), Int64(bytes)) == 0 ? bytes : 0
  }

  /// How much room the file takes in its file system.
  var kibibytes: Int {
    var status = stat()
    return unsafe fstat(fd, &status) == 0 ? Int(status.st_blocks) / 2 : 0
  }

  private func detachTable(from offset: Int) {
    var pause: UInt32 = 1000
    while true {
      let error = unsafe mpg_replace(base + offset, layout.pRings - offset)
      if error == 0 { return }
      // Wait here, keeping thread and P: until the memory is replaced no thread can make another G anyway.
      MPG.sched.shortages.note(.region, error)
      usleep(pause)
      pause = min(pause * 2, 1_000_000)
    }
  }

  /// Records how the process ends. Async-signal-safe.
  func markEnd(_ state: ProcessState, status: UInt64) {
    header[.ending].set(status)
    header[.state].publish(UInt64(state.rawValue))
  }

  /// Where the control socket of this process lies; nil: the region has no file.
  var controlPath: String? {
    guard let path, let cut = path.lastIndex(of: "/"),
      let name = RegionName(String(path[path.index(after: cut)...]))
    else { return nil }
    return "\(path[...cut])\(Control.socketName(of: name))"
  }

  /// Removes the file: a clean exit leaves nothing behind. Readers that have it mapped can still read it.
  func unlinkFile() {
    if let path { unsafe _ = unlink(path) }
  }
}
