// The blocks of the page "Differences from Go".
import MPG

enum GoDifferences {
  static let snippets: [String: @Sendable () throws -> Void] = ["once": { MPG.main { once() } }]

  static func once() {
    // snippet.once
    struct NotYet: Error {}

    let once = Once()
    try? once.run { throw NotYet() }
    print("done after an error:", once.isDone)
    once.run { print("this time it succeeds") }
    print("done:", once.isDone)
    // snippet.end
  }
}
