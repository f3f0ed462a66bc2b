// What a trace tells beside moves: lines that the program logs, samples of the CPU profiler, and labels of Gs.
import GoTrace
import History
import Observed
import Region

extension TraceMapping {
  mutating func note(_ event: TraceEvent, _ context: Context, _ tables: TraceTables) {
    let arguments = event.arguments
    if event.kind == .goLabel {
      if context.g != 0 { names.label(context.g, arguments.0, from: context.time, tables) }
      return
    }
    // A sample may be of a thread of which nothing else is told, not even its number. No lane is its own.
    guard context.p != nil || context.m != nil else { return }
    let isLog = event.kind == .userLog
    let stack = isLog ? arguments.3 : arguments.0
    let name =
      isLog ? names.id(ofLog: arguments.1, arguments.2, tables) : names.entry(topOf: stack, tables)
    let record = Record(
      isLog ? .log : .cpuSample, time: context.time, m: context.record, g: context.g, count: name,
      arg: isLog ? arguments.0 : 0)
    builder.add(record, on: context.lane, stack: names.number(ofStack: stack, tables))
  }
}
