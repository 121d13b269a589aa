// Room: DeltaLog.
