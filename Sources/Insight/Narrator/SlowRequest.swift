// Requests that took long, and where their time went.
//
// A request is a span that begins at one G, its root (`goLabel`). Each event of the root ends one thing that it did and
// begins another. So the event's time is added to the sum of the first thing and subtracted from the sum of the second, modulo
// 2^64. The order of additions does not matter, so the lanes need not be merged. Once the last event is in, each sum is a
// length of time, and all of them add up to the time of the request. If an event is missing they do not add up, and the
// sentence about the request leaves them out.
import Observed
import Region

/// A request that took long. Times are in nanoseconds.
struct SlowRequest: Equatable {
  /// What the G at which the request began did, or waited for, in the largest part of the time.
  enum Part: Equatable {
    case running, ready, call
    case wait(WaitReason)
  }

  /// The label, as a string id.
  var label: UInt64
  var lasted: UInt64
  /// The largest part, and how long it took; nil: not known.
  var most: Largest?

  struct Largest: Equatable {
    var part: Part
    var time: UInt64
  }

  /// The sentence.
  func text(_ names: StringBook) -> String {
    let head = "\(names.string(label) ?? "a request") took \(TimeText.short(lasted))"
    guard let most else { return head }
    return "\(head): for \(TimeText.short(most.time)) \(most.part.words)"
  }
}

extension SlowRequest.Part {
  fileprivate var words: String {
    switch self {
    case .running: "it ran"
    case .ready: "it was ready, and waited for a P"
    case .call: "it was in a system call"
    case .wait(let reason): "it waited for \(reason.thing)"
    }
  }
}

extension WaitReason {
  /// The thing for which a G waits, in the words of a sentence.
  fileprivate var thing: String {
    switch self {
    case .none: "something that it does not tell"
    case .netpollRead: "something to read from a socket"
    case .netpollWrite: "room in a socket"
    case .chanSend, .chanReceive: "a channel"
    case .sleep: "its time to come (sleep)"
    case .waitGroup: "Gs that it had started"
    case .mutex: "a mutex"
    case .select: "one of several channels"
    case .condition: "a condition"
    case .semaphore: "a semaphore"
    case .signal: "a signal"
    case .await: "Swift's async code"
    }
  }
}

/// Keeps an account of each open request, by the request's root, the G at which it began. Times are in ticks.
struct RequestAccounts {
  /// The number of places in the tables, one for each request that is followed. The id of a request's root, the G
  /// at which it began, decides its place; if another request has that place, the new one is not followed.
  private static let places = 1024
  /// An account that is older than this, in nanoseconds, loses its place to the next request that needs the place.
  private static let oldest: UInt64 = 60_000_000_000

  /// The account of one request. Until its last event is in, the parts are meaningless.
  struct Account {
    var begin: UInt64
    var number: UInt64
    var label: UInt64
    var running: UInt64 = 0
    var ready: UInt64 = 0
    var calls: UInt64 = 0
    /// How long the G at which the request began waited, by raw wait reason.
    var waits = [UInt64](repeating: 0, count: WaitReason.capacity)
  }

  /// The root of the request at each place, the G at which it began; 0: none. Kept apart from `accounts`, because
  /// for most events, whose Gs are no root, this small table is all that is read.
  private var roots = [UInt64](repeating: 0, count: places)
  private var accounts = [Account?](repeating: nil, count: places)
  /// Slow requests that have ended, but of which records of other lanes may still have to be read.
  private var ended: [(root: UInt64, account: Account, end: UInt64)] = []

  /// The place of a root; nil: the G is the root of no request that is followed.
  @inline(__always)
  private func place(of g: UInt64) -> Int? {
    let place = Int(truncatingIfNeeded: g) & (Self.places - 1)
    return g != 0 && roots[place] == g ? place : nil
  }

  /// Whether `change` may find an account for this G.
  @inline(__always)
  func mayFollow(_ g: UInt64) -> Bool { place(of: g) != nil || !ended.isEmpty }

  /// The label of the request whose root is `g`, as a string id; nil: none is followed.
  func label(of g: UInt64) -> UInt64? { place(of: g).flatMap { accounts[$0]?.label } }

  /// Changes the account of the request for which `g` worked at the moment `time`, in ticks, if that request is
  /// followed.
  mutating func change(_ g: UInt64, at time: UInt64, _ change: (inout Account) -> Void) {
    if let place = place(of: g), let begin = accounts[place]?.begin, begin <= time {
      change(&accounts[place]!)
    } else if let index = ended.firstIndex(where: {
      $0.root == g && $0.account.begin <= time && time <= $0.end
    }) {
      change(&ended[index].account)
    }
  }

  /// Begins the account of the request that a `goLabel` record begins, unless another request has its place.
  mutating func open(_ record: Record, _ clock: Clock) {
    let place = Int(truncatingIfNeeded: record.g) & (Self.places - 1)
    if roots[place] == record.g, accounts[place] != nil { return }  // a span within the request
    if let other = accounts[place], clock.nanoseconds(lasting: record.time &- other.begin) < Self.oldest {
      return
    }
    roots[place] = record.g
    accounts[place] = Account(
      begin: record.time, number: record.arg, label: UInt64(record.count), running: 0 &- record.time)
  }

  /// Ends the account of a request, because the G at which it began works for another span from this record on. If
  /// the request took long enough, its account is kept for `takeEnded`.
  mutating func close(_ record: Record, ifLong: (UInt64) -> Bool) {
    guard let place = place(of: record.g), var account = accounts[place], account.number != record.arg,
      record.time >= account.begin
    else { return }
    (roots[place], accounts[place]) = (0, nil)
    guard ifLong(record.time &- account.begin) else { return }
    account.running &+= record.time
    ended.append((record.g, account, record.time))
  }

  /// Returns the slow requests that have ended by a moment, with their ends, and forgets them. Moments are in ticks.
  mutating func takeEnded(by time: UInt64) -> [(account: Account, end: UInt64)] {
    guard !ended.isEmpty else { return [] }
    let taken = ended.filter { $0.end <= time }
    ended.removeAll { $0.end <= time }
    return taken.map { ($0.account, $0.end) }
  }

  mutating func removeAll() {
    ended = []
    for place in roots.indices where roots[place] != 0 { (roots[place], accounts[place]) = (0, nil) }
  }
}

extension RequestAccounts.Account {
  /// Returns the request of this account, which ended at the moment `end`, in ticks.
  func request(endedAt end: UInt64, _ clock: Clock, _ reasons: [WaitReason?]) -> SlowRequest {
    let whole = end &- begin
    var request = SlowRequest(label: label, lasted: clock.nanoseconds(lasting: whole))
    let parts =
      [(SlowRequest.Part.running, running), (.ready, ready), (.call, calls)]
      + waits.enumerated().map { (.wait(reasons[$0.offset] ?? .none), $0.element) }
    guard parts.reduce(0, { $0 &+ $1.1 }) == whole, parts.allSatisfy({ $0.1 <= whole }),
      let (part, time) = parts.max(by: { $0.1 < $1.1 })
    else { return request }
    request.most = SlowRequest.Largest(part: part, time: clock.nanoseconds(lasting: time))
    return request
  }
}
