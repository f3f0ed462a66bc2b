// The lessons on the screen: the course, and the stage of the scene that it plays.
import Inspector
import Lessons
import TUI

/// A course with its stage. Use it on one thread.
final class LessonRoom: Classroom {
  private let course: Course
  private let waker: Waker
  /// The frames of the scene with this process id.
  private var feed: (pid: Int32, frames: LiveFeed)?

  init(_ course: Course, _ waker: Waker) { (self.course, self.waker) = (course, waker) }

  var board: Board { course.board }

  func advance() -> UInt64 {
    let pause = course.advance()
    follow()
    let wanted = feed?.frames.poll() ?? .max
    return min(pause, wanted)
  }

  /// Makes a feed for a scene that is new.
  private func follow() {
    guard let play = course.play else { return }
    if feed?.pid == play.pid { return }
    feed = nil
    guard let source = try? play.source() else { return }
    var frames = LiveFeed(source, HistoryLimits(), waker)
    frames.interest.stage = StageQuestion()
    feed = (play.pid, frames)
  }

  func frame() -> Frame? { feed?.frames.next() }

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
