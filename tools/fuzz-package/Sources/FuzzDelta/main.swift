import FuzzDriver
import FuzzTargets

/// Any bytes are a commit that prints and parses to itself, or a typed error.
fuzz { start, count in
  DeltaFuzz.run(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
