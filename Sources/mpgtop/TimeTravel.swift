// Moves through a history by the user's commands, and plays it.
import Inspector
import TUI

struct TimeTravel {
  private var player: Player
  @CopyOnWrite private var frames = PastFrames()
  private let origin: Past.Origin
  /// The wall clock and the history's moment when playing began, or at the last command; nil: not playing.
  private var playing: (wall: UInt64, moment: UInt64)?
  /// Whether `resume` continues playing after `hold`.
  private var wasPlaying = false
  /// Index into `speeds`.
  private var speed = 4
  /// The last frame, and what it was made for. A history that no longer grows does not change, so the same interest
  /// gets the same frame again; nil: a new frame must be made.
  private var kept: (interest: Interest, ended: String?, frame: Frame)?

  /// Speeds of playing: nanoseconds of history per nanosecond of the wall clock.
  static let speeds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10]
  /// The moment by the wall clock at which a replay began, and the moments to visit, one second from each to
  /// the next; nil: no replay is under way.
  private var replaying: (wall: UInt64, moments: [UInt64])?
  private static let second: UInt64 = 1_000_000_000
  private static let jump: UInt64 = 100_000_000

  init(_ player: Player, _ origin: Past.Origin) { (self.player, self.origin) = (player, origin) }

  mutating func perform(_ command: TimeCommand) {
    advance()
    (kept, replaying) = (nil, nil)
    switch command {
    case .stepBack: player.step(forward: false)
    case .stepForward: player.step(forward: true)
    case .jumpBack: player.goBack(by: Self.jump)
    case .jumpForward: jumpForward()
    case .start: player.seekToStart()
    case .now: player.seekToNewest()
    case .seek(let moment): player.seek(to: moment)
    case .offset(let offset): player.seek(toOffset: offset)
    case .part(let part): player.seek(toPart: part)
    case .nextOf(let g): player.seek(toNextEventOf: g)
    case .event(let lane, let position): player.seek(toEvent: position, on: lane)
    case .replay(let moments):
      playing = nil
      replaying = (monotonicNow(), moments)
    case .hold:
      wasPlaying = playing != nil
      playing = nil
    case .resume: playing = wasPlaying ? (monotonicNow(), player.time) : nil
    case .play:
      playing = playing == nil ? (monotonicNow(), player.time) : nil
      return
    case .playSlower: speed = max(0, speed - 1)
    case .playFaster: speed = min(Self.speeds.count - 1, speed + 1)
    }
    if playing != nil { playing = (monotonicNow(), player.time) }
  }

  private mutating func jumpForward() {
    if player.time &+ Self.jump < player.newestTime {
      player.advance(by: Self.jump)
    } else {
      player.seekToNewest()
    }
  }

  /// Moves the player to the moment that playing has reached by now.
  private mutating func advance() {
    if let replaying { return replay(replaying.moments, monotonicNow() - replaying.wall) }
    guard let (wall, moment) = playing else { return }
    kept = nil
    let passed = Double(monotonicNow() - wall) * Self.speeds[speed]
    let wanted = moment &+ UInt64(passed)
    if wanted < player.newestTime {
      player.seek(to: wanted)
    } else {
      player.seekToNewest()
      playing = nil
    }
  }

  private mutating func replay(_ moments: [UInt64], _ passed: UInt64) {
    let place = Int(clamping: passed / Self.second)
    guard place + 1 < moments.count else {
      if let last = moments.last { player.seek(to: last) }
      replaying = nil
      return
    }
    let (from, to) = (moments[place], max(moments[place], moments[place + 1]))
    let part = Double(passed % Self.second) / Double(Self.second)
    player.seek(to: from + UInt64(Double(to - from) * part))
  }

  /// Whether time moves without commands.
  var isMoving: Bool { playing != nil || replaying != nil }

  /// Continues with another copy of the same history.
  mutating func turn(to history: History) { player.turn(to: history) }

  /// Forgets what was made of moments of which more is known by now.
  mutating func renew() {
    (kept, frames) = (nil, PastFrames())
    player.renew()
  }

  /// The frame of the current moment.
  mutating func frame(ended: String?, _ interest: Interest = .none, _ effort: Effort? = nil) -> Frame {
    advance()
    if let kept, kept.interest == interest, kept.ended == ended, !player.history.isGrowing {
      return kept.frame
    }
    let frame = frames.frame(
      of: player, origin, ended: player.isAtEnd ? ended : nil, interest: interest, effort: effort)
    kept = (interest, ended, frame)
    return frame
  }
}
