import Bytes
import Columnar
import JSON
import Tables

extension StoredMerge {
  /// Compares what a new row has beyond its columns with a stored row of the same columns.
  func relation(
    _ new: NewRow, _ entry: InstantRows.Entry, in file: StoredFile
  ) throws -> ExtraRelation {
    if new.extra == entry.extra { return .same }
    if entry.extra == 0 { return .more }
    if new.extra == 0 { return .less }
    let words = ExtraWords(new: new.extra, stored: entry.extra)
    if let known = knownRelations[words] { return known }
    // Usually a few texts occur again and again; if each is different, keeping more gains nothing.
    if knownRelations.count == Self.knownRelationMax { knownRelations.removeAll() }
    let relation = try readRelation(new, entry, in: file)
    knownRelations[words] = relation
    return relation
  }

  private static let knownRelationMax = 4096

  private func readRelation(
    _ new: NewRow, _ entry: InstantRows.Entry, in file: StoredFile
  ) throws -> ExtraRelation {
    let column = plan.columns.first { $0.field.name == ExtraTime.column }
    guard case .text(let field)? = column?.origin,
      let stored = try file.extra(rowGroup: entry.rowGroup, row: entry.row)
    else { return .other }
    let code = Int(new.packed.loadLE(field.offset, as: UInt32.self))
    guard code < texts.count else { return .other }
    return ExtraMembers.relation(of: texts[code], to: stored)
  }
}

/// What a new row and a stored row have beyond their columns, as canonical words.
struct ExtraWords: Hashable {
  let new: UInt64
  let stored: UInt64
}

/// How the extra fields of one row relate to those of another. Sorted so that the first loses least if the row
/// replaces the other.
enum ExtraRelation: Int {
  /// It has all that the other has, and more.
  case more
  case same
  /// It has a part of what the other has.
  case less
  /// Each has fields that the other lacks.
  case other
  /// They have different values of one field.
  case contrary
}

/// The fields of a row without columns of their own, as the JSON object in `extra`.
enum ExtraMembers {
  static func relation(of left: String, to right: String) -> ExtraRelation {
    // Text that is no object is compared as one value.
    guard let left = try? JSONValue(parsing: left).object,
      let right = try? JSONValue(parsing: right).object
    else { return left == right ? .same : .contrary }
    var common = 0
    for member in left.members {
      guard let other = right[member.key] else { continue }
      common += 1
      if !ExtraTime.isTime(member.key), !isSame(member.value, other) { return .contrary }
    }
    return switch (common < left.members.count, common < right.members.count) {
    case (false, false): .same
    case (true, false): .more
    case (false, true): .less
    case (true, true): .other
    }
  }

  /// Numbers are equal by value, however written, even in quotes: text files do not tell what is a number.
  private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
    if left == right { return true }
    guard let left = left.number ?? left.string, let right = right.number ?? right.string else {
      return false
    }
    if left == right { return true }
    guard let left = ExactNumber(left), let right = ExactNumber(right) else { return false }
    return left == right
  }

  /// A decimal number of any length, in normal form.
  private struct ExactNumber: Equatable {
    private let isNegative: Bool
    /// Without zeros at either end.
    private let digits: [UInt8]
    /// Power of ten of the last digit.
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
