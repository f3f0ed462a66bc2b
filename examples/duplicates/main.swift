// Files that are the same, found with goroutines and with Swift's own concurrency, each where it is at home.
//
//     find FOLDER -type f | duplicates-example
//
// Goroutines read: from standard input and from files, in plain calls that park or block. Async functions structure the
// work: a task group keeps eight files under way, and an actor keeps the results. docs/interop.md says when to use which.
// Prints the files of each size and content that occurs more than once on one line, and then how many files there were.
import Foundation
import MPG

/// The digest of what is in a file, and its size.
struct Content: Hashable, Sendable {
  let size: Int
  let digest: UInt64

  /// The FNV-1a hash. It computes without a pause. If others wait for this P in the meantime, preemption lets them
  /// in.
  init(of bytes: [UInt8]) {
    size = bytes.count
    digest = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

/// All files by their content.
///
/// With an executor of its own its jobs run on the scheduler's Ps, whoever calls: so `tell` may send into a channel.
/// Without one they could run on a thread of Swift's pool, where a channel has no goroutine to park.
actor Ledger {
  private let executor = MPG.ActorExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private var files: [Content: [String]] = [:]
  private var failures: [String] = []

  func enter(_ path: String, _ content: Content) { files[content, default: []].append(path) }

  func fail(_ why: String) { failures.append(why) }

  /// Sends a line for each content that several files have, in the order of their names, and one with the sums.
  func tell(_ lines: Channel<String>) {
    let groups = files.values.filter { $0.count > 1 }.map { $0.sorted() }
    for group in groups.sorted(by: { $0[0] < $1[0] }) { lines.send(group.joined(separator: " = ")) }
    for why in failures.sorted() { lines.send("not read: \(why)") }
    lines.send("\(files.values.map(\.count).reduce(0, +)) files, \(files.count) contents")
  }
}

/// From Swift's world: an async function that takes paths from goroutines, and has goroutines read the files.
func survey(_ paths: Channel<String>, into ledger: Ledger) async {
  await withTaskGroup(of: Void.self) { group in
    var underWay = 0
    // `receive` parks. In a task it would keep a thread for as long. So `MPG.run` parks a goroutine instead, and the
    // task is suspended.
    while let path = await MPG.run({ paths.receive() }) {
      if underWay == 8 { await group.next() }
      underWay = min(underWay + 1, 8)
      group.addTask { await look(at: path, for: ledger) }
    }
  }
}

func look(at path: String, for ledger: Ledger) async {
  do throws(FileError) {
    let bytes = try await MPG.run { () throws(FileError) in try File.read(path, limit: 1 << 30) }
    await ledger.enter(path, Content(of: bytes))
  } catch {
    await ledger.fail("\(error)")
  }
}

MPG.main {
  let paths = Channel<String>(capacity: 64)
  go {
    // Whoever writes to standard input may be slow. In `blocking` only a thread waits for it, and no P.
    while let path = blocking({ readLine() }) { paths.send(path) }
    paths.close()
  }

  let lines = Channel<String>()
  go {
    // From the goroutines' world: parks this goroutine until the async function has ended. The tasks in it run on the
    // scheduler's Ps, as goroutines of the kind `task`.
    MPG.await {
      let ledger = Ledger()
      await withTaskExecutorPreference(MPG.taskExecutor) { await survey(paths, into: ledger) }
      await ledger.tell(lines)
    }
    lines.close()
  }
  for line in lines { print(line) }
}
