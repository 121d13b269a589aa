extension ColumnAssignment {
  /// Names of the schema's columns that some column of the file fills.
  func filled(_ schema: SourceSchema) -> Set<String> {
    let missing = Set(unfilled(schema))
    return Set(
      schema.columns.indices.filter { !missing.contains($0) }.map { schema.columns[$0].name })
  }

  /// Positions of the schema's columns that no column of the file fills.
  func unfilled(_ schema: SourceSchema) -> [Int] {
    var isFilled = [Bool](repeating: false, count: schema.columns.count)
    for use in uses {
      switch use {
      case .field(let position): isFilled[position] = true
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
        if numbering == nil && column.isRequired { throw needsSymbol() }
      } else if column.name == "instrument_id", hasSymbol(schema, options) {
        continue
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

  private func hasSymbol(_ schema: SourceSchema, _ options: SourceOptions) -> Bool {
    if options.symbol != nil { return true }
    return schema.position(of: "symbol").map { uses.contains(.field($0)) } ?? false
  }

  private func instrumentNumber(_ schema: SourceSchema, _ layout: SourceLayout) -> Int? {
    guard let position = schema.position(of: "instrument_id"),
      uses.contains(.field(position)), layout.fields[position].form == .int64
    else { return nil }
    return position
  }

  private func needsSymbol() -> SourceError {
    SourceError(
      .needsSymbol,
      "the file has no column for the symbol; its columns are " + Self.list(names),
      remedy: "name it: --symbol SPY, or the column that holds it: --map 'theirs=symbol'")
  }
}
