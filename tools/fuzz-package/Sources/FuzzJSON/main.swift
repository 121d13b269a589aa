import FuzzDriver
import JSON

/// A value that parses prints and parses again to itself; anything else is a typed error.
fuzz { start, count in
  guard let value = try? JSONValue(parsing: UnsafeRawBufferPointer(start: start, count: count))
  else { return 0 }
  var printed = JSONWriter()
  printed.value(value)
  let again = try? JSONValue(parsing: printed.bytes)
  precondition(again == value, "what was printed parses to something else")
  return 0
}
