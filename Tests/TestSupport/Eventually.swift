// Waiting for a condition, with a deadline that only a defect reaches.
import Foundation

/// Why a test cannot continue.
package struct Broken: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// Waits until `condition` holds, and checks it every few milliseconds. If it does not hold after `seconds`,
/// throws `Broken`.
package func eventually(
  _ what: @autoclosure () -> String, within seconds: Double = 60, _ condition: () throws -> Bool
) throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while try !condition() {
    guard ContinuousClock.now < deadline else { throw Broken("within \(seconds) s: \(what())") }
    usleep(3000)
  }
}

/// Waits until `value` returns something, and returns it.
package func eventually<Value>(
  _ what: @autoclosure () -> String, within seconds: Double = 60, value: () throws -> Value?
) throws -> Value {
  var found: Value?
  try eventually(what(), within: seconds) {
    found = try value()
    return found != nil
  }
  guard let found else { throw Broken(what()) }
  return found
}
