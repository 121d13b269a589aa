import Bytes
import Columnar

/// Columns of one letter, whose meaning a vendor's enumeration gives: other spellings of it become that letter.
///
/// Files of others write `buy` or `SELL` where the vendor has `B` and `A`: kept as they are they would be values that no
/// filter and no export knows.
struct LetterColumns {
  private struct Letter {
    var name: String
    var field: RowField
    var choices: LetterChoices
    /// By code of a text: the code of its letter, one more; 0 where it was not looked at yet.
    var known: [UInt32] = []
  }

  private var letters: [Letter] = []

  var isEmpty: Bool { letters.isEmpty }

  /// Of the columns that a file fills.
  init(_ schema: SourceSchema, _ layout: SourceLayout, _ uses: [ColumnUse]) {
    for use in uses {
      guard case .field(let position) = use, let choices = schema.columns[position].letters
      else { continue }
      letters.append(
        Letter(
          name: schema.columns[position].name, field: layout.fields[position], choices: choices))
    }
  }

  /// Makes letters of a packed row's texts.
  ///
  /// - Returns: What is wrong with one that means none.
  mutating func settle(_ row: UnsafeMutableRawPointer, _ strings: StringTable) -> String? {
    for index in letters.indices where letters[index].field.isValid(row) {
      let code = UnsafeRawPointer(row).loadLE(letters[index].field.offset, as: UInt32.self)
      let ordinal = Int(code)
      if ordinal < letters[index].known.count, letters[index].known[ordinal] != 0 {
        row.storeLE(letters[index].known[ordinal] - 1, letters[index].field.offset)
        continue
      }
      let text = strings[code]
      guard let letter = letters[index].choices.letter(of: text) else {
        return "'\(letters[index].name)': '\(text.prefix(48))' is none of "
          + letters[index].choices.allowed
      }
      let own = strings.code(letter)
      row.storeLE(own, letters[index].field.offset)
      // Those of a file's letters are among its first texts.
      guard ordinal < Self.knownMax, own < .max else { continue }
      while letters[index].known.count <= ordinal { letters[index].known.append(0) }
      letters[index].known[ordinal] = own + 1
    }
    return nil
  }

  private static let knownMax = 1 << 16
}

/// What a column of one letter may hold.
struct LetterChoices: Sendable, Equatable {
  /// The letters, in the vendor's order; empty where any one is.
  var letters: [String]
  /// Other spellings, in lower case.
  private var spellings: [String: String]

  private static let side = LetterChoices(
    letters: ["A", "B", "N"],
    spellings: [
      "ask": "A", "asks": "A", "sell": "A", "seller": "A", "sold": "A", "s": "A", "offer": "A",
      "bid": "B", "bids": "B", "buy": "B", "buyer": "B", "bought": "B", "none": "N",
    ])
  private static let action = LetterChoices(
    letters: ["A", "C", "M", "R", "T", "F", "N"],
    spellings: [
      "add": "A", "cancel": "C", "modify": "M", "clear": "R", "trade": "T", "fill": "F",
      "none": "N",
    ])
  private static let answer = LetterChoices(
    letters: ["Y", "N", "~"], spellings: ["yes": "Y", "true": "Y", "no": "N", "false": "N"])
  private static let any = LetterChoices(letters: [], spellings: [:])

  /// Those of a column of letters.
  static func of(_ column: String) -> LetterChoices {
    switch column {
    case "side", "unpaired_side": side
    case "action": action
    case "is_trading", "is_quoting", "is_short_sell_restricted": answer
    default: any
    }
  }

  func letter(of text: String) -> String? {
    if letters.isEmpty { return text.utf8.count == 1 ? text : nil }
    if letters.contains(text) { return text }
    let lower = text.lowercased()
    return letters.first { $0.lowercased() == lower } ?? spellings[lower]
  }

  /// In words.
  var allowed: String {
    letters.isEmpty ? "one letter" : letters.map { "'\($0)'" }.joined(separator: ", ")
  }
}
