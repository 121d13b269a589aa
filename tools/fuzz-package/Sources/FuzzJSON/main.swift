import FuzzDriver
import FuzzTargets

/// A value that parses prints and parses again to itself; anything else is a typed error.
fuzz { start, count in
  JSONFuzz.run(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
