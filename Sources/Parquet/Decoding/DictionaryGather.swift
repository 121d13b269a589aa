// Pages of dictionary indices: a byte with their width, then a hybrid stream.

import Columnar

extension ValueDecoder {
  /// Indices that are unpacked, checked and looked up at once, so that they stay in the first-level cache.
  private static let portion = 1024

  /// Looks `count` indices up in the dictionary.
  func gather(
    _ bytes: PageBytes, _ count: Int, to store: inout ColumnStore
  ) throws(ParquetError) {
    guard let dictionary else {
      // A chunk of nulls may have no dictionary.
      if count == 0 { return }
      throw ParquetError(.corrupt, "a page of dictionary indices, and no dictionary page")
    }
    if kind == .bytes && store.count == 0 && store.dictionary == nil {
      store.dictionary = dictionary.text
    }
    if count == 0 { return }
    let runs = try Self.indices(bytes)
    store.makeRoom(count)
    switch kind {
    case .integers:
      try store.fillIntegers(count) { target throws(ParquetError) in
        try lookUp(runs, dictionary.integers, count, into: target)
      }
    case .wide:
      try store.fillWide(count) { target throws(ParquetError) in
        try lookUp(runs, dictionary.wide, count, into: target)
      }
    case .doubles:
      try store.fillDoubles(count) { target throws(ParquetError) in
        try lookUp(runs, dictionary.doubles, count, into: target)
      }
    case .bytes: try gatherText(runs, dictionary.text, count, to: &store)
    }
  }

  /// Looks `count` indices up in a dictionary of integers.
  func gatherIntegers(
    _ bytes: PageBytes, _ count: Int, into target: UnsafeMutablePointer<Int64>
  ) throws(ParquetError) {
    if count == 0 { return }
    guard let dictionary else {
      throw ParquetError(.corrupt, "a page of dictionary indices, and no dictionary page")
    }
    try lookUp(try Self.indices(bytes), dictionary.integers, count, into: target)
  }

  private static func indices(_ bytes: PageBytes) throws(ParquetError) -> HybridDecoder {
    let width = Int(try bytes.prefix(1, "the index width").base.load(as: UInt8.self))
    return try HybridDecoder(bytes.dropping(1), bitWidth: width)
  }

  @inline(__always)
  private func lookUp<T>(
    _ runs: HybridDecoder, _ dictionary: [T], _ count: Int, into target: UnsafeMutablePointer<T>
  ) throws(ParquetError) {
    try dictionary.withUnsafeBufferPointer { entries throws(ParquetError) in
      guard let entries = entries.baseAddress, dictionaryCount > 0 else {
        throw ParquetError(.corrupt, "indices into an empty dictionary")
      }
      try Self.lookUp(runs, entries, dictionaryCount, count, into: target)
    }
  }

  @inline(__always)
  private static func lookUp<T>(
    _ decoder: HybridDecoder, _ entries: UnsafePointer<T>, _ entryCount: Int, _ count: Int,
    into target: UnsafeMutablePointer<T>
  ) throws(ParquetError) {
    var decoder = decoder
    let limit = Int32(clamping: entryCount)
    try withUnsafeTemporaryAllocation(of: Int32.self, capacity: portion) {
      spare throws(ParquetError) in
      guard let codes = spare.baseAddress else { return }
      var done = 0
      while done < count {
        let run = try decoder.nextRun()
        let wanted = Swift.min(run.count, count &- done)
        guard let groups = run.groups else {
          if run.value < 0 || run.value >= limit { throw outside(entryCount) }
          (target + done).update(repeating: entries[Int(run.value)], count: wanted)
          done &+= wanted
          continue
        }
        var at = 0
        while at < wanted {
          let part = Swift.min(portion, wanted &- at)
          let source = groups + (at &>> 3) &* decoder.bitWidth
          let out = target + (done &+ at)
          let isInside =
            switch decoder.bitWidth {
            case 8: lookUp(source, UInt8.self, part, entries, limit, into: out)
            case 16: lookUp(source, UInt16.self, part, entries, limit, into: out)
            default: lookUp(source, decoder.bitWidth, part, entries, limit, codes, into: out)
            }
          if !isInside { throw outside(entryCount) }
          at &+= part
        }
        done &+= wanted
      }
    }
  }

  /// Looks up packed indices of any width, unpacking them into `codes`.
  ///
  /// - Returns: false if one of them is outside the dictionary.
  @inline(__always)
  private static func lookUp<T>(
    _ source: UnsafeRawPointer, _ bitWidth: Int, _ count: Int, _ entries: UnsafePointer<T>,
    _ limit: Int32, _ codes: UnsafeMutablePointer<Int32>, into target: UnsafeMutablePointer<T>
  ) -> Bool {
    HybridDecoder.unpack(source, bitWidth, count, into: codes)
    if !IntegerKernels.areBelow(codes, count, limit: limit) { return false }
    for index in 0..<count { target[index] = entries[Int(UInt32(bitPattern: codes[index]))] }
    return true
  }

  /// Looks up indices of whole bytes, which need not be unpacked.
  @inline(__always)
  private static func lookUp<T, Index: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _: Index.Type, _ count: Int, _ entries: UnsafePointer<T>,
    _ limit: Int32, into target: UnsafeMutablePointer<T>
  ) -> Bool {
    let width = MemoryLayout<Index>.size
    var signs: Int32 = 0
    // An index above the last leaves a sign bit.
    for index in 0..<count {
      let code = source.loadUnaligned(fromByteOffset: index &* width, as: Index.self)
      signs |= limit &- 1 &- Int32(truncatingIfNeeded: code)
    }
    if signs < 0 { return false }
    for index in 0..<count {
      let code = source.loadUnaligned(fromByteOffset: index &* width, as: Index.self)
      target[index] = entries[Int(truncatingIfNeeded: code)]
    }
    return true
  }

  private static func outside(_ entryCount: Int) -> ParquetError {
    ParquetError(.corrupt, "an index outside the dictionary of \(entryCount) values")
  }

  /// Text stays codes while all pages use the same dictionary.
  private func gatherText(
    _ runs: HybridDecoder, _ text: ByteColumn, _ count: Int, to store: inout ColumnStore
  ) throws(ParquetError) {
    let limit = Int32(clamping: dictionaryCount)
    if store.dictionary != nil {
      try store.fillCodes(count) { target throws(ParquetError) in
        var decoder = runs
        try decoder.decode(count, into: target)
        if !IntegerKernels.areBelow(target, count, limit: limit) {
          throw Self.outside(dictionaryCount)
        }
      }
      return
    }
    var codes = [Int32](repeating: 0, count: count)
    try codes.withUnsafeMutableBufferPointer { buffer throws(ParquetError) in
      guard let base = buffer.baseAddress else { return }
      var decoder = runs
      try decoder.decode(count, into: base)
      if !IntegerKernels.areBelow(base, count, limit: limit) {
        throw Self.outside(dictionaryCount)
      }
    }
    for code in codes {
      let range = text.byteRange(Int(code))
      _ = try ByteArrayDecoder.total(
        store.text.bytes.count, range.count, limit: Limits.expandedTextByteCountMax)
      store.text.bytes.append(contentsOf: text.bytes[range])
      store.text.offsets.append(Int32(store.text.bytes.count))
    }
  }
}
