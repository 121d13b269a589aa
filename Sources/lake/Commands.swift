import CommandLineKit
import DeltaLog

/// The version of the program.
let lakeVersion = "0.1.0"

/// All commands, in the order of the help screen: one line each.
nonisolated func commandGroups() -> [CommandGroup] {
  [
    CommandGroup(
      "make and fill a lake",
      [
        InitCommand.self,
        ConfigCommand.self,
        SchemaCommand.self,
        IngestCommand.self,
        VendorsCommand.self,
        DownloadCommand.self,
        OptionsCommand.self,
        WorkersCommand.self,
        LedgerCommand.self,
        BarsCommand.self,
        ResampleCommand.self,
        CompactCommand.self,
        DedupCommand.self,
        AlterCommand.self,
        RunCommand.self,
        RestoreCommand.self,
      ]),
    CommandGroup(
      "use the lake",
      [
        TablesCommand.self,
        DescribeCommand.self,
        HistoryCommand.self,
        FilesCommand.self,
        ExportCommand.self,
        QueryCommand.self,
      ]),
    CommandGroup(
      "know what you have",
      [
        StatusCommand.self,
        CalendarCommand.self,
        GapsCommand.self,
        ValidateCommand.self,
        CompareCommand.self,
        SpendCommand.self,
      ]),
    CommandGroup(
      "look at files",
      [
        DBNCommand.self,
        SimulateCommand.self,
        ParquetCommand.self,
      ]),
  ]
}

/// The program with all its commands.
nonisolated func lakeProgram() -> Program {
  Program(
    name: "lake", version: lakeVersion,
    summary: "market-data files in, an open and exact lake out, slices back",
    groups: commandGroups(),
    completionSources: ["TABLE": "tables --names"],
    willRun: { context in
      LogWarnings.observe { context.warn($0.message, place: $0.placeText, remedy: $0.remedy) }
    })
}

/// Runs the process's command line. Nonisolated, as all that runs below it must be.
nonisolated func runLake() -> Int32 { lakeProgram().runProcess() }
