// The words for each way in which the system refuses to let a process be read.
import Testing

@testable import GoAttach

@Suite("Refusals of the system")
struct DenialTests {
  private func words(_ facts: Denial.Facts) -> String { Denial(1, facts).words }

  @Test("Each value of Yama's scope has its own cure")
  func yama() {
    let cures: [(Character, String)] = [
      ("1", "sysctl kernel.yama.ptrace_scope=0"), ("2", "run mpgtop as root, or with CAP_SYS_PTRACE"),
      ("3", "only by starting the machine anew"), ("0", "docker run --cap-add SYS_PTRACE"),
    ]
    for (scope, cure) in cures {
      let words = words(Denial.Facts(owner: 1000, asker: 1000, scope: scope))
      #expect(words.contains(cure), "\(words)")
      #expect(scope == "0" || words.contains("ptrace_scope is \(scope)"))
    }
    #expect(words(Denial.Facts(owner: 1000, asker: 0)).contains("docker run --cap-add SYS_PTRACE"))
  }

  @Test("Another user, a process that hides and a file that may not be read are told apart")
  func others() {
    #expect(words(Denial.Facts(owner: 7, asker: 1000, scope: "1")).contains("belongs to user 7"))
    #expect(words(Denial.Facts(owner: 1000, asker: 1000, isHidden: true)).contains("PR_SET_DUMPABLE"))
    #expect(
      words(Denial.Facts(owner: 1000, asker: 1000, isOfFile: true)).contains(
        "may not read the executable's file"))
    // Root is refused by what it lacks, whoever owns the process.
    #expect(words(Denial.Facts(owner: 7, asker: 0)).contains("CAP_SYS_PTRACE is needed"))
  }
}
