// The blocks of the page "Channels and select".
import MPG

enum ChannelsAndSelect {
  static let snippets: [String: @Sendable () throws -> Void] = [
    "channel": { MPG.main { channel() } }, "workers": { MPG.main { workers() } },
    "timeout": { MPG.main { timeout() } }, "otherwise": { MPG.main { otherwise() } },
    "closeSignal": { MPG.main { closeSignal() } },
  ]

  static func channel() {
    // snippet.channel
    let words = Channel<String>(capacity: 2)
    go {
      for word in ["select", "is", "next"] { words.send(word) }
      words.close()
    }
    for word in words { print(word) }
    // snippet.end
  }

  static func workers() {
    // snippet.workers
    let jobs = Channel<Int>(capacity: 16)
    let results = Channel<Int>()
    for _ in 1...4 {
      go { for job in jobs { results.send(job * 2) } }
    }
    go {
      for job in 1...100 { jobs.send(job) }
      jobs.close()
    }
    var sum = 0
    for _ in 1...100 { sum += results.receive() ?? 0 }
    print(sum)
    // snippet.end
  }

  static func timeout() {
    // snippet.timeout
    let answers = Channel<String>(capacity: 1)
    answers.send("yes")
    for _ in 1...2 {
      select {
        $0.receive(from: answers) { answer in print("the answer is", answer ?? "missing") }
        $0.after(.milliseconds(50)) { print("nobody answers") }
      }
    }
    // snippet.end
  }

  static func otherwise() {
    // snippet.otherwise
    let mailbox = Channel<String>(capacity: 1)
    for letter in ["first", "second"] {
      let isTaken = select {
        $0.send(letter, to: mailbox) { true }
        $0.otherwise { false }
      }
      print(letter, isTaken ? "is in the mailbox" : "found it full")
    }
    // snippet.end
  }

  static func closeSignal() {
    // snippet.closeSignal
    let quit = Channel<Void>()
    let ended = WaitGroup()
    for _ in 1...3 {
      ended.add()
      go {
        _ = quit.receive()
        ended.done()
      }
    }
    quit.close()
    ended.wait()
    print("all three have ended")
    // snippet.end
  }
}
