// Which kinds of sources there are, and which words of the command line mean which. A process on MPG is named by its pid or its
// name, and is found in the folders of regions (Targets.swift in RegionSource); `SourceKinds` has all others.
//
// A new kind of source is one file with a type that conforms to `SchedulerSource`, and one line in `all`.
import Host
import Observed

/// Opens sources of one kind.
package protocol SourceKind: Sendable {
  /// The source that `word` means; nil: the word means something else, so that the next kind is asked.
  ///
  /// Throws when the word means a source of this kind that cannot be opened, and why.
  func open(_ word: String) throws(InspectorError) -> (any SchedulerSource)?
}

package enum SourceKinds {
  /// In the order in which they are asked.
  package static let all: [any SourceKind] = []

  /// The source that `word` means; nil: the word names a process.
  package static func open(
    _ word: String, among kinds: [any SourceKind] = all
  ) throws(InspectorError) -> (any SchedulerSource)? {
    for kind in kinds {
      if let source = try kind.open(word) { return source }
    }
    return nil
  }
}
