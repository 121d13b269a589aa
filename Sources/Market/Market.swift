// Room: Market.
