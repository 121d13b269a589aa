/// Numbers as people read and write them.
public enum Quantity {
  /// `1234567` as `1,234,567`.
  public static func count(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits = String(digits.dropLast(3))
    }
    return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }

  /// Bytes in powers of 1000: `999 B`, `1.5 kB`, `23.4 MB`.
  public static func bytes(_ value: Int) -> String {
    if value.magnitude < 1000 { return "\(value) B" }
    var scaled = Double(value)
    var unit = 0
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    while abs(scaled) >= 999.5, unit < units.count - 1 {
      scaled /= 1000
      unit += 1
    }
    return fixed(scaled, digits: abs(scaled) < 99.95 ? 1 : 0) + " " + units[unit]
  }

  /// `0.4 s`, `59.9 s`, `2 m 05 s`, `1 h 02 m`.
  public static func duration(_ seconds: Double) -> String {
    if !(seconds >= 0) || !seconds.isFinite { return "?" }
    if seconds < 59.95 { return fixed(seconds, digits: 1) + " s" }
    let whole = seconds < 1e15 ? Int(seconds.rounded()) : Int.max
    if whole < 3600 { return "\(whole / 60) m \(twoDigits(whole % 60)) s" }
    return "\(count(whole / 3600)) h \(twoDigits(whole % 3600 / 60)) m"
  }

  /// A number with a fixed number of decimals.
  public static func fixed(_ value: Double, digits: Int) -> String {
    var power = 1.0
    for _ in 0..<digits { power *= 10 }
    let scaled = (abs(value) * power).rounded()
    guard scaled < 9e15 else { return value.description }
    let whole = Int(scaled)
    let sign = value < 0 && whole != 0 ? "-" : ""
    if digits == 0 { return sign + String(whole) }
    let text = String(whole)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
  }

  static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
