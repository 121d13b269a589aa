import Columnar
import Databento
import DeltaLog
import JSON
import Market

/// How each column of one CSV file is read, decided from its header and first rows.
struct CSVPlan {
  /// An index time that is spread over a date and a time of day.
  struct DatedTime {
    var column: Int
    var time: Int
    var step: Int64
    var operation: CSVOperation
  }

  /// A time of microseconds, and the column of its nanoseconds.
  struct Remainder {
    var column: Int
    var time: RowField
  }

  /// The symbol of a file that only numbers its instruments.
  struct SymbolSource {
    var instrument: RowField
    var operation: CSVOperation
  }

  let names: [String]
  private(set) var actions: [CSVFieldReader.Action]
  private(set) var operations: [CSVOperation]
  /// Form of the field that each column fills.
  private(set) var forms: [RowFieldForm]
  private(set) var times: [TimeConversion] = []
  private(set) var datedTime: DatedTime?
  private(set) var extraOperation: CSVOperation?
  /// Times whose nanoseconds stand in a column of their own.
  private(set) var remainders: [Remainder] = []
  /// Names of the columns that go into `extra`.
  let extraNames: Set<String>
  private(set) var symbolSource: SymbolSource?
  private(set) var dateCheckColumn: Int?
  /// The zone of the table's partition dates; nil: UTC.
  var partitionZone: TimeZoneRules? { schema.partitionZone ?? dates?.zone }
  /// Columns of one letter.
  let letters: LetterColumns
  /// A time that fills another one too.
  let copiedTime: (from: RowField, to: RowField)?
  /// Where the index has dates without a time: their zone, and one of them.
  private(set) var dates: (zone: TimeZoneRules, example: Int)?
  let dateZone: TimeZoneRules?
  let symbolField: RowField?
  let indexField: RowField
  let assignment: ColumnAssignment

  private let schema: SourceSchema
  private let layout: SourceLayout
  private let options: SourceOptions
  private let samples: [[[UInt8]]]
  private let isVendorForm: Bool
  private let isFixed: Bool
  private let sentinels: [String: UInt64]
  /// How numbers are written that are not written as programs do.
  let numbers: NumberStyle
  /// Column whose value belongs to the symbol.
  let suffixColumn: Int?
  /// What stands for no value.
  let nullTexts: Set<String>

  /// Whether a row is more than its fields one by one.
  var finishesRows: Bool {
    extraOperation != nil || datedTime != nil || dateCheckColumn != nil || symbolSource != nil
      || !remainders.isEmpty || !letters.isEmpty || copiedTime != nil || suffixColumn != nil
  }

  init(
    header: CSVHeader, schema: SourceSchema, layout: SourceLayout, options: SourceOptions
  ) throws(SourceError) {
    self.schema = schema
    self.layout = layout
    self.options = options
    names = header.names
    samples = header.samples
    numbers = options.numbers ?? options.inferred?.numbers ?? .plain
    nullTexts = options.nullTexts
    suffixColumn = options.inferred?.symbolSuffixColumn
    assignment = try ColumnAssignment(
      names: names, schema: schema, options: options, samples: samples)
    extraNames = assignment.extraNames
    letters = LetterColumns(schema, layout, assignment.uses)
    copiedTime = assignment.copiedTime.map { (layout.fields[$0.from], layout.fields[$0.to]) }
    let known = Set(names.map { ColumnAssignment.normalised($0).name })
    isVendorForm = known.isSuperset(of: ["rtype", "publisher_id", "instrument_id"])
    isFixed = Self.isFixed(
      options, isVendorForm: isVendorForm, assignment, schema, samples: header.samples)
    sentinels = isVendorForm ? Self.sentinels(schema.kind) : [:]
    dateZone = options.timeZone
    symbolField = schema.position(of: "symbol").map { layout.fields[$0] }
    guard let index = schema.position(of: schema.index) else {
      throw SourceError(.missingColumn, "the schema '\(schema.kind)' has no index column")
    }
    indexField = layout.fields[index]
    actions = [CSVFieldReader.Action](repeating: .ignored, count: names.count)
    operations = [CSVOperation](repeating: CSVOperation(), count: names.count)
    forms = [RowFieldForm](repeating: .int64, count: names.count)
    if let instrument = try assignment.checkFilled(schema, layout, options),
      let symbol = schema.position(of: "symbol")
    {
      symbolSource = SymbolSource(
        instrument: layout.fields[instrument], operation: operation(symbol))
    }
    for column in names.indices { try plan(column) }
    // Kernels know a point alone, and no number that means that there is none.
    if !options.usesKernels || numbers.decimal != 0x2E
      || nullTexts.contains(where: { Double($0) != nil })
    {
      for column in names.indices { operations[column].kind = .general }
    }
  }

  // MARK: - What the file is like

  /// Databento's fixed form: a vendor's header, and no price with a point in the first rows.
  private static func isFixed(
    _ options: SourceOptions, isVendorForm: Bool, _ assignment: ColumnAssignment,
    _ schema: SourceSchema, samples: [[[UInt8]]]
  ) -> Bool {
    switch options.priceForm {
    case .fixed: return true
    case .decimal: return false
    case .automatic: break
    }
    guard isVendorForm else { return false }
    var priceCount = 0
    for (column, use) in assignment.uses.enumerated() {
      guard case .field(let position) = use, case .decimal(_, 9) = schema.columns[position].type
      else { continue }
      for sample in samples[column] {
        if sample.contains(where: { $0 != 0x2D && ($0 < 0x30 || $0 > 0x39) }) { return false }
        priceCount += 1
      }
    }
    return priceCount > 0
  }

  /// The bit patterns that the vendor writes for "no value", by field.
  static func sentinels(_ kind: String) -> [String: UInt64] {
    guard let record = RecordKind(rawValue: kind) else { return [:] }
    var found: [String: UInt64] = [:]
    for field in DBNFields.fields(record, version: 3) where !field.isPrice && !field.isTimestamp {
      if let sentinel = field.nullSentinel { found[field.name] = sentinel }
    }
    return found
  }

  // MARK: - Columns

  private func operation(_ position: Int) -> CSVOperation {
    let field = layout.fields[position]
    var operation = CSVOperation()
    operation.kind = .general
    operation.offset = field.offset
    operation.width = UInt8(min(field.form.byteCount, 8))
    operation.isRequired = assignment.isRequired(position, schema, options)
    if case .bit(let offset, let mask) = field.null {
      operation.nullOffset = offset
      operation.nullMask = mask
    }
    return operation
  }

  private mutating func plan(_ column: Int) throws(SourceError) {
    operations[column].kind = .general
    switch assignment.uses[column] {
    case .field(let position): try plan(column, filling: position)
    case .extra:
      guard let extra = schema.position(of: "extra") else { return }
      extraOperation = operation(extra)
      actions[column] = .extra(Self.jsonKey(assignment.keys[column]))
    case .extraObject:
      guard let extra = schema.position(of: "extra") else { return }
      extraOperation = operation(extra)
      actions[column] = .extraObject(Self.jsonKey(assignment.keys[column]))
    case .remainder(let position):
      actions[column] = .remainder(remainders.count)
      remainders.append(Remainder(column: column, time: layout.fields[position]))
    case .ignored: actions[column] = .ignored
    case .blank: actions[column] = .blank
    case .dateCheck:
      dateCheckColumn = column
      actions[column] = .dateCheck
      if let extra = schema.position(of: "extra") { extraOperation = operation(extra) }
    case .clock: actions[column] = .clock
    case .date:
      guard let index = schema.position(of: schema.index) else { return }
      actions[column] = .dateOfTime
      let form = options.inferred?.patterns[column].map { TimeForm.pattern($0) }
      times.append(TimeConversion(form: form ?? .iso, clock: try clock(column, isNaive: true)))
      datedTime = DatedTime(
        column: column, time: times.count - 1, step: Self.step(schema.columns[index]),
        operation: operation(index))
    case .recordType:
      let kind = RecordKind(rawValue: schema.kind)
      actions[column] =
        kind.map { .recordType([$0.rtype, $0.isBar ? 0x11 : $0.rtype]) } ?? .ignored
    }
  }

  static func jsonKey(_ name: String) -> [UInt8] {
    var bytes: [UInt8] = []
    JSONWriter.appendQuoted(name, to: &bytes)
    bytes.append(0x3A)
    return bytes
  }

  static func step(_ column: SourceColumn) -> Int64 { column.hasNanoseconds ? 1 : 1000 }

  private mutating func plan(_ column: Int, filling position: Int) throws(SourceError) {
    let target = schema.columns[position]
    var operation = operation(position)
    forms[column] = layout.fields[position].form
    switch target.type {
    case .boolean: actions[column] = .boolean
    case .integer: planInteger(column, target, &operation)
    case .decimal(let precision, let scale):
      let isFixedPrice = isFixed && scale == 9
      actions[column] =
        isFixedPrice
        ? .fixedPrice(precision: precision, scale: scale)
        : .decimal(precision: precision, scale: scale)
      if precision <= 18 {
        operation.kind = .number
        operation.scale = isFixedPrice ? 0 : scale
        operation.high = Int64(DecimalText.powersOfTen[precision]) - 1
        operation.low = -operation.high
      }
    case .float16, .float, .double: actions[column] = .double
    case .date: planDate(column)
    case .timestamp: try planTime(column, target, &operation)
    default:
      actions[column] = .text
      operation.kind = .text
    }
    operations[column] = operation
  }

  private mutating func planInteger(
    _ column: Int, _ target: SourceColumn, _ operation: inout CSVOperation
  ) {
    let width = layout.fields[schema.position(of: target.name) ?? 0].form.byteCount * 8
    let range: ClosedRange<Int128> =
      target.isUnsigned
      ? 0...Int128(UInt64.max)
      : -(Int128(1) << (width - 1))...(Int128(1) << (width - 1)) - 1
    var sentinel: Int128?
    if let bits = sentinels[target.field] { sentinel = Int128(bits) }
    actions[column] = .integer(range, sentinel: sentinel)
    operation.kind = .number
    operation.low = Int64(clamping: range.lowerBound)
    operation.high = Int64(clamping: range.upperBound)
    // The kernel leaves the vendor's null to the complete conversion.
    if let sentinel { operation.high = min(operation.high, Int64(clamping: sentinel) - 1) }
  }

  private mutating func planTime(
    _ column: Int, _ target: SourceColumn, _ operation: inout CSVOperation
  ) throws(SourceError) {
    var form = givenForm(column)
    if form == nil {
      form = try TimeForm.choose(
        samples[column], column: names[column], target, isIndex: target.name == schema.index,
        isVendorForm: isVendorForm)
    }
    let isNaive: Bool
    switch form {
    case .iso:
      isNaive = samples[column].contains { sample in
        sample.withUnsafeBytes { TimeConversion.parse($0)?.hasZone == false }
      }
    case .epoch, nil: isNaive = false
    case .pattern(let pattern): isNaive = !pattern.hasZone
    case .compactDate, .compactDateTime: isNaive = true
    }
    var time = TimeConversion(
      form: form, clock: try clock(column, isNaive: isNaive), hasSentinel: isVendorForm)
    time.describe(target, isVendorForm: isVendorForm)
    if target.name == schema.index { dates = time.dates(samples[column]) }
    times.append(time)
    operation.step = Self.step(target)
    operation.low = RowTime.range.lowerBound
    operation.high = RowTime.range.upperBound
    switch form {
    case .iso: operation.kind = .isoTime
    case .epoch(let digits):
      operation.kind = .epochTime
      operation.unit = Int64(DecimalText.powersOfTen[digits])
      let range = TimeForm.epoch(digits: digits).magnitudes
      operation.low = range.lowerBound.multipliedSaturating(by: operation.unit)
      if time.zero != .time { operation.low = max(operation.low, 1) }
      operation.high = min(
        operation.high, (range.upperBound - 1).multipliedSaturating(by: operation.unit))
    case .compactDate, .compactDateTime, .pattern, nil: operation.kind = .general
    }
    actions[column] = .time(times.count - 1, step: operation.step)
  }

  /// A date may stand there as an instant too; what a date does not keep of it goes into `extra`.
  private mutating func planDate(_ column: Int) {
    actions[column] = .date
    let values = samples[column]
    let areDates = values.allSatisfy { value in
      if case .rejected = value.withUnsafeBytes({ TextConversion.date($0) }) { false } else { true }
    }
    if areDates { return }
    var form = TimeForm.detect(values)
    if form == .iso || form == nil {
      let patterns = TimePattern.fitting(values).filter(\.hasDate)
      if patterns.count == 1 { form = .pattern(patterns[0]) }
    }
    guard let form else { return }
    times.append(
      TimeConversion(form: form, clock: LocalClock(zone: .utc, policy: options.ambiguousTime)))
    actions[column] = .day(times.count - 1, key: Self.jsonKey(assignment.keys[column]))
    if let extra = schema.position(of: "extra") { extraOperation = operation(extra) }
  }

  /// The table's name of the column that a column of the file fills.
  func target(of column: Int) -> String? {
    guard case .field(let position) = assignment.uses[column] else { return nil }
    return schema.columns[position].name
  }

  /// The forms in which day and month of columns of times are the other way round, where nobody says which it is.
  var rivalForms: [Int: TimePattern] {
    options.dateFormat == nil
      ? (options.inferred?.patterns ?? [:]).compactMapValues(\.swapped) : [:]
  }

  /// The form that was given or told for a column of times.
  private func givenForm(_ column: Int) -> TimeForm? {
    if let told = options.inferred?.patterns[column] { return .pattern(told) }
    guard let given = options.dateFormat, given.hasDate,
      let example = samples[column].first(where: TimeForm.isDecisive),
      example.withUnsafeBytes({ given.read($0) }) != nil
    else { return nil }
    return .pattern(given)
  }

  private func clock(_ column: Int, isNaive: Bool) throws(SourceError) -> LocalClock? {
    try LocalClock.choose(
      options, column: names[column], saysUTC: assignment.saysUTC[column], isNaive: isNaive,
      example: samples[column].first ?? [])
  }
}

extension Int64 {
  func multipliedSaturating(by factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }
}
