// The small rules, each by itself: limits to the byte, escapes, dates. Also, the documentation must list
// every refusal.

import Foundation
import Testing

@testable import HTTP

@Suite("Limits")
struct LimitsTests {
  private func status(_ request: String, _ limits: Limits) -> Int {
    responses(talk(request, limits: limits).text)[0].status
  }

  @Test("a request line may be as long as its limit, and not a byte longer")
  func requestLine() {
    var limits = Limits()
    limits.requestLine = 40
    let path = "/" + String(repeating: "a", count: 40 - "GET / HTTP/1.1".utf8.count)

    #expect(status("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n", limits) == 404)
    #expect(status("GET \(path)a HTTP/1.1\r\nHost: a\r\n\r\n", limits) == 414)
  }

  @Test("a request line is refused for the part that takes it beyond its limit")
  func longMethod() {
    let long = String(repeating: "A", count: 9000)

    #expect(status("\(long) / HTTP/1.1\r\nHost: a\r\n\r\n", Limits()) == 501)
    #expect(status("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", Limits()) == 414)
    #expect(status("BREW /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", Limits()) == 414)
    #expect(status("\(String(repeating: "@", count: 9000)) / HTTP/1.1\r\nHost: a\r\n\r\n", Limits()) == 400)
    #expect(status(" \(long) HTTP/1.1\r\nHost: a\r\n\r\n", Limits()) == 400)
  }

  @Test("a head may be as long as its limit, and not a byte longer")
  func head() {
    let request = "GET / HTTP/1.1\r\nHost: a\r\nX: abcdefgh\r\n\r\n"
    var limits = Limits()
    limits.head = request.utf8.count

    #expect(status(request, limits) == 200)
    limits.head -= 1
    #expect(status(request, limits) == 431)
  }

  @Test("a hundred fields are taken, one more is not")
  func fields() {
    let fields = String(repeating: "X: y\r\n", count: 99)

    #expect(status("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", Limits()) == 200)
    #expect(status("GET / HTTP/1.1\r\nHost: a\r\n\(fields)X: y\r\n\r\n", Limits()) == 431)
  }

  @Test("a body may be as long as its limit, and not a byte longer, sized or chunked")
  func body() {
    var limits = Limits()
    limits.body = 5

    for (size, expected) in [(5, 200), (6, 413)] {
      let data = String(repeating: "a", count: size)
      let head = "POST /echo HTTP/1.1\r\nHost: a\r\n"
      #expect(status("\(head)Content-Length: \(size)\r\n\r\n\(data)", limits) == expected)
      #expect(
        status("\(head)Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(data)\r\n0\r\n\r\n", limits) == expected
      )
    }
  }
}

@Suite("Hosts")
struct HostTests {
  /// The statuses for `host` in the Host field and in an absolute target.
  private func statuses(_ host: String) -> [Int] {
    var requests = ["GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n"]
    // A host with a character that ends a host or a target cannot stand in a target.
    if !host.contains(where: { " /?#".contains($0) }) {
      requests.append("GET http://\(host)/ HTTP/1.1\r\nHost: a\r\n\r\n")
    }
    return requests.map { responses(talk($0).text)[0].status }
  }

  @Test(
    "names, addresses and ports of the grammar are taken",
    arguments: [
      "a", "a!b", "a_b~c-d.e", "$&'()*+,;=", "a%20b", "%c3%b6.org", "example.org:8080", "a:", "a:0",
      "a:65535",
      "a:00000080", "1.2.3.4", "999.1.1.1:80", "[::1]", "[::1]:8080", "[::]:", "[::ffff:1.2.3.4]",
      "[1:2:3:4:5:6:7:8]", "[v1.a:b]", "[vF0.!]:1",
    ])
  func taken(_ host: String) {
    #expect(Set(statuses(host)) == [200])
  }

  @Test(
    "whatever else is refused",
    arguments: [
      "", ":", ":80", "a:b", "a:80b", "a:b:c", "a:1:2", "a:65536", "a:99999", "a:99999999999999999999",
      "a:-1",
      "a:+1", "a: 80", "a:0x50", "[]", "[]:80", "[::1", "::1", "::1]", "[::1]a", "[::1]80", "[::1]:a",
      "[::1]:65536",
      "[[::1]]", "[1.2.3.4]", "[::g]", "[1::2::3]", "[1:2:3:4:5:6:7:8:9]", "[12345::]", "[fe80::1%25eth0]",
      "[fe80::1%eth0]", "[ ::1]", "[v.a]", "[v1.]", "[v1]", "[vx.a]", "[v1.a/b]", "[v1.%20]", "a/b", "a b",
      "a, b",
      "user@a", "user:word@a", "a?b", "a#b", "a\\b", "a\"b", "a<b>", "a{b}", "a|b", "a^b", "a`b", "a[b]",
      "a]",
      "a%", "a%4", "a%zz", "a%00", "a%ff", "ö", "http://a", "a\tb",
    ])
  func refused(_ host: String) {
    #expect(Set(statuses(host)) == [400])
  }
}

@Suite("Bytes")
struct BytesTests {
  private func decode(_ text: String, plusIsBlank: Bool = false) -> String? {
    let bytes = Array(text.utf8)
    return percentDecode(bytes.span, 0..<bytes.count, plusIsBlank: plusIsBlank)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("percent escapes are decoded; half ones, other digits, NUL and what is no UTF-8 are not")
  func percentEscapes() {
    #expect(decode("/a%20b%C3%b6+") == "/a bö+")
    #expect(decode("a+b", plusIsBlank: true) == "a b")
    for wrong in ["%", "%4", "%g0", "%0g", "%00", "%ff", "%c3"] { #expect(decode(wrong) == nil, "\(wrong)") }
  }

  @Test("names match in any case, but letters only match letters")
  func caseInsensitive() {
    let bytes = Array("hOsT [".utf8)
    let (name, bracket) = (equals(bytes.span, 0..<4, "Host"), equals(bytes.span, 5..<6, "{"))
    #expect(name && !bracket)
  }

  @Test("dates are formatted as HTTP wants them")
  func dates() {
    #expect(HTTPDate.format(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    #expect(HTTPDate.format(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.format(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
    #expect(HTTPDate.format(4_107_542_399) == "Sun, 28 Feb 2100 23:59:59 GMT")
    #expect(HTTPDate.format(4_107_542_400) == "Mon, 01 Mar 2100 00:00:00 GMT")
  }

  @Test("numbers are written in decimal")
  func decimals() {
    for number in [0, 9, 10, 99, 100, 65_535, 1_000_000_000_000, Int.max] {
      var buffer = ByteBuffer(capacity: 1)
      buffer.append(decimal: number)
      #expect(unsafe String(decoding: buffer.bytes, as: UTF8.self) == "\(number)")
    }
  }

  @Test("a buffer keeps its bytes while it is consumed, cut and grown")
  func buffer() {
    var buffer = ByteBuffer(capacity: 8)
    buffer.append("0123456789")
    buffer.consume(3)
    buffer.cut(1..<4)
    buffer.append(String(repeating: "x", count: 100))
    buffer.consume(1)
    buffer.shrink(to: 8)

    #expect(
      unsafe String(decoding: buffer.bytes, as: UTF8.self) == "789" + String(repeating: "x", count: 100))
  }
}

@Suite("Documentation of HTTP")
struct DocumentationTests {
  @Test("docs/http.md has a row for every refusal, with its status")
  func everyRefusal() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let page = try String(contentsOf: root.appending(path: "docs/http.md"), encoding: .utf8)

    for rejection in Rejection.allCases {
      #expect(page.contains("| \(rejection.status.code) | \(rejection.rawValue) |"), "\(rejection)")
    }
  }
}
