// The blocks of the page "Watching your program".
import MPG

enum Watching {
  static let snippets: [String: @Sendable () throws -> Void] = [
    "span": { MPG.main { span() } }, "statistics": { MPG.main { count() } },
  ]

  static func span() {
    // snippet.span
    let label = SpanLabel("GET /report")  // once for all requests of this sort
    let total = withSpan(label) {
      let parts = Channel<Int>()
      for part in 1...3 { go { parts.send(part * 10) } }  // these goroutines belong to the request
      return parts.prefix(3).reduce(0, +)
    }
    print(total)
    // snippet.end
  }

  static func count() {
    // snippet.statistics
    let before = statistics()
    let group = WaitGroup()
    group.add(100)
    for _ in 1...100 { go { group.done() } }
    group.wait()
    print("created:", statistics().created - before.created)
    // snippet.end
  }
}
