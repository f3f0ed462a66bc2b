// Checks inside a child process that an exit test has started, and what such a child has said.
import Glibc
import Testing

/// Runs in a child process: unless `condition` holds, ends the child with status 1 and an issue that says what was
/// expected.
package func check(
  _ condition: Bool, _ expected: @autoclosure () -> String, at location: SourceLocation = #_sourceLocation
) {
  if condition { return }
  Issue.record("expected \(expected())", sourceLocation: location)
  exit(1)
}

/// Runs in a child process: unless the two values are equal, ends the child with status 1.
package func checkEqual<T: Equatable>(
  _ found: T, _ expected: T, _ what: String, at location: SourceLocation = #_sourceLocation
) {
  check(found == expected, "\(what) to be \(expected), found \(found)", at: location)
}

/// What a child wrote to standard error, if the test observed it; "" when the child did not end as expected.
package func standardError(of result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
