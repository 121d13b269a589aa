// Room: CommandLineKit.
