import FuzzDriver
import FuzzTargets

/// Any bytes are rows or a typed error.
fuzz { start, count in
  MassiveFuzz.run(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
