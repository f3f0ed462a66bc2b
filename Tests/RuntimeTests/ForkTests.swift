// Fork and exec. A forked child has no runtime, and whatever it does, the parent and the parent's region go
// on. A program may replace itself by a program that has a runtime too.
import CMPG
import Foundation
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// Runs in a child of the tests: forks with the named call, which Swift's Glibc hides. `body` runs in the
/// forked process, which ends with 0 when `body` returns. Returns its pid; nil: the call does not exist.
func forked(by name: String = "fork", _ body: () -> Void) -> Int32? {
  guard let symbol = unsafe dlsym(nil, name) else { return nil }
  let call = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
  let pid = call()
  if pid == 0 {
    body()
    _exit(0)
  }
  check(pid > 0, "\(name) to work")
  return pid
}

/// How a process ended: the signal, or else the exit code.
private struct End: Equatable {
  var signal: Int32 = 0
  var code: Int32 = 0

  /// Waits for the process's end.
  init(of pid: Int32) {
    var status: Int32 = 0
    check(unsafe waitpid(pid, &status, 0) == pid, "a child to wait for")
    (signal, code) = (status & 0x7f, status >> 8 & 0xff)
  }

  init(signal: Int32) { self.signal = signal }
  init(code: Int32) { self.code = code }
}

/// In a child of the tests: the child's own region, as others find it.
private enum OwnRegion {
  static var path: String {
    let folder = unsafe getenv("XDG_RUNTIME_DIR").map { unsafe String(cString: $0) } ?? "?"
    return "\(folder)/mpg/" + RegionName(pid: getpid(), startTime: SystemCall.processStartTime()).fileName
  }

  /// Ends the child unless the region exists and says that the process lives.
  static func checkAlive() {
    check(unsafe access(path, F_OK) == 0, "the region's file to be there")
    checkEqual(
      sched.region.header[.state].acquired, UInt64(ProcessState.live.rawValue), "the state in the region")
  }
}

@Suite("Fork")
struct ForkTests {
  @Test("a child that exits, returns from its G or faults leaves the parent's region alone")
  func endsOfAChild() async throws {
    let folder = try TemporaryFolder(on: .disk)
    await #expect(processExitsWith: .success) { [path = folder.path as String] in
      TemporaryFolder.useForRegions(path)
      inRuntime(procs: 2) {
        checkEqual(forked { exit(7) }.map(End.init(of:)), End(code: 7), "the end by exit")
        OwnRegion.checkAlive()
        let fault = forked { unsafe UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1 }
        checkEqual(fault.map(End.init(of:)), End(signal: SIGSEGV), "the end by a fault")
        OwnRegion.checkAlive()
        checkEqual(forked { abort() }.map(End.init(of:)), End(signal: SIGABRT), "the end by abort")
        OwnRegion.checkAlive()
        let done = Channel<Int32>()
        go {
          var child: Int32 = 0
          child = forked { return () } ?? 0
          done.send(child)
        }
        checkEqual(done.receive().map(End.init(of:)), End(code: 0), "the end by _exit")
        OwnRegion.checkAlive()
      }
    }
  }

  @Test("a child that uses the runtime ends with a line that says why, and the parent's Gs notice nothing")
  func use() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      inRuntime(procs: 2) {
        let (channel, got) = (Channel<Int>(), Channel<Int>())
        go { got.send(channel.receive() ?? -1) }
        MPG.sleep(.milliseconds(20))  // the G waits
        checkEqual(forked { channel.send(13) }.map(End.init(of:)), End(signal: SIGABRT), "the end by send")
        checkEqual(forked { yield() }.map(End.init(of:)), End(signal: SIGABRT), "the end by yield")
        let booted = forked { MPG.main { exit(3) } }
        checkEqual(booted.map(End.init(of:)), End(signal: SIGABRT), "the end by a second boot")
        channel.send(42)
        checkEqual(got.receive(), 42, "what the receiver got")
        checkAllEnded()
      }
    }
    let lines = standardError(of: result).split(separator: "\n").filter { $0.hasPrefix("mpg: ") }
    #expect(lines.count == 3, "\(standardError(of: result))")
    #expect(
      lines.allSatisfy { $0.contains("was used in a child of fork") && $0.contains("exec a program there") })
  }

  @Test("a G that forks inside of blocking comes out of it in the child, and a G may end there by returning")
  func insideBlocking() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      inRuntime(procs: 1) {
        let parent = getpid()
        let pid = blocking {
          let pid = forked {}
          return pid.map(End.init(of:))
        }
        checkEqual(pid, End(code: 0), "a child that ends inside")
        guard let symbol = unsafe dlsym(nil, "fork") else { exit(1) }
        let call = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
        let child = blocking { call() }
        if child == 0 { _exit(blocking { getpid() == parent ? 1 : 42 }) }
        checkEqual(End(of: child), End(code: 42), "a child that came out of blocking")
        let done = Channel<Int32>()
        go {
          let child = call()
          if child != 0 { done.send(child) }
        }
        checkEqual(done.receive().map(End.init(of:)), End(signal: SIGABRT), "a G that ended in a child")
        checkAllEnded()
      }
    }
    #expect(standardError(of: result).contains("mpg: exit was used in a child of fork"))
  }

  @Test("a thread that is no M may fork, and its child is told the same")
  func fromOutside() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      inRuntime(procs: 2) {
        let end = MPG.await {
          forked { Outside.act("a task") { _ in } }.map(End.init(of:))
        }
        checkEqual(end, End(signal: SIGABRT), "the end by a task")
      }
    }
    #expect(standardError(of: result).contains("mpg: a task was used in a child of fork"))
  }

  @Test(
    "a child by a call that tells nobody has no region either, and ends when it touches it",
    .enabled(if: unsafe dlsym(nil, "_Fork") != nil, "needs glibc 2.34"),
    .disabled(if: hasThreadSanitizer || hasAddressSanitizer, "they know of no such child"))
  func withoutHandlers() async throws {
    let folder = try TemporaryFolder(on: .disk)
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [path = folder.path as String] in
      TemporaryFolder.useForRegions(path)
      inRuntime(procs: 2) {
        checkEqual(
          forked(by: "_Fork") { go {} }.map(End.init(of:)), End(signal: SIGSEGV), "the end by go")
        OwnRegion.checkAlive()
        checkEqual(forked(by: "_Fork") { exit(5) }.map(End.init(of:)), End(code: 5), "the end by exit")
        OwnRegion.checkAlive()
        checkAllEnded()
      }
    }
    #expect(standardError(of: result).contains("mpg: the runtime was used in a child of fork"))
  }

  @Test("signals that the parent waits for take a child as if nobody did, and SIGURG does not stop it")
  func signals() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let signals = try Signals([SIGUSR1, SIGUSR2])
        func end(by signal: Int32) -> End? {
          let child = forked {
            // The test harness blocks signals on its threads.
            var all = sigset_t()
            unsafe sigemptyset(&all)
            for number in [SIGURG, signal] { unsafe sigaddset(&all, number) }
            unsafe pthread_sigmask(SIG_UNBLOCK, &all, nil)
            kill(getpid(), SIGURG)
            kill(getpid(), signal)
            alarm(60)
            pause()
          }
          return child.map(End.init(of:))
        }
        checkEqual(end(by: SIGUSR1), End(signal: SIGUSR1), "the end by a signal that is caught")
        checkEqual(end(by: SIGQUIT), End(signal: SIGQUIT), "the end by SIGQUIT")
        kill(getpid(), SIGUSR2)
        checkEqual(signals.next(), SIGUSR2, "the first signal that the parent got")
      }
    }
  }

  @Test("fork with exec, and posix_spawn, work from any G, and while others run")
  func spawning() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let pings = Channel<Int>()
        go { for number in 0... { pings.send(number) } }
        go { while pings.receive() != nil {} }
        for round in 0..<20 {
          let arguments = ["sh", "-c", "exit \(round)"]
          let end = blocking { round % 2 == 0 ? byFork(arguments) : bySpawn(arguments) }
          checkEqual(end, End(code: Int32(round)), "the end of program \(round)")
        }
      }
    }
  }
}

/// The words as `execv` expects them.
private func words(_ arguments: [String]) -> [UnsafeMutablePointer<CChar>?] {
  unsafe arguments.map { unsafe strdup($0) } + [nil]
}

/// Runs a program and waits for its end.
private func byFork(_ arguments: [String]) -> End? {
  var words = unsafe words(arguments)
  return forked { unsafe _ = execv("/bin/sh", &words) }.map(End.init(of:))
}

private func bySpawn(_ arguments: [String]) -> End? {
  var words = unsafe words(arguments)
  var pid: Int32 = 0
  guard unsafe posix_spawn(&pid, "/bin/sh", nil, nil, &words, environ) == 0 else { return nil }
  return End(of: pid)
}

@Suite("Exec")
struct ExecTests {
  @Test(
    "a program that replaces itself by one with a runtime boots: the file of the image before is told off and removed"
  )
  func replaces() async throws {
    let folder = try TemporaryFolder(on: .disk)
    try #require(FileManager.default.isExecutableFile(atPath: Built.demo), "mpg-demo is not built")
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      [path = folder.path as String, demo = Built.demo as String] in
      TemporaryFolder.useForRegions(path)
      inRuntime(procs: 2) {
        checkEqual(forked {}.map(End.init(of:)), End(code: 0), "a child before")
        // Nobody has this address: the demo server boots, cannot listen, and says so.
        var words = unsafe words(["mpg-demo", "--host", "203.0.113.1"])
        unsafe _ = execv(demo, &words)
      }
    }
    #expect(standardError(of: result).contains("listen"), "\(standardError(of: result))")
    #expect(!standardError(of: result).contains("region"), "\(standardError(of: result))")
  }

  @Test("who watches the image before sees that it ended")
  func marksTheOld() async throws {
    let folder = try TemporaryFolder(on: .disk)
    await #expect(processExitsWith: .success) { [path = folder.path as String] in
      TemporaryFolder.useForRegions(path)
      // As an image of this process that was replaced would leave the region.
      check(unsafe mkdir(path + "/mpg", 0o700) == 0, "a folder")
      let old = unsafe open(OwnRegion.path, O_RDWR | O_CREAT | O_EXCL, 0o600)
      func word(_ field: HeaderField, _ value: UInt64? = nil) -> UInt64 {
        var word = value ?? 0
        let offset = off_t(field.rawValue * 8)
        let count = unsafe value == nil ? pread(old, &word, 8, offset) : pwrite(old, &word, 8, offset)
        check(count == 8, "a word of the header")
        return word
      }
      _ = word(.magic, Layout.magic)
      _ = word(.version, Layout.version)
      _ = word(.ending, 99)
      _ = word(.state, UInt64(ProcessState.live.rawValue))
      inRuntime(procs: 1) {
        OwnRegion.checkAlive()
        var (mine, its) = (stat(), stat())
        check(unsafe fstat(old, &its) == 0 && stat(OwnRegion.path, &mine) == 0, "both files")
        check(mine.st_ino != its.st_ino && its.st_nlink == 0, "the old file to be gone")
        checkEqual(word(.state), UInt64(ProcessState.exited.rawValue), "the state in the old file")
        checkEqual(word(.ending), 0, "how it ended")
      }
    }
  }
}
