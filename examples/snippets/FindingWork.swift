// The blocks of the page "How the scheduler finds work".
import MPG

enum FindingWork {
  static let snippets: [String: @Sendable () throws -> Void] = ["order": order]

  static func order() {
    // snippet.order
    MPG.main(Options(procs: 1, preemption: false)) {
      let group = WaitGroup()
      for name in ["first", "second", "third"] {
        group.add()
        go {
          print(name)
          group.done()
        }
      }
      group.wait()
    }
    // snippet.end
  }
}
