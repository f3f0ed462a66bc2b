// What a program must do when its arguments are impossible: print one clear line and end with a documented
// exit code.
import TestSupport
import Testing

/// A way to call a program that cannot work.
struct Mistake: Sendable, CustomTestStringConvertible {
  let arguments: [String]
  let code: Int32
  /// Text that the line must contain.
  let mentions: String

  init(_ arguments: String..., code: Int32, mentions: String) {
    (self.arguments, self.code, self.mentions) = (arguments, code, mentions)
  }

  var testDescription: String { arguments.isEmpty ? "(no arguments)" : arguments.joined(separator: " ") }
}

/// Checks that `finished` ended with `code`, and that standard error is one line of `program` that contains
/// `mentions`.
func expectComplaint(
  _ finished: Finished, of program: String, code: Int32, mentions: String = "",
  at location: SourceLocation = #_sourceLocation
) {
  #expect(finished.ending == .code(code), "\(finished.errors)", sourceLocation: location)
  expectComplaint(finished.errors, of: program, mentions: mentions, at: location)
}

/// Checks that `errors` is one line of `program` that contains `mentions`.
func expectComplaint(
  _ errors: String, of program: String, mentions: String = "", at location: SourceLocation = #_sourceLocation
) {
  let lines = errors.split(separator: "\n", omittingEmptySubsequences: false)
  #expect(lines.count == 2 && lines.last == "", "one line: \(errors)", sourceLocation: location)
  #expect(errors.hasPrefix("\(program): "), "\(errors)", sourceLocation: location)
  #expect(mentions.isEmpty || errors.contains(mentions), "\(errors)", sourceLocation: location)
}
