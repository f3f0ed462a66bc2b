// Answers about a frame's lists, kept for as long as the same question is asked.
//
// Hundreds of keys may come while the frame stays the same, and each asks the same about a hundred thousand
// rows: their order, their tree of spawners, the place of the selected row. Each answer is computed once per
// frame and order and then reused, so a key costs only what it changes. Only speed depends on the memos:
// every question holds all inputs of its answer, and a kept answer is used only if the whole question is
// equal.
import Inspector
import Synchronization

/// The last question and its answer. Any thread may ask.
final class Memo<Question: Equatable & Sendable, Answer: Sendable>: Sendable {
  private struct Kept {
    var last: (question: Question, answer: Answer)?
    var made = 0
  }

  private let kept = Mutex(Kept())

  func forget() { kept.withLock { $0.last = nil } }

  /// How often an answer had to be computed.
  var made: Int { kept.withLock { $0.made } }

  func answer(_ question: Question, _ make: () -> Answer) -> Answer {
    if let last = kept.withLock({ $0.last }), last.question == question {
      // Keep the new question although it is equal to the old one. Two arrays compare at once if they share
      // storage, and element by element if they do not; the next question will share storage with this one.
      kept.withLock { $0.last = (question, last.answer) }
      return last.answer
    }
    let answer = make()
    kept.withLock { $0 = Kept(last: (question, answer), made: $0.made + 1) }
    return answer
  }
}

/// The parts of a frame that rows are made of. Copies of a frame share the storage of their lists, so
/// comparing is cheap.
struct RowBasis: Equatable, Sendable {
  var snapshot: Snapshot
  var detail: Detail
  /// The Gs of a past moment; nil: the frame is of now.
  var goroutines: Goroutines?
  /// The past moment, in nanoseconds; nil: the frame is of now.
  var moment: UInt64?

  init(_ frame: Frame) {
    (snapshot, detail, goroutines) = (frame.snapshot, frame.detail, frame.past?.goroutines)
    moment = frame.past?.time
  }
}

/// All inputs of an order of rows, except the frame's instruments. Rows may show numbers of the instruments
/// too, but the histograms in these take long to compare. `ListMemos.forgetFrame` makes up for that: it drops
/// the orders with every new frame.
struct OrderQuestion: Equatable, Sendable {
  var basis: RowBasis
  var screen: ScreenID
  var gsMode: GsMode
  var filter: Filter
  var sort: String?
  var isInverted: Bool
  /// Filters search the printed text, and that depends on the glyphs.
  var glyphs: Glyphs
}

/// The memos of a dashboard. Copies of a state share them, and they never make two states unequal.
final class ListMemos: Sendable, Equatable {
  struct Place: Equatable, Sendable {
    var order: OrderQuestion
    var key: UInt64
  }

  /// The order of filtered or sorted rows: the places of the rows that are shown.
  let orders = Memo<OrderQuestion, [Int32]>()
  /// The place of the row with a given key.
  let places = Memo<Place, Int?>()
  let trees = Memo<[Goroutine], SpawnTree>()
  let groups = Memo<OrderQuestion, [GroupRow]>()
  /// The Gs that wait for descriptors, as places in the list of all Gs.
  let waiters = Memo<[Goroutine], [Int32]>()
  let reports = Memo<Past, [String]>()

  /// Drops the answers that a new frame may change. Answers that depend on the list of Gs alone stay.
  func forgetFrame() {
    orders.forget()
    places.forget()
    groups.forget()
    reports.forget()
  }

  static func == (_: ListMemos, _: ListMemos) -> Bool { true }
}
