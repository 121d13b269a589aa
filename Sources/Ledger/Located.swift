import Platform

/// An error of any room, with the input's path in front of its place.
package struct Located: LakeError {
  package let message: String
  package let placeText: String?
  package let remedy: String?
  /// What it was, with its own type.
  package let cause: any Error
  package let codeText: String

  package init(_ error: any Error, path: String) {
    cause = error
    codeText = (error as? any LakeError)?.codeText ?? "unexpected"
    guard let known = error as? any LakeError else {
      message = "\(error)"
      placeText = path
      remedy = nil
      return
    }
    message = known.message
    remedy = known.remedy
    let place = known.placeText
    placeText =
      place.map { $0.hasPrefix(path) ? $0 : path + ", " + $0 } ?? path
  }
}
