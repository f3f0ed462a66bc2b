// What was made of a frame's lists, kept until it is asked of another one.
//
// Keys come by the hundred while a frame stays as it is, and each asks the same of a hundred thousand rows: their order, who
// stands below whom, where the selected one is. That is made once for a frame and an order, whoever asks, so that a key costs
// what it changes. Nothing depends on it but the time that an answer takes: what is kept is compared with all that went in.
import Inspector
import Synchronization

/// The last answer to a question, for any thread.
final class Memo<Question: Equatable & Sendable, Answer: Sendable>: Sendable {
  private struct Kept {
    var last: (question: Question, answer: Answer)?
    var made = 0
  }

  private let kept = Mutex(Kept())

  func forget() { kept.withLock { $0.last = nil } }

  /// How often an answer had to be made.
  var made: Int { kept.withLock { $0.made } }

  func answer(_ question: Question, _ make: () -> Answer) -> Answer {
    if let last = kept.withLock({ $0.last }), last.question == question {
      // Lists that are the same list are compared at once, those that only look the same G by G: the next one to ask has these.
      kept.withLock { $0.last = (question, last.answer) }
      return last.answer
    }
    let answer = make()
    kept.withLock { $0 = Kept(last: (question, answer), made: $0.made + 1) }
    return answer
  }
}

/// What of a frame its rows are made of. Two that are the same share their lists, so to compare them is cheap.
struct RowBasis: Equatable, Sendable {
  var snapshot: Snapshot
  var detail: Detail
  /// What is told of a moment of the past, and when that was.
  var goroutines: Goroutines?
  var moment: UInt64?

  init(_ frame: Frame) {
    (snapshot, detail, goroutines) = (frame.snapshot, frame.detail, frame.past?.goroutines)
    moment = frame.past?.time
  }
}

/// What an order of rows depends on. Of a frame the instruments may be in rows, too; histograms are long to compare, and with
/// each new frame what was made of the last one is forgotten.
struct OrderQuestion: Equatable, Sendable {
  var basis: RowBasis
  var screen: ScreenID
  var gsMode: GsMode
  var filter: Filter
  var sort: String?
  var isInverted: Bool
  /// Filters look at what is printed.
  var glyphs: Glyphs
}

/// What is kept of the lists of a dashboard. Copies of a state share it, and no two states differ by it.
final class ListMemos: Sendable, Equatable {
  struct Place: Equatable, Sendable {
    var order: OrderQuestion
    var key: UInt64
  }

  /// Of rows that are filtered or sorted: which are shown, in their order.
  let orders = Memo<OrderQuestion, [Int32]>()
  /// Where the row with a key is.
  let places = Memo<Place, Int?>()
  let trees = Memo<[Goroutine], SpawnTree>()
  let groups = Memo<OrderQuestion, [GroupRow]>()
  /// Places of the Gs that wait for descriptors.
  let waiters = Memo<[Goroutine], [Int32]>()
  let reports = Memo<Past, [String]>()

  /// Another frame has come: what does not depend on the Gs alone is made anew.
  func forgetFrame() {
    orders.forget()
    places.forget()
    groups.forget()
    reports.forget()
  }

  static func == (_: ListMemos, _: ListMemos) -> Bool { true }
}
