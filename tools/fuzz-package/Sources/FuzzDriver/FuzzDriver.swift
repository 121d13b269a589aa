import CFuzzer
import Glibc

/// Runs libFuzzer with the process's arguments on one decoder; does not return.
public func fuzz(_ decode: @escaping @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt) -> Never {
  var count = CommandLine.argc
  var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
  exit(LLVMFuzzerRunDriver(&count, &arguments, decode))
}
