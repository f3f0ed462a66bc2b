// Waiting for a condition, with a deadline that only a defect reaches.
import Foundation

/// Why a test cannot continue.
package struct Broken: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// The seconds after which what is waited for will not happen any more. All suites run at once, and services that run them
/// for others have few cores, with other users on them: a minute was too short once for a compiler that read one room.
package let patience = 240.0

/// Waits until `condition` holds, and checks it every few milliseconds. If it does not hold after `seconds`,
/// throws `Broken`.
package func eventually(
  _ what: @autoclosure () -> String, within seconds: Double = patience, _ condition: () throws -> Bool
) throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while try !condition() {
    guard ContinuousClock.now < deadline else { throw Broken("within \(seconds) s: \(what())") }
    usleep(3000)
  }
}

/// Waits until `value` returns something, and returns it.
package func eventually<Value>(
  _ what: @autoclosure () -> String, within seconds: Double = patience, value: () throws -> Value?
) throws -> Value {
  var found: Value?
  try eventually(what(), within: seconds) {
    found = try value()
    return found != nil
  }
  guard let found else { throw Broken(what()) }
  return found
}
