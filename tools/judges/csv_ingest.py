#!/usr/bin/env python3
"""Other people's CSV and Parquet files in a lake.

What `lake query` prints of an ingested file must be what pandas reads of it: every row, every digit, every instant. Real
files are taken as they lie; one of them is written by pandas, polars and pyarrow in every usual form and must give the
same rows each time. Local times are compared with Python's zoneinfo around changes of the clocks. Databento's own CSV
must give what the same records give as DBN. Rows that cannot be stored must be in quarantine, by rule.
"""
from __future__ import annotations

import contextlib
import csv
import gzip
import io
import random
import re
import sys
import warnings
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import databento  # noqa: E402
import pandas as pd  # noqa: E402
import polars as pl  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import zstandard  # noqa: E402
from deltalake import DeltaTable  # noqa: E402
from judging import Judge, Lake  # noqa: E402

PRICES = ["open", "high", "low", "close"]
BARS = ["ts_event", "symbol", *PRICES, "volume"]
ZONES = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu",
         "Africa/Casablanca", "Pacific/Apia", "Asia/Tokyo"]


def plain(text: str) -> str:
    """A decimal without an exponent and without zeros at its end."""
    if text == "":
        return ""
    value = format(Decimal(text).normalize(), "f")
    return "0" if value == "-0" else value


def stored(lake: Lake, table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(lake.run("query", table, "--format", "csv").expect(0).output)))


def iso(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    text = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest:09d}" if rest else "") + "Z"


def bars_of(path: Path, **reading: object) -> list[tuple[str, ...]]:
    """A file's bars as pandas reads them, in the lake's order."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, **reading)
    frame = frame.rename(columns={"ts_utc": "ts_event", "timestamp_utc": "ts_event"})
    instants = pd.to_datetime(frame["ts_event"], utc=True).dt.as_unit("ns").astype("int64")
    rows = [(iso(t)[:10], s, t, iso(t), *map(plain, prices), plain(v)) for t, s, *prices, v in zip(
        instants, frame["symbol"], *(frame[name] for name in PRICES), frame["volume"])]
    return [(row[3], row[1], *row[4:]) for row in sorted(rows, key=lambda row: row[:3])]


def printed_bars(lake: Lake, table: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in BARS) for row in stored(lake, table)]


def first_difference(mine: list, true: list) -> str:
    if mine == true:
        return ""
    at = next((i for i, (a, b) in enumerate(zip(mine, true)) if a != b), min(len(mine), len(true)))
    return f"{len(mine)} rows, expected {len(true)}; row {at} {mine[at:at + 1]}, expected {true[at:at + 1]}"


def judge_bars(judge: Judge, path: Path, true: list, case: str, *flags: str, stdin: bytes = b"", statuses=(0,)) -> None:
    lake = judge.new_lake()
    # An interval that the times contradict is refused.
    length = "1s" if "_1s" in str(path) else "1m"
    done = lake.run("ingest", path, "--table", f"raw.x_ohlcv_{length}", "--interval", length, *flags, stdin=stdin)
    if judge.check(done.status in statuses, f"{case}: ingest", done.talk.strip()[-400:]):
        mine = printed_bars(lake, f"raw.x_ohlcv_{length}")
        judge.check(mine == true, f"{case}: rows", first_difference(mine, true))


def judge_real_files(judge: Judge) -> None:
    folder = judge.data / "lean/csv"
    for path in sorted(folder.glob("equity_trade_1[sm]*/*.csv")) + sorted(folder.glob("*_trade_1min/*X*.csv*")):
        if "future" not in str(path):  # Several contracts share a symbol there.
            judge_bars(judge, path, bars_of(path), str(path.relative_to(folder)))


def judge_forms(judge: Judge) -> None:
    """One real file, as many programs write it."""
    source = judge.data / "lean/csv/equity_trade_1min/IBM_20131007.csv"
    true = bars_of(source)
    folder = judge.folder()
    exact = pd.read_csv(source, dtype=str)
    exact["ts_utc"] = pd.to_datetime(exact["ts_utc"], utc=True).dt.as_unit("ns")
    epoch = exact["ts_utc"].astype("int64")
    floats = exact.assign(**{name: exact[name].astype(float) for name in PRICES}, volume=exact["volume"].astype(int))
    local = exact["ts_utc"].dt.tz_convert("America/New_York")

    def case(name: str, frame: pd.DataFrame, *flags: str, **writing: object) -> None:
        path = folder / (name.replace(" ", "_") + ".csv")
        frame.to_csv(path, **{"index": False, **writing})
        judge_bars(judge, path, true, f"pandas, {name}", *flags)

    for unit, divisor in [("s", 10**9), ("ms", 10**6), ("us", 1000), ("ns", 1)]:
        case(f"epoch {unit}", exact.assign(ts_utc=epoch // divisor).rename(columns={"ts_utc": "time"}))
    case("epoch with a fraction", exact.assign(ts_utc=epoch / 1e9).rename(columns={"ts_utc": "time"}))
    case("floats and offsets", floats)
    case("volumes as floats", floats.assign(volume=floats["volume"].astype(float)))
    case("local times with offset", exact.assign(ts_utc=local).rename(columns={"ts_utc": "timestamp"}))
    naive = exact.assign(ts_utc=local.dt.tz_localize(None)).rename(columns={"ts_utc": "Datetime"})
    case("naive local times", naive, "--timezone", "America/New_York")
    split = naive.assign(Date=naive["Datetime"].dt.strftime("%Y-%m-%d"), Time=naive["Datetime"].dt.strftime("%H:%M"))
    case("date and time apart", split.drop(columns="Datetime"), "--timezone", "America/New_York")
    compact = naive.assign(Datetime=naive["Datetime"].dt.strftime("%Y%m%d%H%M%S"))
    case("compact times", compact, "--timezone", "America/New_York")
    case("numbered index", exact, index=True)
    case("index of times", exact.set_index("ts_utc").rename_axis(None), index=True)
    case("semicolons", exact, sep=";")
    case("tabs", exact, sep="\t")
    case("all quoted, CRLF", exact, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    case("byte order mark", exact, encoding="utf-8-sig")
    case("upper case", exact.rename(columns=str.upper))
    case("other names", exact.rename(columns={"open": "Open Price", "symbol": "who"}), "--map", "Open Price=open",
         "--map", "who=symbol")
    case("one symbol", exact.drop(columns="symbol"), "--symbol", "IBM")
    case("shuffled", exact.sample(frac=1, random_state=1))
    case("exponents", exact.assign(**{name: exact[name].map(lambda x: f"{Decimal(x):.8e}") for name in PRICES}))
    order = ",".join(["ts_event", "symbol", *PRICES, "volume"])
    case("no header", exact, "--columns", order, header=False)

    text = source.read_bytes()
    for suffix, content in [(".gz", gzip.compress(text)), (".zst", zstandard.compress(text))]:
        path = folder / ("compressed.csv" + suffix)
        path.write_bytes(content)
        judge_bars(judge, path, true, "compressed " + suffix)
    judge_bars(judge, Path("-"), true, "standard input", stdin=text)
    judge_bars(judge, Path("-"), true, "standard input, zstd", stdin=zstandard.compress(text))
    source_polars = pl.read_csv(source, try_parse_dates=True)
    source_polars.write_csv(folder / "polars.csv")
    judge_bars(judge, folder / "polars.csv", true, "polars", "--timezone", "UTC")
    judge_parquet(judge, folder, floats, true)


def judge_parquet(judge: Judge, folder: Path, floats: pd.DataFrame, true: list) -> None:
    def case(name: str, path: Path, *flags: str) -> None:
        judge_bars(judge, path, true, f"parquet, {name}", *flags)

    floats.to_parquet(folder / "pandas.parquet")
    case("pandas", folder / "pandas.parquet")
    floats.set_index("ts_utc").rename_axis(None).to_parquet(folder / "index.parquet")
    case("pandas' index without a name", folder / "index.parquet")
    floats.astype({"symbol": "category"}).to_parquet(folder / "category.parquet", row_group_size=100)
    case("categories, small row groups", folder / "category.parquet")
    naive = floats.assign(ts_utc=floats["ts_utc"].dt.tz_convert("America/New_York").dt.tz_localize(None))
    naive.rename(columns={"ts_utc": "time"}).to_parquet(folder / "naive.parquet")
    case("naive local times", folder / "naive.parquet", "--timezone", "America/New_York")
    frame = pl.from_pandas(floats)
    frame.write_parquet(folder / "polars.parquet")
    case("polars", folder / "polars.parquet")
    exact = frame.with_columns([pl.col(PRICES).cast(pl.Decimal(20, 4)), pl.col("ts_utc").cast(pl.Datetime("us", "UTC"))])
    exact.write_parquet(folder / "decimal.parquet", compression="snappy")
    case("polars' decimals of scale 4", folder / "decimal.parquet")
    table = pa.Table.from_pandas(floats)
    small = table.set_column(table.column_names.index("volume"), "volume", table["volume"].cast(pa.int32()))
    for codec, version in [("gzip", "1.0"), ("brotli", "2.0"), ("lz4", "2.0"), ("none", "2.0")]:
        path = folder / f"arrow-{codec}.parquet"
        pq.write_table(small, path, compression=codec, data_page_version=version, use_dictionary=codec != "none",
                       coerce_timestamps="ms", allow_truncated_timestamps=True)
        case(f"pyarrow {codec}, pages {version}", path)


def judge_clocks(judge: Judge) -> None:
    """Local times around changes of the clocks, and at random, against zoneinfo; the earlier of two instants counts."""
    chance = random.Random(7)
    for name in ZONES:
        zone = ZoneInfo(name)
        readings = {datetime(year, month, 1) + timedelta(minutes=10 * step)
                    for year, month in [(2024, 3), (2024, 11)] for step in range(0, 14 * 144, 3)}
        readings |= {datetime(2024, 3, 10) + timedelta(minutes=step) for step in range(0, 360, 5)}
        readings |= {datetime(2024, 11, 3) + timedelta(minutes=step) for step in range(0, 360, 5)}
        readings |= {datetime(1972, 1, 1) + timedelta(minutes=chance.randrange(0, 40_000_000)) for _ in range(150)}
        true, gaps, twice = set(), 0, 0
        for reading in sorted(readings):
            aware = reading.replace(tzinfo=zone)
            instant = aware.astimezone(timezone.utc)
            if instant.astimezone(zone).replace(tzinfo=None) != reading:
                gaps += 1
                continue
            twice += aware.replace(fold=1).utcoffset() != aware.utcoffset()
            true.add(instant.strftime("%Y-%m-%dT%H:%M:%SZ"))
        path = judge.folder() / "local.csv"
        path.write_text("time,symbol,open,high,low,close\n" + "".join(f"{r},A,1,1,1,1\n" for r in sorted(readings)))
        lake = judge.new_lake()
        done = lake.run("ingest", path, "--table", "raw.x", "--interval", "5m", "--timezone", name)
        if judge.check(done.status == (1 if gaps else 0), f"{name}: ingest", done.talk.strip()[-300:]):
            mine = {row["ts_event"] for row in stored(lake, "raw.x")}
            judge.check(mine == true, f"{name}: instants", sorted(mine ^ true)[:3])
            told = re.search(r"times that happened twice +([\d,]+)", done.talk + done.output)
            judge.check((int(told[1].replace(",", "")) if told else 0) == twice, f"{name}: repeated", (twice, told))
            found = [rule for rule in quarantined(lake) if rule == "time_gap"]
            judge.check(len(found) == gaps, f"{name}: gaps", f"{len(found)}, expected {gaps}")


def quarantined(lake: Lake) -> list[str]:
    rules: list[str] = []
    for table in lake.tables("quarantine"):
        rules += DeltaTable(str(lake.path(table))).to_pyarrow_table()["rule"].to_pylist()
    return sorted(rules)


def judge_vendor(judge: Judge) -> None:
    """Databento's CSV, as its package writes it, against the same records as DBN."""
    folder = judge.data / "dbn/databento-dbn"
    for kind in ["ohlcv-1s", "mbp-1", "mbo", "trades", "tbbo", "mbp-10"]:
        source = folder / f"test_data.{kind}.v3.dbn.zst"
        lake = judge.new_lake()
        if not judge.check(lake.run("ingest", source).status == 0, f"{kind}: DBN"):
            continue
        true = stored(lake, lake.tables("raw")[0])
        store = databento.DBNStore.from_file(source)
        for form, writing in [("pretty", {}), ("fixed", {"pretty_ts": False, "pretty_px": False})]:
            path = judge.folder() / "vendor.csv"
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                store.to_csv(path, **writing)
            other = judge.new_lake()
            told = ["--schema", kind] if kind in ("mbp-1", "tbbo") else []
            done = other.run("ingest", path, "--dataset", "GLBX.MDP3", *told)
            if judge.check(done.status == 0, f"{kind}, {form}: ingest", done.talk.strip()[-300:]):
                mine = stored(other, other.tables("raw")[0])
                judge.check(mine == true, f"{kind}, {form}: rows", first_difference(mine, true))


def judge_bad_rows(judge: Judge) -> None:
    header = "ts_event,symbol,open,high,low,close,volume\n"
    good = "".join(f"2024-01-02T14:{m:02d}:{s:02d}Z,A,1.5,2,1,1.5,10\n" for m in range(5) for s in range(60))
    at = "2024-01-02T15:00:00Z,A,"
    bad = {
        "ragged_row": at + "1,2", "not_a_number": at + "x,2,1,1,1", "too_many_decimals": at + "1.0000000001,2,1,1,1",
        "does_not_fit": at + "1,1e12,1,1,1", "null_required": at + ",2,1,1,1", "fraction_in_integer": at + "1,2,1,1,1.5",
        "bad_time": "2024-02-30T00:00:00Z,A,1,2,1,1,1", "naive_time": "2024-01-02 15:00:00,A,1,2,1,1,1",
        "high_not_below_low": at + "1,1,2,1,1", "volume_not_negative": at + "1,2,1,1,-1",
        "time_too_fine": "2024-01-02T15:00:00.0000001Z,A,1,2,1,1,1", "bad_quote": at + '1,2,1,"1"x,1',
        "invalid_utf8": "2024-01-02T15:00:00Z,\udcff,1,2,1,1,1",
    }
    path = judge.folder() / "bad.csv"
    path.write_bytes((header + good + "\n".join(bad.values()) + "\n").encode(errors="surrogateescape"))
    lake = judge.new_lake()
    # A new table would be as wide as the values need.
    first = judge.folder() / "first.csv"
    first.write_text(header + "2024-01-01T14:00:00Z,A,1.5,2,1,1.5,10\n")
    lake.run("ingest", first, "--table", "raw.x", "--interval", "1s").expect(0)
    done = lake.run("ingest", path, "--table", "raw.x", "--interval", "1s")
    judge.check(done.status == 1, "bad rows: exit status", f"{done.status} {done.talk[-300:]}")
    judge.check(quarantined(lake) == sorted(bad), "bad rows: quarantine",
                sorted(set(quarantined(lake)) ^ set(bad)))
    judge.check(len(stored(lake, "raw.x")) == 301, "bad rows: the good ones are stored")

    refused = {
        "naive times": (header + good.replace("Z,", ","), "--timezone"),
        "no column for a price": (header.replace("close", "shut") + good, "--map 'theirs=close'"),
        "no symbol": (header.replace("symbol", "who") + good, "--symbol"),
        "no header": (good, "--columns"), "an open quote": (header + good + '"2024', "close the quote"),
        "nothing": ("", "leave it out"), "one word": ("hello\nworld\n", "--delimiter"),
    }
    for case, (text, remedy) in refused.items():
        path = judge.folder() / "refused.csv"
        path.write_text(text)
        lake = judge.new_lake()
        done = lake.run("ingest", path, "--table", "raw.x", "--interval", "1s")
        judge.check(done.status == 2, f"{case}: exit status", done.status)
        judge.check(remedy in done.talk, f"{case}: remedy", done.talk.strip()[-300:])
        judge.check(lake.tables("raw") == [] or not stored(lake, "raw.x"), f"{case}: nothing is stored")


def judge_ticks(judge: Judge) -> None:
    """Real trades of another vendor, who numbers no instruments: equal rows are genuine, and all stay."""
    source = judge.data / "lean/ticks/SPY_trade_20131007_20131011.parquet"
    lake = judge.new_lake()
    done = lake.run("ingest", source, "--schema", "trades", "--table", "raw.spy_trades")
    if not judge.check(done.status == 0, "ticks: ingest", done.talk.strip()[-300:]):
        return
    true = pd.read_parquet(source, columns=["ts_utc", "price", "size"])
    mine = DeltaTable(str(lake.path("raw.spy_trades"))).to_pyarrow_table(
        columns=["ts_recv", "ts_recv_plus_ns", "price", "size", "source_ordinal"]).to_pandas()
    mine = mine.sort_values("source_ordinal", ignore_index=True)
    times = mine["ts_recv"].dt.as_unit("ns").astype("int64") + mine["ts_recv_plus_ns"]
    judge.check(len(mine) == len(true) and bool(true.duplicated().any()), "ticks: rows", f"{len(mine)}, expected {len(true)}")
    judge.check(times.equals(true["ts_utc"].dt.as_unit("ns").astype("int64")), "ticks: times")
    judge.check(mine["price"].astype(float).equals(true["price"]) and mine["size"].equals(true["size"]), "ticks: prices and sizes")


BAR_HEAD = "ts_event,symbol,open,high,low,close,volume"
BAR_ROW = "2024-01-02T10:00:00Z,A,1,2,1,1.5,3"


def extras(lake: Lake, table: str) -> list:
    return DeltaTable(str(lake.path(table))).to_pyarrow_table(columns=["ts_event", "extra"]).sort_by("ts_event")["extra"].to_pylist()


def judge_dates(judge: Judge) -> None:
    """A column of dates beside a full time: kept where the partition does not say it, and never twice."""
    late = "2024-01-02T23:30:00Z,A,1,2,1,1.5,3"
    text = f"{BAR_HEAD},date\n{BAR_ROW},2024-01-02\n{late},2024-01-03\n"
    lake, folder = judge.new_lake(), judge.folder()
    (folder / "a.csv").write_text(text)
    flags = ["--interval", "1m", "--table"]
    done = lake.run("ingest", folder / "a.csv", *flags, "raw.csv_ohlcv_1m")
    judge.check(done.status == 0 and extras(lake, "raw.csv_ohlcv_1m") == [None, '{"date":"2024-01-03"}'], "date: of CSV", done.talk)
    frame = pd.read_csv(folder / "a.csv", parse_dates=["ts_event"])
    for kind, dates in {"text": frame["date"], "date": pd.to_datetime(frame["date"]).dt.date, "time": pd.to_datetime(frame["date"])}.items():
        frame.assign(date=dates).to_parquet(folder / f"{kind}.parquet")
        done = lake.run("ingest", folder / f"{kind}.parquet", *flags, f"raw.{kind}_ohlcv_1m")
        kept = extras(lake, f"raw.{kind}_ohlcv_1m")
        judge.check(done.status == 0 and kept[0] is None and '"date":"2024-01-03' in (kept[1] or ""), f"date: of Parquet, as {kind}", kept)
    written = folder / "written.csv"
    lake.run("query", "raw.csv_ohlcv_1m", "-c", "ts_event,symbol,open,high,low,close,volume,date,extra", "-o", written).expect(0)
    lake.run("ingest", written, *flags, "raw.again_ohlcv_1m").expect(0)
    judge.check(extras(lake, "raw.again_ohlcv_1m") == extras(lake, "raw.csv_ohlcv_1m"), "date: what lake wrote is not doubled",
                extras(lake, "raw.again_ohlcv_1m"))
    # The dates of a table of another zone are those of that zone.
    (folder / "first.csv").write_text("date,symbol,open,high,low,close,volume\n2024-01-02,A,1,2,1,1.5,3\n")
    lake.run("ingest", folder / "first.csv", "--interval", "1d", "--table", "raw.ny_ohlcv_1d", "--timezone", "America/New_York").expect(0)
    (folder / "more.csv").write_text(f"{BAR_HEAD},date\n2024-01-04T02:00:00Z,A,1,2,1,1.5,3,2024-01-03\n2024-01-04T03:00:00Z,A,1,2,1,1.5,3,2024-01-04\n")
    lake.run("ingest", folder / "more.csv", "--interval", "1d", "--table", "raw.ny_ohlcv_1d").expect(0)
    judge.check(extras(lake, "raw.ny_ohlcv_1d") == [None, None, '{"date":"2024-01-04"}'], "date: of a table of another zone",
                extras(lake, "raw.ny_ohlcv_1d"))
    (folder / "rtype.csv").write_text("ticker,volume,open,close,high,low,window_start,transactions,rtype\nA,10,1,2,3,0.5,1704258000000000000,4,7\n")
    lake.run("ingest", folder / "rtype.csv", "--schema", "massive-stock-bars-1m", "--table", "raw.m_1m").expect(0)
    judge.check(extras(lake, "raw.m_1m") == ['{"rtype":7}'], "a record type where the kind has none", extras(lake, "raw.m_1m"))


def judge_unknown_columns(judge: Judge) -> None:
    """A bar that comes again with another value of an unknown column is a conflict; one that says more takes its place."""
    folder = judge.folder()
    first, second = {"vw": "1.2"}, {}
    for case, columns, aside in [
        ("another value", {"vw": "1.3"}, 1), ("the same value", {"vw": "1.2"}, 0), ("the same, written otherwise", {"vw": "1.20"}, 0),
        ("a further column", {"vw": "1.2", "n": "7"}, 0), ("a further column, and another value", {"n": "7", "vw": "9"}, 1),
        ("another column alone", {"n": "7"}, 0), ("no such column", {}, 0),
    ]:
        lake = judge.new_lake()
        for name, more in (("a", first), ("b", columns)):
            (folder / f"{name}.csv").write_text(",".join([BAR_HEAD, *more]) + "\n" + ",".join([BAR_ROW, *more.values()]) + "\n")
        flags = ["--table", "raw.b_ohlcv_1m", "--interval", "1m"]
        lake.run("ingest", folder / "a.csv", *flags).expect(0)
        done = lake.run("ingest", folder / "b.csv", *flags, "--max-bad", "1")
        there = lake.tables("quarantine") and stored(lake, "quarantine.b_ohlcv_1m") or []
        fuller = '{"vw":1.2,"n":7}' if case == "a further column" else '{"vw":1.2}'
        judge.check(len(there) == aside and extras(lake, "raw.b_ohlcv_1m") == [fuller], f"extra: {case}", done.talk[-300:])
        if aside:
            judge.check(done.status == 1 and columns["vw"] in there[0]["original"], f"extra: {case}: with its original", there)
            again = lake.run("ingest", folder / "b.csv", *flags, "--max-bad", "1")
            judge.check(len(stored(lake, "quarantine.b_ohlcv_1m")) == 1, f"extra: {case}: once", again.talk[-300:])


def judge_all(judge: Judge) -> None:
    judge_ticks(judge)
    judge_dates(judge)
    judge_unknown_columns(judge)
    judge_forms(judge)
    judge_vendor(judge)
    judge_bad_rows(judge)
    judge_clocks(judge)
    judge_real_files(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
