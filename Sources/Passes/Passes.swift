// Room: Passes.
