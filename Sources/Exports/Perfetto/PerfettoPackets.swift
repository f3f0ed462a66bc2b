// The packets of a Perfetto trace: tracks, and the slices, instants and counters on them. Field numbers are
// those of Perfetto's `perfetto_trace.proto`.
import History
import Insight
import Observed

/// A track. Each track has a number of its own, its `uuid`.
enum PerfettoTrack: Hashable {
  case process, processors, threads, goroutines, gauges
  case p(Int)
  case m(Int)
  case g(UInt64)
  case counter(Counter)

  enum Counter: Hashable {
    case grq, running, runnable, waiting, syscall
    case lrq(Int)
  }

  var uuid: UInt64 {
    switch self {
    case .process: 1
    case .processors: 2
    case .threads: 3
    case .goroutines: 4
    case .gauges: 5
    case .p(let id): 1 << 40 | UInt64(clamping: id)
    case .m(let id): 2 << 40 | UInt64(clamping: id)
    case .g(let id): 1 << 62 | id
    case .counter(.grq): 3 << 40
    case .counter(.running): 3 << 40 | 1
    case .counter(.runnable): 3 << 40 | 2
    case .counter(.waiting): 3 << 40 | 3
    case .counter(.syscall): 3 << 40 | 4
    case .counter(.lrq(let id)): 4 << 40 | UInt64(clamping: id)
    }
  }

  /// The track above this one; nil: this is the track of the process.
  var parent: PerfettoTrack? {
    switch self {
    case .process: nil
    case .processors, .threads, .goroutines, .gauges: .process
    case .p: .processors
    case .m: .threads
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
    case .p(let id): "P\(id)"
    case .m(let id): "M\(id)"
    case .g(let id): "G\(id)"
    case .counter(.grq): "GRQ"
    case .counter(.lrq(let id)): "LRQ of P\(id)"
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
  /// Maximum number of names that get a number. Further names are written out each time.
  private static let mostNames = 100_000
  private static let sequence: UInt64 = 1

  /// Returns the packets since the last call.
  mutating func take() -> [UInt8] {
    defer { bytes = ProtobufMessage() }
    return bytes.bytes
  }

  private mutating func packet(at time: UInt64, _ body: (inout ProtobufMessage) -> Void) {
    let isFirst = isFirst
    self.isFirst = false
    bytes.message(1) { packet in
      packet.number(8, time)
      packet.number(10, Self.sequence)
      // Flag 1 begins the sequence. Flag 2 says that a packet needs the names that were numbered before it.
      packet.number(13, isFirst ? 1 : 2)
      body(&packet)
    }
  }

  /// Describes a track, unless that was done before. `more` is put behind its name.
  mutating func describe(_ track: PerfettoTrack, _ more: String = "", pid: Int32? = nil) {
    guard named.insert(track).inserted else { return }
    if let parent = track.parent { describe(parent) }
    packet(at: 0) { packet in
      packet.message(60) { descriptor in
        descriptor.number(1, track.uuid)
        if let parent = track.parent {
          descriptor.text(2, track.name + more)
          descriptor.number(5, parent.uuid)
          descriptor.number(12, track.rank)
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
        event.number(11, track.uuid)
        if let number { event.number(10, number) } else if !name.isEmpty { event.text(23, name) }
        if kind == .counter { event.number(30, value) }
        for (name, value) in details.numbers {
          event.message(4) {
            $0.text(10, name)
            $0.number(3, value)
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
