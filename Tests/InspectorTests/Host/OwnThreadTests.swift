// Threads of this process's own.
import Glibc
import Testing

@testable import Host

@Suite("Threads of our own")
struct OwnThreadTests {
  @Test("they take no signal that ends the process, and their maker still does")
  func signals() {
    @Sendable func held() -> [Int32] {
      var set = sigset_t()
      unsafe pthread_sigmask(SIG_BLOCK, nil, &set)
      return [SIGINT, SIGTERM, SIGHUP, SIGSEGV, SIGBUS].filter { unsafe sigismember(&set, $0) == 1 }
    }
    let before = held()
    let theirs = OwnThread.share(2, niceness: 0) { _ in held() }
    #expect(theirs == [[SIGINT, SIGTERM, SIGHUP], [SIGINT, SIGTERM, SIGHUP]])
    #expect(held() == before)
  }
}
