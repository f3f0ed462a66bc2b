// Finds the end of an answer, by llhttp, which is fed with the bytes as they come.

import CLLHTTP

/// A complete answer.
struct Answer: Equatable {
  let status: Int
  /// Whether the connection may carry another request.
  let keepsAlive: Bool
}

/// An incremental parser for the answers of one connection. It keeps no bytes of them.
///
/// Memory: owns the C parser, and frees it.
@safe
struct AnswerParser: ~Copyable {
  private let machine: OpaquePointer

  init() {
    guard let machine = unsafe cllhttp_answer_create() else { fatalError("mpg-load: out of memory") }
    unsafe self.machine = machine
  }

  deinit { unsafe cllhttp_answer_destroy(machine) }

  /// Makes the parser ready for the next answer.
  func reset() { unsafe cllhttp_answer_reset(machine) }

  /// Takes the next bytes. Returns the answer if it is complete.
  func feed(_ bytes: UnsafeRawBufferPointer) throws(Trouble) -> Answer? {
    let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    return try result(unsafe cllhttp_answer_feed(machine, start, bytes.count))
  }

  /// Notes that the stream has ended. Returns the answer if the end of the stream was also the end of an answer.
  func finish() throws(Trouble) -> Answer? { try result(unsafe cllhttp_answer_finish(machine)) }

  private func result(_ event: cllhttp_answer_event) throws(Trouble) -> Answer? {
    switch event {
    case cllhttp_answer_more: return nil
    case cllhttp_answer_complete:
      return unsafe Answer(
        status: Int(cllhttp_answer_status(machine)), keepsAlive: cllhttp_answer_keep_alive(machine) != 0)
    default: throw .badResponse(unsafe String(cString: cllhttp_answer_reason(machine)))
    }
  }
}
