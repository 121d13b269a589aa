import Bytes

/// Which rows of a batch are formatted.
struct RowPick {
  /// Row numbers in order; nil means `count` rows from `first`.
  var rows: UnsafePointer<Int32>?
  var first = 0
  var count = 0
}

/// Formats the picked rows, one after the other; returns the end of the text. Room for it was
/// reserved by the caller.
///
/// Rows are written one at a time, column by column, by a switch on the kind: the same branches repeat for
/// every row and are predicted, and the text is written only once.
func formatRows(
  _ cells: UnsafeMutablePointer<PrintedColumn>, _ cellCount: Int, layout: RowLayoutKind,
  _ pick: RowPick,
  _ start: TextPointer
) -> TextPointer {
  var out = start
  let isJSON = layout == .jsonLines
  let separator = layout.separator
  let null = layout.null(columnCount: cellCount)
  for index in 0..<pick.count {
    if cellCount == 0, isJSON {
      // The brace, which the first column's name would otherwise bring.
      out.storeLE(0x7B as UInt8, 0)
      out += 1
    }
    let row = pick.rows.map { Int($0[index]) } ?? pick.first &+ index
    for column in 0..<cellCount {
      let cell = cells + column
      if let long = cell.pointee.longPrefix {
        out.copyMemory(from: long, byteCount: cell.pointee.prefixCount)
      } else {
        out.storeBytes(of: cell.pointee.prefix, as: SIMD2<UInt64>.self)
      }
      out += cell.pointee.prefixCount
      if let validity = cell.pointee.validity, validity[row] == 0 {
        out.storeLE(null.word, 0)
        out += null.count
        continue
      }
      out = putCell(cell, row, isJSON, separator, out)
    }
    if isJSON {
      out.storeLE(0x0A7D as UInt16, 0)
      out += 2
    } else {
      out.storeLE(0x0A as UInt8, 0)
      out += 1
    }
  }
  return out
}

@inline(__always)
private func putCell(
  _ cell: UnsafeMutablePointer<PrintedColumn>, _ row: Int, _ isJSON: Bool, _ separator: UInt8,
  _ out: TextPointer
) -> TextPointer {
  let values = cell.pointee.values
  switch cell.pointee.kind {
  case .constant: return putEntry(cell, 0, out)
  case .coded:
    return putEntry(cell, Int(values.load(fromByteOffset: row &* 4, as: Int32.self)), out)
  case .decimal9:
    let value = values.load(fromByteOffset: row &* 8, as: Int64.self)
    if value == cell.pointee.cachedValue {
      out.storeBytes(of: cell.pointee.cached, as: SIMD4<UInt64>.self)
      return out + cell.pointee.cachedCount
    }
    let end = putDecimal9(value, out)
    cell.pointee.cachedValue = value
    cell.pointee.cached = out.loadUnaligned(as: SIMD4<UInt64>.self)
    cell.pointee.cachedCount = end - out
    return end
  case .integer: return putSigned(values.load(fromByteOffset: row &* 8, as: Int64.self), out)
  case .unsigned: return putUnsigned(values.load(fromByteOffset: row &* 8, as: UInt64.self), out)
  case .timestamp, .timestampPair: return putTimestamp(cell, row, out)
  case .double:
    let value = values.load(fromByteOffset: row &* 8, as: Double.self)
    return isJSON && !value.isFinite ? putQuotedDouble(value, out) : putDouble(value, out)
  case .decimal:
    return putDecimal(
      values.load(fromByteOffset: row &* 8, as: Int64.self), power: cell.pointee.power,
      lift: cell.pointee.lift, out)
  default: return putRareCell(cell, row, isJSON, separator, out)
  }
}

@inline(__always)
private func putEntry(
  _ cell: UnsafeMutablePointer<PrintedColumn>, _ code: Int, _ out: TextPointer
) -> TextPointer {
  guard let offsets = cell.pointee.textOffsets, let texts = cell.pointee.texts else { return out }
  let start = Int(offsets[code])
  let count = Int(offsets[code &+ 1]) &- start
  if count <= 16 {
    out.storeBytes(
      of: texts.loadUnaligned(fromByteOffset: start, as: SIMD2<UInt64>.self),
      as: SIMD2<UInt64>.self)
  } else {
    out.copyMemory(from: texts + start, byteCount: count)
  }
  return out + count
}

@inline(__always)
private func putTimestamp(
  _ cell: UnsafeMutablePointer<PrintedColumn>, _ row: Int, _ out: TextPointer
) -> TextPointer {
  let value = cell.pointee.values.load(fromByteOffset: row &* 8, as: Int64.self)
  var extra: Int64 = 0
  if let beside = cell.pointee.extra {
    extra = beside.load(fromByteOffset: row &* 8, as: Int64.self)
    // A null remainder counts as 0.
    if let validity = cell.pointee.extraValidity, validity[row] == 0 { extra = 0 }
  }
  out.storeLE(0x22 as UInt8, 0)
  let end =
    cell.pointee.minute.put(
      value, perSecond: Int64(bitPattern: cell.pointee.power), extra: extra,
      digits: cell.pointee.digits, out + cell.pointee.quoteCount) - cell.pointee.trimCount
  end.storeLE(0x22 as UInt8, 0)
  return end + cell.pointee.quoteCount
}

@inline(never)
private func putQuotedDouble(_ value: Double, _ out: TextPointer) -> TextPointer {
  out.storeLE(0x22 as UInt8, 0)
  let end = putDouble(value, out + 1)
  end.storeLE(0x22 as UInt8, 0)
  return end + 1
}

@inline(never)
private func putRareCell(
  _ cell: UnsafeMutablePointer<PrintedColumn>, _ row: Int, _ isJSON: Bool, _ separator: UInt8,
  _ out: TextPointer
) -> TextPointer {
  let values = cell.pointee.values
  if cell.pointee.quoteCount == 1 { out.storeLE(0x22 as UInt8, 0) }
  let start = out + cell.pointee.quoteCount
  var end = start
  switch cell.pointee.kind {
  case .boolean:
    let value = values.load(fromByteOffset: row &* 8, as: Int64.self)
    end.storeLE(value == 0 ? 0x736C_6166 : 0x6575_7274 as UInt32, 0)
    end.storeLE(0x65 as UInt8, 4)
    end += value == 0 ? 5 : 4
  case .deepDecimal:
    end = putWideDecimal(
      Int128(values.load(fromByteOffset: row &* 8, as: Int64.self)), scale: cell.pointee.scale,
      start)
  case .wideDecimal:
    end = putWideDecimal(
      values.loadUnaligned(fromByteOffset: row &* 16, as: Int128.self), scale: cell.pointee.scale,
      start)
  case .float:
    let value = values.load(fromByteOffset: row &* 8, as: Double.self)
    if isJSON, !value.isFinite { return putQuotedDouble(value, out) }
    end = putFloat(value, start)
  case .date:
    let day = values.load(fromByteOffset: row &* 8, as: Int64.self)
    end = MinuteText.putDate(MinuteText.civil(day), start)
  case .timeOfDay: end = putTimeOfDay(cell, row, start)
  default: return putBytesCell(cell, row, isJSON, separator, out)
  }
  if cell.pointee.quoteCount == 1 { end.storeLE(0x22 as UInt8, 0) }
  return end + cell.pointee.quoteCount
}

private func putTimeOfDay(
  _ cell: UnsafeMutablePointer<PrintedColumn>, _ row: Int, _ out: TextPointer
) -> TextPointer {
  let signed = cell.pointee.values.load(fromByteOffset: row &* 8, as: Int64.self)
  let value = signed.magnitude
  let second = value / cell.pointee.power
  let fraction = value % cell.pointee.power
  // A duration outside 0–24 h prints as it is: `-00:00:00.001`, `30:00:00.000`.
  out.storeLE(0x2D as UInt8, 0)
  let start = out + (signed < 0 ? 1 : 0)
  let hours = second / 3_600
  var end = hours < 100 ? putPadded(hours, count: 2, start) : putUnsigned(hours, start)
  end.storeLE(0x3A as UInt8, 0)
  end = putPadded(second / 60 % 60, count: 2, end + 1)
  end.storeLE(0x3A as UInt8, 0)
  end = putPadded(second % 60, count: 2, end + 1)
  end.storeLE(0x2E as UInt8, 0)
  let nine = fraction * (1_000_000_000 / cell.pointee.power)
  switch cell.pointee.power {
  case 1_000: return putPadded(nine / 1_000_000, count: 3, end + 1)
  case 1_000_000: return putPadded(nine / 1_000, count: 6, end + 1)
  default: return putNineDigits(nine, end + 1)
  }
}

private func putBytesCell(
  _ cell: UnsafeMutablePointer<PrintedColumn>, _ row: Int, _ isJSON: Bool, _ separator: UInt8,
  _ out: TextPointer
) -> TextPointer {
  guard let bytes = cell.pointee.extra else { return out }
  let start = Int(cell.pointee.values.load(fromByteOffset: row &* 4, as: Int32.self))
  let count = Int(cell.pointee.values.load(fromByteOffset: row &* 4 &+ 4, as: Int32.self)) &- start
  return putBytes(
    bytes + start, count, kind: cell.pointee.kind, isJSON: isJSON, separator: separator, out)
}

/// One value of a bytes column, quotes included.
func putBytes(
  _ bytes: UnsafeRawPointer, _ count: Int, kind: CellKind, isJSON: Bool, separator: UInt8,
  _ out: TextPointer
) -> TextPointer {
  if kind == .text {
    return isJSON
      ? TextEscape.putJSON(bytes, count, out)
      : TextEscape.putDelimited(bytes, count, separator: separator, out)
  }
  if kind == .nested {
    if !isJSON { return TextEscape.putDelimited(bytes, count, separator: separator, out) }
    out.copyMemory(from: bytes, byteCount: count)
    return out + count
  }
  let quote = isJSON ? 1 : 0
  if isJSON { out.storeLE(0x22 as UInt8, 0) }
  var end = out + quote
  switch kind {
  case .uuid where count == 16: end = TextEscape.putUUID(bytes, end)
  case .interval where count == 12: end = TextEscape.putInterval(bytes, end)
  default: end = Base64.write(bytes, count, to: end)
  }
  if count == 0, !isJSON {
    // An empty text is quoted, since a null prints nothing.
    end.storeLE(0x2222 as UInt16, 0)
    return end + 2
  }
  if isJSON { end.storeLE(0x22 as UInt8, 0) }
  return end + quote
}
