// The commands by which a person puts loads on the target. The program that shows the dashboard starts and ends the
// loads, and reports the outcome.
public import Inspector

/// A wish about the load on the target.
public enum LoadCommand: Sendable, Hashable {
  /// Start this load; if it runs, end it.
  case toggle(Load)
  /// End all loads that were started here.
  case calm
}
