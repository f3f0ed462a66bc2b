// Frames of the past for the screen, made on a thread of their own out of a copy of the history. Until one is there the last
// one stays, and tells how far the next has come; what nobody wants any more is called off.
import Inspector
import TUI

struct PastDesk {
  /// Makes a traveller where there is none yet; nil: there is no history.
  typealias Start = @Sendable (History) -> TimeTravel?

  private struct Made {
    var travel: TimeTravel
    var frame: Frame
    var wish: Wish
  }

  /// What a frame is asked for.
  private struct Wish: Equatable, Sendable {
    var interest: Interest
    var ended: String?
  }

  private let start: Start
  private var thread: Background<Made?>
  /// At home while nothing is being made; nil before the first time.
  private var travel: TimeTravel?
  private var commands: [TimeCommand] = []
  private var making: (wish: Wish, effort: Effort)?
  private var last: (wish: Wish, frame: Frame)?
  /// Whether what is being made is of a place that was left.
  private var isLeft = false

  init(_ waker: Waker, _ start: @escaping Start) { (thread, self.start) = (Background(waker), start) }

  /// Goes somewhere; the next frames are from there.
  mutating func perform(_ command: TimeCommand) {
    commands.append(command)
    making?.effort.cancel()
  }

  /// Forgets where it is.
  mutating func leave() {
    making?.effort.cancel()
    (commands, last, travel, isLeft) = ([], nil, nil, making != nil)
  }

  /// Events that were gone through for the frame that is being made.
  var looking: Int? { making?.effort.events }

  /// What there is to see: a frame that has come since, or the last one with how far the next has come; nil: nothing yet.
  ///
  /// - Parameter history: what is to be looked back on now; nobody else touches it.
  mutating func next(_ interest: Interest, ended: String?, _ history: () -> History) -> Frame? {
    let wish = Wish(interest: interest, ended: ended)
    takeWhatCame()
    if let making {
      if making.wish != wish { making.effort.cancel() }
    } else if !commands.isEmpty || last?.wish != wish || travel?.isMoving != false {
      begin(wish, history())
    }
    guard var frame = last?.frame else { return nil }
    frame.looking = looking
    return frame
  }

  private mutating func takeWhatCame() {
    guard let came = thread.take() else { return }
    let isCancelled = making?.effort.isCancelled ?? false
    defer { (making, isLeft) = (nil, false) }
    guard let made = came, !isLeft else { return }
    travel = made.travel
    // Half of what was called off may be missing.
    if !isCancelled { last = (made.wish, made.frame) }
  }

  private mutating func begin(_ wish: Wish, _ history: History) {
    let (effort, commands, start) = (Effort(), commands, start)
    let given = Handed((travel: travel, history: history))
    (making, self.commands, travel) = ((wish, effort), [], nil)
    thread.begin {
      let history = given.value.history
      guard var travel = given.value.travel ?? start(history) else { return Handed(nil) }
      travel.turn(to: history)
      for command in commands { travel.perform(command) }
      // Of what was called off nothing is kept but the way that was gone.
      var there = travel
      let frame = there.frame(ended: wish.ended, wish.interest, effort)
      return Handed(Made(travel: effort.isCancelled ? travel : there, frame: frame, wish: wish))
    }
  }
}
