import Bytes
import Columnar
import JSON
import Tables

extension StoredMerge {
  /// Whether a new row and a stored one, of one key and alike in all columns, have different values of one
  /// field that no column is for.
  func contradicts(
    _ row: UnsafeRawPointer, _ entry: InstantRows.Entry, in file: StoredFile
  ) throws -> Bool {
    let column = plan.columns.first { $0.field.name == ExtraTime.column }
    guard case .text(let field)? = column?.origin,
      let stored = try file.extra(rowGroup: entry.rowGroup, row: entry.row)
    else { return false }
    let code = Int(row.loadLE(field.offset, as: UInt32.self))
    guard code < texts.count else { return false }
    return ExtraMembers.differ(texts[code], stored)
  }
}

/// The fields of a row that no column is for, as the JSON object that `extra` keeps.
enum ExtraMembers {
  /// Whether two objects have different values of one member; what only one of them has does not count.
  static func differ(_ left: String, _ right: String) -> Bool {
    // Text that is no object cannot be taken apart: it is one value.
    guard let left = try? JSONValue(parsing: left).object,
      let right = try? JSONValue(parsing: right).object
    else { return left != right }
    return left.members.contains { member in
      guard !ExtraTime.isTime(member.key), let other = right[member.key] else { return false }
      return !isSame(member.value, other)
    }
  }

  /// Numbers are the same by their value, however they are written, in quotes too: files of text do not say
  /// what is a number.
  private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
    if left == right { return true }
    guard let left = left.number ?? left.string, let right = right.number ?? right.string else {
      return false
    }
    if left == right { return true }
    guard let left = ExactNumber(left), let right = ExactNumber(right) else { return false }
    return left == right
  }

  /// A decimal number of any length, in the one form that it has.
  private struct ExactNumber: Equatable {
    private let isNegative: Bool
    /// Without zeros at either end.
    private let digits: [UInt8]
    /// Of ten, behind the last digit.
    private let exponent: Int

    init?(_ text: String) {
      var rest = text.utf8[...]
      let isNegative = rest.first == 0x2D
      if isNegative { rest.removeFirst() }
      let mantissa = rest.prefix { $0 | 0x20 != 0x65 }
      let parts = mantissa.split(separator: 0x2E, maxSplits: 1, omittingEmptySubsequences: false)
      var digits = parts.flatMap { Array($0) }
      guard let whole = parts.first, !whole.isEmpty, parts.last?.isEmpty == false,
        digits.allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      var exponent = parts.count > 1 ? -parts[1].count : 0
      if mantissa.endIndex < rest.endIndex {
        let tail = String(rest[rest.index(after: mantissa.endIndex)...]) ?? ""
        guard let stated = Int(tail), abs(stated) < 1_000_000 else { return nil }
        exponent += stated
      }
      while digits.last == 0x30 {
        digits.removeLast()
        exponent += 1
      }
      self.digits = Array(digits.drop { $0 == 0x30 })
      self.exponent = self.digits.isEmpty ? 0 : exponent
      self.isNegative = isNegative && !self.digits.isEmpty
    }
  }
}
