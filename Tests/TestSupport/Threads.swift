// Threads of the operating system for stress tests without a runtime.
import Foundation

/// Runs `body` on `count` threads, numbered from 0, while this thread runs `main`; returns when all have ended.
package func withThreads(
  _ count: Int, _ body: @escaping @Sendable (Int) -> Void, while main: () -> Void = {}
) {
  let done = DispatchGroup()
  for number in 0..<count {
    done.enter()
    Thread.detachNewThread {
      body(number)
      done.leave()
    }
  }
  main()
  done.wait()
}
