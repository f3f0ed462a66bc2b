// What the words on the stage mean, for somebody who sees them for the first time.

enum LessonGlossary {
  private static let words = [
    ("G", "a goroutine: a function with a stack of its own"),
    ("M", "a machine: a thread of the operating system"),
    ("P", "a processor: the right to run Gs; an M must hold one to run a G"),
    ("runs", "the G that this P runs now"),
    ("runnext", "the G that this P runs next, before those of its LRQ"),
    ("LRQ", "local run queue: ready Gs of one P, in order"),
    ("GRQ", "global run queue: ready Gs that any P may take"),
    ("ready", "a G could run, and is on a queue"),
    ("parked", "a G waits for something, is on no queue, and keeps no thread"),
    ("netpoll", "the kernel's list of descriptors for which Gs wait"),
    ("in calls", "Gs inside a call of the system, each of which keeps a thread"),
    ("polling", "an M that waits for news of descriptors and timers"),
    ("sysmon, gc", "threads without a P: one looks after the others, one frees memory"),
  ]

  /// The words and then the signs of the stage, as lines of at most `width` columns.
  static func lines(_ glyphs: Glyphs, width: Int) -> [StyledText] {
    let all = words + ScreenLegend.words(.stage)
    let column = 2 + (all.map(\.0.count).max() ?? 0)
    return all.flatMap { word, meaning in
      let wrapped = TextWidth.wrapped(
        TextWidth.sanitised(meaning, isASCII: glyphs.isASCII), to: max(20, width - column), hanging: 0)
      return wrapped.enumerated().map { row, text in
        var line = StyledText(row == 0 ? word : "", .key)
        line.append(String(repeating: " ", count: column - (row == 0 ? word.count : 0)) + text)
        return line
      }
    }
  }
}
