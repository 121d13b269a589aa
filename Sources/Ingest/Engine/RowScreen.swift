import CKernels
import Columnar
import Parquet

/// A fast test of blocks of packed rows: it nearly always shows at once that no check can fail.
///
/// With wide words, checks of adjacent fields are made together, for all fields of a row in a few instructions;
/// the others are made one by one.
struct RowScreen {
  private let windows: [Window]
  private let checks: [RowCheck]
  /// Checks that no window covers.
  private let rest: [RowCheck]

  init(_ checks: [RowCheck], rowByteCount: Int) {
    self.init(checks, rowByteCount: rowByteCount, hasWideWords: lake_has_wide_words() != 0)
  }

  /// - Parameter hasWideWords: false for the path of processors without such instructions.
  init(_ checks: [RowCheck], rowByteCount: Int, hasWideWords: Bool) {
    self.checks = checks
    var windows: [Window] = []
    var rest = checks
    while hasWideWords && lake_has_wide_words() != 0 {
      let offsets = rest.filter { Window.canHold($0) }.map(\.field.offset)
      guard let first = offsets.min(), first + 8 <= rowByteCount else { break }
      let window = Window(offset: first, rowByteCount: rowByteCount)
      rest = window.take(rest)
      windows.append(window)
    }
    self.windows = windows
    self.rest = rest
  }

  /// Whether one of the rows might break a check; if not, none does.
  func isSuspect(_ base: UnsafeRawPointer, stride: Int, count: Int) -> Bool {
    let isSuspect = windows.contains { $0.isSuspect(base, stride: stride, count: count) }
    return (isSuspect ? checks : rest).contains {
      $0.isSuspect(base, stride: stride, count: count)
    }
  }

  /// Eight-byte fields within 64 bytes of a row, and their conditions: the words of `lake_screen_rows`.
  private final class Window {
    private static let laneCount = 8
    /// Bits that are equal if a number is less than 10^18: the top five.
    private static let topBits: UInt64 = 0xF << 60
    private static let signBit: UInt64 = 1 << 63

    private let offset: Int
    private let lanes: UInt32
    private let rules: UnsafeMutablePointer<UInt64>
    private var comparisonCount = 0

    init(offset: Int, rowByteCount: Int) {
      self.offset = offset
      let count = min(Self.laneCount, (rowByteCount - offset) / 8)
      lanes = UInt32(1 << count) - 1
      rules = .allocate(capacity: 6 * Self.laneCount)
      rules.initialize(repeating: 0, count: 6 * Self.laneCount)
    }

    deinit { rules.deallocate() }

    private func row(_ rule: Int) -> UnsafeMutablePointer<UInt64> {
      rules + rule * Self.laneCount
    }

    /// Whether a window can cover a check by itself.
    static func canHold(_ check: RowCheck) -> Bool {
      guard check.field.form.byteCount == 8 else { return false }
      return switch check.condition {
      case .decimal18, .signed64, .wholeMicroseconds: true
      case .compareConstant(.greaterOrEqual, 0): true
      default: false
      }
    }

    /// Adds checks to the window.
    ///
    /// - Returns: Those that do not fit.
    func take(_ checks: [RowCheck]) -> [RowCheck] {
      let rest = checks.filter { check in
        guard Self.canHold(check), let lane = lane(check.field) else { return true }
        switch check.condition {
        case .decimal18: row(0)[lane] = Self.topBits
        case .wholeMicroseconds: row(5)[lane] = .max
        default: row(1)[lane] = Self.signBit
        }
        return false
      }
      return rest.filter { !takeComparison($0) }
    }

    /// Adds a comparison of two prices: their difference can't overflow, as both are screened.
    private func takeComparison(_ check: RowCheck) -> Bool {
      guard case .compare(let comparison, let other) = check.condition,
        comparison == .greaterOrEqual || comparison == .lessOrEqual,
        comparisonCount < Self.laneCount,
        let left = lane(check.field), row(0)[left] != 0,
        let right = lane(other), row(0)[right] != 0
      else { return false }
      let isReversed = comparison == .lessOrEqual
      row(2)[comparisonCount] = UInt64(isReversed ? right : left)
      row(3)[comparisonCount] = UInt64(isReversed ? left : right)
      row(4)[comparisonCount] = Self.signBit
      comparisonCount += 1
      return true
    }

    /// Index of a field's lane in the window.
    private func lane(_ field: RowField) -> Int? {
      let distance = field.offset - offset
      guard field.form.byteCount == 8, distance >= 0, distance % 8 == 0,
        lanes & (1 << UInt32(min(31, distance / 8))) != 0
      else { return nil }
      return distance / 8
    }

    func isSuspect(_ base: UnsafeRawPointer, stride: Int, count: Int) -> Bool {
      let fields = (base + offset).assumingMemoryBound(to: UInt8.self)
      return lake_screen_rows(fields, stride, count, lanes, rules) != 0
    }
  }
}
