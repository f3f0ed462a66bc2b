// A crawler: looks for a word in all files below a folder, with a fixed number of workers.
//
//     crawler-example FOLDER WORD WORKERS
//
// The main goroutine keeps the list of paths that are still to be visited. It hands them to the workers through one
// channel, and takes in what they found through another. Only it touches the list and the results, so there is no lock.
// Prints each file that has the word with its number of such lines, and exits with 0, or with 1 where no file has it.
import Foundation
import MPG

/// What a worker brings back from a path.
enum Visit: Sendable {
  /// A folder, with the paths of what is in it.
  case folder([String])
  /// A file, and how many of its lines have the word.
  case file(String, lines: Int)
  /// What cannot be looked into, and why.
  case failed(String)
  /// A symbolic link, a device, a socket: nothing to look into. A crawler that followed links might never end.
  case other
}

/// Runs in a worker. Whatever may touch the disk is done in `blocking`, or in `File`, which does so itself: the thread
/// waits for the disk, and the P goes on with other goroutines.
func visit(_ path: String, lookingFor word: [UInt8]) -> Visit {
  do {
    let attributes = try blocking { try FileManager.default.attributesOfItem(atPath: path) }
    switch attributes[.type] as? FileAttributeType {
    case .typeDirectory:
      let names = try blocking { try FileManager.default.contentsOfDirectory(atPath: path) }
      return .folder(names.map { "\(path)/\($0)" })
    case .typeRegular:
      let bytes = try File.read(path, limit: 64 << 20)
      return .file(path, lines: bytes.split(separator: UInt8(ascii: "\n")).count { $0.contains(word) })
    default:
      return .other
    }
  } catch {
    return .failed("\(path): \((error as? FileError)?.description ?? error.localizedDescription)")
  }
}

/// Starts `count` workers. They end when `paths` is closed.
func startWorkers(
  _ count: Int, lookingFor word: [UInt8], _ paths: Channel<String>, _ visits: Channel<Visit>
) {
  for _ in 0..<count {
    go {
      for path in paths { visits.send(visit(path, lookingFor: word)) }
    }
  }
}

/// What was found below a folder.
struct Findings {
  var files = 0
  var failures: [String] = []
  /// Files that have the word, with how many lines that have it.
  var hits: [(path: String, lines: Int)] = []
}

func crawl(_ folder: String, lookingFor word: [UInt8], workers: Int) -> Findings {
  let paths = Channel<String>()  // without a buffer: a path is handed over when a worker is free
  let visits = Channel<Visit>(capacity: workers)
  startWorkers(workers, lookingFor: word, paths, visits)

  var findings = Findings()
  var waiting = [folder]  // to be visited
  var underWay = 0  // handed to a worker, which has not answered yet
  while !waiting.isEmpty || underWay > 0 {
    // Sends and receives in one select. A loop that first sent all paths, and received later, would hang: as soon as all
    // workers wait to send what they found, nobody takes a path any more.
    select {
      if let path = waiting.last {
        $0.send(path, to: paths) {
          waiting.removeLast()
          underWay += 1
        }
      }
      $0.receive(from: visits) { visit in
        underWay -= 1
        switch visit {
        case .folder(let children): waiting += children
        case .file(let path, let lines):
          findings.files += 1
          if lines > 0 { findings.hits.append((path, lines)) }
        case .failed(let why): findings.failures.append(why)
        case .other, nil: break
        }
      }
    }
  }
  paths.close()
  return findings
}

guard CommandLine.arguments.count == 4, let workers = Int(CommandLine.arguments[3]), workers > 0 else {
  print("usage: crawler-example FOLDER WORD WORKERS")
  exit(64)
}
let (folder, word) = (CommandLine.arguments[1], Array(CommandLine.arguments[2].utf8))

MPG.main {
  let findings = crawl(folder, lookingFor: word, workers: workers)
  // Which worker was first is chance; the order of what is printed is not.
  for hit in findings.hits.sorted(by: { $0.path < $1.path }) { print("\(hit.path): \(hit.lines)") }
  for why in findings.failures.sorted() { print("not read: \(why)") }
  print("\(findings.files) files, \(findings.hits.count) with the word")
  exit(findings.hits.isEmpty ? 1 : 0)
}
