import CommandLineKit
import Passes

extension PassKind {
  /// Its parameters as flags of its command.
  var flags: [FlagSpec] {
    parameters.map { parameter in
      // The one that names the output is called alike in every command.
      parameter.name == FlagSpec.outputTable(help: "").name
        ? .outputTable(help: parameter.help)
        : .option(parameter.name, parameter.valueName, help: parameter.help)
    }
  }
}
