// Why a lesson could not be played.
import Inspector

/// The reason why a lesson was not played to its end.
package enum LessonFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// The program mpg-lesson is not where it should be, or could not be started.
  case noProgram(String)
  /// The program has ended; the text is what it wrote to its standard error.
  case ended(String)
  /// Something for which the scene waited did not happen within a minute.
  case late(String)
  /// The claim of the lesson was not seen.
  case unproven(String)
  /// The program cannot be looked at.
  case inspector(InspectorError)
  /// The program's scheduler cannot be paced.
  case control(ControlError)

  /// One clause for a person, in lower case and without a full stop.
  package var description: String {
    switch self {
    case .noProgram(let why): why
    case .ended(let words): "the lesson's program has ended" + (words.isEmpty ? "" : ": \(words)")
    case .late(let what): "a minute long the scene waited in vain for \(what)"
    case .unproven(let what): "not seen: \(what)"
    case .inspector(let error): error.description
    case .control(let error): error.description
    }
  }
}

/// Runs `body`, and turns errors of the Inspector into failures of the lesson.
func inspecting<Value>(_ body: () throws(InspectorError) -> Value) throws(LessonFailure) -> Value {
  do throws(InspectorError) { return try body() } catch { throw .inspector(error) }
}

/// Runs `body`, and turns errors of the controller into failures of the lesson.
@discardableResult
func controlling<Value>(_ body: () throws(ControlError) -> Value) throws(LessonFailure) -> Value {
  do throws(ControlError) { return try body() } catch { throw .control(error) }
}
