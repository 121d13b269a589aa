import CommandLineKit
import Passes

extension PassKind {
  /// The pass's parameters as flags of its command.
  var flags: [FlagSpec] {
    parameters.map { parameter in
      // The one that names the output is called alike in every command.
      if parameter.name == FlagSpec.outputTable(help: "").name {
        return .outputTable(help: parameter.help)
      }
      if case .switch = parameter.kind { return .switch(parameter.name, help: parameter.help) }
      return .option(parameter.name, parameter.valueName, help: parameter.help)
    }
  }
}
