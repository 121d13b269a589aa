"""What the peers run, each in a process of its own: peers.py JOB TOOL DATA OUT SYMBOL DAY.

DATA holds the simulated DBN files and, for the reading jobs, `bars` and `quotes`: the same rows as Parquet in date
partitions, float64 prices, zstd, sorted by symbol and time, which is what these tools write and read by habit.
"""
from __future__ import annotations

import sys
import warnings
from pathlib import Path

BAR_COLUMNS = ["ts_event", "symbol", "open", "high", "low", "close", "volume"]
INTERVALS = {"15s": 15, "30s": 30, "1m": 60}
KINDS = {"bars": "ohlcv-1s", "quotes": "mbp-1"}
PRICES = {"open", "high", "low", "close", "price", "bid_px_00", "ask_px_00"}
NANOSECONDS_PER_DAY = 86_400 * 10**9


def files(data: Path, table: str) -> list[Path]:
    return sorted((data / "dbn").glob(f"*{KINDS[table]}*.dbn.zst"))


def arrow_columns(rows, names):
    """Columns of a structured array of records, without pandas."""
    import numpy as np
    import pyarrow as pa
    columns = {}
    for name in rows.dtype.names:
        values = np.ascontiguousarray(rows[name])
        if name in ("length", "rtype"):
            continue
        if name.startswith("ts_") and values.dtype == np.uint64:
            columns[name] = pa.array(values.astype("i8")).cast(pa.timestamp("ns", "UTC"))
        elif name in PRICES:
            columns[name] = pa.array(values / 1e9, mask=values == 2**63 - 1)
        elif values.dtype.kind == "S":
            columns[name] = pa.array(values.astype("U1"))
        else:
            columns[name] = pa.array(values)
    ids, codes = np.unique(rows["instrument_id"], return_inverse=True)
    columns["symbol"] = pa.DictionaryArray.from_arrays(
        pa.array(codes.astype("i4")), pa.array([names[int(number)] for number in ids]))
    return pa.table(columns)


def ingest_ndarray(data: Path, out: Path, table: str, sort: bool = False) -> None:
    """An expert's script: chunks of records through numpy and arrow into date partitions."""
    import databento
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    index = "ts_event" if table == "bars" else "ts_recv"
    days: dict[int, list] = {}

    def write(day: int) -> None:
        folder = out / f"date={np.datetime64(day, 'D')}"
        folder.mkdir(parents=True, exist_ok=True)
        rows = pa.concat_tables(days.pop(day)).unify_dictionaries()
        if sort:  # A dictionary cannot be sorted by: its text can.
            keys = pa.table({"symbol": rows["symbol"].cast(pa.string()), "index": rows[index]})
            rows = rows.take(pc.sort_indices(keys, [("symbol", "ascending"), ("index", "ascending")]))
        pq.write_table(rows, folder / f"part-{len(list(folder.iterdir()))}.parquet", compression="zstd")

    for path in files(data, table):
        store = databento.DBNStore.from_file(path)
        names = {int(spans[0]["symbol"]): symbol for symbol, spans in store.mappings.items()}
        for rows in store.to_ndarray(count=1 << 20):
            day = (rows[index] // NANOSECONDS_PER_DAY).astype("i8")
            cuts = np.r_[0, np.flatnonzero(np.diff(day)) + 1, len(rows)]
            for first, last in zip(cuts[:-1], cuts[1:]):
                days.setdefault(int(day[first]), []).append(arrow_columns(rows[first:last], names))
            for done in [date for date in days if date < int(day[-1]) and not sort]:
                write(done)
    for day in list(days):
        write(day)


def ingest_to_parquet(data: Path, out: Path, table: str) -> None:
    import databento
    for number, path in enumerate(files(data, table)):
        databento.DBNStore.from_file(path).to_parquet(out / f"{number}.parquet", compression="zstd")


def csv_query(job: str, data: Path, symbol: str, day: str) -> str:
    """The job as SQL: what duckdb and chdb run, apart from how they name the files."""
    columns = "*" if job == "csv-tick" else ", ".join(BAR_COLUMNS)
    where = [] if job == "csv-full" else [f"symbol = '{symbol}'"]
    where += [f"date = '{day}'"] if job in ("csv-tiny", "csv-tick") else []
    source = data / ("quotes" if job == "csv-tick" else "bars")
    return f"select {columns} from {{read}}('{source}/*/*.parquet'{{more}})" + (
        " where " + " and ".join(where) if where else "")


def csv_polars(job: str, data: Path, out: Path, symbol: str, day: str) -> None:
    import datetime
    import polars as pl
    frame = pl.scan_parquet(data / ("quotes" if job == "csv-tick" else "bars"), hive_partitioning=True)
    if job != "csv-full":
        frame = frame.filter(pl.col("symbol") == symbol)
    if job in ("csv-tiny", "csv-tick"):
        frame = frame.filter(pl.col("date") == datetime.date.fromisoformat(day))
    frame = frame.drop("date") if job == "csv-tick" else frame.select(BAR_COLUMNS)
    frame.sink_csv(out / "out.csv")


def csv_chdb(job: str, data: Path, out: Path, symbol: str, day: str) -> None:
    import os
    import chdb
    os.chdir(data)
    query = csv_query(job, data, symbol, day).format(read="file", more="")
    (out / "out.csv").write_bytes(chdb.query(query, "CSVWithNames").bytes())


def resample_polars(data: Path, out: Path) -> None:
    import polars as pl
    frame = pl.scan_parquet(data / "bars", hive_partitioning=True)
    for interval in INTERVALS:
        frame = (frame.sort("date", "symbol", "ts_event").group_by_dynamic(
            "ts_event", every=interval, group_by=["date", "symbol"]).agg(
                pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume"))).collect().lazy()
        for (date,), part in frame.collect().partition_by("date", as_dict=True, include_key=False).items():
            folder = out / interval / f"date={date}"
            folder.mkdir(parents=True)
            part.write_parquet(folder / "part.parquet", compression="zstd")


def resample_numpy(data: Path, out: Path) -> None:
    """An expert's script that relies on the files being sorted: numpy's reduceat over arrow columns, two threads."""
    from concurrent.futures import ThreadPoolExecutor
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    def one(path: Path) -> None:
        rows = pq.read_table(path, partitioning=None, columns=BAR_COLUMNS).combine_chunks()
        symbols = rows["symbol"].chunk(0)
        codes, times = symbols.indices.to_numpy(), rows["ts_event"].cast(pa.int64()).to_numpy()
        o, h, l, c, v = (rows[name].to_numpy() for name in BAR_COLUMNS[2:])  # noqa: E741
        for interval, seconds in INTERVALS.items():
            bucket = times // (seconds * 10**9)
            first = np.flatnonzero(np.r_[True, (bucket[1:] != bucket[:-1]) | (codes[1:] != codes[:-1])])
            last = np.r_[first[1:], len(bucket)] - 1
            o, h, l = o[first], np.maximum.reduceat(h, first), np.minimum.reduceat(l, first)  # noqa: E741
            c, v = c[last], np.add.reduceat(v, first)
            times, codes = bucket[first] * (seconds * 10**9), codes[first]
            folder = out / interval / path.parent.name
            folder.mkdir(parents=True)
            pq.write_table(pa.table({
                "ts_event": pa.array(times).cast(pa.timestamp("ns", "UTC")),
                "symbol": pa.DictionaryArray.from_arrays(codes, symbols.dictionary),
                "open": o, "high": h, "low": l, "close": c, "volume": v}), folder / "part.parquet", compression="zstd")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, sorted((data / "bars").glob("*/*.parquet"))))


def resample_sql(data: Path, out: Path) -> str:
    """duckdb's job: each interval from the one before, written in date partitions."""
    parts, source = ["set preserve_insertion_order = false"], f"read_parquet('{data}/bars/*/*.parquet', hive_partitioning = true)"
    for interval, seconds in INTERVALS.items():
        parts += [
            f"create temp table b{seconds} as select date, symbol, time_bucket(interval {seconds} seconds, ts_event) as t,"
            " arg_min(open, ts_event) as open, max(high) as high, min(low) as low, arg_max(close, ts_event) as close,"
            f" sum(volume)::bigint as volume from {source} group by date, symbol, t",
            f"create temp view v{seconds} as select * exclude (t), t as ts_event from b{seconds}",
            f"copy (select * from v{seconds} order by date, symbol, ts_event) to '{out}/{interval}'"
            " (format parquet, compression zstd, partition_by (date))"]
        source = f"v{seconds}"
    return "; ".join(parts)


def main(job: str, tool: str, data: Path, out: Path, symbol: str, day: str) -> None:
    warnings.filterwarnings("ignore")
    table = "quotes" if job.endswith("quotes") else "bars"
    if job.startswith("ingest"):
        (ingest_ndarray if tool == "databento-ndarray" else ingest_to_parquet)(data, out, table)
    elif job.startswith("prepare"):
        ingest_ndarray(data, out, table, sort=True)
    elif job.startswith("csv"):
        (csv_polars if tool == "polars" else csv_chdb)(job, data, out, symbol, day)
    else:
        (resample_polars if tool == "polars" else resample_numpy)(data, out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5], sys.argv[6])
