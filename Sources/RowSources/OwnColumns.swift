import Bytes
import Columnar
import JSON

/// The nanoseconds of a time that a table keeps beside its microseconds, coming back as a column of a
/// file.
enum TimeRemainder {
  static let range: ClosedRange<Int128> = 0...999

  /// Makes one value of a packed row's time and its nanoseconds.
  ///
  /// Text that was written from the pair has the nanoseconds in both: that agrees.
  ///
  /// - Returns: Why the two are no time.
  static func add(
    _ nanoseconds: Int64, to field: RowField, of row: UnsafeMutableRawPointer
  ) -> (RejectionRule, String)? {
    guard field.isValid(row) else {
      if nanoseconds == 0 { return nil }
      return (.badTime, "there are nanoseconds, '\(nanoseconds)', and no time to add them to")
    }
    let time = UnsafeRawPointer(row).loadLE(field.offset, as: Int64.self)
    let own = ((time % 1000) + 1000) % 1000
    if own == nanoseconds { return nil }
    if own != 0 {
      return (
        .badTime,
        "the nanoseconds '\(nanoseconds)' are not those of \(TimeText.iso(nanoseconds: time, digits: 9))"
      )
    }
    // Times lie well within 64 bits (RowTime.range), and end at a whole microsecond.
    row.storeLE(time + nanoseconds, field.offset)
    return nil
  }
}

/// The text of another table's `extra`.
enum ExtraObject {
  /// What a date that goes into `extra` is called there: by its name, unless another table's `extra` has one
  /// of that name already.
  ///
  /// - Parameter object: What is there so far, without the end.
  static func dateKey(_ name: String, beside object: [UInt8]) -> String {
    let quoted = Array("\"\(name)\":".utf8)
    guard let first = quoted.first, object.count > quoted.count else { return name }
    var at = object.startIndex
    while let found = object[at...].firstIndex(of: first) {
      if object[found...].starts(with: quoted) { return name + "_2" }
      at = found + 1
    }
    return name
  }

  /// What stands between the braces of a JSON object, to go into another; nil for any other
  /// text, and where a member has the name of one of the columns that go in there too.
  static func members(
    _ text: UnsafeRawBufferPointer, apartFrom columns: Set<String>
  ) -> [UInt8]? {
    guard text.count >= 2, text.first == 0x7B, text.last == 0x7D,
      // Any other text is kept too: as text, under the column's name.
      let object = try? JSONValue(parsing: text).object,
      !object.members.contains(where: { columns.contains($0.key) })
    else { return nil }
    return object.members.isEmpty ? [] : [UInt8](text[1..<text.count - 1])
  }
}
