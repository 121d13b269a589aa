// Room: Query.
