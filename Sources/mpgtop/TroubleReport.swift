// Trouble that goes on is told once when it begins, and once when it is over. A viewer without free descriptors cannot ask the
// system whether the target lives; a server that is followed may give no trace for a while.

/// Tells on standard error of one kind of trouble.
struct TroubleReport {
  /// What mpgtop does meanwhile.
  private let meanwhile: String
  /// What it says when the trouble is over.
  private let over: String
  private var isSaid = false

  private init(meanwhile: String, over: String) {
    self.meanwhile = meanwhile
    self.over = over
  }

  /// It is not known whether the target lives.
  static var doubt: Self {
    Self(meanwhile: "going on", over: "it can be told again whether the target lives")
  }

  /// No trace comes from the program that is followed.
  static var noTrace: Self { Self(meanwhile: "trying again", over: "traces come again") }

  /// Prints if the trouble has begun or ended since the last call.
  ///
  /// - Parameter trouble: what the trouble is; nil: there is none.
  mutating func tell(_ trouble: String?) {
    if let trouble, !isSaid { complain("\(trouble); \(meanwhile)") }
    if trouble == nil, isSaid { complain(over) }
    isSaid = trouble != nil
  }
}
