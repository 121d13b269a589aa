import Compression
import Market
import RowSources

/// What is recognised of a file before it is read.
public struct IngestFilePlan: Sendable {
  /// The file, as it was given.
  public var path: String
  /// What was recognised, as labels and texts.
  public var facts: [(label: String, text: String)] = []
  /// What the file does not say, and no flag either.
  public var missing: [String] = []
  /// The command line that says it; nil where nothing is missing.
  public var command: String?
  /// Why the file can't be read.
  public var failure: (any Error)?
}

extension IngestPass {
  /// Looks at the beginning of files, and stores nothing.
  public func plan(_ paths: InputPaths) -> [IngestFilePlan] {
    paths.failures.map { path, error in
      IngestFilePlan(path: path, failure: error)
    }
      + paths.files.map { path in
        var plan = IngestFilePlan(path: paths.names[path] ?? path)
        do {
          let item = IngestInput(path: path, name: paths.names[path], options: options)
          let source = RowFileSource(pass: self, item: item, input: try InputStream(path: path))
          let (options, hint) = try source.inspectedOptions()
          guard
            let inspection = try SourceFile.inspect(
              try InputStream(path: path), options: options, hint: hint)
          else {
            plan.facts = [("contents", "rows in a form that says what it holds")]
            return plan
          }
          plan.facts = inspection.facts
          plan.missing = inspection.questions.map(\.what)
          if plan.missing.isEmpty {
            // Nothing is missing only if the file would be taken: each column that rows need is there.
            _ = try source.open(try InputStream(path: path))
          } else {
            plan.command = inspection.command(hint, path: path)
          }
        } catch {
          plan.failure = error
        }
        return plan
      }
  }
}
