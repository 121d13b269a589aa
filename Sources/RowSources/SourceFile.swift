import Catalog
import Compression
import Market

/// A file that is open and understood: what its rows are, and the rows.
public struct OpenSource {
  /// What a file is.
  public enum Format: String, Sendable { case csv, parquet, pages }

  /// Its rows.
  public let source: any RowSource
  /// What they are.
  public let schema: TableSchema
  /// What the file is.
  public let format: Format
  /// Where the rows belong, where nobody says otherwise; nil where only a person can tell.
  package var placement: SourcePlacement?

  /// - Parameter placement: nil where only a person can tell which table the rows belong to.
  package init(
    source: any RowSource, schema: TableSchema, format: Format, placement: SourcePlacement? = nil
  ) {
    self.source = source
    self.schema = schema
    self.format = format
    self.placement = placement
  }
}

/// What of the table that rows go to decides how they are read.
public struct TargetTraits: Sendable {
  /// The zone of its partition dates, where the table exists.
  public var partitionZone: TimeZoneRules?
  /// Its columns that are as wide as decimals get.
  public var wideColumns: Set<String>

  /// A table that does not exist has neither.
  public init(partitionZone: TimeZoneRules? = nil, wideColumns: Set<String> = []) {
    self.partitionZone = partitionZone
    self.wideColumns = wideColumns
  }
}

/// Opens files of rows, whoever wrote them.
public enum SourceFile {
  /// Opens a CSV or Parquet file, or a file of Massive's pages.
  ///
  /// - Parameters:
  ///   - input: The file's stream; Parquet is read from its path instead.
  ///   - lake: Whose own schema files are looked at first.
  ///   - target: What is known of the table that rows of a kind go to.
  /// - Throws: `SourceError`, `CatalogError` or `ParquetError` where the file as a whole is no
  ///   input: nothing is read of its rows then.
  public static func open(
    _ input: InputStream, options: SourceOptions, hint: KindHint, lake: Lake? = nil,
    target: (String) throws -> TargetTraits = { _ in TargetTraits() }
  ) throws -> OpenSource {
    if try !input.canBeReadAgain || !isParquet(input.path) {
      var hint = hint
      let (head, supply) = try unpacked(input, options, &hint)
      if let page = try openPage(head, supply, input.path, options, hint, lake) { return page }
      if !options.inspects, PageFile.isList(head) { throw PageFile.noPage(input.path) }
      return try openText(
        try PlainText(head, supply, path: input.path, options), input, options, hint, lake, target)
    }
    return try openColumns(input, path: input.path, .parquet, options, hint, lake, target)
  }

  /// The first bytes, and all of them, of a file or of the one file in an archive.
  private static func unpacked(
    _ input: InputStream, _ options: SourceOptions, _ hint: inout KindHint
  ) throws -> ([UInt8], any ByteSupply) {
    let head = try head(of: input)
    let supply = ReplayedSupply(head, then: input)
    do {
      guard options.inspects, let zip = try ZipSupply(head, supply) else { return (head, supply) }
      hint.innerName = zip.name
      var own = [UInt8](repeating: 0, count: PageFile.headByteCount)
      let count = try own.withUnsafeMutableBytes { try zip.read(into: $0) }
      own.removeSubrange(count...)
      return (own, ReplayedSupply(own, then: zip))
    } catch let error as SourceError {
      throw error.at(input.path)
    }
  }

  /// A file of Massive's pages; nil where it is none.
  private static func openPage(
    _ head: [UInt8], _ supply: any ByteSupply, _ path: String, _ options: SourceOptions,
    _ hint: KindHint, _ lake: Lake?
  ) throws -> OpenSource? {
    guard PageFile.isPage(head) else { return nil }
    do {
      let opened = try PageFile.open(
        head, supply, path: path, options: options, hint: hint, lake: lake)
      return OpenSource(
        source: opened.source, schema: opened.schema, format: .pages, placement: opened.placement)
    } catch let error as SourceError where options.inspects && error == PageFile.noPage(path) {
      // It was told from the first bytes, of which none are gone: JSON of another kind.
      return nil
    }
  }

  /// Looks at the beginning of a text.
  ///
  /// - Returns: nil for files of other forms, and for those that say all themselves.
  package static func inspect(
    _ input: InputStream, options: SourceOptions, hint: KindHint
  ) throws -> FileInspection? {
    if try input.canBeReadAgain && isParquet(input.path) { return nil }
    var hint = hint
    let (head, supply) = try unpacked(input, options, &hint)
    if head.starts(with: "DBN".utf8) { return nil }
    if PageFile.isPage(head), try PageFile.isKnown(head, input.path, options, hint) { return nil }
    let text = try PlainText(head, supply, path: input.path, options)
    return try look(text, input, options, hint).0
  }

  /// Opens a text, after a look at its beginning.
  private static func openText(
    _ text: PlainText, _ input: InputStream, _ options: SourceOptions, _ hint: KindHint,
    _ lake: Lake?, _ target: (String) throws -> TargetTraits
  ) throws -> OpenSource {
    let path = input.path
    guard options.inspects else {
      return try openColumns(text.supply, path: path, .csv, options, hint, lake, target)
    }
    var (options, hint) = (options, hint)
    var (inspection, whole) = try look(text, input, options, hint)
    if let inspection {
      if let refusal = inspection.refusal(hint, path: path) { throw refusal.at(path) }
      inspection.fill(&options, &hint)
      if options.timeZone == nil, let name = inspection.zone {
        options.timeZone = try TimeZoneRules.named(name)
      }
      whole = try inspection.reshaped(whole, &options)
    }
    return try openColumns(whole, path: path, .csv, options, hint, lake, target)
  }

  /// Looks at the beginning of a text; at all of it where the form of its dates is open otherwise.
  private static func look(
    _ text: PlainText, _ input: InputStream, _ options: SourceOptions, _ hint: KindHint
  ) throws -> (FileInspection?, any ByteSupply) {
    let (inspection, whole) = try InspectedText.look(
      text, path: input.path, options: options, hint: hint)
    guard let inspection, input.canBeReadAgain else { return (inspection, whole) }
    if let given = options.dateFormat, var scan = inspection.contradictions(of: given) {
      try scan.read(
        RecordStream(
          whole, delimiter: inspection.reading.delimiter, skipping: inspection.reading.lineCount))
      if let swapped = given.swapped, scan.forms == [swapped] {
        throw SourceError(
          .needsForm,
          "'\(scan.examples[0] ?? "")' is no date in the form '\(given.text)', and all dates of the file are in '\(swapped.text)'",
          remedy: "leave --date-format out for this file, or give it as \(swapped.text)"
        ).at(input.path)
      }
      var unchanged = hint
      let (head, supply) = try unpacked(try InputStream(path: input.path), options, &unchanged)
      return try InspectedText.look(
        try PlainText(head, supply, path: input.path, options), path: input.path,
        options: options, hint: hint)
    }
    guard var scan = inspection.openDateForms else { return (inspection, whole) }
    try scan.read(
      RecordStream(
        whole, delimiter: inspection.reading.delimiter, skipping: inspection.reading.lineCount))
    // Its bytes are used up: the text is read again, for the rows.
    var (again, unchanged) = (options, hint)
    if scan.forms.count == 1 {
      again.dateFormat = scan.forms[0]
    } else {
      again.openDateForms = scan.forms
    }
    let (head, supply) = try unpacked(try InputStream(path: input.path), options, &unchanged)
    return try InspectedText.look(
      try PlainText(head, supply, path: input.path, options), path: input.path, options: again,
      hint: hint)
  }

  /// Whether flags or the table say how long the bars of pages are, whatever the file.
  package static func saysSpan(_ hint: KindHint, path: String) throws(SourceError) -> Bool {
    try PageFile.statedSpan(hint, path: path) != nil
  }

  /// The first bytes, decompressed.
  private static func head(of input: InputStream) throws -> [UInt8] {
    var head = [UInt8](repeating: 0, count: PageFile.headByteCount)
    let count = try head.withUnsafeMutableBytes { try input.read(into: $0) }
    head.removeSubrange(count...)
    return head
  }

  private static func openColumns(
    _ supply: any ByteSupply, path: String, _ format: OpenSource.Format, _ options: SourceOptions,
    _ hint: KindHint, _ lake: Lake?, _ target: (String) throws -> TargetTraits
  ) throws -> OpenSource {
    var chosen: TableSchema?
    var placement: SourcePlacement?
    func choose(_ columns: SourceColumnNames) throws -> SourceSchema {
      var columns = columns
      for mapping in options.columnMap {
        if let index = columns.names.firstIndex(of: mapping.theirs) {
          columns.names[index] = mapping.ours
        }
      }
      let flat = FlatFileKind(columns, hint: hint, path: path)
      placement = try flat?.placement
      let kind = try flat?.schemaKind ?? SourceKind.detect(columns, hint: hint)
      let traits = try target(kind)
      let schema = try TableSchema.named(kind, in: lake).widened(traits.wideColumns)
      chosen = schema
      var described = SourceSchema(schema)
      if !options.checksRules { described.rules = [] }
      described.partitionZone =
        try traits.partitionZone
        ?? placement.map { try TimeZoneRules.named($0.setting.timeZone) }
      return described
    }
    let source: any RowSource =
      format == .parquet
      ? try ParquetSource(path: path, options: options, schema: choose)
      : try CSVSource(supply: supply, path: path, options: options, schema: choose)
    guard let chosen else {
      throw SourceError(.needsKind, "nothing tells what the rows are").at(path)
    }
    return OpenSource(source: source, schema: chosen, format: format, placement: placement)
  }

  private static func isParquet(_ path: String) throws -> Bool {
    let supply = try FileSupply(path: path)
    var magic: [UInt8] = [0, 0, 0, 0]
    let count = try magic.withUnsafeMutableBytes { try supply.read(into: $0) }
    return count == 4 && magic.elementsEqual("PAR1".utf8)
  }
}
