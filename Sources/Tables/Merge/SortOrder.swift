import Catalog
import Columnar

/// The columns by which a segment's rows are sorted, nulls first.
///
/// All writers of `lake` agree on it: symbol, index timestamp with its nanoseconds, and one more number. Rows
/// that are equal in all of them keep the order of their files, and within a file their own, which is that of
/// their source. So a query shows them in the same order before and after a merge.
package struct SortOrder: Sendable {
  /// The text column that is compared first; nil if there is none.
  package let text: String?
  /// Integer columns that are compared after it.
  package let numbers: [Field]

  /// Rows keep the order in which they are stored.
  package static let asStored = SortOrder(text: nil, numbers: [])

  /// The caller vouches that `numbers` are columns of whole numbers.
  package init(text: String?, numbers: [Field]) {
    self.text = text
    self.numbers = numbers
  }

  /// - Parameter fields: The table's columns.
  package init(_ schema: TableSchema, fields: [Field]) {
    let types = Dictionary(fields.map { ($0.name, $0.type) }, uniquingKeysWith: { $1 })
    func number(_ name: String) -> Field? {
      types[name].flatMap { $0.storage == .integers ? Field(name, $0) : nil }
    }
    var rest = schema.sortColumns[...]
    var text: String?
    if let first = rest.first, let type = types[first], type.storage == .bytes {
      text = first
      rest = rest.dropFirst()
    }
    var numbers: [Field] = []
    // Writers sort by at most one number after the index.
    for name in rest.prefix(2) {
      guard let field = number(name) else { break }
      numbers.append(field)
      if let remainder = number(name + RemainderColumns.suffix) { numbers.append(remainder) }
    }
    self.init(text: text, numbers: numbers)
  }

  /// Whether rows keep the order of the files, unsorted.
  package var isAsStored: Bool { text == nil && numbers.isEmpty }
}
