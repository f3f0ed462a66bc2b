// A chat server: what one client says, all clients read.
//
//     chat-example PORT SECONDS      and then, in as many terminals as you like: nc 127.0.0.1 PORT
//
// Each client has two goroutines: one reads from it, one writes to it. One more, the room, knows who is there. All others
// tell it what happens through one channel, so nothing is locked. Who says nothing for SECONDS, or does not read what is
// said, is shown out. SIGTERM and SIGINT end the server in order: everybody still gets what was said before.
import Foundation
import MPG
import Net

struct Member: Sendable {
  let number: Int
  let connection: TCPConnection
  let outbox = Channel<String>(capacity: 256)  // only the room sends to it and closes it
  let hasHungUp = Channel<Void>()  // closed when nothing more is read from the client
}

enum News: Sendable {
  case came(Member)
  case said(Int, String)
  case left(Int)
  case serverEnds
}

/// The room: runs until the server ends. It never waits for a client, so no client can hold up the others.
func keepRoom(_ news: Channel<News>) {
  var members: [Int: Member] = [:]
  func broadcast(_ line: String) {
    for member in members.values {
      select {
        $0.send(line, to: member.outbox) {}
        $0.otherwise { member.connection.close() }  // it is full: both its goroutines end
      }
    }
  }

  for item in news {
    switch item {
    case .came(let member):
      members[member.number] = member
      broadcast("* \(member.number) is here")
    case .said(let number, let line):
      broadcast("\(number): \(line)")
    case .left(let number):
      members.removeValue(forKey: number)?.outbox.close()
      broadcast("* \(number) has left")
    case .serverEnds:
      broadcast("* the server ends")
      for member in members.values { member.outbox.close() }
      members = [:]
    }
  }
}

/// Tells the room each line of a client, until the client hangs up, says nothing for `patience`, or has too long a line.
func read(from member: Member, _ news: Channel<News>, patience: Duration) {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
  defer { unsafe buffer.deallocate() }
  var text: [UInt8] = []
  while text.count < 1000 {
    member.connection.setReadDeadline(.after(patience))
    guard let count = try? unsafe member.connection.read(into: buffer), count > 0 else { break }
    unsafe text += buffer[..<count]
    while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
      let line = text[..<end].filter { $0 >= 32 }  // control characters could steer the others' terminals
      news.send(.said(member.number, String(decoding: line, as: UTF8.self)))
      text.removeSubrange(...end)
    }
  }
  news.send(.left(member.number))
  member.hasHungUp.close()
}

/// Writes to a client what the room says, until the room closes the outbox.
func write(to member: Member) throws {
  defer { member.connection.close() }
  for line in member.outbox {
    try unsafe Array("\(line)\n".utf8).withUnsafeBytes {
      try unsafe member.connection.write($0, within: .seconds(5))
    }
  }
  // Now the client hangs up. A socket that were closed at once would answer what still comes with a reset.
  member.connection.finishWriting()
  _ = withCancellation(timeout: .seconds(1)) { _ in try? member.hasHungUp.receiveOrCancelled() }
}

guard CommandLine.arguments.count == 3, let port = UInt16(CommandLine.arguments[1]),
  let seconds = UInt32(CommandLine.arguments[2])
else {
  print("usage: chat-example PORT SECONDS")
  exit(64)
}

MPG.main {
  let signals = try Signals([SIGTERM, SIGINT])  // from here on they do not end the process
  let socket = try ListeningSocket(host: "127.0.0.1", port: port)
  let listener = try TCPListener(socket)
  FileHandle.standardOutput.write(Data("chat on port \(socket.port)\n".utf8))
  go {
    _ = signals.next()
    listener.close()  // `accept` throws
  }
  let (news, open) = (Channel<News>(capacity: 64), WaitGroup())
  go { keepRoom(news) }
  do throws(NetError) {
    for number in 1... {
      let member = Member(number: number, connection: try listener.accept())
      news.send(.came(member))
      go { read(from: member, news, patience: .seconds(seconds)) }
      open.add()
      go {
        try? write(to: member)  // a client that is gone ends nothing but this
        open.done()
      }
    }
  } catch .closed {}
  news.send(.serverEnds)
  open.wait()
}
