import Tables

extension ColumnAssignment {
  /// Columns that only tables of this program have: what they say of a row belongs to other columns,
  /// or to the table that they were in.
  mutating func assignOwn(_ schema: SourceSchema, _ owners: [Int?]) {
    for column in names.indices where uses[column] == .extra {
      let name = Self.normalised(names[column]).name
      if name == "extra", schema.position(of: name) != nil, !uses.contains(.extraObject) {
        uses[column] = .extraObject
      } else if name == "source_ordinal", schema.numbersRows {
        uses[column] = .ignored(reason: "the place of a row in another table's source")
      } else if let named = schema.columns.firstIndex(where: {
        $0.hasNanoseconds && $0.name + RemainderColumns.suffix == name
      }), case let position = copiedTime?.to == named ? copiedTime?.from ?? named : named,
        owners[position] != nil, !uses.contains(.remainder(of: position))
      {
        uses[column] = .remainder(of: position)
      }
    }
  }

  /// Why a row is not taken that has a value in a column that had none.
  static let notBlank =
    "there is a symbol, and --symbol stands for a column that has none in the first rows"

  /// Names of the schema's columns that some column of the file fills.
  func filled(_ schema: SourceSchema) -> Set<String> {
    let missing = Set(unfilled(schema))
    return Set(
      schema.columns.indices.filter { !missing.contains($0) }.map { schema.columns[$0].name })
  }

  /// What is left out because the kind's schema has no `extra`; nil where nothing is.
  func noteWithoutExtra(_ schema: SourceSchema) -> String? {
    if schema.position(of: "extra") != nil { return nil }
    let lost = names.indices.filter { uses[$0] == .extra || uses[$0] == .dateCheck }
    if lost.isEmpty { return nil }
    return
      "nothing of \(schema.kind) is for the columns \(Self.list(lost.map { names[$0] })), and its schema has no "
      + "'extra': they are left out"
  }

  /// Names of the file's columns that go into `extra`.
  var extraNames: Set<String> {
    Set(names.indices.filter { uses[$0] == .extra }.map { keys[$0] })
  }

  /// Positions of the schema's columns that no column of the file fills.
  func unfilled(_ schema: SourceSchema) -> [Int] {
    var isFilled = [Bool](repeating: false, count: schema.columns.count)
    for use in uses {
      switch use {
      case .field(let position):
        isFilled[position] = true
        if let copiedTime, copiedTime.from == position { isFilled[copiedTime.to] = true }
      case .date:
        if let index = schema.position(of: schema.index) { isFilled[index] = true }
      default: break
      }
    }
    return schema.columns.indices.filter { !isFilled[$0] }
  }

  /// Every required column must be filled: by the file, or by the user's word. Files of others that
  /// name their instruments need not number them too.
  ///
  /// - Returns: The position of the instrument's number, where symbols have to be made from it.
  func checkFilled(
    _ schema: SourceSchema, _ layout: SourceLayout, _ options: SourceOptions
  ) throws(SourceError) -> Int? {
    var numbering: Int?
    for position in unfilled(schema) {
      let column = schema.columns[position]
      if column.name == "symbol" {
        if options.symbol != nil { continue }
        numbering = instrumentNumber(schema, layout)
        if numbering == nil && column.isRequired { throw needsSymbol(otherUse(position, schema)) }
      } else if column.name == "instrument_id", hasSymbol(schema, options) {
        continue
      } else if column.isRequired, let other = otherUse(position, schema) {
        throw SourceError(
          .missingColumn,
          "nothing is left for '\(column.name)', which every row of \(schema.kind) needs: " + other,
          remedy: "leave that --map out, or name the column that holds it: "
            + "--map 'theirs=\(column.name)'")
      } else if column.isRequired {
        throw SourceError(
          .missingColumn,
          "the file has no column for '\(column.name)', which every row of \(schema.kind) needs; "
            + "its columns are " + Self.list(names),
          remedy: "name the column that holds it: --map 'theirs=\(column.name)'")
      }
    }
    if let symbol = options.symbol, let position = schema.position(of: "symbol"),
      let column = uses.firstIndex(of: .field(position))
    {
      throw SourceError(
        .needsSymbol,
        "the file has the symbols in column '\(names[column])', and --symbol \(symbol) was given",
        remedy: "leave out --symbol, or the column: --map '\(names[column])=-'")
    }
    return numbering
  }

  /// Whether every row has to have a value of the schema's column at a position: an instrument that is
  /// named need not be numbered.
  func isRequired(_ position: Int, _ schema: SourceSchema, _ options: SourceOptions) -> Bool {
    let column = schema.columns[position]
    return column.isRequired && !(column.name == "instrument_id" && hasSymbol(schema, options))
  }

  private func hasSymbol(_ schema: SourceSchema, _ options: SourceOptions) -> Bool {
    if options.symbol != nil { return true }
    return schema.position(of: "symbol").map { uses.contains(.field($0)) } ?? false
  }

  /// What became of a column whose name says that it fills the schema's column at a position.
  private func otherUse(_ position: Int, _ schema: SourceSchema) -> String? {
    for column in names.indices where Self.match(names[column], schema)?.0 == position {
      switch uses[column] {
      case .field(let other) where other != position:
        return "the file's column '\(names[column])' fills '\(schema.columns[other].name)'"
      case .ignored(let reason): return "the file's column '\(names[column])' is \(reason)"
      default: continue
      }
    }
    return nil
  }

  private func instrumentNumber(_ schema: SourceSchema, _ layout: SourceLayout) -> Int? {
    guard let position = schema.position(of: "instrument_id"),
      uses.contains(.field(position)), layout.fields[position].form == .int64
    else { return nil }
    return position
  }

  private func needsSymbol(_ other: String?) -> SourceError {
    SourceError(
      .needsSymbol,
      other.map { "nothing is left for the symbol: " + $0 }
        ?? "the file has no column for the symbol; its columns are " + Self.list(names),
      remedy: "name it: --symbol SPY, or the column that holds it: --map 'theirs=symbol'")
  }
}
