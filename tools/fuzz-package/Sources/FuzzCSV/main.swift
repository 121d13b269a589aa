import FuzzDriver
import FuzzTargets

/// Any bytes are rows, rejected rows or a typed error, whatever the pieces in which they arrive.
fuzz { start, count in
  CSVFuzz.run(Array(UnsafeRawBufferPointer(start: start, count: count)))
  return 0
}
