// What the process says of itself, read from words that other threads change meanwhile.
import Testing

@testable import MPG

@Suite("Statistics")
struct StatisticsTests {
  @Test("two sums that pass each other while they are read are no Gs, and never fewer than none")
  func passing() {
    #expect(Statistics.gauge(5, minus: 3) == 2)
    #expect(Statistics.gauge(3, minus: 5) == 0)
    #expect(Statistics.gauge(.max, minus: 0) == .max)
  }
}
