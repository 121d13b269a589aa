import Bytes

/// An error of any room, with the input's path in front of its place.
struct Located: LakeError {
  let message: String
  let placeText: String?
  let remedy: String?
  /// What it was, with its own type.
  let cause: (any Error)?

  init(_ error: any Error, path: String) {
    cause = error
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
