import Columnar
import JSON

/// How a JSON value is stored in a field.
enum ValueForm: Hashable {
  /// An exact number of at most `precision` digits, `scale` of them after the point.
  case decimal(precision: Int, scale: Int)
  /// A computed price: one that decimal(18,9) cannot hold is kept in `extra` instead.
  case average
  /// A whole number of 64 bits.
  case integer
  /// Milliseconds since 1970.
  case milliseconds
  /// An ISO time; without a zone it is UTC.
  case instant
  /// A date, or a time whose date is used: its midnight in New York.
  case midnight
  /// A date: days since 1970.
  case date
  case text
  /// Any value, as compact JSON.
  case json
  case boolean
  /// Known, but not stored.
  case ignored
  /// Only in answers whose times are the ends of bars, not their starts.
  case endOfBar

  var packed: RowFieldForm {
    switch self {
    case .decimal(let precision, _): precision > 18 ? .int128 : .int64
    case .integer, .average: .int64
    case .milliseconds, .instant, .midnight: .timestamp
    case .date: .int32
    case .boolean: .int8
    case .text, .json, .ignored, .endOfBar: .text
    }
  }
}

/// A member of a JSON object and the field that it fills.
struct Member {
  let name: StaticString
  let form: ValueForm
  let field: RowField?
  let isRequired: Bool

  init(_ name: StaticString, _ form: ValueForm, _ field: RowField?, isRequired: Bool = false) {
    self.name = name
    self.form = form
    self.field = field
    self.isRequired = isRequired
  }
}

/// The members of one kind of record, and the packed row that they fill.
struct RecordShape {
  let layout: RowLayout
  let members: [Member]
  let symbol: RowField
  let index: RowField
  let extra: RowField

  /// - Parameter vendorNames: The vendor's names of fields, where they differ.
  private init(
    _ layout: RowLayout, index: String, _ forms: [(StaticString, ValueForm)],
    required: [String], vendorNames: [String: String] = [:]
  ) {
    guard let symbol = layout.field(named: "symbol"), let index = layout.field(named: index),
      let extra = layout.field(named: "extra")
    else { preconditionFailure("every layout has a symbol, an index and 'extra'") }
    self.layout = layout
    self.symbol = symbol
    self.index = index
    self.extra = extra
    members = forms.map { name, form in
      let fieldName = vendorNames[name.description] ?? name.description
      return Member(
        name, form, layout.field(named: fieldName),
        isRequired: required.contains(name.description))
    }
  }

  static let bars: RecordShape = {
    let price = ValueForm.decimal(precision: 18, scale: 9)
    return RecordShape(
      MassiveLayout.bars, index: "t",
      [
        ("t", .milliseconds), ("o", price), ("h", price), ("l", price), ("c", price),
        ("v", .decimal(precision: 18, scale: 6)), ("vw", .average),
        ("n", .integer), ("T", .endOfBar),
      ], required: ["t", "o", "h", "l", "c"])
  }()

  static let indexBars: RecordShape = {
    let value = ValueForm.decimal(precision: 38, scale: 18)
    return RecordShape(
      MassiveLayout.indexBars, index: "t",
      [
        ("t", .milliseconds), ("o", value), ("h", value), ("l", value), ("c", value),
        ("T", .endOfBar),
      ], required: ["t", "o", "h", "l", "c"])
  }()

  static let contracts = packed(
    index: "as_of",
    [
      ("ticker", .text), ("underlying_ticker", .text), ("contract_type", .text),
      ("exercise_style", .text), ("expiration_date", .date),
      ("strike_price", .decimal(precision: 18, scale: 9)),
      ("shares_per_contract", .decimal(precision: 18, scale: 6)), ("primary_exchange", .text),
      ("cfi", .text), ("correction", .integer), ("additional_underlyings", .json),
    ], required: ["ticker"], vendorNames: ["ticker": "symbol"])

  static let openClose = packed(
    index: "from",
    [
      ("symbol", .text), ("from", .midnight),
      ("open", .decimal(precision: 38, scale: 18)), ("high", .decimal(precision: 38, scale: 18)),
      ("low", .decimal(precision: 38, scale: 18)), ("close", .decimal(precision: 38, scale: 18)),
      ("preMarket", .decimal(precision: 38, scale: 18)),
      ("afterHours", .decimal(precision: 38, scale: 18)),
      ("volume", .decimal(precision: 18, scale: 6)), ("otc", .boolean), ("status", .ignored),
      ("request_id", .ignored),
    ], required: ["symbol", "from"])

  /// For articles: publisher, tickers and insights are parsed separately.
  static let news = packed(
    index: "published_utc",
    [
      ("id", .text), ("published_utc", .instant), ("title", .text), ("author", .text),
      ("publisher_name", .text), ("publisher_homepage_url", .text), ("publisher_logo_url", .text),
      ("publisher_favicon_url", .text), ("article_url", .text), ("amp_url", .text),
      ("image_url", .text), ("description", .text), ("keywords", .json), ("tickers", .json),
      ("sentiment", .text), ("sentiment_reasoning", .text),
    ], required: ["id", "published_utc"])

  /// A shape with consecutive fields: 32 validity bits, symbol, index, the others.
  private static func packed(
    index: String, _ forms: [(StaticString, ValueForm)], required: [String],
    vendorNames: [String: String] = [:]
  ) -> RecordShape {
    var fields = [
      RowField("symbol", .text, offset: 4), RowField(index, .timestamp, offset: 8),
    ]
    var offset = 16
    func add(_ name: String, _ form: RowFieldForm) {
      let bit = fields.count - 2
      fields.append(
        RowField(
          name, form, offset: offset, null: .bit(offset: bit / 8, mask: 1 << UInt8(bit % 8))))
      offset += form.byteCount
    }
    for (name, form) in forms where form != .ignored {
      let name = vendorNames[name.description] ?? name.description
      if name != "symbol" && name != index { add(name, form.packed) }
    }
    add("extra", .text)
    let layout = RowLayout(stride: (offset + 7) / 8 * 8, fields: fields)
    return RecordShape(layout, index: index, forms, required: required, vendorNames: vendorNames)
  }

  /// Index in `members` of the member with a key; nil if unknown.
  func position(of key: JSONText) -> Int? {
    for position in members.indices where key.equals(members[position].name) { return position }
    return nil
  }
}
