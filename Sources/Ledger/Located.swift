import Platform

/// An error of any room, with the input's path in front of its location.
package struct Located: LakeError {
  /// That of the cause.
  package let message: String
  /// The input's path, then the cause's location in it.
  package let placeText: String?
  /// That of the cause.
  package let remedy: String?
  /// The original error.
  package let cause: any Error
  /// That of the cause; `unexpected` for an error that has no code.
  package let codeText: String

  /// - Parameter path: Of the input; a cause that names it already is left as it is.
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
    let index = known.placeText
    placeText =
      index.map { $0.hasPrefix(path) ? $0 : path + ", " + $0 } ?? path
  }
}
