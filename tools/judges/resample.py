#!/usr/bin/env python3
"""Resampled real bars against the vendor's own bars and against pandas.

Real 1-second bars (DBN and CSV) go into a lake and through `lake resample`. The minutes must be exactly the vendor's
set of minutes, and every interval must equal pandas' resample of the same rows in every field. A second run, and a
run after another program compacted the source, must find nothing to do; an interval that cannot be is refused.
"""
from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import databento  # noqa: E402
import deltalake  # noqa: E402
import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from rowhash import check_table, live_files  # noqa: E402

INTERVALS = {"15s": 15, "30s": 30, "1m": 60, "5m": 300, "1h": 3600, "1d": 86400}
PRICES = ["open", "high", "low", "close"]


def vendor_bars(pattern: str, folder: Path) -> pd.DataFrame:
    """Bars of DBN files as the vendor's package decodes them: prices as integers of 1e-9."""
    parts = []
    for path in sorted(folder.glob(pattern)):
        store = databento.DBNStore.from_file(path)
        frame = pd.DataFrame(store.to_ndarray())
        names = {int(spans[0]["symbol"]): symbol for symbol, spans in store.mappings.items()}
        parts.append(frame.assign(symbol=frame["instrument_id"].map(names)))
    bars = pd.concat(parts)
    return bars.astype({"ts_event": "int64", "volume": "int64", "publisher_id": "int64", "instrument_id": "int64"})


def lean_bars(folder: Path, pattern: str) -> pd.DataFrame:
    parts = [pd.read_csv(path, dtype=str) for path in sorted(folder.glob(pattern))]
    bars = pd.concat(parts)
    bars["ts_event"] = pd.to_datetime(bars["ts_utc"]).dt.as_unit("ns").astype("int64")
    for price in PRICES:
        bars[price] = bars[price].map(lambda text: int(pa.scalar(text).cast(pa.decimal128(18, 9)).as_py().scaleb(9)))
    return bars.astype({"volume": "int64"})[["symbol", "ts_event", *PRICES, "volume"]]


def table_bars(lake: Lake, table: str) -> pd.DataFrame:
    """A bars table of the lake, read by pyarrow from the live files of its log."""
    folder = lake.path(table)
    parts = [pq.ParquetFile(folder / add["path"]).read() for add in live_files(folder)]
    arrow = pa.concat_tables(parts)
    frame = pd.DataFrame({
        name: arrow[name].to_pylist() for name in ("symbol", "volume", "publisher_id", "instrument_id")
        if name in arrow.column_names})
    frame["ts_event"] = arrow["ts_event"].cast(pa.int64()).to_numpy() * 1000
    for price in PRICES:
        frame[price] = [int(value.scaleb(9)) for value in arrow[price].to_pylist()]
    return frame


def resampled(bars: pd.DataFrame, seconds: int) -> pd.DataFrame:
    """pandas' own resample, per symbol, left-closed and left-labelled, empty periods dropped."""
    keys = [key for key in ("symbol", "publisher_id") if key in bars]
    indexed = bars.sort_values([*keys, "ts_event"], kind="stable")
    indexed.index = pd.to_datetime(indexed["ts_event"], utc=True)
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    rules |= {"instrument_id": "first"} if "instrument_id" in bars else {}
    wide = indexed.groupby(keys).resample(f"{seconds}s", closed="left", label="left", origin="epoch").agg(
        rules | {"ts_event": "count"})
    wide = wide[wide["ts_event"] > 0].drop(columns="ts_event").reset_index()
    return wide.assign(ts_event=wide["ts_event"].dt.as_unit("ns").astype("int64"))


def same_bars(judge: Judge, case: str, mine: pd.DataFrame, true: pd.DataFrame) -> None:
    columns = [column for column in true if column in mine]
    judge.check(set(PRICES + ["volume"]) <= set(columns), f"{case}: columns", columns)
    order = [column for column in ("symbol", "publisher_id", "ts_event") if column in columns]
    a, b = (frame[columns].sort_values(order).reset_index(drop=True) for frame in (mine, true))
    if not judge.check(len(a) == len(b), f"{case}: bars", f"{len(a)}, expected {len(b)}"):
        return
    for column in columns:
        wrong = (a[column].values != b[column].values).nonzero()[0]
        judge.check(len(wrong) == 0, f"{case}: '{column}'", len(wrong) and (
            f"{len(wrong)} bars, first {a.loc[wrong[0]].to_dict()}, expected {b.loc[wrong[0]].to_dict()}"))


def versions(lake: Lake) -> dict[str, int]:
    return {table: deltalake.DeltaTable(str(lake.path(table))).version() for table in lake.tables("bars")}


def judge_table(judge: Judge, lake: Lake, name: str, source: pd.DataFrame, minutes: pd.DataFrame) -> None:
    lake.run("resample", f"raw.{name}_ohlcv_1s", "--to", ",".join(INTERVALS)).expect(0)
    for interval, seconds in INTERVALS.items():
        table = f"bars.{name}_ohlcv_{interval}"
        if judge.check(table in lake.tables("bars"), f"{table}: is there"):
            same_bars(judge, table, table_bars(lake, table), resampled(source, seconds))
            files, wrong = check_table(lake.path(table), quiet=True)
            judge.check(files > 0 and not wrong, f"{table}: row hashes", f"{wrong} of {files} files")
    keys = [key for key in ("symbol", "publisher_id", "ts_event") if key in minutes]
    mine = set(map(tuple, table_bars(lake, f"bars.{name}_ohlcv_1m")[keys].values))
    true = set(map(tuple, minutes[keys].values))
    judge.check(mine == true, f"{name}: the vendor's set of minutes",
                f"{len(mine - true)} more, {len(true - mine)} missing of {len(true)}")


def judge_nothing_to_do(judge: Judge, lake: Lake, name: str) -> None:
    before = versions(lake)
    lake.run("resample", f"raw.{name}_ohlcv_1s", "--to", ",".join(INTERVALS)).expect(0)
    judge.check(versions(lake) == before, f"{name}: a second run finds nothing to do")
    raw = deltalake.DeltaTable(str(lake.path(f"raw.{name}_ohlcv_1s")))
    done = raw.optimize.compact()
    judge.check(done["numFilesRemoved"] > 0, f"{name}: deltalake compacted", done)
    lake.run("resample", f"raw.{name}_ohlcv_1s", "--to", ",".join(INTERVALS)).expect(0)
    judge.check(versions(lake) == before, f"{name}: after compaction there is nothing to do")


def judge_zone(judge: Judge) -> None:
    """Minutes by the dates of New York, through both changes of its clocks: hours, and days of 23 and 25 hours."""
    rng = random.Random(3)
    for first in ("2024-03-08", "2024-11-01"):
        lake, folder = judge.new_lake(), judge.folder()
        begin = pd.Timestamp(first, tz="America/New_York")
        rows = []
        for minute in pd.date_range(begin, begin + pd.DateOffset(days=5), freq="min", inclusive="left"):
            for symbol in ("AAA", "BBB"):
                if rng.random() < 0.7:
                    low = rng.randint(100, 200)
                    rows.append((symbol, rng.randint(1, 99), low + 1, low + 2, low + 3, low, minute.value, 5))
        bars = pd.DataFrame(rows, columns=["ticker", "volume", "open", "close", "high", "low", "window_start", "transactions"])
        bars.to_csv(folder / "minutes.csv", index=False)
        lake.run("ingest", folder / "minutes.csv", "--as", "raw.massive_stock_bars_1m", "--interval", "1m").expect(0)
        lake.run("resample", "raw.massive_stock_bars_1m", "--to", "15m,1h,2h,4h,1d").expect(0)
        times = pd.to_datetime(bars["window_start"], utc=True).dt.tz_convert("America/New_York")
        midnight = times.dt.normalize().astype("datetime64[ns, America/New_York]").map(lambda time: time.value)
        for interval, seconds in {"15m": 900, "1h": 3600, "2h": 7200, "4h": 14400, "1d": None}.items():
            # Bars of an hour and less by UTC, which is the same here; a day is a date, however long.
            start = midnight if seconds is None else midnight + (bars["window_start"] - midnight) // (seconds * 10**9) * (seconds * 10**9)
            true = bars.assign(ts_event=start).groupby(["ticker", "ts_event"], as_index=False).agg(
                open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"), volume=("volume", "sum"))
            mine = pd.DataFrame(pa.concat_tables(pq.ParquetFile(lake.path(f"bars.massive_stock_bars_{interval}") / add["path"]).read(
                ["symbol", "ts_event", *PRICES, "volume"]) for add in live_files(lake.path(f"bars.massive_stock_bars_{interval}"))).to_pylist())
            mine = sorted((row.symbol, row.ts_event.value, *map(int, (row.open, row.high, row.low, row.close, row.volume))) for row in mine.itertuples())
            judge.check(mine == sorted(map(tuple, true.itertuples(index=False, name=None))), f"{first} by New York's dates: {interval}",
                        f"{len(mine)} bars, expected {len(true)}; {mine[:2]}, {true[:2].values.tolist()}")
        before = versions(lake)
        lake.run("resample", "raw.massive_stock_bars_1m", "--to", "15m,1h,2h,4h,1d").expect(0)
        judge.check(versions(lake) == before, f"{first}: a second run finds nothing to do")


def judge_all(judge: Judge) -> None:
    judge_zone(judge)
    derived, lean = judge.data / "derived/dbn", judge.data / "lean/csv"
    lake = judge.new_lake()
    lake.run("ingest", *sorted(derived.glob("equs-mini-*.ohlcv-1s.dbn.zst"))).expect(0)
    judge_table(judge, lake, "equs_mini", vendor_bars("equs-mini-*.ohlcv-1s.dbn*", derived),
                vendor_bars("equs-mini-*.ohlcv-1m.dbn*", derived))
    # One file a symbol and day, so that a day has several files to compact.
    for path in sorted((lean / "equity_trade_1s").glob("*.csv")):
        lake.run("ingest", path, "--table", "raw.lean_ohlcv_1s", "--interval", "1s", "--map", "ts_utc=ts_event").expect(0)
    seconds = lean_bars(lean / "equity_trade_1s", "*.csv")
    days = {path.name for path in (lean / "equity_trade_1s").glob("*.csv")}
    minutes = pd.concat(lean_bars(lean / "equity_trade_1min", day) for day in sorted(days))
    judge_table(judge, lake, "lean", seconds, minutes)
    judge_nothing_to_do(judge, lake, "lean")
    for interval in ("7s", "1500ms", "25h", "0s", "fortnight"):
        before = versions(lake)
        refused = lake.run("resample", "raw.lean_ohlcv_1s", "--to", interval)
        judge.check(refused.status == 64 and "error:" in refused.talk and interval in refused.talk,
                    f"interval '{interval}' is refused", f"{refused.status} {refused.talk}")
        judge.check(versions(lake) == before and len(lake.tables("bars")) == 2 * len(INTERVALS),
                    f"interval '{interval}' leaves the tables as they were")
    mixed = lake.run("resample", "raw.lean_ohlcv_1s", "--to", "7s,2m")
    judge.check(mixed.status == 2, "a list with one bad interval fails after the others are done", mixed.status)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
