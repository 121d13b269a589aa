// Room: Databento.
