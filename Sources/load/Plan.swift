// What is to be done: who is asked for what, how often, and for how long.

import MPG

/// When requests are due.
enum Pace: Equatable, Sendable {
  /// Each connection asks again as soon as it is answered.
  case closed
  /// So many requests per second, whether earlier ones are answered or not.
  case open(Double)
  /// So many requests at once, and no more.
  case burst(Int)
}

struct Plan: Sendable {
  let target: Target
  /// A request for each path.
  let requests: [RequestBytes]
  let rota: Rota
  /// nil: idle connections are all.
  let pace: Pace?
  let connections: Int
  let idle: Int
  /// In nanoseconds; nil: until a burst is answered, or a signal comes.
  let duration: UInt64?
  /// How long to wait for an answer, from the moment at which its request is sent.
  let timeout: Duration
  let keepsAlive: Bool
}

/// Which of several requests comes when: each as often as its weight says, and spread as evenly as that allows.
struct Rota: Equatable, Sendable {
  /// The longest that a rota may become, in turns.
  static let longest = 10_000

  private let turns: [Int]

  static func isShort(_ weights: [Int]) -> Bool { weights.reduce(0) { $0 &+ $1 } <= longest }

  /// - Parameter weights: positive, and not all of them together more than `longest`.
  init(_ weights: [Int]) {
    // At each turn every request gains its weight, and the one that has most is chosen and pays the sum.
    let sum = weights.reduce(0, +)
    var credits = weights.map { _ in 0 }
    turns = (0..<sum).map { _ in
      for index in weights.indices { credits[index] += weights[index] }
      let chosen = weights.indices.reduce(0) { credits[$1] > credits[$0] ? $1 : $0 }
      credits[chosen] -= sum
      return chosen
    }
  }

  /// Which request has turn `number`.
  subscript(number: Int) -> Int { turns[number % turns.count] }
}
