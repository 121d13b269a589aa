import CommandLineKit
import Passes

extension PassKind {
  /// The pass's parameters as flags of its command.
  var flags: [FlagSpec] {
    parameters.map { parameter in
      // The output's flag has the same name in all commands.
      parameter.name == FlagSpec.outputTable(help: "").name
        ? .outputTable(help: parameter.help)
        : .option(parameter.name, parameter.valueName, help: parameter.help)
    }
  }
}
