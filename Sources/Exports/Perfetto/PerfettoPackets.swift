// The packets of a Perfetto trace: tracks, and the slices, instants and counters on them. Field numbers are
// those of Perfetto's `perfetto_trace.proto`.
import History
import Insight
import Observed

/// A track. Each track has a number of its own, its `uuid`.
enum PerfettoTrack: Hashable {
  case process, processors, threads, goroutines, gauges, tasks, runtime
  case p(Int)
  case m(Int)
  case g(UInt64)
  /// A thread of a program that uses the system's numbers of threads: its index among the threads seen, and its number.
  case thread(Int, UInt64)
  /// The regions of a G.
  case regions(UInt64)
  /// A user's task: its index among the tasks seen, and its number in the trace.
  case task(Int, UInt64)
  case marking, stopped
  case counter(Counter)

  enum Counter: Hashable {
    case grq, running, runnable, waiting, syscall, heap, heapGoal, procs
    case lrq(Int)
  }

  var uuid: UInt64 {
    switch self {
    case .process: 1
    case .processors: 2
    case .threads: 3
    case .goroutines: 4
    case .gauges: 5
    case .tasks: 6
    case .runtime: 7
    case .marking: 8
    case .stopped: 9
    case .p(let id): 1 << 40 | UInt64(clamping: id)
    case .m(let id): 2 << 40 | UInt64(clamping: id)
    case .g(let id): 1 << 62 | id
    case .regions(let id): 1 << 61 | id
    case .task(let place, _): 5 << 40 | UInt64(clamping: place)
    case .thread(let place, _): 6 << 40 | UInt64(clamping: place)
    case .counter(.grq): 3 << 40
    case .counter(.running): 3 << 40 | 1
    case .counter(.runnable): 3 << 40 | 2
    case .counter(.waiting): 3 << 40 | 3
    case .counter(.syscall): 3 << 40 | 4
    case .counter(.heap): 3 << 40 | 5
    case .counter(.heapGoal): 3 << 40 | 6
    case .counter(.procs): 3 << 40 | 7
    case .counter(.lrq(let id)): 4 << 40 | UInt64(clamping: id)
    }
  }

  /// The track above this one; nil: this is the track of the process.
  var parent: PerfettoTrack? {
    switch self {
    case .process: nil
    case .processors, .threads, .goroutines, .gauges, .tasks, .runtime: .process
    case .p: .processors
    case .m, .thread: .threads
    case .regions(let id): .g(id)
    case .task: .tasks
    case .marking, .stopped: .runtime
    case .g: .goroutines
    case .counter: .gauges
    }
  }

  /// The place of the track among those with the same parent.
  var rank: UInt64 { uuid & 0xffff_ffff }

  var isCounter: Bool {
    if case .counter = self { true } else { false }
  }

  var name: String {
    switch self {
    case .process: "scheduler"
    case .processors: "Processors (P)"
    case .threads: "Threads (M)"
    case .goroutines: "Goroutines (G)"
    case .gauges: "Queues and states"
    case .tasks: "Tasks"
    case .runtime: "Runtime"
    case .marking: "GC mark phase"
    case .stopped: "World stopped"
    case .p(let id): "P\(id)"
    case .m(let id): "M\(id)"
    case .g(let id): "G\(id)"
    case .regions(let id): "G\(id): regions"
    case .task(_, let number): "task \(number)"
    case .thread(_, let number): "thread \(number)"
    case .counter(.grq): "GRQ"
    case .counter(.lrq(let id)): "LRQ of P\(id)"
    case .counter(.heap): "heap, bytes"
    case .counter(.heapGoal): "heap goal, bytes"
    case .counter(.procs): "Ps"
    case .counter(.running): "Gs running"
    case .counter(.runnable): "Gs runnable"
    case .counter(.waiting): "Gs waiting"
    case .counter(.syscall): "Gs in a system call"
    }
  }
}

/// The parts of an event on a track besides its name.
struct PerfettoDetails {
  var numbers: [(name: String, value: UInt64)] = []
  var texts: [(name: String, value: String)] = []
  /// The arrow that begins at this event or passes through it.
  var flow: UInt64?
  /// The arrow that ends at this event.
  var endOfFlow: UInt64?
}

/// The packets of a trace, one after the other.
struct PerfettoPackets {
  private(set) var bytes = ProtobufMessage()
  private var named: Set<PerfettoTrack> = []
  private var names: [String: UInt64] = [:]
  private var isFirst = true
  /// The most names that are written once and then referred to by a number. Others are written out each time.
  private static let mostNames = 100_000
  /// Whether these packets follow those of another source in one file, so that their tracks need other numbers.
  private let isSecond: Bool

  /// - Parameter isSecond: whether these are the second packets of one file.
  init(isSecond: Bool = false) { self.isSecond = isSecond }

  private func uuid(_ track: PerfettoTrack) -> UInt64 { isSecond ? track.uuid | 1 << 63 : track.uuid }

  /// Returns the packets since the last call.
  mutating func take() -> [UInt8] {
    defer { bytes = ProtobufMessage() }
    return bytes.bytes
  }

  private mutating func packet(at time: UInt64, _ body: (inout ProtobufMessage) -> Void) {
    let (isFirst, sequence) = (isFirst, UInt64(isSecond ? 2 : 1))
    self.isFirst = false
    bytes.message(1) { packet in
      packet.number(8, time)
      packet.number(10, sequence)
      // Flag 1 begins the sequence. Flag 2 says that a packet needs the names that were numbered before it.
      packet.number(13, isFirst ? 1 : 2)
      body(&packet)
    }
  }

  /// Describes a track, unless that was done before. `more` is put behind its name.
  mutating func describe(_ track: PerfettoTrack, _ more: String = "", pid: Int32? = nil) {
    guard named.insert(track).inserted else { return }
    if let parent = track.parent { describe(parent) }
    let (id, parent) = (uuid(track), track.parent.map(uuid))
    packet(at: 0) { packet in
      packet.message(60) { descriptor in
        descriptor.number(1, id)
        if let parent {
          descriptor.text(2, track.name + more)
          descriptor.number(5, parent)
          descriptor.number(12, track.rank)
        } else if pid == nil {
          descriptor.text(2, more)
        }
        if let pid {
          descriptor.message(3) { process in
            process.number(1, UInt64(UInt32(bitPattern: pid)))
            process.text(6, more)
          }
        }
        if track.isCounter { descriptor.message(8) { $0.number(3, 2) } }
        // The tracks below a group are shown in the order of their ranks.
        if track.parent == .process { descriptor.number(11, 3) }
      }
    }
  }

  /// The kind of an event, as Perfetto numbers it.
  enum Kind: UInt64 {
    case begin = 1
    case end, instant, counter
  }

  mutating func event(
    _ kind: Kind, on track: PerfettoTrack, at time: UInt64, _ name: String = "",
    _ details: PerfettoDetails = PerfettoDetails(), value: UInt64 = 0
  ) {
    describe(track)
    let id = uuid(track)
    let (number, isNew) = name.isEmpty ? (nil, false) : self.number(of: name)
    packet(at: time) { packet in
      if isNew, let number {
        packet.message(12) {
          $0.message(2) {
            $0.number(1, number)
            $0.text(2, name)
          }
        }
      }
      packet.message(11) { event in
        event.number(9, kind.rawValue)
        event.number(11, id)
        if let number { event.number(10, number) } else if !name.isEmpty { event.text(23, name) }
        if kind == .counter { event.number(30, value) }
        for (name, value) in details.numbers {
          event.message(4) {
            $0.text(10, name)
            $0.number(3, value)
          }
        }
        for (name, value) in details.texts {
          event.message(4) {
            $0.text(10, name)
            $0.text(6, value)
          }
        }
        if let flow = details.flow { event.fixed64(47, flow) }
        if let flow = details.endOfFlow { event.fixed64(48, flow) }
      }
    }
  }

  /// Returns the number of a name, and whether this is its first use. The number is nil if the name is to be
  /// written out.
  private mutating func number(of name: String) -> (UInt64?, Bool) {
    if let number = names[name] { return (number, false) }
    guard names.count < Self.mostNames else { return (nil, false) }
    let number = UInt64(names.count + 1)
    names[name] = number
    return (number, true)
  }
}
