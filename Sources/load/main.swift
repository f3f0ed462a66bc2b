// mpg-load: asks an HTTP server for pages, at a given rate or as fast as the server answers, and prints how long the answers
// took. It runs on the M:P:G runtime, so mpgtop can watch it as well. See docs/load.md.

import Glibc
import MPG

let options = Options.fromCommandLine()
let plan = options.plan
prepareProcess()
raiseDescriptorLimit(for: plan)

MPG.main(options.runtime) {
  do {
    let report = try Run(plan).measure()
    guard printOut(options.json ? report.json : report.text) else {
      complain("cannot write the report: standard output takes nothing")
      exit(ExitCode.output)
    }
    exit(report.exitCode)
  } catch let failure as Failure {
    complain(failure.message)
    exit(failure.code)
  }
}
