// The plan of a run: which server is asked for which paths, how often, and for how long.

import MPG

/// The rule by which requests are due.
enum Pace: Equatable, Sendable {
  /// Each connection sends its next request as soon as it has the answer to the last one.
  case closed
  /// This many requests a second, whether earlier ones are answered or not.
  case open(Double)
  /// This many requests at once, and no more.
  case burst(Int)
}

struct Plan: Sendable {
  let target: Target
  /// The bytes of one request for each path.
  let requests: [RequestBytes]
  let rota: Rota
  /// The rule by which requests are due; nil: there are only idle connections, and no requests.
  let pace: Pace?
  let connections: Int
  let idle: Int
  /// The length of the measurement in nanoseconds; nil: it ends when the burst is answered, or when a signal comes.
  let duration: UInt64?
  /// How long to wait for an answer, from the moment at which its request is sent.
  let timeout: Duration
  let keepsAlive: Bool
}

/// The order in which several requests take turns: each comes as often as its weight says, and they are mixed as evenly as
/// the weights allow.
struct Rota: Equatable, Sendable {
  /// The longest that a rota may become, in turns.
  static let longest = 10_000

  private let turns: [Int]

  static func isShort(_ weights: [Int]) -> Bool { weights.reduce(0) { $0 &+ $1 } <= longest }

  /// - Parameter weights: positive, and not all of them together more than `longest`.
  init(_ weights: [Int]) {
    // At each turn every request gains its weight as credit. The request with the most credit is chosen, and pays the sum of
    // all weights.
    let sum = weights.reduce(0, +)
    var credits = weights.map { _ in 0 }
    turns = (0..<sum).map { _ in
      for index in weights.indices { credits[index] += weights[index] }
      let chosen = weights.indices.reduce(0) { credits[$1] > credits[$0] ? $1 : $0 }
      credits[chosen] -= sum
      return chosen
    }
  }

  /// The index of the request that has turn `number`.
  subscript(number: Int) -> Int { turns[number % turns.count] }
}
