// `mpgtop learn`: the list of the lessons, and the check that plays them without a screen.
internal import Glibc
import Inspector
import Lessons
import TUI

struct Learn {
  let options: LearnOptions
  let output: StandardOutput

  func run() throws(Failure) {
    if options.check { return try check() }
    guard let number = options.lesson ?? (options.teach || options.isSpoken ? 1 : nil),
      let lesson = Lesson.number(number)
    else {
      return try output.write(Self.list + "\n")
    }
    let course = Course(lesson, program: try Self.program(), procs: procs, teaches: options.teach)
    guard options.isSpoken else { return try show(course) }
    try SpokenLesson(course: course, output: output).run()
    try tellScore(course)
  }

  private func tellScore(_ course: Course) throws(Failure) {
    if !course.board.score.answers.isEmpty { try output.write("lessons: \(course.board.score.words)\n") }
  }

  /// Shows lessons on the screen.
  private func show(_ course: Course) throws(Failure) {
    guard isInteractive else {
      let words = "a lesson needs a terminal; --a11y plays it in lines, --check without a person"
      throw Failure(ExitCode.usage, words)
    }
    let settings = try Settings.load()
    var wanted = App.Options()
    wanted.terminal.wantsColor = !options.noColor && environment("NO_COLOR") == nil && settings.color
    wanted.terminal.wantsASCII = options.ascii || settings.ascii
    wanted.terminal.wantsMouse = false
    wanted.terminal.theme = options.theme ?? settings.theme
    let waker = Waker()
    wanted.waker = waker
    let ending: TUI.Ending
    do throws(TerminalError) {
      ending = try LessonApp(wanted).run(LessonRoom(course, waker))
    } catch {
      throw Failure(error)
    }
    try tellScore(course)
    switch ending.cause {
    case .quit: return
    case .signal(let number): throw Failure(ExitCode.signal(number), "ended by signal \(number)")
    case .hangUp: throw Failure(ExitCode.signal(1), "the terminal is gone")
    }
  }

  private static var list: String {
    let lessons = Lesson.all.map { lesson in
      String(repeating: " ", count: lesson.number < 10 ? 2 : 1) + "\(lesson.number)  \(lesson.title)"
    }
    return (["The lessons; mpgtop learn 1 begins with the first:", ""] + lessons).joined(separator: "\n")
  }

  /// How many Ps a lesson's program has, where the lesson leaves it open.
  var procs: Int {
    options.procs ?? environment("MPG_PROCS").flatMap { Int($0) }.map { max(1, min($0, 1024)) } ?? 2
  }

  /// The path of mpg-lesson, the program that plays the scenes. It lies beside mpgtop, in an installation and in a build.
  static func program() throws(Failure) -> String {
    var path = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
    let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let program =
      own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
      + "/mpg-lesson"
    guard unsafe access(program, X_OK) == 0 else {
      throw Failure(ExitCode.system, "there is no \(program), which plays the lessons' situations")
    }
    return program
  }

  // MARK: the check

  /// Plays lessons without a person. Prints one line for each lesson. Throws at the first lesson whose claim is not seen.
  private func check() throws(Failure) {
    let program = try Self.program()
    let lessons = Lesson.all.filter { options.lesson == nil || $0.number == options.lesson }
    for run in 1...options.runs {
      for lesson in lessons {
        for chosen in lesson.choosesOne ? Array(lesson.scenes.indices).map(Optional.some) : [nil] {
          try check(lesson, program, chosen, run: run)
        }
      }
    }
    let times = options.runs == 1 ? "" : ", \(options.runs) times"
    try output.write("\(lessons.count) of \(lessons.count) lessons hold\(times)\n")
  }

  private func check(_ lesson: Lesson, _ program: String, _ chosen: Int?, run: Int) throws(Failure) {
    let start = monotonicNow()
    do throws(LessonFailure) {
      let played = try Rehearsal.play(lesson, program: program, procs: procs, chosen: chosen)
      let facts =
        "\(counted(played.procs, "P")), \(counted(played.steps, "step")), \(TimeText.short(monotonicNow() - start))"
      try? output.write("\(lesson.number)\t\(lesson.title)\t\(played.outcome.shows)\t(\(facts))\n")
    } catch {
      throw Failure(ExitCode.lesson, "lesson \(lesson.number) (\(lesson.title)), run \(run): \(error)")
    }
  }
}
