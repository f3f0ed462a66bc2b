// Fault injection: one system call of one kind fails, the n-th, for every n, while clients visit the server. Nothing is
// lost and nothing hangs: every request is answered rightly, or its connection fails cleanly and alone; the process
// lives, and afterwards every G and every descriptor of the visit is gone.
//
// A walk goes n = 1, 2, 3… until two visits end without the fault having struck (how many calls a visit makes depends on
// what runs when; a thread that is not asleep, for one, need not be woken). From the 24th on it takes larger and
// larger steps; with MPG_FAULTS=full in the environment (`make test-faults`) it takes every one.
import CFaults
import Foundation
import MPG
import Net
import Synchronization
import Testing

@testable import HTTP

/// One kind of call, what it fails with, and how many of a visit's connections that may cost.
private struct Fault: Sendable, CustomStringConvertible {
  let call: cfault_call
  let errno: Int32
  let cost: Int
  let name: String
  var description: String { name }

  init(_ call: cfault_call, _ errno: Int32, cost: Int, _ name: String) {
    (self.call, self.errno, self.cost, self.name) = (call, errno, cost, name)
  }

  /// Calls that every visit makes.
  static let everyVisit = ofAnyNetpoll.filter { !isByUring || !ofEpoll.contains($0.call.rawValue) }

  /// Whether netpoll is by io_uring (`make test-uring`), which makes none of the calls of the one by epoll.
  static let isByUring = ProcessInfo.processInfo.environment["MPG_NETPOLL"] == "io_uring"
  private static let ofEpoll = [CFAULT_EPOLL_CTL, CFAULT_EPOLL_WAIT, CFAULT_EVENTFD_WRITE].map(\.rawValue)

  private static let ofAnyNetpoll = [
    Fault(CFAULT_ACCEPT4, EMFILE, cost: 0, "accept4 EMFILE"),
    Fault(CFAULT_ACCEPT4, ENOMEM, cost: 0, "accept4 ENOMEM"),
    Fault(CFAULT_ACCEPT4, ECONNABORTED, cost: 0, "accept4 ECONNABORTED"),
    Fault(CFAULT_ACCEPT4, EPERM, cost: 0, "accept4 EPERM"),
    Fault(CFAULT_ACCEPT4, EHOSTUNREACH, cost: 0, "accept4 EHOSTUNREACH"),
    Fault(CFAULT_RECV, ECONNRESET, cost: 1, "recv ECONNRESET"),
    Fault(CFAULT_RECV, EINTR, cost: 0, "recv EINTR"),
    Fault(CFAULT_SEND, EPIPE, cost: 1, "send EPIPE"),
    Fault(CFAULT_SEND, EINTR, cost: 0, "send EINTR"),
    Fault(CFAULT_EPOLL_CTL, ENOMEM, cost: 1, "epoll_ctl ENOMEM"),
    Fault(CFAULT_EPOLL_CTL, ENOSPC, cost: 1, "epoll_ctl ENOSPC"),
    Fault(CFAULT_EPOLL_WAIT, EINTR, cost: 0, "epoll_wait EINTR"),
    Fault(CFAULT_FUTEX_WAIT, EINTR, cost: 0, "futex EINTR"),
    Fault(CFAULT_FUTEX_WAIT, EAGAIN, cost: 0, "futex EAGAIN"),
    Fault(CFAULT_EVENTFD_WRITE, EINTR, cost: 0, "eventfd EINTR"),
    Fault(CFAULT_OPENAT2, EMFILE, cost: 1, "openat2 EMFILE"),
    Fault(CFAULT_OPENAT2, ENOSYS, cost: 0, "openat2 ENOSYS"),
    Fault(CFAULT_PREAD, EIO, cost: 1, "pread EIO"),
    Fault(CFAULT_PREAD, EINTR, cost: 0, "pread EINTR"),
  ]

  /// Calls by which a process grows, so that only its first visit makes them.
  static let firstVisit = [
    Fault(CFAULT_PTHREAD_CREATE, EAGAIN, cost: 0, "pthread_create EAGAIN"),
    Fault(CFAULT_MMAP, ENOMEM, cost: 0, "mmap ENOMEM"),
    Fault(CFAULT_MADVISE, ENOMEM, cost: 0, "madvise ENOMEM"),
    Fault(CFAULT_MADVISE, EAGAIN, cost: 0, "madvise EAGAIN"),
    Fault(CFAULT_FALLOCATE, ENOSPC, cost: 0, "fallocate ENOSPC"),
    Fault(CFAULT_FALLOCATE, EINTR, cost: 0, "fallocate EINTR"),
  ]

  static let isFull = ProcessInfo.processInfo.environment["MPG_FAULTS"] == "full"

  /// Which call fails after the n-th.
  static func next(after n: Int64) -> Int64 { isFull || n < 24 ? n + 1 : n + n / 4 }
}

/// The paths that the clients of a visit ask for, two each, and the answers.
private let greeting = "Hello World"
private let content = String(repeating: "0123456789", count: 2000)

private func faultMux(_ folder: Folder) -> Mux {
  var mux = testMux()
  mux.handle("/nap", .slow) { _, response in
    MPG.sleep(.milliseconds(2))
    response.write(greeting)
  }
  mux.handle("/crowd", .slow) { _, response in
    crowd(1100)
    response.write(greeting)
  }
  mux.handle("/file", .slow) { _, response in
    do throws(FileError) {
      var file = try folder.open("content")
      response.write(try file.readToEnd())
    } catch {
      throw HTTPError(.serviceUnavailable, "\(error)")
    }
  }
  return mux
}

/// Gs of which none ends before all have begun, and each keeps its thread meanwhile.
private final class Meeting: Sendable {
  private let present = Atomic(0)

  func join(_ count: Int) {
    present.wrappingAdd(1, ordering: .relaxed)
    blocking { while present.load(ordering: .relaxed) < count { usleep(100) } }
  }
}

/// Gs that are parked at once: the process must have stacks, and slots of the G table, for all. And some that block at
/// once: it must have one thread more than it has, however many a busy machine let it start before.
private func crowd(_ count: Int) {
  let gate = Channel<Void>()
  let (arrived, all) = (WaitGroup(), WaitGroup())
  arrived.add(count)
  let (meeting, together) = (Meeting(), statistics().threads + 1)
  all.add(count + together)
  for _ in 0..<together {
    go {
      meeting.join(together)
      all.done()
    }
  }
  for _ in 0..<count {
    go {
      arrived.done()
      _ = gate.receive()
      all.done()
    }
  }
  arrived.wait()
  gate.close()
  all.wait()
}

/// In a child: one client, which asks twice on one connection. Whether it had its answers; a connection that failed did
/// not, and a wrong answer ends the child.
private func ask(_ path: String, _ expected: String, on port: UInt16) -> Bool {
  guard let client = try? Client(port: port) else { return false }
  let request = "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
  for _ in 0..<2 {
    guard (try? client.send(request)) != nil, let answers = try? client.receive(1) else { return false }
    guard let answer = answers.first, answer.status != 503 else { return false }
    let isCutOff = answer.body.utf8.count < expected.utf8.count && expected.hasPrefix(answer.body)
    if isCutOff { return false }
    check(answer.status == 200 && answer.body == expected, "the right answer to \(path), or none")
  }
  return true
}

/// In a child: several clients at once. How many connections failed.
private func visit(_ port: UInt16, crowds: Bool) -> Int {
  let asked = [
    ("/", greeting), ("/nap", greeting), ("/file", content), (crowds ? "/crowd" : "/nap", greeting),
  ]
  let results = Channel<Bool>(capacity: asked.count)
  for (path, expected) in asked { go { results.send(ask(path, expected, on: port)) } }
  return (0..<asked.count).count { _ in results.receive() == false }
}

/// In a child: sets a timer while nobody else does anything, so that netpoll's thread waits in the kernel and is told by
/// its eventfd. On a busy machine it may be about something else whenever a visit sets one.
private func setTimerAtRest() {
  blocking { _ = usleep(5000) }
  MPG.sleep(.milliseconds(1))
}

/// In a child: whether it becomes true within a minute.
private func patiently(_ isSo: () -> Bool) -> Bool {
  for _ in 0..<6000 where !isSo() { MPG.sleep(.milliseconds(10)) }
  return isSo()
}

/// In a child: what must be given back.
private struct Holdings: Equatable {
  var gs = statistics().live
  var descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0

  /// What a server at rest holds: what does not change for a tenth of a second.
  static func atRest() -> Holdings {
    var (found, since) = (Holdings(), 0)
    while since < 20 {
      MPG.sleep(.milliseconds(5))
      let now = Holdings()
      (found, since) = (now, now == found ? since + 1 : 0)
    }
    return found
  }

  /// Waits until no more is held than this, for a minute at most.
  func areBack() -> Bool {
    for _ in 0..<12_000 {
      let now = Holdings()
      if now.gs <= gs, now.descriptors <= descriptors { return true }
      MPG.sleep(.milliseconds(5))
    }
    return false
  }
}

private func folderWithContent() throws -> String {
  let path = FileManager.default.temporaryDirectory.appending(path: "mpg-faults-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  try Data(content.utf8).write(to: URL(filePath: path + "/content"))
  return path
}

@Suite("Faults")
struct FaultTests {
  @Test("the n-th call that fails costs its own connection at most", arguments: Fault.everyVisit.indices)
  func everyVisit(_ index: Int) async throws {
    let path = try folderWithContent()
    defer { try? FileManager.default.removeItem(atPath: path) }
    await #expect(processExitsWith: .success) { [index = index as Int, path = path as String] in
      let fault = Fault.everyVisit[index]
      let folder = try Folder(path)
      withServer(faultMux(folder)) { test in
        check(visit(test.port, crowds: true) == 0, "a visit without faults to fail nowhere")
        let before = Holdings.atRest()
        var (n, last, misses, strikes) = (Int64(1), Int64(0), 0, 0)
        while misses < (strikes > 0 ? 2 : 100) {
          cfault_arm(fault.call, n, 1, fault.errno)
          if fault.call == CFAULT_EVENTFD_WRITE { setTimerAtRest() }
          let failed = visit(test.port, crowds: false)
          let struck = cfault_disarm() > 0
          check(
            failed <= (struck ? fault.cost : 0), "call \(n) to cost \(fault.cost) connections, not \(failed)")
          check(before.areBack(), "Gs and descriptors as before call \(n): \(before), not \(Holdings())")
          (misses, strikes) = struck ? (0, strikes + 1) : (misses + 1, strikes)
          if struck { (last, n) = (n, Fault.next(after: n)) }
        }
        check(strikes > 0, "a fault that struck")
        let words = "\(fault): \(strikes) visits with a fault, the last at call \(last)"
        try Data(words.utf8).write(to: URL(filePath: path + "/walk"))
      }
    }
    if Fault.isFull { print(try String(contentsOfFile: path + "/walk", encoding: .utf8)) }
  }

  @Test("the n-th call that fails while the process grows costs nothing", arguments: Fault.firstVisit.indices)
  func firstVisit(_ index: Int) async throws {
    let path = try folderWithContent()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let missed = path + "/missed"
    var n: Int64 = 1
    while !FileManager.default.fileExists(atPath: missed) {
      await #expect(processExitsWith: .success) {
        [index = index as Int, n = n as Int64, path = path as String, missed = missed as String] in
        let fault = Fault.firstVisit[index]
        let folder = try Folder(path)
        withServer(faultMux(folder), procs: 16) { test in
          let before = Holdings.atRest()
          cfault_arm(fault.call, n, 1, fault.errno)
          let failed = visit(test.port, crowds: true)
          // mmap is what gives the crowd's stacks back: a busy machine may take its time.
          if fault.call == CFAULT_MMAP, n == 1 { _ = patiently { cfault_calls() > 0 } }
          if cfault_disarm() == 0 {
            check(FileManager.default.createFile(atPath: missed, contents: nil), "a mark")
          }
          check(failed == 0, "call \(n) to cost no connection, not \(failed)")
          check(before.areBack(), "Gs and descriptors as before call \(n): \(before), not \(Holdings())")
          check(visit(test.port, crowds: true) == 0, "a visit after it to fail nowhere")
        }
      }
      n = Fault.next(after: n)
    }
    // The address sanitizer takes the calls of mmap before they come here.
    let isOutOfReach = hasAddressSanitizer && Fault.firstVisit[index].call == CFAULT_MMAP
    #expect(n > 2 || isOutOfReach, "a fault that struck")
    if Fault.isFull { print("\(Fault.firstVisit[index]): \(n - 2) processes with a fault") }
  }

  @Test(
    "a boot that cannot have what it needs ends with one line and exit code 1",
    arguments: [(CFAULT_MMAP.rawValue, ENOMEM), (CFAULT_EPOLL_CTL.rawValue, ENOSPC)]
      .dropLast(Fault.isByUring ? 1 : 0))
  func boot(_ call: UInt32, _ errno: Int32) async throws {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      [call = call as UInt32, errno = errno as Int32] in
      cfault_arm(cfault_call(rawValue: call), 1, 1, errno)
      withServer { _ in }
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.split(separator: "\n").count { $0.hasPrefix("mpg: ") } == 1, "\(text)")
  }
}
