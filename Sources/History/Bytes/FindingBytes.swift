// The findings of the lints at a keyframe, as bytes.
//
// A lint looks at ten seconds. These may contain more events than a look back can go through, so a recording could not
// tell again what a live viewer knew. The findings are only a few lines, so keyframes carry them.
import Observed

extension Findings {
  /// At most this many findings are read or written, and longer lines are cut.
  private static let most = (findings: 64, bytes: 1000)

  package func write(to out: inout ByteWriter) {
    for finding in all.prefix(Self.most.findings) {
      out.text(finding.lint)
      out.text(Self.cut(finding.message))
      out.number(finding.g)
      out.text(Self.cut(finding.entry ?? ""))
      out.text(Self.cut(finding.request ?? ""))
      out.number(finding.value.bitPattern)
      out.number(finding.threshold.bitPattern)
    }
  }

  /// Reads the findings; nil: the bytes are not those of findings.
  package init?(from body: inout ByteReader) {
    self.init([])
    while !body.isAtEnd {
      guard all.count < Self.most.findings, let lint = body.text(), let message = body.text(),
        let g = body.optional(), let entry = body.text(), let request = body.text(),
        let value = body.number(), let threshold = body.number()
      else { return nil }
      all.append(
        Finding(
          lint: Self.cut(lint), message: Self.cut(message), g: g,
          entry: entry.isEmpty ? nil : Self.cut(entry), request: request.isEmpty ? nil : Self.cut(request),
          value: Double(bitPattern: value), threshold: Double(bitPattern: threshold)))
    }
  }

  private static func cut(_ text: String) -> String {
    text.utf8.count <= most.bytes ? text : String(decoding: text.utf8.prefix(most.bytes), as: UTF8.self)
  }
}
