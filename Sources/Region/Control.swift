// Control: the language in which a controller and a scheduler talk over the scheduler's control socket. docs/control.md
// says the same for people.
//
// One line in ASCII is one message, ended by a newline. The scheduler greets, and then answers each line with one line.
// A line that is longer than `Control.longest`, or that is no command, is answered with an error. Both sides read what
// the other writes as untrusted: nothing here traps or grows without bound.
//
// The scheduler's side allocates nothing: a goroutine that was stopped may hold malloc's lock, and the control thread
// must be able to let the scheduler run free all the same.

/// What holds for all messages on a control socket.
public enum Control {
  /// The version of the language. A controller must not go on with a scheduler that greets with another version.
  public static let version = 1
  /// Most bytes of a line, without its newline.
  public static let longest = 128
  /// The rates to which a scheduler can be slowed, in decisions a second.
  public static let rates = 1...10_000

  /// The file name of the control socket of the process whose region has this name: the region's, but `.control` in
  /// place of `.mpg`.
  public static func socketName(of region: RegionName) -> String {
    String(region.fileName.dropLast(4)) + ".control"
  }

  /// The version and the pid of a scheduler's first line; nil: the line is no greeting.
  public static func parseGreeting(_ line: String) -> (version: Int, pid: Int32)? {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 4, words[0] == "mpg-control", words[2] == "pid", let version = Int(words[1]),
      let pid = Int32(words[3])
    else { return nil }
    return (version, pid)
  }
}

/// What a controller asks of a scheduler.
public enum ControlCommand: Equatable, Sendable {
  /// All Ps stop at their next decision.
  case hold
  /// The thread that holds the P with this number makes one decision; nil: the thread that has waited longest does.
  /// Holds the scheduler first.
  case step(p: Int?)
  /// The scheduler makes this many decisions a second, summed over all Ps (`Control.rates`).
  case slow(Int)
  /// The scheduler runs free.
  case release
  /// Changes nothing: only asks for the answer, which says how the scheduler goes on.
  case state

  /// Parses a line without its newline; nil: it is no command. Allocates nothing.
  public init?(_ line: UnsafeRawBufferPointer) {
    let end = unsafe line.firstIndex(of: 32) ?? line.count
    let word = unsafe UnsafeRawBufferPointer(rebasing: line[..<end])
    let isAlone = end == line.count
    func isWord(_ text: StaticString) -> Bool {
      unsafe word.count == text.utf8CodeUnitCount
        && word.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
    var number: Int?
    if !isAlone {
      guard let read = unsafe Self.number(line[(end + 1)...]) else { return nil }
      number = read
    }
    switch number {
    case nil where isWord("hold"): self = .hold
    case nil where isWord("release"): self = .release
    case nil where isWord("state"): self = .state
    case nil where isWord("step"): self = .step(p: nil)
    case let p? where p < Capacity.ps && isWord("step"): self = .step(p: p)
    case let rate? where Control.rates.contains(rate) && isWord("slow"): self = .slow(rate)
    default: return nil
    }
  }

  /// Parses one to five digits and nothing else; nil: the text is no such number.
  private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard unsafe (1...5).contains(digits.count), unsafe digits.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return unsafe digits.reduce(0) { $0 * 10 + Int($1 - 48) }
  }

  /// The command as a line of the language, without its newline.
  public var line: String {
    switch self {
    case .hold: "hold"
    case .step(nil): "step"
    case .step(let p?): "step \(p)"
    case .slow(let rate): "slow \(rate)"
    case .release: "release"
    case .state: "state"
    }
  }
}

/// The state of a scheduler that can be controlled: its pace, and the threads that wait.
public struct ControlState: Equatable, Sendable {
  /// Whether the scheduler runs free, is held or is slowed.
  public var pace: Pacing
  /// Decisions a second while the pace is `slow`; else 0.
  public var rate: Int
  /// How many threads wait for their next decision.
  public var waiting: Int
  /// In an answer to `step`, the thread that took the step; nil: no thread waited to take one, or the command was another.
  public var stepped: Step?

  /// The thread that took a step.
  public struct Step: Equatable, Sendable {
    /// The thread's M.
    public var m: Int
    /// The P that the M held when it was let go on; nil: it held none (it woke up with one, or it polls the network).
    public var p: Int?
    /// Whether the step was over when the answer was written. If not, the thread is still in user code or in a call.
    public var isOver: Bool

    public init(m: Int, p: Int?, isOver: Bool) { (self.m, self.p, self.isOver) = (m, p, isOver) }
  }

  public init(pace: Pacing, rate: Int, waiting: Int, stepped: Step? = nil) {
    (self.pace, self.rate, self.waiting, self.stepped) = (pace, rate, waiting, stepped)
  }

  /// Adds the state to `line`, in the words of the language.
  public func add(to line: inout ControlLine) {
    line.add(pace.word)
    line.add(" ")
    line.add(rate)
    line.add(" ")
    line.add(waiting)
    guard let stepped else { return line.add(" - - -") }
    line.add(" ")
    line.add(stepped.m)
    line.add(" ")
    if let p = stepped.p { line.add(p) } else { line.add("-") }
    line.add(stepped.isOver ? " over" : " under-way")
  }

  init?(_ words: Substring) {
    let words = words.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, let pace = Pacing.allCases.first(where: { "\($0.word)" == words[0] }),
      let rate = Int(words[1]), (0...Control.rates.upperBound).contains(rate),
      let waiting = Int(words[2]), (0...Capacity.ms).contains(waiting)
    else { return nil }
    (self.pace, self.rate, self.waiting) = (pace, rate, waiting)
    if words[3...].allSatisfy({ $0 == "-" }) { return }
    guard let m = Int(words[3]), (0..<Capacity.ms).contains(m), words[5] == "over" || words[5] == "under-way"
    else { return nil }
    let p = Int(words[4])
    guard words[4] == "-" || (0..<Capacity.ps).contains(p ?? -1) else { return nil }
    stepped = Step(m: m, p: p, isOver: words[5] == "over")
  }
}

extension Pacing {
  /// The word for the pace in the language of control.
  public var word: StaticString {
    switch self {
    case .none: "none"
    case .free: "free"
    case .held: "held"
    case .slow: "slow"
    }
  }
}

/// A scheduler's answer to one command.
public enum ControlReply: Equatable, Sendable {
  /// The command was carried out, and this is how the scheduler goes on.
  case done(ControlState)
  /// The command was not carried out; the text says why.
  case refused(String)

  /// Parses a line without its newline; nil: it is no answer.
  public init?(_ line: String) {
    if line.hasPrefix("error ") {
      self = .refused(String(line.dropFirst(6)))
    } else if line.hasPrefix("ok "), let state = ControlState(line.dropFirst(3)) {
      self = .done(state)
    } else {
      return nil
    }
  }
}

/// A line that is put together in place, without allocation. What does not fit is left out.
public struct ControlLine {
  private var bytes = [128 of UInt8](repeating: 0)  // as `Control.longest`, which cannot stand here
  private var count = 0

  public init() {}

  private mutating func append(_ byte: UInt8) {
    guard count < bytes.count else { return }
    bytes[count] = byte
    count += 1
  }

  public mutating func add(_ text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { unsafe append(text.utf8Start[index]) }
  }

  /// Adds a number, which is not negative.
  public mutating func add(_ number: Int) {
    if number >= 10 { add(number / 10) }
    append(UInt8(truncatingIfNeeded: 48 + number % 10))
  }

  /// Calls `body` with the bytes of the line.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    unsafe withUnsafeBytes(of: bytes) { unsafe body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }
}
