// The keys for the manual page, from the table of actions.

/// The manual page's texts about the screens.
public enum Manual {
  public struct Section: Sendable {
    /// `Everywhere`, or the name of the screen to which the keys belong.
    public var title: String
    public var summary: String
    public var keys: [(keys: String, help: String)]
  }

  public static var sections: [Section] {
    func section(_ title: String, _ summary: String, _ groups: [ActionGroup]) -> Section {
      Section(title: title, summary: summary, keys: groups.map { ($0.keyNames, $0.help) })
    }
    return [section("Everywhere", "Keys of all screens.", ActionTable.common)]
      + ScreenID.allCases.map {
        section("Screen \($0.key), \($0.title)", $0.summary, ActionTable.own($0))
      }
      + OverlayID.allCases.map { section($0.title, $0.summary, ActionTable.own($0)) }
  }
}
