// The blocks of the page "First goroutine".

// snippet.hello
import MPG

// snippet.hide
enum FirstGoroutine {
  static let snippets: [String: @Sendable () throws -> Void] = [
    "hello": hello, "waitGroup": { MPG.main { waitGroup() } }, "cancel": { MPG.main { cancel() } },
    "await": { MPG.main { awaitFunction() } },
  ]

  static func hello() {
    // snippet.show
    MPG.main {
      let done = Channel<Void>()
      go {
        print("Hello from a goroutine")
        done.send(())
      }
      _ = done.receive()
      print("The main goroutine goes on")
    }
    // snippet.end
  }

  static func waitGroup() {
    // snippet.waitGroup
    let group = WaitGroup()
    let squares = Channel<Int>(capacity: 3)
    for n in 1...3 {
      group.add()
      go {
        squares.send(n * n)
        group.done()
      }
    }
    group.wait()
    squares.close()
    print("The sum is", squares.reduce(0, +))
    // snippet.end
  }

  static func cancel() {
    // snippet.cancel
    withCancellation(timeout: .milliseconds(20)) { scope in
      do {
        try sleepOrCancelled(.seconds(3600))
      } catch {
        print("out of time:", scope.hasTimedOut)
      }
    }
    // snippet.end
  }

  static func awaitFunction() {
    // snippet.await
    func answer() async -> Int { 42 }

    let number = MPG.await { await answer() }
    print("An async function returned", number)
    // snippet.end
  }
}
