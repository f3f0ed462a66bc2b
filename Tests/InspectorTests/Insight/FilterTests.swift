import Region
import Testing

@testable import Insight
@testable import Inspector
@testable import Observed

@Suite("Filter")
struct FilterTests {
  private struct Row: FilterSubject {
    func value(of field: FilterField) -> FilterValue {
      switch field {
      case .g: .number(42)
      case .p: .number(3)
      case .age: .number(150_000_000)
      case .lrq: .number(1239)
      case .use: .number(87.3)
      case .search: .number(0.2)
      case .reason: .text("netpollRead")
      case .state: .text("parked")
      case .site: .text("serve(connection:) at Server.swift:88")
      case .text: .text("G42 parked netpollRead serve(connection:) at Server.swift:88")
      default: .none
      }
    }

    func prints(_ word: FilterWord) -> Bool {
      [.g, .p, .age, .use].contains { word.isPrinted($0, of: self) }
    }
  }

  @Test(
    "what holds of a row lets it through",
    arguments: [
      "", "  ", "serve", "SERVE parked", "reason:netpoll", "reason:NETPOLLREAD", "reason:mutex|netpoll",
      "age>100ms",
      "age>=150ms", "age<1s", "age<=150ms", "age>0.1", "p:3", "p:P3", "g:G42", "g:1|42", "p>2", "!p:4",
      "!reason:sleep",
      "site~server.swift", "!fd:7", "Server.swift:88", "serve|nothing", "!nothing", "reason:",
      "age>149999us age<2m", "reason=netpoll", "reason==netpollRead", "p=3", "p!=4", "fd!=7", "g=G42",
      "age=150ms",
      "age=0.15s", "age=150 ms", "age>149.5 ms age<1 s", "150 ms", "since<1m", "waits=netpoll",
      "waitsFor=netpoll", "spawned~server",
      "age<1m05s",
      "lrq=1.24k", "lrq>1.2k", "lrq=1,239", "now<2k", "use=87%", "use>50", "use>50%", "search=<1%", "fd=-",
      "fd:-",
      "state=waiting", "P3", "150ms", "87%", "!P4", "p3",
    ])
  func holds(_ text: String) {
    #expect(Filter(text).matches(Row()) && Filter(text).problem == nil)
  }

  @Test(
    "what does not hold keeps it back",
    arguments: [
      "nothing", "serve nothing", "reason:pollRead", "age>151ms", "age<150ms", "p:33", "p:3 g:4", "!p:3",
      "fd:7", "fd>1",
      "site:connection", "!serve", "by:1", "p<3", "p!=3", "reason!=netpoll", "age=152ms", "age>1m",
      "lrq=1.26k",
      "use=<1%", "use=85%", "g=-", "152 ms", "age=2 s", "state=ready", "reason=sync", "P4", "M3", "152ms",
      "boot:",
    ])
  func doesNotHold(_ text: String) {
    #expect(!Filter(text).matches(Row()) && Filter(text).problem == nil)
  }

  @Test("what cannot be understood is told, its bad part and an example, and is then a plain word or nothing")
  func problems() {
    #expect(Filter("colour:red").problem == "no field 'colour', such as state:running")
    #expect(!Filter("colour:red").matches(Row()))
    for (text, said) in [
      ("age>abc", "age>abc: 'abc' is no time, such as age>100ms"),
      ("since=soon", "since=soon: 'soon' is no time, such as age>100ms"),
      ("age>1m|soon", "age>1m|soon: 'soon' is no time, such as age>100ms"),
      ("p:three", "p:three: 'three' is no number, such as p:3"),
      ("use>much", "use>much: 'much' is no number, such as use>50%"),
      ("lrq>1x", "lrq>1x: '1x' is no number, such as lrq>100"),
      ("state>running", "state>running: 'state' has words, not numbers, such as state:…"),
      ("age>1s5m", "age>1s5m: '1s5m' is no time, such as age>100ms"),
    ] {
      #expect(Filter(text).problem == said)
      #expect(Filter(text).matches(Row()))
    }
    #expect(Filter("p:3 age>1ms serve").problem == nil)
    #expect(Filter("g:42").number(of: .g) == 42 && Filter("!g:42").number(of: .g) == nil)
  }

  @Test(
    "a group of wait reasons stands for its members", arguments: [WaitReason.mutex, .waitGroup, .semaphore])
  func groups(_ reason: WaitReason) {
    struct Row: FilterSubject {
      let reason: WaitReason
      func value(of field: FilterField) -> FilterValue { field == .reason ? .text("\(reason)") : .none }
    }
    #expect(Filter("reason=\(reason.group.rawValue)").matches(Row(reason: reason)))
  }

  @Test(
    "an event is found by everything that the list prints of it but when it was",
    arguments: EventKind.allCases)
  func events(_ kind: EventKind) {
    let record = Record(kind, time: 5, m: 7, g: 42, detail: 1, count: 3, arg: 9)
    let event = Event(
      PlacedRecord(record: record, lane: .p(2), position: 1),
      Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 1),
      names: StringBook(), reasons: WaitReason.all)
    let words = ["P2", "M7", event.name] + event.text.split(separator: " ").map(String.init)
    for word in words {
      #expect(Filter(word).problem == nil && Filter(word).matches(event), "\(word) of \(event.text)")
    }
    for term in ["lane=P2", "p=P2", "m=M7", "kind=\(event.name)", "kind:\(event.name)", "g=G42"] {
      #expect(Filter(term).problem == nil && Filter(term).matches(event), "\(term)")
    }
    #expect(!Filter("P5").matches(event) && !Filter("M6").matches(event) && !Filter("M70").matches(event))
  }
}
