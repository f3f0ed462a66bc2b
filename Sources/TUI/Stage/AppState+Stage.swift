// The effects of keys and clicks on the stage.
import Inspector

extension AppState {
  /// Follows the G that moved last; if a G is followed already, follows none.
  mutating func followLastMoved() {
    guard stage.followed == nil else {
      stage.followed = nil
      return
    }
    stage.followed = shown?.detail.stage?.moves.last { $0.event.g != nil }?.event.g
    if stage.followed == nil { note = "no G has moved yet" }
  }

  /// Follows the G that is clicked on; if it is followed already, follows none.
  mutating func clickStage(x: Int, y: Int) {
    guard let g = StageScreen.layout(self)?.g(atX: x, y: y) else { return }
    stage.followed = stage.followed == g ? nil : g
  }

  /// Scrolls through the lanes, where there are more Ps than lanes.
  mutating func scrollStage(_ action: Action) {
    guard let layout = StageScreen.layout(self) else { return }
    stage.firstLane = Self.moved(layout.first, action, page: layout.lanes.count, last: layout.total - 1)
    stage.firstLane = StageScreen.layout(self)?.first ?? 0
  }
}
