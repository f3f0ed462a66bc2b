// `/file?name=`: serves the files of one folder. Reading blocks a thread, but no P.

import Glibc
import HTTP
import MPG

extension Options {
  /// The folder to serve; nil if none was named. If it cannot be opened, prints one line and exits with 1.
  func openFolder() -> Folder? {
    guard let files else { return nil }
    do {
      return try Folder(files)
    } catch {
      complain("cannot serve files: \(error); try another --files")
      Glibc.exit(1)
    }
  }
}

/// The largest file that is served, in bytes: a response is in memory as a whole.
private let largest = 8 << 20

/// `/file?name=notes/today.txt`: serves a file of the served folder or a folder below.
func serveFile(of folder: Folder?, _ request: borrowing Request, _ response: inout Response) throws {
  guard let folder else { throw HTTPError(.notFound, "no folder is served; see --files") }
  guard let name = try request.parameter("name") else {
    throw HTTPError(.badRequest, "name: a path beneath the served folder is missing")
  }
  do throws(FileError) {
    var file = try folder.open(name)
    guard file.size <= largest else { throw FileError.tooLarge(name, limit: largest) }
    response.write(try file.readToEnd(limit: largest))
  } catch {
    throw HTTPError(status(of: error), "\(error)")
  }
  response.contentType = contentType(of: name)
  // This header tells browsers not to guess another type, such as a script in a text file.
  response.add("X-Content-Type-Options", "nosniff")
}

private func status(of error: FileError) -> Status {
  switch error {
  case .invalidPath: .badRequest
  case .notFound: .notFound
  case .outside, .notRegular, .notPermitted, .tooLarge: .forbidden
  case .failed(_, _, let errno) where errno == EMFILE || errno == ENFILE || errno == ENOMEM:
    .serviceUnavailable
  case .failed: .internalServerError
  }
}

private func contentType(of name: String) -> StaticString {
  guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else {
    return "application/octet-stream"
  }
  switch name[name.index(after: dot)...].lowercased() {
  case "txt", "md", "log": return "text/plain; charset=utf-8"
  case "html", "htm": return "text/html; charset=utf-8"
  case "css": return "text/css; charset=utf-8"
  case "csv": return "text/csv; charset=utf-8"
  case "js", "mjs": return "text/javascript; charset=utf-8"
  case "json": return "application/json"
  case "xml": return "application/xml"
  case "pdf": return "application/pdf"
  case "svg": return "image/svg+xml"
  case "png": return "image/png"
  case "jpg", "jpeg": return "image/jpeg"
  case "gif": return "image/gif"
  case "webp": return "image/webp"
  case "ico": return "image/vnd.microsoft.icon"
  default: return "application/octet-stream"
  }
}
