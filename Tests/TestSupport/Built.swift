// The programs that tests start.
import Foundation

/// The programs of this package as the build left them, beside the test bundle.
package enum Built {
  package static let mpgtop = path("mpgtop")
  package static let demo = path("mpg-demo")
  package static let load = path("mpg-load")
  package static let lesson = path("mpg-lesson")
  package static let soak = path("mpg-soak")
  package static let inspectorExample = path("inspector-example")
  package static let crawlerExample = path("crawler-example")
  package static let chatExample = path("chat-example")
  package static let duplicatesExample = path("duplicates-example")
  package static let trial = path("mpg-trial")
  package static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().path
  /// The folder of Package.swift.
  package static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// A folder of release builds. If it is given, these are tested instead of the programs beside the tests.
  private static let releases = ProcessInfo.processInfo.environment["MPG_PROGRAMS"]
  package static let areReleases = releases != nil

  private static func path(_ name: String) -> String { "\(releases ?? folder)/\(name)" }
}
