// A region made by hand. It holds what a runtime would have written, and then whatever a test writes into it.
//
// The fixture writes at the places that its `Plan` gives. The standard plan is Region's own layout.
// `Plan.moved` puts every block, field and enumeration elsewhere, so a reader that assumes places instead of
// resolving names fails.
import Glibc
import Region
import TestSupport

@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource

/// The place of everything in the region, and the schema text that describes these places.
struct Plan {
  var offsets: [String: Int] = [:]
  var strides: [String: Int] = [:]
  var fields: [String: Int] = [:]
  var rings: [String: (offset: Int, records: Int)] = [:]
  var strings = 0
  var schema = 0
  var bytes = 0
  var text = ""
  /// A number that is added to every raw value of an enumeration.
  var shift: UInt64 = 0

  /// Fields that an older target does not have: the counts from which queue depths are rebuilt to match the
  /// records.
  private static let queueFields: Set<String> = [
    "lane.queuedOn", "lane.takenFrom", "p.lrqMoved", "p.nextMoved", "p.grqMoved", "p.steals", "steal.nexts",
  ]

  static func standard(pRecords: Int = 64, mRecords: Int = 16, countsQueues: Bool = false) -> Plan {
    let layout = Layout(pRingRecords: pRecords, mRingRecords: mRecords)
    var plan = Plan()
    func add<Field: RegionField>(_: Field.Type) {
      plan.offsets[Field.block] = layout.offset(of: Field.self, 0)
      plan.strides[Field.block] = Field.stride * 8
      for field in Field.allCases { plan.fields["\(Field.block).\(field.name)"] = field.rawValue * 8 }
    }
    add(HeaderField.self)
    add(SchedField.self)
    add(PField.self)
    add(StealField.self)
    add(MField.self)
    add(LaneField.self)
    add(GField.self)
    plan.rings = ["p": (layout.pRings, pRecords), "m": (layout.mRings, mRecords)]
    (plan.strings, plan.schema, plan.bytes) = (layout.strings, layout.schema, layout.end)
    let lines = Schema.text(for: layout).split(separator: "\n").filter { line in
      let words = line.split(separator: " ")
      return countsQueues || words.first != "field" || !queueFields.contains("\(words[1]).\(words[2])")
    }
    plan.text = lines.joined(separator: "\n") + "\n"
    return plan
  }

  /// A layout that a later version might choose. Blocks are in reverse order, and so are their fields, with a
  /// gap after each; raw values differ; there are fewer Ps and Ms; and the schema has lines that this reader
  /// does not know.
  static func moved(ps: Int = 4, ms: Int = 8) -> Plan {
    var plan = Plan()
    plan.shift = 2
    plan.schema = 4096
    var next = 4096 + 64 * 1024
    var lines = ["mpg-region 1", "future thing 1 2 3", "", "block g2 0 0 0"]
    func add<Field: RegionField>(_: Field.Type, count: Int, gap: Int = 8) {
      var place = Field.block == HeaderField.block ? 512 : gap
      for field in Field.allCases.reversed() {
        plan.fields["\(Field.block).\(field.name)"] = place
        if !queueFields.contains("\(Field.block).\(field.name)") {
          lines.append(
            "field \(Field.block) \(field.name) \(place) \(field.spec.count) \(field.spec.kind.name) ? note")
        }
        place += field.spec.count * 8 + gap
      }
      let stride = Field.block == HeaderField.block ? 4096 : (place + 63) / 64 * 64
      plan.strides[Field.block] = stride
      plan.offsets[Field.block] = Field.block == HeaderField.block ? 0 : next
      lines.append("block \(Field.block) \(plan.offsets[Field.block, default: 0]) \(stride) \(count)")
      if Field.block != HeaderField.block { next += stride * count }
    }
    add(GField.self, count: 16)
    add(LaneField.self, count: ps + ms)
    add(MField.self, count: ms)
    add(StealField.self, count: ps * ps)
    add(PField.self, count: ps)
    add(SchedField.self, count: 1)
    add(HeaderField.self, count: 1)
    for (name, count, records) in [("m", ms, 16), ("p", ps, 64)] {
      plan.rings[name] = (next, records)
      lines.append("ring \(name) \(next) \(records * Record.bytes) \(count) \(records)")
      next += records * Record.bytes * count
    }
    plan.strings = next
    lines.append("area strings \(next) 4096")
    plan.bytes = next + 4096
    lines += plan.enumerations(PStatus.self) + plan.enumerations(MState.self)
    lines += plan.enumerations(WaitReason.self) + plan.enumerations(ProcessState.self)
    lines += plan.enumerations(RuleNumber.self) + plan.enumerations(NetpollKind.self)
    lines += plan.enumerations(Pacing.self)
    plan.text = lines.joined(separator: "\n") + "\n"
    return plan
  }

  private func enumerations<E: CaseIterable & RawRepresentable>(_: E.Type) -> [String]
  where E.RawValue == UInt8 {
    E.allCases.map { "enum \(E.self) \(UInt64($0.rawValue) + shift) \($0)" }
  }
}

/// A region file in a folder of its own. File and folder are removed with this object.
///
/// Safe because: every place comes from the plan, and the plan's whole file stays mapped until deinit.
@safe final class RegionFixture: @unchecked Sendable {
  let folder: TemporaryFolder
  let path: String
  let plan: Plan
  let process: ProcessIdentity
  private let base: UnsafeMutableRawPointer
  private let descriptor: Int32

  /// A live, empty region of this process, or of `process`.
  init(_ plan: Plan = .standard(), procs: Int = 2, ms: Int = 3, process: ProcessIdentity? = nil) {
    self.plan = plan
    self.process = process ?? ProcessIdentity(living: getpid())!
    folder = try! TemporaryFolder()
    path = "\(folder.path)/\(self.process.pid)-\(self.process.startTime).mpg"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
    precondition(descriptor >= 0 && ftruncate(descriptor, plan.bytes) == 0, "a region file in \(folder.path)")
    unsafe base = mmap(nil, plan.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)!
    writeHeader()
    self[SchedField.procs] = UInt64(procs)
    self[SchedField.mCount] = UInt64(ms)
    self[SchedField.tracing] = 1
    for p in 0..<procs { self[PField.status, p] = raw(PStatus.idle) }
    for m in 0..<ms {
      self[MField.state, m] = raw(MState.parked)
      self[MField.tid, m] = UInt64(1000 + m)
    }
  }

  deinit {
    unsafe munmap(base, plan.bytes)
    close(descriptor)
  }

  /// `lock` takes the lock by which a writer shows that it is alive; `unlock` gives it back.
  func lock() { precondition(setLock(F_WRLCK), "a lock on \(path)") }
  func unlock() { precondition(setLock(F_UNLCK), "no lock on \(path)") }

  private func setLock(_ kind: Int32) -> Bool {
    var lock = flock()
    (lock.l_type, lock.l_whence, lock.l_start, lock.l_len) = (Int16(kind), Int16(SEEK_SET), 0, 1)
    return unsafe fcntl(descriptor, 37, &lock) == 0  // F_OFD_SETLK
  }

  private func writeHeader() {
    let text = Array(plan.text.utf8)
    writeBytes(text, at: plan.schema)
    for (field, value) in [
      (HeaderField.version, Layout.version), (.byteOrder, Layout.byteOrder),
      (.schemaOffset, UInt64(plan.schema)), (.schemaBytes, UInt64(text.count)),
    ] { setWord(at: field.rawValue * 8, value) }
    self[HeaderField.pid] = UInt64(process.pid)
    self[HeaderField.startTime] = process.startTime
    self[HeaderField.state] = raw(ProcessState.live)
    let now = monotonicNow()
    for (ticks, nanoseconds, moment) in [
      (HeaderField.clockTicks0, HeaderField.clockNanoseconds0, now - 1_000_000_000),
      (.clockTicks1, .clockNanoseconds1, now),
    ] {
      self[ticks] = moment
      self[nanoseconds] = moment
    }
    name = "mpg-demo"
    setWord(at: 0, Layout.magic)
  }

  var name: String {
    get { "" }
    set {
      let bytes = Array(newValue.utf8.prefix(HeaderField.executableBytes - 1)) + [0]
      writeBytes(bytes, at: offset(HeaderField.executable, 0, 0))
    }
  }

  func raw<E: RawRepresentable>(_ value: E) -> UInt64 where E.RawValue == UInt8 {
    UInt64(value.rawValue) + plan.shift
  }

  // MARK: words

  func offset<Field: RegionField>(_ field: Field, _ block: Int, _ element: Int) -> Int {
    plan.offsets[Field.block]! + block * plan.strides[Field.block]! + plan.fields[
      "\(Field.block).\(field.name)"]!
      + element * 8
  }

  func word<Field: RegionField>(_ field: Field, _ block: Int = 0, _ element: Int = 0) -> Word {
    word(at: offset(field, block, element))
  }

  func word(at offset: Int) -> Word {
    precondition(offset >= 0 && offset <= plan.bytes - 8, "a word of the region")
    return unsafe Word(at: base + offset)
  }

  func setWord(at offset: Int, _ value: UInt64) { word(at: offset).set(value) }

  func writeBytes(_ bytes: [UInt8], at offset: Int) {
    precondition(offset >= 0 && offset + bytes.count <= plan.bytes, "bytes of the region")
    unsafe (base + offset).copyMemory(from: bytes, byteCount: bytes.count)
  }

  subscript<Field: RegionField>(field: Field, block: Int = 0, element: Int = 0) -> UInt64 {
    get { word(field, block, element).relaxed }
    set { word(field, block, element).publish(newValue) }
  }

  // MARK: what a runtime would do

  /// The lane of an M. The Ms' lanes follow those of all possible Ps.
  func lane(m: Int) -> Int { plan.offsets["p"]! == 0 ? m : pCapacity + m }
  var pCapacity: Int {
    for line in plan.text.split(separator: "\n") where line.hasPrefix("block p ") {
      return Int(line.split(separator: " ")[4])!
    }
    return Capacity.ps
  }

  /// Counts moves of Gs on a lane.
  func count(_ field: LaneField, on lane: Int, reason: WaitReason? = nil, by amount: UInt64 = 1) {
    word(field, lane, reason.map { Int(raw($0)) } ?? 0).bump(by: amount)
  }

  /// Appends a string to the string table and returns its id.
  func intern(_ string: String) -> UInt64 {
    let end = Int(self[SchedField.stringBytes])
    let area = unsafe UnsafeMutableRawBufferPointer(start: base + plan.strings, count: 4096)
    let next = unsafe StringTable.append(string, to: area, at: end)!
    self[SchedField.stringBytes] = UInt64(next)
    return UInt64(end + 1)
  }

  func ring(p: Int) -> RingWriter { ring("p", p, lane: p) }
  func ring(m: Int) -> RingWriter { ring("m", m, lane: lane(m: m)) }

  private func ring(_ kind: String, _ index: Int, lane: Int) -> RingWriter {
    let (offset, records) = plan.rings[kind]!
    return unsafe RingWriter(
      slots: base + offset + index * records * Record.bytes, capacity: records,
      position: word(LaneField.position, lane))
  }

  /// The memory that the file takes, in bytes.
  var allocatedBytes: Int {
    var status = stat()
    unsafe fstat(descriptor, &status)
    return Int(status.st_blocks) * 512
  }

  func truncate(to bytes: Int) { ftruncate(descriptor, bytes) }

  // MARK: reading it

  func targets() -> [Target] { folder.targets() }
  func target(pid: Int32) throws -> Target { try folder.target(pid: pid) }
  func attach() throws -> Inspector { try Inspector(target(pid: process.pid)) }

  /// A source that accepts numbers that do not add up: the fixture's counters have no scheduler behind them.
  func source() throws -> RegionReader {
    let source = try RegionFile(path: path, process: process).open()
    source.mustBalance = false
    return source
  }
  func snapshot() throws -> Snapshot { try source().snapshot() }
}

extension TemporaryFolder {
  // These are methods, so that the folder exists until they return.
  func targets() -> [Target] { RegionFolders([path]).targets() }
  func target(pid: Int32) throws -> Target { try RegionFolders([path]).target(pid: pid) }
}

/// The names in a folder; empty if the folder cannot be read.
func names(in folder: String) -> [String] { (try? listing(of: folder)) ?? [] }
