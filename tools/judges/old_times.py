#!/usr/bin/env python3
"""Bars from before 1970: stored, read by other engines, asked for, resampled and looked through for gaps.

Daily bars of an index since 1928 (dates of New York), second bars around the first second of 1970 with prices and volumes
made up here, as CSV and as Parquet. Needs no shared data.
"""
from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import sys
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import deltalake  # noqa: E402
import duckdb  # noqa: E402
import pandas as pd  # noqa: E402
import polars as pl  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from rowhash import check_table  # noqa: E402

NEW_YORK = ZoneInfo("America/New_York")
PRICES = ["open", "high", "low", "close"]
Bar = tuple[dt.datetime, str, Decimal, Decimal, Decimal, Decimal, int]


def iso(time: dt.datetime) -> str:
    text = time.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return text + (f".{time.microsecond:06d}" if time.microsecond else "") + "Z"


def bar(source: random.Random, time: dt.datetime, symbol: str) -> Bar:
    prices = sorted(Decimal(source.randrange(1500, 9000)) / 100 for _ in range(4))
    return time, symbol, prices[1], prices[3], prices[0], prices[2], source.randrange(1, 10**7)


def daily(source: random.Random) -> list[Bar]:
    days = [dt.date(1927, 12, 30) + dt.timedelta(days=number) for number in range(0, 35_000, 131)]
    days += [dt.date(1969, 12, 30), dt.date(1969, 12, 31), dt.date(1970, 1, 1), dt.date(1970, 1, 2)]
    return [bar(source, dt.datetime.combine(day, dt.time(), NEW_YORK), "SPX") for day in sorted(set(days))]


def seconds(source: random.Random) -> list[Bar]:
    """Two hours and a bit on both sides of 1970, with holes."""
    start = dt.datetime(1969, 12, 31, 21, 57, 31, tzinfo=dt.timezone.utc)
    return [bar(source, start + dt.timedelta(seconds=number), symbol) for symbol in ["AAA", "BBB"]
            for number in range(15_000) if source.random() < 0.7]


def stored(lake: Lake, table: str, *words: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(lake.run("query", table, *words, "--format", "csv").expect(0).output)))


def shown(bars: list[Bar]) -> list[tuple[str, ...]]:
    return [(iso(row[0]), row[1], *(format(price.normalize(), "f") for price in row[2:6]), str(row[6])) for row in bars]


def as_tuples(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return [(row["ts_event"], row["symbol"], *(row[price] for price in PRICES), row["volume"]) for row in rows]


def write_csv(path: Path, bars: list[Bar], form: str) -> None:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["date" if form == "date" else "ts", "symbol", *PRICES, "volume"])
        for time, *rest in bars:
            micros = (time - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) // dt.timedelta(microseconds=1)
            text = {"date": time.date().isoformat(), "iso": iso(time), "s": str(micros // 10**6), "ms": str(micros // 1000),
                    "us": str(micros), "ns": str(micros * 1000)}[form]
            out.writerow([text, *rest])


def judge_daily(judge: Judge, bars: list[Bar]) -> None:
    lake = judge.new_lake()
    path = judge.folder() / "spx.csv"
    write_csv(path, bars, "date")
    lake.run("ingest", path, "--table", "raw.spx_ohlcv_1d", "--interval", "1d", "--timezone", "America/New_York").expect(0)
    table = lake.path("raw.spx_ohlcv_1d")
    # The table's partitions are dates of UTC; midnight in New York is the same date there.
    judge.check(as_tuples(stored(lake, "raw.spx_ohlcv_1d")) == shown(bars), "daily: lake query gives every bar")
    judge.check(check_table(table, quiet=True)[1] == 0, "daily: row hashes of the tags")
    expected = {f"{bar[0].year}-01-01" for bar in bars}
    found = {folder.name.removeprefix("year=") for folder in table.glob("year=*")}
    judge.check(found == expected, "daily: one partition a year", sorted(found ^ expected)[:4])
    files = [str(path) for path in table.glob("year=*/*.parquet")]
    frames = {
        "polars": pl.read_delta(str(table)).to_arrow(), "deltalake": deltalake.DeltaTable(str(table)).to_pyarrow_table(),
        "duckdb": duckdb.sql(f"select * from read_parquet({files!r}, hive_partitioning = true)").to_arrow_table()}
    for engine, arrow in frames.items():
        rows = sorted(zip(arrow["ts_event"].cast(pa.int64()).to_pylist(), arrow["date"].cast(pa.date32()).to_pylist(),
                          arrow["close"].to_pylist(), arrow["volume"].to_pylist()))
        wanted = [(int(bar[0].timestamp()) * 10**6, bar[0].date(), bar[5], bar[6]) for bar in bars]
        judge.check(rows == wanted, f"daily: {engine} reads the same")
    filtered = pl.scan_delta(str(table)).filter(pl.col("date") < dt.date(1930, 1, 1)).collect()
    judge.check(filtered.height == sum(bar[0].year < 1930 for bar in bars), "daily: polars filters by date", filtered.height)
    for first, last in [("1928-01-01", "1929-12-31"), ("1969-12-31", "1969-12-31"), ("1969-12-31", "1970-01-01"), ("1970-01-01", "1970-01-02")]:
        got = stored(lake, "raw.spx_ohlcv_1d", "--start", first, "--end", last)
        wanted = [bar for bar in bars if first <= bar[0].date().isoformat() <= last]
        judge.check(as_tuples(got) == shown(wanted) and bool(wanted), f"daily: {first} to {last}", len(got))
    got = stored(lake, "raw.spx_ohlcv_1d", "--where", "ts_event < '1970-01-01' and date >= '1960-01-01'")
    judge.check(as_tuples(got) == shown([bar for bar in bars if 1960 <= bar[0].year < 1970]), "daily: a clause", len(got))
    explained = lake.run("query", "raw.spx_ohlcv_1d", "--end", "1930-12-31", "--explain").expect(0).output
    kept = len({bar[0].year for bar in bars if bar[0].year <= 1930})
    judge.check(f"files by partition: {kept} of " in explained, "daily: other years are not opened", explained)
    described = lake.run("describe", "raw.spx_ohlcv_1d", "--json").expect(0).output
    judge.check('"first_date":"1927-12-30"' in described and "1927-12-30T05:00:00Z" in described, "daily: describe")
    again = lake.run("ingest", path, "--table", "raw.spx_ohlcv_1d", "--interval", "1d", "--timezone", "America/New_York", "--json").expect(0)
    judge.check(json.loads(again.output.splitlines()[0])["rows_stored"] == 0, "daily: again is a no-op", again.output)
    gaps = lake.run("gaps", "raw.spx_ohlcv_1d", "--start", "1960-01-01", "--end", "1961-01-01")
    judge.check(gaps.status in (0, 1, 2) and "Fatal" not in gaps.talk, "daily: gaps answers", gaps.talk)


def judge_seconds(judge: Judge, bars: list[Bar]) -> None:
    bars = sorted(bars, key=lambda row: (row[0].date(), row[1], row[0]))
    for form in ["iso", "s", "ms", "us", "ns", "parquet us", "parquet ns"]:
        lake = judge.new_lake()
        path = judge.folder() / ("bars.parquet" if form.startswith("parquet") else "bars.csv")
        # Near 1970 numbers other than seconds don't tell their unit: those files begin long before.
        early = [] if form in ("iso", "s") or form.startswith("parquet") else [
            bar(random.Random(number), dt.datetime(1962, 1, 2, 14, 30, number, tzinfo=dt.timezone.utc), "AAA") for number in range(9)]
        rows = [row for row in early + bars if not early or abs(row[0].timestamp()) > 117 * 86_400]
        if form.startswith("parquet"):
            unit = form.split()[1]
            frame = pa.table({"ts": pa.array([row[0] for row in rows], pa.timestamp(unit, "UTC")), "symbol": [row[1] for row in rows],
                              **{name: pa.array([row[2 + at] for row in rows], pa.decimal128(18, 9)) for at, name in enumerate(PRICES)},
                              "volume": [row[6] for row in rows]})
            pq.write_table(frame, path)
        else:
            write_csv(path, rows, form)
        lake.run("ingest", path, "--table", "raw.old_ohlcv_1s", "--interval", "1s").expect(0)
        judge.check(as_tuples(stored(lake, "raw.old_ohlcv_1s")) == shown(rows), f"{form}: every bar")
        judge.check(check_table(lake.path("raw.old_ohlcv_1s"), quiet=True)[1] == 0, f"{form}: row hashes")
        if form != "iso":
            continue
        lake.run("resample", "raw.old_ohlcv_1s", "--to", "15s,1m,1h,1d").expect(0)
        frame = pd.DataFrame({"ts": pd.to_datetime([row[0] for row in rows], utc=True), "symbol": [row[1] for row in rows],
                              **{name: [row[2 + at] for row in rows] for at, name in enumerate(PRICES)}, "volume": [row[6] for row in rows]})
        for interval, rule in {"15s": "15s", "1m": "1min", "1h": "1h", "1d": "24h"}.items():
            wanted = []
            for symbol, group in frame.groupby("symbol"):
                made = group.set_index("ts").groupby(pd.Grouper(freq=rule, origin="epoch")).agg(
                    {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}).dropna()
                wanted += [(time.to_pydatetime(), symbol, *values) for time, *values in made.itertuples()]
            wanted.sort(key=lambda row: (row[0].date(), row[1], row[0]))
            got = as_tuples(stored(lake, f"bars.old_ohlcv_{interval}"))
            judge.check(got == shown(wanted) and len(got) > 1, f"resampled to {interval} as pandas does", (len(got), len(wanted)))
        for start in ["1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "1969-12-31T22:00:00.5Z"]:
            got = stored(lake, "raw.old_ohlcv_1s", "--start", start)
            at = dt.datetime.fromisoformat(start)
            judge.check(as_tuples(got) == shown([row for row in rows if row[0] >= at]), f"from {start}", len(got))


def judge_all(judge: Judge) -> None:
    source = random.Random(1928)
    judge_daily(judge, daily(source))
    judge_seconds(judge, seconds(source))


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
