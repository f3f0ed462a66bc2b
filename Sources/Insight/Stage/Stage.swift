// The stage: one moment of a scheduler, drawn for a class of students: Ps with what they run, queues with the names
// of the Gs on them, the Gs that wait elsewhere, and the last moves.
//
// All parts are of the same moment. So the stage carries gauges of its own: a frame's gauges may be a little younger, and
// with them a G could stand at two places.
import History
import Observed
import Region

/// What a viewer wants of the stage.
public struct StageQuestion: Sendable, Equatable {
  /// The G that is followed; nil: none.
  public var followed: UInt64?
  /// Asks for the stage, and for the place of one G on it; nil: of no G.
  public init(followed: UInt64? = nil) { self.followed = followed }
}

/// One moment of a scheduler, as it is shown to a class. A value; it may be used from any thread.
public struct Stage: Sendable, Equatable {
  /// The gauges of this moment.
  public var snapshot: Snapshot
  /// Which Gs stand on which queue; nil: not known.
  public var queues: QueueContents?
  /// The Gs that the stage names, by id, as far as they are known.
  public var gs: [UInt64: Goroutine] = [:]
  /// The last moves up to this moment, oldest first.
  public var moves: [StageMove] = []

  /// Makes a stage from its parts.
  public init(
    snapshot: Snapshot, queues: QueueContents? = nil, gs: [UInt64: Goroutine] = [:], moves: [StageMove] = []
  ) {
    (self.snapshot, self.queues, self.gs, self.moves) = (snapshot, queues, gs, moves)
  }

  /// Maximum number of moves that are kept: the last ones.
  public static let mostMoves = 12
  /// Maximum number of Gs that are looked up from the head of a queue; more do not fit on any screen.
  private static let mostNamed = 256

  /// The Gs on queues that may be shown: of each queue the first ones and the last.
  public var named: Set<UInt64> {
    func shown(_ gs: [UInt64?]) -> [UInt64] { (gs.prefix(Self.mostNamed) + gs.suffix(1)).compactMap { $0 } }
    guard let queues else { return [] }
    return Set(queues.ps.flatMap { shown($0.next) + shown($0.lrq) } + shown(queues.grq.map(\.g)))
  }

  /// Returns the place on the stage where a G stands; nil: the G stands at none, or its place is not known.
  public func place(of g: UInt64) -> StagePlace? {
    if let p = snapshot.ps.first(where: { $0.g == g && $0.status != .syscall }) { return .running(p: p.id) }
    if let m = snapshot.ms.first(where: { $0.g == g && $0.state == .syscall }) { return .call(m: m.id) }
    for queues in queues?.ps ?? [] {
      if queues.next.contains(g) { return .next(p: queues.id) }
      if queues.lrq.contains(g) { return .lrq(p: queues.id) }
    }
    if queues?.grq.contains(where: { $0.g == g }) == true { return .grq }
    guard let known = gs[g], known.state == .waiting else { return nil }
    return StagePlace(waitingFor: known.reason)
  }
}

extension Stage {
  /// Makes the stage of the moment of the history at which a player stands.
  public init(_ player: Player, _ question: StageQuestion = StageQuestion()) {
    self.init(snapshot: player.unnamedSnapshot, queues: player.queues)
    moves = player.last(Self.mostMoves) { StageMove($0) }
    if let step = player.step, !step.isForward,
      let undone = step.event.flatMap({ StageMove($0, isForward: false) })
    {
      moves.append(undone)
    }
    var wanted = Set(snapshot.ps.compactMap(\.g)).union(snapshot.ms.compactMap(\.g))
    wanted.formUnion(moves.compactMap(\.event.g))
    if let followed = question.followed { wanted.insert(followed) }
    wanted.formUnion(named)
    gs = player.goroutines(wanted)
  }
}
