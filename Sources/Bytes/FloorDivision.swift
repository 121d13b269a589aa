/// The quotient rounded towards minus infinity, as needed for calendars: −1 / 86,400 gives −1.
@inlinable @inline(__always)
public func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
  let quotient = value / divisor
  return value % divisor < 0 ? quotient - 1 : quotient
}
