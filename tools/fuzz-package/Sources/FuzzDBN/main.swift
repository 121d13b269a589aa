import FuzzDriver
import FuzzTargets

/// Any bytes are records or a typed error.
fuzz { start, count in
  DBNFuzz.run(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
