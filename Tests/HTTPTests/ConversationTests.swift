// What a connection answers, byte for byte, whatever the pieces in which its requests arrive.

import Foundation
import Testing

@testable import HTTP

@Suite("Corpus")
struct CorpusTests {
  @Test("each request gets its statuses", arguments: CorpusCase.all)
  func statuses(of item: CorpusCase) {
    let transcript = talk([item.bytes[...]])
    let isHead = item.bytes.starts(with: Array("HEAD".utf8))
    let statuses = responses(transcript.text, headOnly: isHead).map(\.status)
    #expect(statuses == item.statuses)
  }

  @Test("the answer does not depend on where the bytes are split", arguments: CorpusCase.all)
  func splits(of item: CorpusCase) {
    let whole = withoutContinue(talk([item.bytes[...]]))

    let bytes = item.bytes
    // Long cases repeat the same bytes. For them only splits near the ends and near the limits matter.
    let positions = (1..<bytes.count).filter {
      bytes.count < 600 || $0 < 150 || $0 > bytes.count - 50 || $0 % 97 == 0 || abs($0 - 8192) < 40
        || abs($0 - 16384) < 20
    }
    for position in positions {
      let split = withoutContinue(talk([bytes[..<position], bytes[position...]]))
      #expect(split == whole, "split at \(position)")
    }
  }

  @Test("the answer is the same when every byte comes alone", arguments: CorpusCase.all)
  func byteByByte(of item: CorpusCase) {
    let whole = withoutContinue(talk([item.bytes[...]]))

    let single = withoutContinue(talk(item.bytes.indices.map { item.bytes[$0...$0] }))

    #expect(single == whole)
  }

  /// The answers, and whether the conversation ended, without the interim answer 100. That answer does depend
  /// on the split: it is for a client that waits before it sends the body.
  private func withoutContinue(_ transcript: Transcript) -> String {
    let ended = transcript.end == .finish || transcript.end == .close
    return transcript.text.replacing("HTTP/1.1 100 Continue\r\n\r\n", with: "") + (ended ? "END" : "OPEN")
  }
}

@Suite("Conversation")
struct ConversationTests {
  @Test("a GET is answered with status, date, type, length and body, and the connection stays")
  func wholeResponse() {
    let transcript = talk("GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    #expect(
      transcript.text == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 11\r\n\r\nHello World")
    #expect(transcript.end == .read(.request))
  }

  @Test("answers to pipelined quick requests are written together")
  func batchesPipelinedAnswers() {
    let transcript = talk(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 10))

    #expect(responses(transcript.text).count == 10)
    #expect(transcript.writes.count == 1)
  }

  @Test("answers are written before a slow handler behind them runs")
  func writesBeforeSlowHandler() {
    let quick = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let slow = "GET /about HTTP/1.1\r\nHost: a\r\n\r\n"

    let transcript = talk(quick + quick + slow + quick)

    #expect(
      responses(transcript.text).map(\.body) == ["Hello World", "Hello World", "About Page", "Hello World"])
    #expect(transcript.writes.count == 2)
  }

  @Test("HEAD has GET's length and no body")
  func headHasNoBody() {
    let transcript = talk("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")

    #expect(transcript.text.contains("Content-Length: 11\r\n"))
    #expect(transcript.text.hasSuffix("\r\n\r\n"))
  }

  @Test("a refused HEAD has no body either")
  func refusedHeadHasNoBody() {
    let transcript = talk("HEAD / HTTP/1.1\r\n\r\n")

    #expect(transcript.text.hasPrefix("HTTP/1.1 400 "))
    #expect(transcript.text.hasSuffix("\r\n\r\n"))
  }

  @Test("HTTP/1.0 closes, unless it asks to stay")
  func oldVersion() {
    #expect(talk("GET / HTTP/1.0\r\n\r\n").end == .finish)

    let staying = talk("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(staying.end == .read(.request))
    #expect(staying.text.contains("\r\nConnection: keep-alive\r\n"))
  }

  @Test("Connection: close is obeyed and said")
  func closes() {
    let transcript = talk("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n")

    #expect(transcript.text.contains("\r\nConnection: close\r\n"))
    #expect(transcript.end == .finish)
  }

  @Test("the last answer says so, and requests behind it are left to another connection")
  func lastAnswer() {
    var conversation = Conversation(mux: testMux(), limits: Limits(), isLast: { true })
    feed(
      Array("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)[...], to: &conversation
    )

    #expect(conversation.advance(at: 0) == .write)
    let text = unsafe String(decoding: conversation.pending, as: UTF8.self)
    #expect(responses(text).count == 1 && text.contains("\r\nConnection: close\r\n"))
    conversation.didWrite()
    #expect(conversation.advance(at: 0) == .finish)
  }

  @Test("after an answer silence ends a connection with patience for what is on its way, before one at once")
  func idleEnds() {
    var conversation = Conversation(mux: testMux(), limits: Limits())
    feed(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)[...], to: &conversation)
    #expect(conversation.advance(at: 0) == .write)
    conversation.didWrite()

    conversation.timeOut(.request, at: 0)

    #expect(conversation.advance(at: 0) == .finish)
  }

  @Test("100 Continue is sent once to who waits for it, and not to who does not")
  func continues() {
    let head = Array(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".utf8)

    let waiting = talk([head[...], Array("h".utf8)[...], Array("i".utf8)[...]])
    #expect(waiting.text.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "))
    #expect(waiting.text.components(separatedBy: "100 Continue").count == 2)

    let eager = talk([(head + Array("hi".utf8))[...]])
    #expect(eager.text.hasPrefix("HTTP/1.1 200 "))
  }

  @Test("a body that is too large is refused before it is asked for")
  func noContinueForTooLarge() {
    let transcript = talk(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n")

    #expect(transcript.text.hasPrefix("HTTP/1.1 413 "))
  }

  @Test("what is known from the head is said instead of 100 Continue, and nothing behind it is looked at")
  func noContinueForRefused() {
    for (line, length, status) in [
      ("POST /nowhere", "Content-Length: 2", 404), ("POST /", "Content-Length: 2", 405),
      ("POST /nowhere", "Transfer-Encoding: chunked", 404),
      ("DELETE /about", "Transfer-Encoding: chunked", 405),
    ] {
      let head = "\(line) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\(length)\r\n\r\n"
      let body = length.hasPrefix("T") ? "2\r\nhi\r\n0\r\n\r\n" : "hi"
      for sent in [
        head, head + body.prefix(1), head + body, head + body + "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      ] {
        let transcript = talk(sent)
        #expect(responses(transcript.text).map(\.status) == [status], "\(sent)")
        #expect(transcript.text.contains("\r\nConnection: close\r\n"), "\(sent)")
        #expect(transcript.end == .finish, "\(sent)")
      }
    }
  }

  @Test("without a body to wait for, or to ask for, a path that is not there leaves the connection alone")
  func refusedWithoutBody() {
    for fields in [
      "Expect: 100-continue\r\n", "Expect: 100-continue\r\nContent-Length: 0\r\n", "Content-Length: 2\r\n",
    ] {
      let body = fields.contains(": 2") ? "hi" : ""
      let transcript = talk("POST /nowhere HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)")
      #expect(transcript.text.hasPrefix("HTTP/1.1 404 "))
      #expect(transcript.end == .read(.request), "\(fields)")
    }
  }

  @Test("silence means 408 in the midst of a request, and nothing between requests")
  func timeOuts() {
    for (sent, waiting, status) in [
      ("", Conversation.Waiting.request, nil), ("GET / HT", .head, "408"),
      ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", .body, "408"),
    ] as [(String, Conversation.Waiting, String?)] {
      var conversation = Conversation(mux: testMux(), limits: Limits())
      feed(Array(sent.utf8)[...], to: &conversation)
      #expect(conversation.advance(at: 0) == .read(waiting))

      conversation.timeOut(waiting, at: 0)

      let next = conversation.advance(at: 0)
      let text = unsafe String(decoding: conversation.pending, as: UTF8.self)
      #expect(next == (status == nil ? .close : .write))
      #expect(status.map { text.hasPrefix("HTTP/1.1 \($0) ") } ?? text.isEmpty)
    }
  }

  @Test("what a handler throws becomes its status, or 500 without a word of the inside")
  func thrownErrors() {
    let teapot = responses(talk("GET /teapot HTTP/1.1\r\nHost: a\r\n\r\n").text)[0]
    #expect(teapot.status == 418 && teapot.body == "short and stout\n")

    let broken = responses(talk("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n").text)[0]
    #expect(broken.status == 500 && broken.body == "500 Internal Server Error\n")
  }

  @Test("204 has neither type nor length")
  func noContent() {
    let text = talk("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n").text

    #expect(text.hasPrefix("HTTP/1.1 204 No Content\r\n"))
    #expect(!text.contains("Content-"))
  }

  @Test("405 and OPTIONS say what is allowed")
  func allow() {
    let refused = responses(talk("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n").text)[0]
    #expect(refused.status == 405 && refused.head.contains("\r\nAllow: GET, HEAD, POST, PUT, OPTIONS"))

    let asked = responses(talk("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n").text)[0]
    #expect(asked.status == 204 && asked.head.contains("\r\nAllow: GET, HEAD, OPTIONS"))
  }

  @Test("query values are decoded; a wrong escape is a 400, after which the connection stays")
  func query() {
    #expect(responses(talk("GET /query?m=1&n=a%2Bb+c HTTP/1.1\r\nHost: a\r\n\r\n").text)[0].body == "a+b c")
    #expect(responses(talk("GET /query?n HTTP/1.1\r\nHost: a\r\n\r\n").text)[0].body == "")
    #expect(responses(talk("GET /query HTTP/1.1\r\nHost: a\r\n\r\n").text)[0].body == "none")

    let broken = talk("GET /query?n=%4 HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(responses(broken.text)[0].status == 400)
    #expect(broken.end == .read(.request))
  }

  @Test(
    "names in a query are decoded as values are; a wrong escape before the name that is looked for is a 400")
  func queryNames() {
    for (query, body) in [
      ("%6e=1", "1"), ("%6E=1", "1"), ("n%3D=1&n=2", "2"), ("%6e%6e=1", "none"), ("n+=1&n=2", "2"),
      ("%6e", ""), ("n=1&%zz=2", "1"), ("=1&n=2", "2"),
    ] {
      #expect(
        responses(talk("GET /query?\(query) HTTP/1.1\r\nHost: a\r\n\r\n").text)[0].body == body, "\(query)")
    }
    for query in ["%zz=1&n=2", "n%=1", "%6=1", "%00=1", "%ff=1"] {
      #expect(
        responses(talk("GET /query?\(query) HTTP/1.1\r\nHost: a\r\n\r\n").text)[0].status == 400, "\(query)")
    }
  }

  @Test("an absolute target without a path asks for /, and OPTIONS of one for the server as a whole")
  func emptyPath() {
    var mux = Mux()
    mux.handle("/", methods: [.get, .post]) { request, response in response.write(request.path) }

    for target in ["http://x", "HTTP://x:80", "http://x?q", "http://x/"] {
      let answer = responses(
        talk([Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)[...]], mux: mux).text)[0]
      #expect(answer.status == 200 && answer.body == "/", "\(target)")
    }
    for (target, allow) in [
      ("*", "GET, HEAD, OPTIONS"), ("http://x", "GET, HEAD, OPTIONS"),
      ("http://x/", "GET, HEAD, POST, OPTIONS"),
      ("http://x?q", "GET, HEAD, POST, OPTIONS"),
    ] {
      let text = talk([Array("OPTIONS \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)[...]], mux: mux).text
      #expect(text.hasPrefix("HTTP/1.1 204 ") && text.contains("\r\nAllow: \(allow)\r\n"), "\(target)")
    }
  }

  @Test("a header value cannot smuggle in another field")
  func headerInjection() {
    let text = talk("GET /inject?name=a%0d%0aSet-Cookie:%20b HTTP/1.1\r\nHost: a\r\n\r\n").text

    #expect(text.contains("\r\nX-Name: a  Set-Cookie: b\r\n"))
  }

  @Test("a chunked body of a thousand chunks arrives whole, and takes no more memory than its limit allows")
  func manyChunks() {
    var request = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    var expected = ""
    for number in 0..<1000 {
      let data = "\(number),"
      request += "\(String(data.utf8.count, radix: 16));x=y\r\n\(data)\r\n"
      expected += data
    }
    request += "0\r\nX: y\r\n\r\n"
    let bytes = Array(request.utf8)
    var limits = Limits()
    limits.body = expected.utf8.count

    for size in [1, 7, 100, bytes.count] {
      let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
      let answers = responses(talk(pieces, limits: limits).text)
      #expect(answers.map(\.status) == [200])
      #expect(answers[0].body.hasSuffix("\n\n" + expected))
    }

    limits.body -= 1
    #expect(responses(talk(request, limits: limits).text).map(\.status) == [413])
  }
}
