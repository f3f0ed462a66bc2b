// When each request is due.
//
// §1 The problem. A load generator that sends a request only after the last one was answered stops when the server stops. If
// the server stalls for a second, it measures one slow request. Independent clients would have sent thousands of requests in
// that second, all of them slow. That error is called coordinated omission. So in open loop every request has a moment at
// which it is due, which no answer can move, and its latency counts from that moment, even if it was sent later.
//
// §2 The protocol. Requests have numbers, and number n is due at start + n / rate. A connection that is free takes the next
// number, from one counter for all, and sleeps until that number is due. If all connections wait for answers, numbers become
// due that no connection has taken. The next free connection takes the oldest of them and sends its request at once. The wait
// for the connection is part of the latency, and such requests are counted, because more connections would have made them less
// late. No list of waiting requests is needed: they are the numbers from the counter up to the one that is due now.
//
// §3 The end. Requests that are due before the end and were not sent by then are counted in the report. Each of them counts
// in the latencies with the time that it had waited: otherwise a server that stalls until the end would look faster than one
// that recovers.

import Synchronization

/// A request's number, and when it is due.
struct Turn: Equatable {
  let number: Int
  /// The moment at which the request is due, in nanoseconds of the monotonic clock.
  let due: UInt64
  /// Whether the request was due before a connection was free to take it.
  let isBehind: Bool
}

/// Hands out turns, to connections that are free.
///
/// Thread-safe.
final class Pacer: Sendable {
  let pace: Pace
  private let connections: Int
  private let next = Atomic(0)
  private let begin = Atomic<UInt64>(0)
  private let limit = Atomic<UInt64>(.max)

  init(_ pace: Pace, connections: Int) { (self.pace, self.connections) = (pace, connections) }

  /// When the first request is due, in nanoseconds.
  var start: UInt64 { begin.load(ordering: .relaxed) }
  /// The moment from which on nothing is sent, in nanoseconds.
  var end: UInt64 { limit.load(ordering: .relaxed) }

  /// Sets the moments between which turns are due. To be called before any turn is taken.
  func begin(at start: UInt64, for duration: UInt64?) {
    begin.store(start, ordering: .relaxed)
    limit.lower(to: duration.map { start + $0 } ?? .max)
  }

  /// Ends the turns: none is due from `moment` on.
  func stop(at moment: UInt64) { limit.lower(to: moment) }

  /// The next turn; nil: there is none.
  func take(at now: UInt64) -> Turn? {
    guard now < end else { return nil }
    let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
    switch pace {
    case .closed: return Turn(number: number, due: now, isBehind: false)
    case .burst(let count):
      return number < count ? Turn(number: number, due: start, isBehind: number >= connections) : nil
    case .open(let rate):
      let due = Self.due(number, rate: rate, start: start)
      return due < end ? Turn(number: number, due: due, isBehind: due < now) : nil
    }
  }

  private static func due(_ number: Int, rate: Double, start: UInt64) -> UInt64 {
    start + UInt64(Double(number) * 1e9 / rate)
  }

  /// The turns that were due before `end` and not sent, when the first `sent` turns were sent. They come in groups, to save
  /// work; `due` is the last moment in its group, so that no wait is told longer than it was.
  func unsent(sent: Int, end: UInt64, groups: Int = 1000) -> [(due: UInt64, count: Int)] {
    guard end > start else { return [] }
    switch pace {
    case .closed: return []
    case .burst(let count): return sent < count ? [(start, count - sent)] : []
    case .open(let rate):
      var total = Int(Double(end - start) * rate / 1e9)
      while Self.due(total, rate: rate, start: start) < end { total += 1 }
      guard sent < total else { return [] }
      let size = max(1, (total - sent) / groups)
      return stride(from: sent, to: total, by: size).map { first in
        let count = min(size, total - first)
        return (min(end, Self.due(first + count - 1, rate: rate, start: start)), count)
      }
    }
  }
}

extension Atomic where Value == UInt64 {
  /// Makes the value `other`, if that is lower. The library's own `min` compares as if numbers had signs, up to Swift 6.3, and
  /// would keep `UInt64.max`: https://github.com/swiftlang/swift/issues/91176.
  fileprivate func lower(to other: UInt64) {
    var old = load(ordering: .relaxed)
    while other < old {
      let (exchanged, original) = compareExchange(expected: old, desired: other, ordering: .relaxed)
      if exchanged { return }
      old = original
    }
  }
}
