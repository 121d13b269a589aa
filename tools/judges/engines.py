#!/usr/bin/env python3
"""Tables that lake writes, read back by other engines.

Real files of every record kind are ingested and resampled. Each table must have, in each engine, the rows and values
that the log's fingerprints tell, the nulls that pyarrow sees in the files, and the types of the Delta schema.
--spark adds Spark (needs the package pyspark and Java), over the live files.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import chdb  # noqa: E402
import deltalake  # noqa: E402
import duckdb  # noqa: E402
import duckdb_extension_delta  # noqa: E402
import polars  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.dataset as ds  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from rowhash import MASK128, fingerprint, live_files, without_provenance  # noqa: E402

ARROW = {
    "string": pa.string(), "binary": pa.binary(), "boolean": pa.bool_(), "double": pa.float64(), "float": pa.float32(),
    "byte": pa.int8(), "short": pa.int16(), "integer": pa.int32(), "long": pa.int64(), "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
DUCKDB_CLI = Path(sys.executable).with_name("duckdb")
# Made for the version of the program above; the package of another version is a newer duckdb.
DELTA_EXTENSION = next(Path(duckdb_extension_delta.__file__).parent.rglob("delta.duckdb_extension"))


def delta_types(table: Path) -> dict[str, pa.DataType]:
    """The columns that the log declares, as Arrow types."""
    fields = json.loads(deltalake.DeltaTable(str(table)).schema().to_json())["fields"]
    types = {}
    for field in fields:
        kind = field["type"]
        if kind.startswith("decimal"):
            precision, scale = map(int, kind[len("decimal("):-1].split(","))
            types[field["name"]] = pa.decimal128(precision, scale)
        else:
            types[field["name"]] = ARROW[kind]
    return types


def plain(kind: pa.DataType) -> pa.DataType:
    """A type without the differences that mean nothing: large strings, names of UTC."""
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_timestamp(kind) and kind.tz in ("UTC", "Etc/UTC", "+00:00"):
        return pa.timestamp(kind.unit, "UTC")
    return kind


def read_arrow(table: Path, files: list[str], scratch: Path) -> pa.Table:
    partitioned = ds.partitioning(pa.schema([("date", pa.date32())]), flavor="hive")
    return ds.dataset(files, format="parquet", partitioning=partitioned, partition_base_dir=str(table)).to_table()


def read_deltalake(table: Path, files: list[str], scratch: Path) -> pa.Table:
    return deltalake.DeltaTable(str(table)).to_pyarrow_table()


def read_polars(table: Path, files: list[str], scratch: Path) -> pa.Table:
    return polars.read_delta(str(table)).to_arrow()


def read_duckdb(table: Path, files: list[str], scratch: Path) -> pa.Table:
    return duckdb.sql(f"select * from read_parquet({files!r}, hive_partitioning = true)").to_arrow_table()


def by_duckdb_cli(rows: str, scratch: Path, *before: str) -> pa.Table:
    target = scratch / "duckdb-cli.parquet"
    words = [word for text in [*before, f"copy (select * from {rows}) to '{target}' (format parquet)"] for word in ("-c", text)]
    done = subprocess.run([DUCKDB_CLI, *words], capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return pq.ParquetFile(target).read()


def read_duckdb_cli(table: Path, files: list[str], scratch: Path) -> pa.Table:
    return by_duckdb_cli(f"read_parquet({files!r}, hive_partitioning = true)", scratch)


def read_delta_scan(table: Path, files: list[str], scratch: Path) -> pa.Table:
    return by_duckdb_cli(f"delta_scan('{table}')", scratch, f"load '{DELTA_EXTENSION}'")


def read_chdb(table: Path, files: list[str], scratch: Path) -> pa.Table:
    answer = chdb.query(f"select * from deltaLakeLocal('{table}')", "Arrow")
    return pa.ipc.open_file(pa.py_buffer(answer.bytes())).read_all()


def read_spark(table: Path, files: list[str], scratch: Path) -> pa.Table:
    from pyspark.sql import SparkSession
    session = (SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC")
               .config("spark.ui.enabled", "false").getOrCreate())
    return session.read.option("basePath", str(table)).parquet(*files).toArrow()


ENGINES: dict[str, Callable[[Path, list[str], Path], pa.Table]] = {
    f"pyarrow {pa.__version__}": read_arrow, f"deltalake {deltalake.__version__}": read_deltalake,
    f"polars {polars.__version__}": read_polars, f"duckdb {duckdb.__version__}": read_duckdb,
    "duckdb-cli 1.5": read_duckdb_cli, "duckdb-cli 1.5, delta_scan": read_delta_scan, f"chdb {chdb.__version__}": read_chdb,
}


def judge_table(judge: Judge, lake: Lake, name: str) -> None:
    table = lake.path(name)
    adds, types = live_files(table), delta_types(table)
    files = [str(table / add["path"]) for add in adds]
    rows = sum(int(add["tags"]["lake.rows"]) for add in adds)
    value = sum(int(add["tags"]["lake.rowHash2"], 16) for add in adds) & MASK128
    nulls: dict[str, int] = {}
    for engine, read in ENGINES.items():
        case = f"{name} in {engine}"
        try:
            arrow = read(table, files, judge.scratch)
        except Exception as error:  # noqa: BLE001 - whatever an engine throws is a failed case
            judge.check(False, case, f"{type(error).__name__}: {str(error)[:300]}")
            continue
        judge.check(set(arrow.column_names) == set(types), f"{case}: columns", set(arrow.column_names) ^ set(types))
        told = {field.name: plain(field.type) for field in arrow.schema}
        wrong = {name: f"{kind}, declared {types.get(name)}" for name, kind in told.items() if kind != types.get(name)}
        judge.check(not wrong, f"{case}: types", wrong)
        judge.check(arrow.num_rows == rows, f"{case}: rows", f"{arrow.num_rows}, the log says {rows}")
        seen = {column: arrow[column].null_count for column in arrow.column_names}
        nulls = nulls or seen
        judge.check(seen == nulls, f"{case}: nulls", {c: (n, nulls.get(c)) for c, n in seen.items() if n != nulls.get(c)})
        mine = fingerprint(without_provenance(arrow))
        judge.check(mine == value, f"{case}: values", f"row hash {mine:032x}, the log says {value:032x}")


def fill(judge: Judge) -> Lake:
    """A lake with a table of every record kind that the shared data has."""
    lake = judge.new_lake()
    fixtures = sorted((judge.data / "dbn/databento-dbn").glob("test_data.*.v3.dbn.zst"))
    real = sorted((judge.data / "derived/dbn").glob("*.dbn*")) + sorted((judge.data / "dbn/nautilus").rglob("*.dbn.zst"))
    lake.run("ingest", *fixtures, *real).expect(0, 1)
    for table in lake.tables("raw"):
        if table.endswith("ohlcv_1s"):
            lake.run("resample", table).expect(0)
    return lake


def judge_all(judge: Judge) -> None:
    if judge.options.spark:
        ENGINES["Spark"] = read_spark
    os.chdir(judge.scratch)  # chdb reads only files under the working folder.
    lake = fill(judge)
    tables = lake.tables("raw", "bars")
    judge.check(len(tables) >= 20, "tables of every kind", tables)
    for name in tables:
        judge_table(judge, lake, name)


if __name__ == "__main__":
    sys.exit(Judge(__doc__, ("--spark", "read with Spark too")).run(judge_all))
