// A viewer without free descriptors cannot ask the system whether the target lives. mpgtop reports that once, and reports
// once when it can ask again.
import Inspector

/// The trouble with a program that is traced which was reported last.
struct TroubleReport {
  private var isSaid = false

  /// Prints to standard error if the trouble has begun or ended since the last call.
  mutating func tell(_ trouble: String?) {
    if let trouble, !isSaid { complain("\(trouble); trying again") }
    if trouble == nil, isSaid { complain("traces come again") }
    isSaid = trouble != nil
  }
}

/// The doubt that was reported last.
struct DoubtReport {
  private var said: InspectorError?

  /// Prints to standard error if the doubt has begun or ended since the last call.
  mutating func tell(_ doubt: InspectorError?) {
    if let doubt, said == nil { complain("\(doubt.description); going on") }
    if doubt == nil, said != nil { complain("it can be told again whether the target lives") }
    said = doubt
  }
}
