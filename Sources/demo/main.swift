// mpg-demo: an HTTP server on the M:P:G runtime, as an example to study. See docs/http.md.

import HTTP
import MPG
import Net

let options = Options.fromCommandLine()
let socket = options.listen()

let folder = options.openFolder()

MPG.main(options.runtime) {
  let counters = Counters()
  var mux = Mux()

  for path in DemoPath.all(counters, folder, isCrashable: options.crashable) {
    mux.handle(path.path, path.pace, methods: path.methods, path.handler)
  }

  let server = Server(mux, limits: options.limits, counters: counters)
  try stopOnSignal(server)
  say("Server running on :\(options.port)")
  try serve(server, on: socket)
}
