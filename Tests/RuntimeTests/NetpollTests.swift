// What every backend of netpoll must do, and what only one of them does.
import CMPG
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Netpoll")
struct NetpollTests {
  @Test("the region says which backend is in use", arguments: Backend.available)
  func backendIsVisible(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        checkEqual(sched.shared[.netpollBackend].relaxed, UInt64(netpoll.rawValue), "the backend")
      }
    }
  }

  @Test(
    "MPG_NETPOLL chooses it, and nothing, or an empty word, is the default",
    arguments: [
      "epoll": NetpollKind.epoll, "io_uring": .ioUring, "kqueue": .kqueue, "iocp": .iocp, "": .epoll,
    ].sorted {
      $0.key < $1.key
    })
  func environmentChooses(word: String, kind: NetpollKind) async {
    await #expect(processExitsWith: .success) { [word = word as String, kind = kind as NetpollKind] in
      unsafe setenv("MPG_NETPOLL", word, 1)
      inRuntime(procs: 1) {
        checkEqual(sched.shared[.netpollBackend].relaxed, UInt64(kind.rawValue), "the backend")
      }
    }
  }

  @Test("this process has the backends of Linux, and those for which a stand-in is linked")
  func available() {
    #expect(Backend.available == [.epoll, .ioUring, .kqueue, .iocp])
  }

  @Test("a word that names none ends the process at boot, with one line")
  func unknownWords() async {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      unsafe setenv("MPG_NETPOLL", "select", 1)
      inRuntime(procs: 1) {}
    }
    let there = "epoll, io_uring, kqueue, iocp"
    #expect(lines(result) == ["mpg: MPG_NETPOLL=select is no netpoll; there are: \(there)"])
  }

  @Test("so does one that the kernel refuses", arguments: Backend.available)
  func refusal(netpoll: NetpollKind) async {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      [netpoll = netpoll as NetpollKind] in
      var none = rlimit(rlim_cur: 0, rlim_max: 0)  // no further descriptor
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
      inRuntime(procs: 1, netpoll: netpoll) {}
    }
    #expect(lines(result).count == 1)
    #expect(lines(result).first?.contains("mpg: netpoll \(netpoll) is refused by the system: ") == true)
    #expect(lines(result).first?.contains("EMFILE") == true)
  }

  @Test(
    "what cannot be waited for is refused: regular files, devices without a queue, no descriptor at all",
    arguments: Backend.available)
  func refusedDescriptors(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        for (path, code) in [("/proc/self/exe", EPERM), ("/dev/null", EPERM), ("/", EPERM)] {
          let fd = unsafe open(path, O_RDONLY)
          checkEqual(errno(of: fd), code, "why \(path) is refused")
        }
        checkEqual(errno(of: 9999), EBADF, "why nothing is refused")
        checkEqual(errno(of: mpg_eventfd()), nil, "why an eventfd is refused")
        checkEqual(sched.shared[.netpollFds].relaxed, 0, "descriptors registered")
      }
    }
  }

  @Test("what was ready before it was registered is news", arguments: Backend.available)
  func earlyNews(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        var ends: [Int32] = [0, 0]
        check(unsafe mpg_pipe(&ends) == 0, "a pipe")
        check(unsafe write(ends[1], "x", 1) == 1, "a byte written")
        try Pollable(fd: ends[0]).wait(.read)
        try Pollable(fd: ends[1]).wait(.write)
      }
    }
  }

  @Test(
    "when a descriptor is closed its peer sees the end, though the kernel had an order for it",
    arguments: Backend.available)
  func closingReachesThePeer(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        for round in 0..<300 {
          let pair = try SocketPair()
          let peer = try Pollable(fd: pair.far)
          let done = Channel<Int>()
          go {
            // The first news may say that the far end is writable, so look at the data first.
            while socketRead(peer.fd) < 0 { try peer.wait(.read) }
            done.send(1)
          }
          if round % 2 == 0 { while parked(.netpollRead) == 0 { yield() } }
          pair.near.close()
          close(pair.near.fd)
          checkEqual(done.receive(), 1, "the end")
          peer.close()
          close(peer.fd)
        }
      }
    }
  }

  @Test(
    "numbers of closed descriptors are used again at once, and news finds the right one",
    arguments: [1, 4], Backend.available)
  func numbersAreReused(procs: Int, netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int, netpoll = netpoll as NetpollKind] in
      inRuntime(procs: procs, netpoll: netpoll) {
        let all = WaitGroup()
        all.add(8)
        for name in 0..<8 {
          go {
            defer { all.done() }
            for round in 0..<200 {
              let pair = try SocketPair()
              if (round + name) % 3 != 0 {
                go { pair.give() }
                while !pair.take() { try pair.near.wait(.read) }
              }
              pair.near.close()
              if round % 2 == 0 { yield() }
              _ = (close(pair.near.fd), close(pair.far))
            }
          }
        }
        all.wait()
        checkEqual(sched.shared[.netpollFds].relaxed, 0, "descriptors registered")
      }
    }
  }

  @Test(
    "when every P runs something long sysmon polls, and the Gs are ready when a P has time",
    arguments: Backend.available)
  func sysmonPolls(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        let (first, second, read) = (try Pipe(), try Pipe(), Channel<UInt8?>())
        for pipe in [first, second] { go { read.send(try pipe.read()) } }
        while parked(.netpollRead) < 2 { yield() }
        MPG.sleep(.milliseconds(1))  // the netpoll thread is in the kernel now
        first.write(1)
        while sched.shared[.netpollReadied].relaxed < 1 {}  // the thread leaves the kernel and stands by
        second.write(2)
        while sched.shared[.netpollReadied].relaxed < 2 || sched.shared[.netpollSysmonPolls].relaxed == 0 {}
        checkEqual(Set([read.receive(), read.receive()]), [1, 2], "the bytes")
      }
    }
  }
}

private func errno(of fd: Int32) -> Int32? {
  do throws(SystemError) { _ = try Pollable(fd: fd) } catch { return error.errno }
  return nil
}

private func lines(_ result: ExitTest.Result?) -> [String] {
  standardError(of: result).split(separator: "\n").map(String.init)
}
