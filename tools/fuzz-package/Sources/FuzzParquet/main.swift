import FuzzDriver
import FuzzTargets

/// Any bytes are values or a typed error.
fuzz { start, count in
  ParquetFuzz.run([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
  return 0
}
