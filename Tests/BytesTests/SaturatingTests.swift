import Bytes
import Testing

@Suite struct SaturatingTests {
  @Test func sumsThatDoNotFitStayAtTheNearestNumber() {
    let cases: [(Int64, Int64, Int64)] = [
      (1, 2, 3), (.max, 1, .max), (.max, .max, .max), (.min, -1, .min), (.min, .max, -1),
      (-5, 3, -2), (.max, -1, .max - 1),
    ]
    for (left, right, sum) in cases {
      #expect(left.adding(clamped: right) == sum)
      #expect(right.adding(clamped: left) == sum)
    }
    #expect(Int64.min.subtracting(clamped: 1) == .min)
    #expect(Int64(0).subtracting(clamped: .min) == .max)
    #expect(Int64(7).subtracting(clamped: 9) == -2)
    #expect(UInt8(250).adding(clamped: 10) == 255)
    #expect(UInt8(3).subtracting(clamped: 4) == 0)
  }
}
