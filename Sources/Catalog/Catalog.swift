// Room: Catalog.
