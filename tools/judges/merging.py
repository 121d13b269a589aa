#!/usr/bin/env python3
"""Files that overlap: whatever the cuts, their order and the number of commands, a table holds each event as often as its feed.

Three truths that no rule of ours decides. The union of cuts of a feed is the feed: real trades with 343,636 genuine duplicates in ten
parts that overlap by minutes, and made-up feeds cut at any record. A feed's CSV (as the vendor's own package writes it) and its DBN
together are the DBN alone, in either order. A table that comes again with one more column is itself, with that column.

Cases: 65
"""
from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import databento  # noqa: E402
import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import zstandard  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from rowhash import check_table, live_files  # noqa: E402

SEED = 20131007
TICKS = ["ts_utc", "symbol", "price", "size", "exchange", "conditions"]
KINDS = {"trades": "raw.equs_mini_trades", "mbp-1": "raw.equs_mini_mbp_1", "tbbo": "raw.equs_mini_tbbo", "ohlcv-1s": "raw.equs_mini_ohlcv_1s"}
INDEX = {"trades": "ts_recv", "mbp-1": "ts_recv", "tbbo": "ts_recv", "ohlcv-1s": "ts_event"}
# Where a row came from is no part of it, and what only one reading of a feed has is looked at by itself.
OWN = {"date", "source_ordinal", "requested_symbol", "extra"}


def stored(lake: Lake, table: str, columns: "list[str] | None" = None) -> pd.DataFrame:
    files = [pq.ParquetFile(lake.path(table) / add["path"]).read() for add in live_files(lake.path(table))]
    whole = pa.concat_tables(files, promote_options="permissive")
    names = columns or [name for name in whole.column_names if name not in OWN]
    return whole.select(names).to_pandas()


def as_counts(frame: pd.DataFrame) -> "Counter[tuple]":
    """Each row as often as it is there; nulls compare equal."""
    return Counter(map(tuple, frame.astype(object).where(frame.notna(), None).itertuples(index=False)))


def is_true(judge: Judge, lake: Lake, table: str, case: str) -> None:
    """What the tags say of the files is so."""
    judge.check(not check_table(lake.path(table), quiet=True)[1], f"{case}: tags")


def is_alone(judge: Judge, lake: Lake, table: str, alone: pd.DataFrame, case: str) -> None:
    wrong = as_counts(stored(lake, table, list(alone.columns)))
    wrong.subtract(as_counts(alone))
    judge.check(not any(wrong.values()), case, [(row, count) for row, count in wrong.items() if count][:2])


def after(judge: Judge, commands: "list[list]") -> Lake:
    """A lake after some ingests."""
    lake = judge.new_lake()
    for words in commands:
        lake.run("ingest", *words).expect(0)
    return lake


def judge_ticks(judge: Judge) -> None:
    """Real trades, whose times are whole milliseconds: a fifth of them are equal to others."""
    source = judge.data / "lean/ticks/SPY_trade_20131007_20131011.parquet"
    whole = pq.read_table(source, columns=[*TICKS, "suspicious"]).sort_by("ts_utc")
    times = whole["ts_utc"].cast(pa.int64()).to_numpy()
    chance = random.Random(SEED)
    folder = judge.folder()
    size = len(times) // 10
    parts = []
    for part in range(10):
        # Cuts lie between instants; parts overlap by up to some minutes of a session.
        first = int(times.searchsorted(times[max(0, part * size - chance.randrange(1, 9000))], "left"))
        last = len(times) if part == 9 else int(times.searchsorted(times[(part + 1) * size], "left"))
        parts.append(folder / f"part{part}.parquet")
        pq.write_table(whole.slice(first, last - first), parts[-1])
    chance.shuffle(parts)
    lake = judge.new_lake()
    flags = ["--schema", "trades", "--table", "raw.spy_trades", "--overlap", "union"]
    for few in (parts[:1], parts[1:4], parts[4:6], parts[6:], parts[2:4], [source]):
        lake.run("ingest", *few, *flags).expect(0)
    mine = stored(lake, "raw.spy_trades", ["ts_recv", "ts_recv_plus_ns", "symbol", "price", "size"])
    mine["ts_utc"] = mine["ts_recv"].dt.as_unit("ns").astype("int64") + mine["ts_recv_plus_ns"]
    mine["price"] = mine["price"].astype(float)
    true = whole.select(["symbol", "price", "size"]).to_pandas()
    true["ts_utc"] = times
    keys = ["ts_utc", "symbol", "price", "size"]
    judge.check(len(mine) == len(true), "ticks in ten parts: rows", f"{len(mine)}, expected {len(true)}")
    counts = [frame.groupby(keys, observed=True).size().sort_index() for frame in (mine.astype({"symbol": str}), true.astype({"symbol": str}))]
    judge.check(counts[0].equals(counts[1]), "ticks in ten parts: each row as often as it is there",
                counts[0].compare(counts[1]).head() if len(counts[0]) == len(counts[1]) else (len(counts[0]), len(counts[1])))
    judge.check(bool(true.duplicated().any()) and int((counts[1] - 1).sum()) > 300_000, "ticks: equal rows are many")
    is_true(judge, lake, "raw.spy_trades", "ticks in ten parts")


def made(judge: Judge) -> Path:
    folder = judge.folder()
    subprocess.run([judge.binary, "simulate", "--schema", ",".join(KINDS), "--symbols", "SPY,QQQ,AAPL", "--rows-per-day", "30000",
                    "-o", folder, "-q"], check=True)
    return folder


def cut(source: Path, folder: Path, *ranges: "tuple[float, float]") -> "list[Path]":
    """DBN files of some of a file's records, all with its header."""
    content = zstandard.ZstdDecompressor().stream_reader(source.read_bytes()).read()
    first = 8 + int.from_bytes(content[4:8], "little")
    stride = content[first] * 4
    count = (len(content) - first) // stride
    paths = []
    for low, high in ranges:
        paths.append(folder / f"{source.name.split('.')[1]}-{len(list(folder.iterdir()))}.dbn")
        paths[-1].write_bytes(content[:first] + content[first + int(low * count) * stride:first + int(high * count) * stride])
    return paths


def judge_cuts(judge: Judge, source: Path, kind: str, alone: pd.DataFrame) -> None:
    table, folder = KINDS[kind], judge.folder()
    halves = cut(source, folder, (0, .37), (.37, 1))
    laps = cut(source, folder, (0, .6), (.4, .9), (.2, .5), (.85, 1), (0, 1))
    for case, commands in {"halves": [halves], "halves, the later first": [[half] for half in reversed(halves)],
                           "overlapping parts": [[laps[1]], [laps[3], laps[2]], [laps[0]]], "a part, then the whole": [[laps[2]], [laps[4]]],
                           "the whole, then parts": [[laps[4]], laps[:3]], "everything at once": [laps + halves]}.items():
        lake = after(judge, commands)
        is_alone(judge, lake, table, alone, f"{kind}: {case}")
    is_true(judge, lake, table, f"{kind}: cuts")


def judge_csv(judge: Judge, source: Path, kind: str, alone: pd.DataFrame) -> None:
    """The same feed as text, by the vendor's package, pretty or not."""
    table, folder = KINDS[kind], judge.folder()
    store = databento.DBNStore.from_file(source)
    text = folder / "text.csv"
    store.to_csv(text, pretty_px=True, pretty_ts=True, map_symbols=True)
    flags = ["--dataset", "EQUS.MINI", "--schema", kind]
    for case, commands in {"DBN, then CSV": [[source], [text, *flags]], "CSV, then DBN": [[text, *flags], [source]]}.items():
        lake = after(judge, commands)
        is_alone(judge, lake, table, alone, f"{kind}: {case}: the DBN alone")
        is_true(judge, lake, table, f"{kind}: {case}")


def judge_more_columns(judge: Judge, source: Path, kind: str, alone: pd.DataFrame) -> None:
    """The table without one of its columns, then with it; and the other way round, which takes nothing away."""
    table, folder = KINDS[kind], judge.folder()
    store = databento.DBNStore.from_file(source)
    full, less = folder / "full.csv", folder / "less.csv"
    store.to_csv(full, pretty_px=True, pretty_ts=True, map_symbols=True)
    missing = "volume" if kind.startswith("ohlcv") else "flags"
    frame = pd.read_csv(full, dtype=str, keep_default_na=False)
    frame.drop(columns=[missing]).to_csv(less, index=False)
    flags = ["--dataset", "EQUS.MINI", "--schema", kind]
    if kind.startswith("ohlcv"):
        # A bar without its volume is another bar of the same key: it is quarantined, and told.
        lake = judge.new_lake()
        lake.run("ingest", full, *flags).expect(0)
        lake.run("ingest", less, *flags)
        judge.check(as_counts(stored(lake, table, list(alone.columns))) == as_counts(alone), f"{kind}: less is no more")
        return
    for case, order in {"a column more": [less, full], "a column less": [full, less]}.items():
        lake = after(judge, [[path, *flags] for path in order])
        is_alone(judge, lake, table, alone, f"{kind}: {case} is the table")
        is_true(judge, lake, table, f"{kind}: {case}")


def judge_all(judge: Judge) -> None:
    print(f"seed {SEED}")
    judge_ticks(judge)
    folder = made(judge)
    for kind in KINDS:
        source = next(folder.glob(f"*.{kind}.dbn.zst"))
        alone = stored(after(judge, [[source]]), KINDS[kind])
        true = databento.DBNStore.from_file(source).to_df(map_symbols=True, pretty_ts=False).reset_index()
        judge.check(len(true) == len(alone) > 1000, f"{kind}: alone it has the feed's rows", (len(true), len(alone)))
        judge_cuts(judge, source, kind, alone)
        judge_csv(judge, source, kind, alone)
        judge_more_columns(judge, source, kind, alone)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
