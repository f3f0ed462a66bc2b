// The lessons on the screen: the course, and the stage of the scene that it plays.
import Inspector
import Lessons
import TUI

/// Plays a course of lessons, and makes the frames for its stage. Not thread-safe: use it on one thread.
final class LessonRoom: Classroom {
  private let course: Course
  private let waker: Waker
  /// The process that plays the current scene, and the source of its frames; nil: no scene was played yet.
  private var feed: (pid: Int32, frames: LiveFeed)?

  init(_ course: Course, _ waker: Waker) { (self.course, self.waker) = (course, waker) }

  /// The moment that the stage shows, in nanoseconds; nil: there is none.
  private var shown: UInt64?

  var board: Board {
    var board = course.board
    // The course is ahead of the stage, which is drawn later. The words must not tell what the stage does not show yet.
    if board.part == .situation, feed != nil, let setUpAt = board.setUpAt, shown ?? 0 < setUpAt {
      board.isSettingUp = true
    }
    return board
  }

  func advance() -> UInt64 {
    let pause = course.advance()
    follow()
    let wanted = feed?.frames.poll() ?? .max
    return min(pause, wanted)
  }

  /// Makes a source of frames for the process of the current scene, unless there is one already.
  private func follow() {
    guard let play = course.play else { return }
    if feed?.pid == play.pid { return }
    (feed, shown) = (nil, nil)
    guard let source = try? play.source() else { return }
    var frames = LiveFeed(source, HistoryLimits(), waker)
    frames.interest.stage = StageQuestion()
    feed = (play.pid, frames)
  }

  func frame() -> Frame? {
    let frame = feed?.frames.next()
    shown = frame?.detail.stage?.snapshot.time
    return frame
  }

  func perform(_ wish: LessonState.Wish) {
    switch wish {
    case .goOn: course.goOn()
    case .again: course.again()
    case .back: course.back()
    case .faster: course.faster()
    case .notes: course.toggleNotes()
    case .slower: course.slower()
    case .answer(let answer): course.answer(answer)
    case .quit, .redraw: break
    }
  }
}
