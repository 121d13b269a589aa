// Records into CSV rows or JSON lines: the hot loop of `lake dbn`.

import Bytes
import Columnar

/// Formats runs of records; one per thread.
package final class TextFormatter {
  /// Rows for which room is reserved at once.
  private static let groupRowCount = 64

  private let version: Int
  private let tsOut: Bool
  private let options: DBNTextOptions
  private var plans: [RecordKind: TextPlan] = [:]
  private var times = [TimestampText](repeating: TimestampText(), count: TextPlan.stepCountMax)
  private let symbols: SymbolTexts

  /// - Parameters:
  ///   - version: Of the DBN records, 1 to 3.
  ///   - tsOut: Whether every record ends with the gateway's time of sending.
  package init(version: Int, tsOut: Bool, options: DBNTextOptions) {
    self.version = version
    self.tsOut = tsOut
    self.options = options
    symbols = SymbolTexts(isJSON: options.format == .jsonl)
  }

  private func plan(_ kind: RecordKind) -> TextPlan {
    if let plan = plans[kind] { return plan }
    let plan = TextPlan(kind, version: version, tsOut: tsOut, options: options)
    plans[kind] = plan
    return plan
  }

  /// Appends the text of a run whose symbols don't change within it.
  package func append(
    _ run: RecordRun, of base: UnsafeRawPointer, names: PrintedSymbols, to out: ByteBuffer
  ) {
    let plan = plan(run.kind)
    symbols.use(names)
    let rowByteCountMax = plan.rowByteCountMax + SymbolTexts.textByteCountMax
    var done = 0
    while done < run.count {
      let count = min(Self.groupRowCount, run.count - done)
      out.reserve(out.count + count * rowByteCountMax)
      let records = base + run.start + done * run.stride
      let target = out.base + out.count
      out.count += plan.steps.withUnsafeBufferPointer { steps in
        plan.prefixes.withUnsafeBytes { prefixes in
          times.withUnsafeMutableBufferPointer { times in
            var row = RowWriter(
              steps: steps, prefixes: prefixes, times: times, plan: plan, symbols: symbols)
            return options.format == .jsonl
              ? row.putJSON(records, count: count, stride: run.stride, target)
              : row.putCSV(records, count: count, stride: run.stride, target)
          }
        }
      }
      done += count
    }
  }
}

/// The loops over rows and fields, which use only pointers and plain values.
struct RowWriter {
  let steps: UnsafeBufferPointer<TextStep>
  let prefixes: UnsafeRawBufferPointer
  let times: UnsafeMutableBufferPointer<TimestampText>
  let indexOffset: Int
  let symbolPrefix: Range<Int>
  let symbols: SymbolTexts

  init(
    steps: UnsafeBufferPointer<TextStep>, prefixes: UnsafeRawBufferPointer,
    times: UnsafeMutableBufferPointer<TimestampText>, plan: TextPlan, symbols: SymbolTexts
  ) {
    self.steps = steps
    self.prefixes = prefixes
    self.times = times
    self.symbols = symbols
    indexOffset = plan.indexOffset
    symbolPrefix = plan.symbolPrefix
  }

  mutating func putCSV(
    _ records: UnsafeRawPointer, count: Int, stride: Int, _ target: UnsafeMutableRawPointer
  ) -> Int {
    var out = target
    for row in 0..<count {
      let record = records + row &* stride
      for index in 0..<steps.count {
        let step = steps[index]
        // Every field except the first has one comma before it.
        out.storeBytes(of: 0x2C, as: UInt8.self)
        if index > 0 { out += 1 }
        out += putCSVField(step, index, record + step.offset, out)
      }
      out.storeBytes(of: 0x2C, as: UInt8.self)
      out += 1
      out += symbols.put(
        record.loadLE(4, as: UInt32.self), time: record.loadLE(indexOffset, as: UInt64.self), out)
      out.storeBytes(of: 0x0A, as: UInt8.self)
      out += 1
    }
    return out - target
  }

  @inline(__always)
  private func putCSVField(
    _ step: TextStep, _ index: Int, _ field: UnsafeRawPointer, _ out: UnsafeMutableRawPointer
  ) -> Int {
    switch step.form {
    case .price:
      let price = field.loadLE(0, as: Int64.self)
      return price == .max ? 0 : putPrice(price, out)
    case .timestamp:
      let time = field.loadLE(0, as: UInt64.self)
      if time == 0 || time == .max { return 0 }
      times[index].put(time, out)
      return TimestampText.byteCount
    case .character: return putCSVCharacter(field.loadLE(0, as: UInt8.self), out)
    case .letter: return withLetter(field) { putCSVText($0, out) }
    case .text:
      return putCSVText(fixedText(field, step.byteCount), out)
    default: return putNumber(step.form, field, out)
    }
  }

  mutating func putJSON(
    _ records: UnsafeRawPointer, count: Int, stride: Int, _ target: UnsafeMutableRawPointer
  ) -> Int {
    guard let keys = prefixes.baseAddress else { return 0 }
    var out = target
    for row in 0..<count {
      let record = records + row &* stride
      for index in 0..<steps.count {
        let step = steps[index]
        out.copyMemory(from: keys + step.prefixOffset, byteCount: step.prefixByteCount)
        out += step.prefixByteCount
        out += putJSONField(step, index, record + step.offset, out)
      }
      out.copyMemory(from: keys + symbolPrefix.lowerBound, byteCount: symbolPrefix.count)
      out += symbolPrefix.count
      out += symbols.put(
        record.loadLE(4, as: UInt32.self), time: record.loadLE(indexOffset, as: UInt64.self), out)
      out.storeBytes(of: 0x0A7D, as: UInt16.self)  // a brace and the end of the line
      out += 2
    }
    return out - target
  }

  @inline(__always)
  private func putJSONField(
    _ step: TextStep, _ index: Int, _ field: UnsafeRawPointer, _ out: UnsafeMutableRawPointer
  ) -> Int {
    var count = 0
    switch step.form {
    case .price:
      let price = field.loadLE(0, as: Int64.self)
      if price == .max { return putNull(out) }
      count = putPrice(price, out + 1)
    case .timestamp:
      let time = field.loadLE(0, as: UInt64.self)
      if time == 0 || time == .max { return putNull(out) }
      times[index].put(time, out + 1)
      count = TimestampText.byteCount
    case .character: return putJSONCharacter(field.loadLE(0, as: UInt8.self), out)
    case .letter: return withLetter(field) { putJSONText($0, out) }
    case .text: return putJSONText(fixedText(field, step.byteCount), out)
    default:
      if !step.isQuoted { return putNumber(step.form, field, out) }
      count = putNumber(step.form, field, out + 1)
    }
    out.storeBytes(of: 0x22, as: UInt8.self)
    out.storeBytes(of: 0x22, toByteOffset: count &+ 1, as: UInt8.self)
    return count &+ 2
  }

  @inline(__always)
  private func putNumber(
    _ form: TextStep.Form, _ field: UnsafeRawPointer, _ out: UnsafeMutableRawPointer
  ) -> Int {
    switch form {
    case .uint8: putUnsigned(UInt64(field.loadLE(0, as: UInt8.self)), out)
    case .int8: putSigned(Int64(field.loadLE(0, as: Int8.self)), out)
    case .uint16: putUnsigned(UInt64(field.loadLE(0, as: UInt16.self)), out)
    case .int16: putSigned(Int64(field.loadLE(0, as: Int16.self)), out)
    case .uint32: putUnsigned(UInt64(field.loadLE(0, as: UInt32.self)), out)
    case .int32: putSigned(Int64(field.loadLE(0, as: Int32.self)), out)
    case .int64: putSigned(field.loadLE(0, as: Int64.self), out)
    default: putUnsigned(field.loadLE(0, as: UInt64.self), out)
    }
  }
}
