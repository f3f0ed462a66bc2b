// Talking to a `Conversation` with arrays, as the server's G does with a socket.

@testable import HTTP

/// A mux like the demo's, but with handlers that do not need the runtime.
func testMux() -> Mux {
  var mux = Mux()
  mux.handle("/") { _, response in response.write("Hello World") }
  mux.handle("/about", .slow) { _, response in response.write("About Page") }
  mux.handle("/echo", methods: [.get, .post, .put]) { request, response in
    response.write("\(request.method.name) \(request.target)\n")
    for (name, value) in request.fields { response.write("\(name): \(value)\n") }
    response.write("\n")
    response.write(request.body)
  }
  mux.handle("/query") { request, response in
    response.write(try request.parameter("n") ?? "none")
  }
  mux.handle("/teapot") { _, _ in throw HTTPError(Status(418, "I'm a teapot"), "short and stout") }
  mux.handle("/broken") { _, _ in throw CancellationError() }
  mux.handle("/empty") { _, response in response.status = .noContent }
  mux.handle("/inject") { request, response in
    response.add("X-Name", try request.parameter("name") ?? "")
  }
  return mux
}

/// The outcome of a conversation.
struct Transcript: Equatable {
  var written: [UInt8] = []
  /// The sizes of the writes.
  var writes: [Int] = []
  var end: Conversation.Next?

  var text: String { String(decoding: written, as: UTF8.self) }
}

/// Feeds `pieces` to a conversation, each as one read, until they are used up or the conversation ends.
func talk(_ pieces: [ArraySlice<UInt8>], limits: Limits = Limits(), mux: Mux = testMux()) -> Transcript {
  var conversation = Conversation(mux: mux, limits: limits)
  var transcript = Transcript()
  var pieces = pieces[...]
  while true {
    let next = conversation.advance(at: 784_111_777)
    switch next {
    case .write:
      unsafe transcript.written += Array(conversation.pending)
      transcript.writes.append(unsafe conversation.pending.count)
      conversation.didWrite()
    case .read:
      guard let piece = pieces.popFirst() else {
        transcript.end = next
        return transcript
      }
      feed(piece, to: &conversation)
    case .finish, .close:
      transcript.end = next
      return transcript
    }
  }
}

func feed(_ bytes: ArraySlice<UInt8>, to conversation: inout Conversation) {
  var rest = bytes
  while !rest.isEmpty {
    let room = unsafe conversation.room()
    let part = rest.prefix(room.count)
    unsafe room.copyBytes(from: part)
    conversation.didRead(part.count)
    rest = rest.dropFirst(part.count)
  }
}

func talk(_ text: String, limits: Limits = Limits()) -> Transcript {
  talk([Array(text.utf8)[...]], limits: limits)
}

/// The responses in `text`: status, head, body. Pass `headOnly` for answers to HEAD, which state a length but
/// have no body.
func responses(_ text: String, headOnly: Bool = false) -> [(status: Int, head: String, body: String)] {
  var rest = Substring(text)
  var result: [(Int, String, String)] = []
  while let end = rest.range(of: "\r\n\r\n") {
    let head = String(rest[..<end.lowerBound])
    rest = rest[end.upperBound...]
    let lengthLine = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
    let length = headOnly ? 0 : lengthLine.flatMap { Int($0.dropFirst(16)) } ?? 0
    let body = String(decoding: Array(rest.utf8.prefix(length)), as: UTF8.self)
    rest = Substring(String(decoding: Array(rest.utf8.dropFirst(length)), as: UTF8.self))
    result.append((Int(head.split(separator: " ")[1])!, head, body))
  }
  return result
}

/// The number of responses in `text` whose body is complete.
func completeResponses(_ text: String) -> Int {
  responses(text).filter { response in
    let length = response.head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
    return length.map { Int($0.dropFirst(16)) == response.body.utf8.count } ?? true
  }.count
}
