// Whether the target lives cannot always be told: a viewer that is out of descriptors cannot ask the system. That is said
// once, and once more when it is over.
import Inspector

/// What was said of it last.
struct DoubtReport {
  private var said: InspectorError?

  /// Says on standard error what has changed since the last call.
  mutating func tell(_ doubt: InspectorError?) {
    if let doubt, said == nil { complain("\(doubt.description); going on") }
    if doubt == nil, said != nil { complain("it can be told again whether the target lives") }
    said = doubt
  }
}
