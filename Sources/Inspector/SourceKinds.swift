// The kinds of sources, and which words of the command line mean them. A process on MPG is named by its pid
// or its name, and is looked for in the folders of regions (Targets.swift in RegionSource). `SourceKinds` has
// all other kinds.
//
// A new kind of source is one file with a type that conforms to `SchedulerSource`, and one line in `all`.
import Host
import Observed

/// Opens sources of one kind, when a word of the command line names one.
package protocol SourceKind: Sendable {
  /// Opens the source that `word` means; nil: the word means something else, so the next kind is asked.
  ///
  /// - Throws: `InspectorError` if the word means a source of this kind that cannot be opened.
  func open(_ word: String) throws(InspectorError) -> (any SchedulerSource)?
}

/// All kinds of sources but processes.
package enum SourceKinds {
  /// The kinds, in the order in which they are asked.
  package static let all: [any SourceKind] = [StandardStream()]

  /// Opens the source that `word` means; nil: the word names a process.
  package static func open(
    _ word: String, among kinds: [any SourceKind] = all
  ) throws(InspectorError) -> (any SchedulerSource)? {
    for kind in kinds {
      if let source = try kind.open(word) { return source }
    }
    return nil
  }
}
