import CommandLineKit
import Tables

/// Prints warnings, for jobs that are too short for a progress line.
struct WarningObserver: PassObserver {
  let context: Context

  func begin(_ name: String) {}
  func didRead(byteCount: Int) {}
  func didProcess(rowCount: Int) {}
  func didFail(_ error: any Error) { context.report(error) }

  func warn(_ error: PassError) {
    context.warn(error.message, place: error.placeText, remedy: error.remedy)
  }

  var isInterrupted: Bool { context.isInterrupted }
}
