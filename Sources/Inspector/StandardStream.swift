// The word `-`: a stream on standard input, as ssh brings one.
internal import Glibc
import Host
import Observed
import Wire

/// Opens the stream on standard input for the word `-`.
package struct StandardStream: SourceKind {
  package init() {}

  package func open(_ word: String) throws(InspectorError) -> (any SchedulerSource)? {
    guard word == "-" else { return nil }
    guard isatty(STDIN_FILENO) == 0 else {
      throw .badStream("is missing: standard input is a terminal; ssh HOST mpgtop stream TARGET | mpgtop -")
    }
    let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw .system(call: "fcntl", path: "standard input", errno: errno) }
    // The keys come from the terminal, where there is one, for standard input is taken.
    let terminal = unsafe Glibc.open("/dev/tty", O_RDWR | O_CLOEXEC)
    let other = terminal >= 0 ? terminal : unsafe Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    if other >= 0 {
      dup2(other, STDIN_FILENO)
      close(other)
    }
    return try StreamSource(DescriptorInput(copy))
  }
}
