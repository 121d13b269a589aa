import Columnar
import Databento
import Market
import Parquet

/// How each column of one Parquet file is read.
struct ParquetPlan {
  struct SymbolSource {
    var instrument: RowField
    var symbol: RowField
  }

  struct RecordTypeCheck {
    var column: Int
    var expected: Set<UInt8>
  }

  let names: [String]
  private(set) var fills: [ParquetFill?]
  private(set) var extraColumns: [Int] = []
  private(set) var extraField: RowField?
  /// A calendar date beside a full time, kept where it is another than the row's partition date.
  private(set) var dateColumn: Int?
  private let schemaZone: TimeZoneRules?
  /// The zone of the table's partition dates; nil: UTC.
  var partitionZone: TimeZoneRules? { schemaZone ?? dates?.zone }
  /// Another table's `extra`.
  private(set) var extraObject: Int?
  private(set) var extraNames: Set<String> = []
  private(set) var remainders: [(column: Int, time: RowField)] = []
  private(set) var symbolSource: SymbolSource?
  private(set) var recordTypes: [RecordTypeCheck] = []
  private(set) var report = SourceReport()
  /// Where the index has dates without a time: their zone, and one of them.
  private(set) var dates: (zone: TimeZoneRules, example: Int)?
  /// Columns that no row may have a value in.
  private(set) var blanks: [Int] = []
  /// Columns of one letter.
  let letters: LetterColumns
  /// What the columns are called in `extra`.
  let keys: [String]
  /// A time that fills another one too.
  private(set) var copiedTime: (from: RowField, to: RowField)?
  let required: [(String, RowField)]
  /// Names of the schema's columns that the file fills.
  let filledColumns: Set<String>
  let symbolField: RowField?
  let indexField: RowField

  init(
    leaves: [LeafColumn], names: [String], samples: [[[UInt8]]], schema: SourceSchema,
    layout: SourceLayout, options: SourceOptions
  ) throws(SourceError) {
    self.names = names
    let assignment = try ColumnAssignment(
      names: names, schema: schema, options: options, samples: samples)
    filledColumns = assignment.filled(schema)
    extraNames = assignment.extraNames
    symbolField = schema.position(of: "symbol").map { layout.fields[$0] }
    guard let index = schema.position(of: schema.index) else {
      throw SourceError(.missingColumn, "the schema '\(schema.kind)' has no index column")
    }
    indexField = layout.fields[index]
    required = schema.columns.indices.filter {
      assignment.isRequired($0, schema, options)
    }.map { (schema.columns[$0].name, layout.fields[$0]) }
    fills = [ParquetFill?](repeating: nil, count: names.count)
    if let instrument = try assignment.checkFilled(schema, layout, options), let symbolField {
      symbolSource = SymbolSource(instrument: layout.fields[instrument], symbol: symbolField)
    }
    letters = LetterColumns(schema, layout, assignment.uses)
    keys = assignment.keys
    copiedTime = assignment.copiedTime.map { (layout.fields[$0.from], layout.fields[$0.to]) }
    report.notes = assignment.notes
    schemaZone = schema.partitionZone
    if let note = assignment.noteWithoutExtra(schema) { report.notes.append(note) }
    let known = Set(names.map { ColumnAssignment.normalised($0).name })
    let isVendorForm = known.isSuperset(of: ["rtype", "publisher_id", "instrument_id"])
    for column in names.indices {
      switch assignment.uses[column] {
      case .field(let position):
        fills[column] = try Self.fill(
          column, leaves[column], schema.columns[position], layout.fields[position], options,
          assignment, samples[column], isIndex: position == index, isVendorForm: isVendorForm,
          kind: schema.kind)
        if position == index { dates = fills[column]?.times.dates(samples[column]) }
      case .extra:
        guard let extra = schema.position(of: "extra") else { continue }
        extraField = layout.fields[extra]
        extraColumns.append(column)
        report.extraColumns.append(names[column])
      case .extraObject:
        extraField = schema.position(of: "extra").map { layout.fields[$0] }
        extraObject = column
      case .remainder(let time): remainders.append((column, layout.fields[time]))
      case .recordType:
        if let kind = RecordKind(rawValue: schema.kind) {
          let expected: Set<UInt8> = kind.isBar ? [kind.rtype, 0x11] : [kind.rtype]
          recordTypes.append(RecordTypeCheck(column: column, expected: expected))
        }
      case .ignored(let reason): report.ignoredColumns.append("\(names[column]) (\(reason))")
      case .blank: blanks.append(column)
      case .dateCheck:
        extraField = schema.position(of: "extra").map { layout.fields[$0] }
        dateColumn = column
      case .date, .clock:
        throw SourceError(
          .unsupported, "date and time of day stand in two columns",
          place: .init(column: names[column]),
          remedy: "write the file with one column of timestamps")
      }
    }
  }

  private static func fill(
    _ column: Int, _ leaf: LeafColumn, _ target: SourceColumn, _ field: RowField,
    _ options: SourceOptions, _ assignment: ColumnAssignment, _ samples: [[UInt8]],
    isIndex: Bool, isVendorForm: Bool, kind: String
  ) throws(SourceError) -> ParquetFill {
    let name = assignment.names[column]
    var isInteger = false
    if case .integer = leaf.type { isInteger = true }
    var times = TimeConversion(form: .iso, clock: nil)
    let aim: ParquetFill.Target
    switch target.type {
    case .decimal(let precision, let scale): aim = .decimal(precision: precision, scale: scale)
    case .integer:
      let width = field.form.byteCount * 8
      aim = .integer(
        target.isUnsigned
          ? 0...Int128(UInt64.max)
          : -(Int128(1) << (width - 1))...(Int128(1) << (width - 1)) - 1)
    case .timestamp:
      aim = .time(step: CSVPlan.step(target))
      times = try self.times(
        column, leaf, target, options, assignment, samples, isIndex: isIndex, isVendorForm)
    case .date: aim = .date
    case .boolean: aim = .boolean
    case .double, .float, .float16: aim = .double
    default: aim = .text
    }
    let isPrice: Bool
    if case .decimal(_, 9) = target.type { isPrice = true } else { isPrice = false }
    let isFixed =
      isPrice && isInteger
      && (options.priceForm == .fixed || (options.priceForm == .automatic && isVendorForm))
    var sentinel: Int128?
    if isVendorForm, isInteger, !isPrice {
      sentinel = CSVPlan.sentinels(kind)[target.field].map { Int128($0) }
    }
    return ParquetFill(
      name: name, target: aim, field: field, isFixed: isFixed, sentinel: sentinel, times: times)
  }

  private static func times(
    _ column: Int, _ leaf: LeafColumn, _ target: SourceColumn, _ options: SourceOptions,
    _ assignment: ColumnAssignment, _ samples: [[UInt8]], isIndex: Bool, _ isVendorForm: Bool
  ) throws(SourceError) -> TimeConversion {
    let form: TimeForm?
    switch leaf.type {
    case .timestamp, .date: form = .iso
    default:
      form = try TimeForm.choose(
        samples, column: assignment.names[column], target, isIndex: isIndex,
        isVendorForm: isVendorForm)
    }
    let isNaive: Bool
    switch (leaf.type, form) {
    case (.timestamp(_, let isUTC), _): isNaive = !isUTC
    case (.date, _): isNaive = true
    case (_, .epoch), (_, nil): isNaive = false
    case (_, .compactDate), (_, .compactDateTime): isNaive = true
    case (_, .pattern(let pattern)): isNaive = !pattern.hasZone
    case (_, .iso):
      isNaive = samples.contains { sample in
        sample.withUnsafeBytes { TimeConversion.parse($0)?.hasZone == false }
      }
    }
    let clock = try LocalClock.choose(
      options, column: assignment.names[column], saysUTC: assignment.saysUTC[column],
      isNaive: isNaive, example: samples.first ?? [])
    var times = TimeConversion(form: form, clock: clock, hasSentinel: isVendorForm)
    times.describe(target, isVendorForm: isVendorForm)
    return times
  }
}
