// Room: Parquet.
