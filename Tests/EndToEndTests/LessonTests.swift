// `mpgtop learn`: every lesson, played without a screen on the real runtime.
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Lessons") struct LessonTests {
    private func learn(_ words: String..., environment: [String: String?] = [:]) throws -> Finished {
      var command = Command(environment: environment)
      command.words = [Built.mpgtop, "learn"] + words
      return try Program.run(command, within: 300)
    }

    @Test("what each lesson claims is seen in the events of its run", arguments: ["1", "2", "4"])
    func check(procs: String) throws {
      let run = try learn("--check", "--procs", procs)
      #expect(run.ending == .code(0), "\(run.output)\(run.errors)")
      #expect(run.output.hasSuffix("12 of 12 lessons hold\n"), "\(run.output)")
      let lines = run.output.split(separator: "\n").dropLast()
      let numbers = lines.compactMap { $0.split(separator: "\t").first }
      // Lesson 12 is played with each of its five faults.
      #expect(numbers.map(String.init) == (1...11).map { "\($0)" } + Array(repeating: "12", count: 5))
    }

    @Test("the number of Ps is that of the environment, where a lesson leaves it open")
    func procs() throws {
      let run = try learn("3", "--check", environment: ["MPG_PROCS": "3"])
      #expect(run.ending == .code(0) && run.output.contains("(3 Ps, "), "\(run.output)\(run.errors)")
      let alone = try learn("6", "--check", environment: ["MPG_PROCS": "1"])
      #expect(alone.ending == .code(0) && alone.output.contains("(2 Ps, "), "\(alone.output)\(alone.errors)")
    }

    @Test("a program that cannot show the claim makes the check fail, with its code")
    func fails() throws {
      // With a netpoll that there is not, the lesson's program ends at its boot.
      let run = try learn("4", "--check", environment: ["MPG_NETPOLL": "carrier-pigeon"])
      #expect(run.ending == .code(6) && run.output.isEmpty, "\(run.output)\(run.errors)")
      let begin = "mpgtop: lesson 4 (The 257th G: overflow), run 1: the lesson's program has ended: "
      #expect(run.errors.hasPrefix(begin) && run.errors.contains("carrier-pigeon"), "\(run.errors)")
    }

    @Test("without a number it lists the lessons; without a terminal a lesson says what to do")
    func list() throws {
      let all = try learn()
      #expect(all.ending == .code(0) && all.output.contains("  4  The 257th G: overflow\n"))
      let one = try learn("4")
      #expect(one.ending == .code(64) && one.errors.contains("--a11y plays it in lines"), "\(one.errors)")
    }

    @Test("in lines a lesson asks, tells the moves, proves the answer and keeps the score")
    func spoken() throws {
      let words = "printf '\\n128\\n\\n\\nq\\n' | '\(Built.mpgtop)' learn 4 --a11y"
      let run = try Program.run(Command("sh", "-c", words), within: 120)
      #expect(run.ending == .code(0) && run.errors.isEmpty, "\(run.errors)")
      let lines = run.output.split(separator: "\n").map(String.init)
      let expected = [
        "Lesson 4: The 257th G: overflow", "How many Gs move to the global run queue (GRQ) now?",
        "'s LRQ is full: 129 Gs go to the GRQ", "Not so: 128 Gs. It is: 129 Gs.", "lessons: 0 of 1 right",
      ]
      let places = expected.map { text in lines.firstIndex { $0.contains(text) } }
      #expect(!places.contains(nil), "\(run.output)")
      #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted(), "\(run.output)")
    }

    @Test(
      "a wrong command line costs one line and code 64",
      arguments: [["13"], ["4", "--procs", "0"], ["--check", "--teach"], ["--runs", "3"]])
    func mistakes(_ words: [String]) throws {
      let run = try Program.run(Command(words: [Built.mpgtop, "learn"] + words))
      #expect(run.ending == .code(64) && run.output.isEmpty, "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }

    @Test("a scene that is started by hand ends with its input, and leaves no region behind")
    func scenes() throws {
      let run = try Program.run(Command("sh", "-c", "exec '\(Built.lesson)' 3 </dev/null"))
      #expect(run.ending == .code(0) && run.errors.isEmpty, "\(run.errors)")
      let wrong = try Program.run(Command(Built.lesson, "13"))
      #expect(wrong.ending == .code(64) && wrong.errors.contains("try --help"), "\(wrong.errors)")
    }
  }
}
