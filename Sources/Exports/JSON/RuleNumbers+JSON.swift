// The numbers of a target's rules as JSON.
import Observed
import Region

extension Snapshot.RuleNumbers {
  func writeMembers(to json: inout JSONText) {
    for number in RuleNumber.allCases {
      switch number {
      case .preemption: json.member("preemption", self[number].map { $0 == 1 })
      default: json.member("\(number)" + (number.isTime ? "_ns" : ""), self[number])
      }
    }
  }
}
