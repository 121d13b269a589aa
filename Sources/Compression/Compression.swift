// Room: Compression.
