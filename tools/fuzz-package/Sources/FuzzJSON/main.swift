import CFuzzer
import Glibc
import JSON

/// A value that parses prints and parses again to itself; anything else is a typed error.
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(
  LLVMFuzzerRunDriver(&count, &arguments) { start, count in
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    guard let value = try? JSONValue(parsing: bytes) else { return 0 }
    var printed = JSONWriter()
    printed.value(value)
    let again = try? JSONValue(parsing: printed.bytes)
    precondition(again == value, "what was printed parses to something else")
    return 0
  })
