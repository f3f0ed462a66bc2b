// mpg-bench: measures the scheduler, with the same measures as the Go programs to which `make bench` compares it (see
// docs/performance.md).
//
//     mpg-bench [-p PROCS] [-n OPERATIONS] NAME...
//     mpg-bench -list
import Glibc
import MPG

/// The command line, parsed.
struct Request: Sendable {
  var procs: Int?
  var operations: Int?
  var measures: [Measure] = []

  private static let usage = "mpg-bench [-p PROCS] [-n OPERATIONS] NAME... | -list"

  /// Prints the problem and exits with 64, like every program of this package after a wrong command line.
  static func usage(_ problem: String) -> Never {
    let line = "mpg-bench: \(problem); usage: \(usage)\n"
    _ = unsafe line.utf8CString.withUnsafeBytes {
      unsafe write(STDERR_FILENO, $0.baseAddress, line.utf8.count)
    }
    exit(64)
  }

  init(_ arguments: [String]) {
    var rest = arguments[...]
    while var argument = rest.popFirst() {
      // Accepts `-n1000` and `-n=1000` like `-n 1000`.
      if argument.count > 2, let letter = ["-p", "-n"].first(where: { argument.hasPrefix($0) }) {
        let value = argument.dropFirst(2)
        rest.insert(String(value.first == "=" ? value.dropFirst() : value), at: rest.startIndex)
        argument = letter
      }
      switch argument {
      case "-h", "--help":
        print("usage: \(Self.usage)")
        exit(0)
      case "-p": procs = Self.count(after: argument, in: &rest, upTo: 1024)
      case "-n": operations = Self.count(after: argument, in: &rest, upTo: 1_000_000_000)
      case "-list", "--list":
        for measure in Measure.all { print(measure.name, "P", measure.procs, "n", measure.operations) }
        exit(0)
      default:
        guard let measure = Measure.all.first(where: { $0.name == argument }) else {
          let isOption = argument.hasPrefix("-")
          Self.usage(isOption ? "unknown option \(argument)" : "no measure \(argument); -list lists them")
        }
        measures.append(measure)
      }
    }
    if measures.isEmpty { Self.usage("no measure named") }
  }

  private static func count(after option: String, in rest: inout ArraySlice<String>, upTo limit: Int) -> Int {
    let text = rest.popFirst() ?? ""
    guard let value = Int(text), (1...limit).contains(value) else {
      usage("\(option) wants a number from 1 to \(limit), not \"\(text)\"")
    }
    return value
  }
}

let request = Request(Array(CommandLine.arguments.dropFirst()))

// All measures of one run have the same number of Ps. So measures whose defaults differ need one process
// each, or the option -p.
let defaults = Set(request.measures.map(\.procs))
guard let procs = request.procs ?? (defaults.count == 1 ? defaults.first : nil) else {
  Request.usage("these measures have different default P counts, so -p is needed")
}

var options = MPG.Options()
options.procs = procs
if request.measures.contains(where: \.preempts) { options.preemption = true }
Report.setProcs(procs)
MPG.main(options) { [request] in
  for measure in request.measures { measure.run(request.operations ?? measure.operations) }
}
