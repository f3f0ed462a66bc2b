// An explanation as one line of JSON. docs/json.md has the keys.
import Insight

extension Explanation {
  /// The explanation as one JSON object, without a line break: its subject, and its lines with what each is for.
  public var json: String {
    var json = JSONText()
    json.object { json in
      json.member("subject", subject.name)
      json.member(
        "lines",
        array: { json in
          for line in lines {
            json.object { json in
              json.member("role", "\(line.role)")
              json.member("text", line.text)
            }
          }
        })
    }
    return json.text
  }
}
