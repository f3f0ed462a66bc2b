// Fault injection. While clients visit the server, one system call of one kind fails: the n-th, for every n.
// Nothing may be lost and nothing may hang: every request gets the right answer, or its connection alone
// fails cleanly. The process lives on, and afterwards every G and every descriptor of the visit is gone.
//
// A walk goes n = 1, 2, 3… until two visits in a row end before their n-th call. (How many calls a visit
// makes depends on timing: a thread that is awake, for example, need not be woken.) After n = 24, the steps
// become larger and larger. With MPG_FAULTS=full in the environment (`make test-faults`), every n is taken.
import CFaults
import Foundation
import MPG
import Net
import Synchronization
import TestSupport
import Testing

@testable import HTTP

/// One kind of call, the error with which it fails, and how many of a visit's connections the fault may
/// break.
private struct Fault: Sendable, CustomStringConvertible {
  let call: cfault_call
  let errno: Int32
  let cost: Int
  let name: String
  var description: String { name }

  init(_ call: cfault_call, _ errno: Int32, cost: Int, _ name: String) {
    (self.call, self.errno, self.cost, self.name) = (call, errno, cost, name)
  }

  /// Faults in calls that every visit makes.
  static let everyVisit = ofAnyNetpoll.filter { !isByUring || !ofEpoll.contains($0.call.rawValue) }

  /// Whether netpoll uses io_uring (`make test-uring`). It then makes none of the calls that epoll needs.
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

  /// Faults in calls by which a process grows. Only the first visit of a process makes them.
  static let firstVisit = [
    Fault(CFAULT_PTHREAD_CREATE, EAGAIN, cost: 0, "pthread_create EAGAIN"),
    Fault(CFAULT_MMAP, ENOMEM, cost: 0, "mmap ENOMEM"),
    Fault(CFAULT_MADVISE, ENOMEM, cost: 0, "madvise ENOMEM"),
    Fault(CFAULT_MADVISE, EAGAIN, cost: 0, "madvise EAGAIN"),
    Fault(CFAULT_FALLOCATE, ENOSPC, cost: 0, "fallocate ENOSPC"),
    Fault(CFAULT_FALLOCATE, EINTR, cost: 0, "fallocate EINTR"),
  ]

  static let isFull = ProcessInfo.processInfo.environment["MPG_FAULTS"] == "full"

  /// The number of the call that fails after the n-th did.
  static func next(after n: Int64) -> Int64 { isFull || n < 24 ? n + 1 : n + n / 4 }
}

/// The paths that the clients of a visit ask for, two paths per client, and the answers.
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

/// A meeting of Gs: no G leaves before all have come. Meanwhile each G keeps its thread.
private final class Meeting: Sendable {
  private let present = Atomic(0)

  func join(_ count: Int) {
    present.wrappingAdd(1, ordering: .relaxed)
    blocking { while present.load(ordering: .relaxed) < count { usleep(100) } }
  }
}

/// Starts many Gs. Some are parked at once, so that the process needs stacks and slots of the G table for all
/// of them. The others block at once, so that the process needs one thread more than it already has, however
/// many a busy machine made it start before.
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

/// Runs in a child process: one client asks twice on one connection. Returns whether it got its answers; if
/// the connection fails, it did not. A wrong answer ends the child.
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

/// Runs in a child process: several clients visit at once. Returns how many connections failed.
private func visit(_ port: UInt16, crowds: Bool) -> Int {
  let asked = [
    ("/", greeting), ("/nap", greeting), ("/file", content), (crowds ? "/crowd" : "/nap", greeting),
  ]
  let results = Channel<Bool>(capacity: asked.count)
  for (path, expected) in asked { go { results.send(ask(path, expected, on: port)) } }
  return (0..<asked.count).count { _ in results.receive() == false }
}

/// Runs in a child process: sets a timer while nothing else runs. Netpoll's thread then waits in the kernel,
/// so it must be woken through its eventfd. During a visit on a busy machine, that thread may never be
/// waiting when a timer is set.
private func setTimerAtRest() {
  blocking { _ = usleep(5000) }
  MPG.sleep(.milliseconds(1))
}

/// Runs in a child process: whether the condition becomes true within a minute.
private func patiently(_ isSo: () -> Bool) -> Bool {
  for _ in 0..<6000 where !isSo() { MPG.sleep(.milliseconds(10)) }
  return isSo()
}

/// In a child process: what a visit must give back.
private struct Holdings: Equatable {
  var gs = statistics().live
  var descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0

  /// What a server at rest holds: counts that stay the same for a tenth of a second.
  static func atRest() -> Holdings {
    var (found, since) = (Holdings(), 0)
    while since < 20 {
      MPG.sleep(.milliseconds(5))
      let now = Holdings()
      (found, since) = (now, now == found ? since + 1 : 0)
    }
    return found
  }

  /// Waits, for a minute at most, until no more is held than this.
  func areBack() -> Bool {
    for _ in 0..<12_000 {
      let now = Holdings()
      if now.gs <= gs, now.descriptors <= descriptors { return true }
      MPG.sleep(.milliseconds(5))
    }
    return false
  }
}

private func folderWithContent() throws -> TemporaryFolder {
  let folder = try TemporaryFolder(on: .disk)
  try folder.write(content.utf8, to: "content")
  return folder
}

@Suite("Faults")
struct FaultTests {
  @Test("the n-th call that fails costs its own connection at most", arguments: Fault.everyVisit.indices)
  func everyVisit(_ index: Int) async throws {
    let home = try folderWithContent()
    await #expect(processExitsWith: .success) { [index = index as Int, path = home.path as String] in
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
    if Fault.isFull { print(try String(contentsOfFile: home.path + "/walk", encoding: .utf8)) }
  }

  @Test("the n-th call that fails while the process grows costs nothing", arguments: Fault.firstVisit.indices)
  func firstVisit(_ index: Int) async throws {
    let home = try folderWithContent()
    let missed = home.path + "/missed"
    var n: Int64 = 1
    while !FileManager.default.fileExists(atPath: missed) {
      await #expect(processExitsWith: .success) {
        [index = index as Int, n = n as Int64, path = home.path as String, missed = missed as String] in
        let fault = Fault.firstVisit[index]
        let folder = try Folder(path)
        withServer(faultMux(folder), procs: 16) { test in
          let before = Holdings.atRest()
          cfault_arm(fault.call, n, 1, fault.errno)
          let failed = visit(test.port, crowds: true)
          // The crowd's stacks are given back by calls of mmap. On a busy machine these may come late.
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
    // The address sanitizer replaces mmap, so its calls never reach the fault.
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
    let text = standardError(of: result)
    #expect(text.split(separator: "\n").count { $0.hasPrefix("mpg: ") } == 1, "\(text)")
  }
}
