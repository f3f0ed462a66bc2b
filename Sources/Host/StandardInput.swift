// Standard input as a file that is read to its end, while a person goes on typing.
internal import Glibc

/// Moves standard input to another descriptor. Descriptor 0 becomes the terminal, for the keys, or /dev/null without
/// one.
///
/// - Returns: the descriptor by which what was standard input is read. The caller has to close it.
package func takeStandardInput() throws(InspectorError) -> Int32 {
  let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
  guard copy >= 0 else { throw .system(call: "fcntl", path: "standard input", errno: errno) }
  let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
  let other = terminal >= 0 ? terminal : unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
  if other >= 0 {
    dup2(other, STDIN_FILENO)
    close(other)
  }
  return copy
}
