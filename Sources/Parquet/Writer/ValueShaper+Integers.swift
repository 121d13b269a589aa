extension ValueShaper {
  /// Integers with few runs: one index per run.
  func shapeRuns(
    of values: UnsafePointer<Int64>, _ runs: ValueRuns, _ spans: [PageSpan]
  ) -> ValueForm {
    var firsts: [Int64] = []
    firsts.reserveCapacity(runs.starts.count)
    var (least, greatest) = (Int64.max, Int64.min)
    for start in runs.starts {
      firsts.append(values[start])
      least = Swift.min(least, values[start])
      greatest = Swift.max(greatest, values[start])
    }
    integers.begin(min: least, max: greatest)
    let isIndexed = firsts.withUnsafeBufferPointer { firsts in
      guard let base = firsts.baseAddress else { return false }
      return integers.index(base, firsts.count, into: indices, entryCountMax: firsts.count)
    }
    precondition(isIndexed, "there are no more entries than runs")
    appendEntries()
    setBitWidths(
      Self.bitWidth(forEntries: integers.count, isSmooth: false), pageCount: spans.count)
    return .dictionary(entryCount: integers.count)
  }

  func shapeIntegers(
    _ values: UnsafePointer<Int64>, _ count: Int, _ spans: [PageSpan], _ bounds: ValueBounds?
  ) -> ValueForm {
    let physicalBitWidth = column.physicalType == .int32 ? 32 : 64
    let sample = IntegerSample(values, count, physicalBitWidth: physicalBitWidth)
    delta.usesWholeBytes = sample.hasGrid
    var range: (min: Int64, max: Int64) = (.min, .max)
    if case .integer(let min) = bounds?.min, case .integer(let max) = bounds?.max {
      range = (min, max)
    }
    let extent = range.min <= range.max ? UInt64(bitPattern: range.max &- range.min) : .max
    if sample.prefersDictionary(of: count, range: extent) {
      let entryCountMax = Swift.min(
        Self.dictionaryByteCountMax * 8 / physicalBitWidth, count / 4 + 16)
      integers.begin(min: range.min, max: range.max)
      let indexed = indexPages(spans, isSmooth: sample.isSmooth) { range in
        integers.index(
          values + range.lowerBound, range.count, into: indices + range.lowerBound,
          entryCountMax: entryCountMax) ? integers.count : nil
      }
      if let indexed {
        appendEntries()
        return .dictionary(entryCount: indexed)
      }
    }
    return sample.deltaBitWidth >= Double(physicalBitWidth - 4) ? .plain : .delta
  }

  private func appendEntries() {
    integers.withEntries { entries in
      if column.physicalType == .int32 {
        appendPlainInts(entries, integers.count, into: dictionaryPage)
      } else {
        appendPlainLongs(entries, integers.count, into: dictionaryPage)
      }
    }
  }
}
