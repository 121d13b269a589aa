import Bytes
import Columnar
import JSON
import Tables

extension StoredMerge {
  /// What a new row says beyond its columns, held against a stored one of the same columns.
  func relation(
    _ new: NewRow, _ entry: InstantRows.Entry, in file: StoredFile
  ) throws -> ExtraRelation {
    if new.extra == entry.extra { return .same }
    if entry.extra == 0 { return .more }
    if new.extra == 0 { return .less }
    let words = ExtraWords(new: new.extra, stored: entry.extra)
    if let known = knownRelations[words] { return known }
    // Few texts come again and again; where each is another one, nothing is gained by keeping more.
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

/// What a new row and a stored one say beyond their columns, as canonical words.
struct ExtraWords: Hashable {
  let new: UInt64
  let stored: UInt64
}

/// What the fields of one row that no column is for say, compared with those of another; the best to lose nothing by
/// putting it into the other's place comes first.
enum ExtraRelation: Int {
  /// All that the other says, and more.
  case more
  case same
  /// Some of what the other says.
  case less
  /// Each says what the other does not.
  case other
  /// They have different values of one field.
  case contrary
}

/// The fields of a row that no column is for, as the JSON object that `extra` keeps.
enum ExtraMembers {
  static func relation(of left: String, to right: String) -> ExtraRelation {
    // Text that is no object cannot be taken apart: it is one value.
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
