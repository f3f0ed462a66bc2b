// mpg-demo: the study example, an HTTP server on the M:P:G runtime. See docs/http.md.

import HTTP
import MPG
import Net

let options = Options.fromCommandLine()
let socket = options.listen()

let folder = options.openFolder()

MPG.main(options.runtime) {
  let counters = Counters()
  var mux = Mux()

  mux.handle("/") { _, response in
    response.write("Hello World")
  }
  mux.handle("/about") { _, response in
    response.write("About Page")
  }
  mux.handle("/echo", methods: [.get, .post, .put], echo)
  mux.handle("/stats") { _, response in showStatistics(counters, &response) }

  // Each of these provokes one behaviour of the scheduler.
  mux.handle("/spawn", .slow, spawn)
  mux.handle("/cpu", .slow, burn)
  mux.handle("/sleep", .slow, sleep)
  mux.handle("/pipeline", .slow, pipeline)
  mux.handle("/hog", .slow, hog)
  mux.handle("/block", .slow, block)
  mux.handle("/leak", .slow, leak)
  mux.handle("/file", .slow) { request, response in try serveFile(of: folder, request, &response) }
  if options.crashable { mux.handle("/crash", .slow, crash) }

  let server = Server(mux, limits: options.limits, counters: counters)
  try stopOnSignal(server)
  say("Server running on :\(options.port)")
  try serve(server, on: socket)
}
