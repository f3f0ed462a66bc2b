// The contract of netpoll's backends, asked of each: the cases are in Tests/CContract, in C, because a completion port is asked
// the same under Windows' interface, where there is no Swift (`make test-iocp`).
//
// A backend is asked without the scheduler around it: the test's own thread plays the netpoll thread, other threads play
// Ms. io_uring needs a booted scheduler all the same, so each test boots one.
import CContract
import CStandIns
import Foundation
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

@Suite("The contract of netpoll's backends")
struct ContractTests {
  @Test("each backend meets it", arguments: Backend.available)
  func contractIsMet(netpoll: NetpollKind) async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, preemption: false, netpoll: netpoll) {
        checkEqual(try UnderTest(netpoll).run(), 0, "cases that failed")
      }
    }
    let told = outcomes(result)
    #expect(told.filter { $0.contains("FAILED") }.isEmpty)
    #expect(told.count == 24)
    if let folder = ProcessInfo.processInfo.environment["MPG_CONTRACT"] {
      let name = netpoll == .kqueue && cstandins_has_libkqueue() ? "libkqueue" : "\(netpoll)"
      try (told.joined(separator: "\n") + "\n").write(
        toFile: "\(folder)/\(name).txt", atomically: true, encoding: .utf8)
    }
  }

  @Test(
    "a backend that is spoilt does not",
    arguments: [
      (Spoilt.losesReports, NetpollKind.epoll), (.losesBreaks, .epoll), (.isNeverQuiet, .epoll),
      (.isNeverArmed, .iocp),
    ])
  func faultsAreFound(spoilt: Spoilt, netpoll: NetpollKind) async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      [spoilt = spoilt as Spoilt, netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, preemption: false, netpoll: netpoll) {
        checkEqual(try UnderTest(netpoll, spoilt).run(), 1, "the cases that failed, until the first did")
      }
    }
    #expect(outcomes(result).last?.contains("FAILED: not so: ") == true)
  }
}

private func outcomes(_ result: ExitTest.Result?) -> [String] {
  String(decoding: result?.standardOutputContent ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    .filter { $0.hasPrefix("contract: ") }
}

/// What is wrong with a backend under test.
enum Spoilt: String, Codable, Sendable {
  case losesReports, losesBreaks, isNeverQuiet, isNeverArmed
}

/// A backend, with registrations by the names that the test gives them.
///
/// Safe because: what changes is under a lock or atomic; the backend is thread-safe.
@safe private final class UnderTest: @unchecked Sendable {
  private struct Registrations {
    var descriptors: [UInt32: PollDescriptor] = [:]
    var names: [UInt64: UInt32] = [:]
  }
  private let backend: Backend
  private let spoilt: Spoilt?
  private let isOverLibkqueue: Bool
  private let m = unsafe M.current.unsafelyUnwrapped
  private let netpollThread = pthread_self()
  private let registrations = Mutex(Registrations())
  private let readers = Atomic(0)
  /// Whether the first case that fails is the last one. A test has one backend in its process.
  private static let endsWithFailure = Atomic(false)

  init(_ kind: NetpollKind, _ spoilt: Spoilt? = nil) throws {
    backend = try Backend.make(kind)
    self.spoilt = spoilt
    // Of the other backends nothing is excused, though the library is there.
    isOverLibkqueue = kind == .kqueue && cstandins_has_libkqueue()
    Self.endsWithFailure.store(spoilt != nil, ordering: .relaxed)
  }

  /// Runs the cases, and prints their outcomes. Returns how many have failed.
  func run() -> Int32 {
    var functions = unsafe contract_backend(
      context: Unmanaged.passUnretained(self).toOpaque(),
      watch: { unsafe UnderTest.at($0).watch(Int32($1), $2) },
      unwatch: { unsafe UnderTest.at($0).unwatch(Int32($1), $2) },
      arm: { unsafe UnderTest.at($0).arm($1, $2 == 0 ? .read : .write) },
      collect: { unsafe UnderTest.at($0).collect($1, $2.unsafelyUnwrapped) },
      break_wait: { unsafe UnderTest.at($0).breakWait() }, is_over_libkqueue: isOverLibkqueue)
    return unsafe contract_run(&functions) { name, outcome in
      let words = unsafe String(cString: outcome.unsafelyUnwrapped)
      print("contract: \(unsafe String(cString: name.unsafelyUnwrapped)) | \(words)")
      fflush(nil)
      return !(words.hasPrefix("FAILED") && UnderTest.endsWithFailure.load(ordering: .relaxed))
    }
  }

  private static func at(_ context: UnsafeMutableRawPointer?) -> UnderTest {
    unsafe Unmanaged<UnderTest>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
  }

  // MARK: what the cases call

  private func watch(_ fd: Int32, _ name: UInt32) -> Int32 {
    let descriptor = PollDescriptor()
    registrations.withLock {
      $0.descriptors[name] = descriptor
      $0.names[descriptor.tag] = name
    }
    do throws(SystemError) { try backend.register(fd, descriptor, by: m) } catch { return error.errno }
    letFlush()
    return 0
  }

  private func unwatch(_ fd: Int32, _ name: UInt32) {
    guard let descriptor = registrations.withLock({ $0.descriptors[name] }) else { return }
    backend.unregister(fd, descriptor, by: m)
    descriptor.giveBack()
    letFlush()
  }

  private func arm(_ name: UInt32, _ direction: Pollable.Direction) {
    guard spoilt != .isNeverArmed else { return }
    guard let descriptor = registrations.withLock({ $0.descriptors[name] }) else { return }
    // No G waits in these cases, so there is none to make ready.
    _ = backend.arm(direction, descriptor)
  }

  private func collect(_ nanoseconds: Int64, _ reports: UnsafeMutablePointer<contract_report>) -> Int32 {
    if pthread_equal(pthread_self(), netpollThread) != 0 { backend.flush() }
    var count = 0
    _ = backend.collect(m, nanoseconds: nanoseconds) { descriptor, readable, writable in
      guard let name = registrations.withLock({ $0.names[descriptor.tag] }) else { return }
      if spoilt == .losesReports, readable, readers.wrappingAdd(1, ordering: .relaxed).newValue % 3 == 0 {
        return
      }
      unsafe reports[count] = contract_report(name: name, readable: readable, writable: writable)
      count += 1
    }
    if spoilt == .isNeverQuiet, count == 0, let last = registrations.withLock({ $0.descriptors.keys.max() }) {
      unsafe reports[count] = contract_report(name: last, readable: true, writable: false)
      count += 1
    }
    return Int32(count)
  }

  private func breakWait() { if spoilt != .losesBreaks { backend.breakWait() } }

  /// Does what `Netpoll.attend` does in the scheduler.
  private func letFlush() {
    guard backend.hasUnflushed else { return }
    if pthread_equal(pthread_self(), netpollThread) != 0 { backend.flush() } else { backend.breakWait() }
  }
}
