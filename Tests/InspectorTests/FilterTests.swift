import Testing

@testable import Inspector

@Suite("Filter")
struct FilterTests {
  private struct Row: FilterSubject {
    func value(of field: FilterField) -> FilterValue {
      switch field {
      case .g: .number(42)
      case .p: .number(3)
      case .age: .number(150_000_000)
      case .reason: .text("netpollRead")
      case .site: .text("serve(connection:) at Server.swift:88")
      case .text: .text("G42 parked netpollRead serve(connection:) at Server.swift:88")
      default: .none
      }
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
      "age>149999us age<2m",
    ])
  func holds(_ text: String) {
    #expect(Filter(text).matches(Row()))
  }

  @Test(
    "what does not hold keeps it back",
    arguments: [
      "nothing", "serve nothing", "reason:pollRead", "age>151ms", "age<150ms", "p:33", "p:3 g:4", "!p:3",
      "fd:7", "fd>1",
      "site:connection", "!serve", "by:1", "p<3",
    ])
  func doesNotHold(_ text: String) {
    #expect(!Filter(text).matches(Row()))
  }

  @Test("what cannot be understood is told, and is then a plain word or nothing")
  func problems() {
    #expect(Filter("colour:red").problem == "no field 'colour'")
    #expect(!Filter("colour:red").matches(Row()))
    #expect(Filter("age>soon").problem == "'soon' is no number")
    #expect(Filter("age>soon").matches(Row()))
    #expect(Filter("p:3 age>1ms serve").problem == nil)
    #expect(Filter("g:42").number(of: .g) == 42 && Filter("!g:42").number(of: .g) == nil)
  }
}
