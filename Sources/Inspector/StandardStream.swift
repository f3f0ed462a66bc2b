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
    return try StreamSource(DescriptorInput(takeStandardInput()))
  }
}
