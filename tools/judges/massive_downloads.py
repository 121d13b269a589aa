#!/usr/bin/env python3
"""Downloads of Massive against its stand-in: every value of the pages that were served, once, under every fault.

The stand-in is itself judged by the vendor's own client (standin_massive.py). The source is read by Python's json with
every number kept as the digits that stand there.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Lake  # noqa: E402
from rowhash import live_files  # noqa: E402

KEY = "massive-judge-0123456789"
STANDIN = Path(__file__).resolve().parent.parent / "standin/massive"
PRICES = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "n": "transactions"}
Bars = dict[tuple[str, datetime], dict[str, Any]]


class StandIn:
    """The server, and the environment in which `lake` asks it."""

    def __init__(self, judge: Judge, *flags: str, data: Path | None = None) -> None:
        self.log = judge.folder() / "requests.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, STANDIN, "--data", data or judge.data / "derived/massive", "--key", KEY, "--log", self.log,
             "--stop-with-stdin", *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        url = self.process.stdout.readline().removeprefix("listening on ").strip()
        kept = {name: text for name, text in os.environ.items() if not name.endswith("_API_KEY")}
        self.environment = {**kept, "MASSIVE_API_KEY": KEY, "LAKE_MASSIVE_URL": url}

    def requests(self, part: str = "") -> list[dict[str, Any]]:
        """What was asked, at addresses that hold `part`."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [request for request in map(json.loads, lines) if part in request["path"]]

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.stdin.close()
        self.process.wait(10)


def quick_lake(judge: Judge) -> Lake:
    """A lake that does not wait long between attempts."""
    lake = judge.new_lake()
    with (lake.root / "lake.yaml").open("a") as config:
        config.write("\nretry:\n  initial_wait: 0.05\n  max_wait: 0.2\n  max_attempts: 4\ntimeouts:\n  stall: 1\n")
    return lake


def served(judge: Judge, pattern: str) -> Bars:
    """The bars of saved pages, by ticker and time."""
    bars: Bars = {}
    for path in sorted((judge.data / "derived/massive").glob(pattern)):
        page = json.loads(path.read_text(), parse_float=Decimal)
        for result in page["results"]:
            time = datetime.fromtimestamp(result["t"] / 1000, timezone.utc)
            bars[page["ticker"], time] = {long: Decimal(result[short]) for short, long in PRICES.items() if short in result}
    return bars


def stored(judge: Judge, lake: Lake, table: str, case: str) -> Bars:
    bars: Bars = {}
    if table not in lake.tables("raw"):
        return bars
    count = 0
    for add in live_files(lake.path(table)):
        for row in pq.ParquetFile(lake.path(table) / add["path"]).read().to_pylist():
            key = row["symbol"], row["ts_event"].astimezone(timezone.utc)
            count += 1
            bars[key] = {name: Decimal(row[name]) for name in PRICES.values() if row.get(name) is not None}
    judge.check(count == len(bars), f"{case}: {count - len(bars)} rows are there twice")
    return bars


def words(kind: str, symbols: str, start: str, end: str, *more: str) -> list[str]:
    return ["download", "massive", kind, "--symbols", symbols, "--start", start, "--end", end, *more]


SPY = ("raw.massive_stock_bars_1m", "stocks/SPY/*/page-*.json", words("bars", "SPY", "2013-10-07", "2013-10-11"))


def judge_rows(judge: Judge) -> None:
    """Each market arrives equal to its source; the second time nothing is asked for."""
    for table, pattern, asked in [
        SPY,
        ("raw.massive_index_bars_1d", "indices/I_VIX/*/page-*.json",
         words("indices", "I:VIX", "2013-01-01", "2026-07-23", "--interval", "1d")),
        ("raw.massive_stock_bars_1m", "stocks/AAPL/*/page-*.json", words("bars", "AAPL", "2014-06-05", "2014-06-06")),
    ]:
        with StandIn(judge) as standin:
            lake = quick_lake(judge)
            told = lake.run(*asked, env=standin.environment)
            case = " ".join(asked[2:5])
            judge.check(told.status == 0, f"{case}: exit status", told.talk)
            expected = served(judge, pattern)
            judge.check(bool(expected) and stored(judge, lake, table, case) == expected, f"{case}: rows")
            count = len(standin.requests())
            again = lake.run(*asked, env=standin.environment)
            judge.check(again.status == 0 and len(standin.requests()) == count, f"{case}: asked for twice")
            judge.check(KEY not in told.output + told.talk + standin.log.read_text(), f"{case}: the key is told")
    judge.check(adjusted(lake) == "false", "bars are not marked as unadjusted")


def adjusted(lake: Lake) -> str | None:
    """The table property that tells whether bars are adjusted for splits."""
    log = (lake.path("raw.massive_stock_bars_1m") / "_delta_log" / f"{0:020}.json").read_text()
    metadata = [json.loads(line)["metaData"] for line in log.splitlines() if '"metaData"' in line]
    return metadata[0]["configuration"].get("lake.adjusted")


def judge_adjusted(judge: Judge) -> None:
    """Bars that are adjusted for splits go to a table of their own, whatever is there of the others; never into theirs."""
    asked = words("bars", "AAPL", "2014-06-05", "2014-06-06")
    with StandIn(judge) as standin:
        lake = quick_lake(judge)
        lake.run(*asked, env=standin.environment).expect(0)
        told = lake.run(*asked, "--adjusted", env=standin.environment)
        judge.check(told.status == 0, "adjusted: exit status", told.talk[-600:])
        expected = served(judge, "stocks/AAPL/*/page-*.json")
        for table in ["raw.massive_stock_bars_1m", "raw.massive_stock_adjusted_bars_1m"]:
            judge.check(stored(judge, lake, table, table) == expected, f"adjusted beside the others: {table}")
        flags = [request["parameters"].get("adjusted") for request in standin.requests("/aggs/")]
        judge.check(set(flags) == {"false", "true"}, "adjusted: what is asked", flags)
        count = len(standin.requests())
        lake.run(*asked, "--adjusted", env=standin.environment).expect(0)
        judge.check(len(standin.requests()) == count, "adjusted: asked for twice")
        mixed = lake.run(*asked, "--adjusted", "--as", "raw.massive_stock_bars_1m", "--force", env=standin.environment)
        judge.check(mixed.status == 1 and "lake.adjusted" in mixed.talk, "adjusted bars into the others' table", mixed.talk)


def judge_options(judge: Judge) -> None:
    """The contracts around a day's open, by arithmetic, and their bars."""
    with StandIn(judge) as standin:
        lake = quick_lake(judge)
        asked = ["download", "massive", "options", "--underlying", "AAPL", "--increment", "2.5", "--expiry",
                 "next_friday", "--start", "2014-06-06", "--end", "2014-06-06"]
        told = lake.run(*asked, env=standin.environment)
        judge.check(told.status == 0, "options: exit status", told.talk)
        opened = [request for request in standin.requests() if "/open-close/" in request["path"]]
        judge.check(len(opened) == 1, "options: the open is asked for once", opened)
        chosen = {request["path"].split("/")[4] for request in standin.requests() if "/aggs/ticker/O:" in request["path"]}
        session = datetime(2014, 6, 6, 13, 30, tzinfo=timezone.utc)
        price = min((time, bar["open"]) for (_, time), bar in served(judge, "stocks/AAPL/*/page-*.json").items()
                    if time >= session)[1]
        below = price // Decimal("2.5") * Decimal("2.5")
        wanted = {f"O:AAPL140613{right}{int((below + step * Decimal('2.5')) * 1000):08}"
                  for right, step in [("C", 1), ("C", 2), ("P", 0), ("P", -1)]}
        got = stored(judge, lake, "raw.massive_option_bars_1m", "options")
        expected = {key: bar for key, bar in served(judge, "options/AAPL/*/*/page-*.json").items() if key[0] in chosen}
        judge.check(chosen == wanted, "options: contracts", (sorted(chosen), sorted(wanted)))
        judge.check(got == expected, "options: rows", (len(got), len(expected)))
        count = len(standin.requests())
        lake.run(*asked, env=standin.environment).expect(0)
        later = [request for request in standin.requests()[count:] if "/aggs/" in request["path"]]
        judge.check(not later, "options: contracts that are there are asked for again", later)
        # A lake that has the underlying's bars knows the open itself.
        other = quick_lake(judge)
        other.run(*words("bars", "AAPL", "2014-06-06", "2014-06-06"), env=standin.environment).expect(0)
        count = len(standin.requests())
        other.run(*asked, env=standin.environment).expect(0)
        opened = [request for request in standin.requests()[count:] if "/open-close/" in request["path"]]
        judge.check(not opened, "options: the vendor is asked for an open that the lake has", opened)
        judge.check(stored(judge, other, "raw.massive_option_bars_1m", "options") == expected, "options by own bars: rows")


def judge_faults(judge: Judge) -> None:
    """Under each fault, then again without: exactly the rows, once; a single fault is got over in one go."""
    table, pattern, asked = SPY
    expected = served(judge, pattern)
    for fault, statuses in [
        ("429:path=/aggs,after=1", (0,)), ("500:path=/aggs,times=2", (0,)), ("500:path=/aggs,times=0", (1, 2)),
        ("cut:path=/aggs,at=5000", (0,)), ("stall:path=/aggs,at=2000", (0,)), ("truncate:path=/aggs,at=9000", (0, 1)),
        ("repeat:path=/aggs,skip=1", (0, 1)), ("short:path=/aggs", (0, 1)), ("html:path=/aggs", (0, 1, 2)),
        ("drip:path=/aggs,bytes=20000,every=0.02,at=200000", (0,)),
        ("redirect:path=/aggs,to=http://127.0.0.2:9/", (1, 2)), ("401:path=/aggs", (2,)), ("403:path=/aggs", (1,)),
        ("unentitled:from=2013-10-01,to=2013-10-31", (1,)),
    ]:
        with StandIn(judge, "--page", "500", "--fault", fault) as standin:
            lake = quick_lake(judge)
            first = lake.run(*asked, env=standin.environment)
            judge.check(first.status in statuses, f"{fault}: exit status {first.status}", first.talk[-600:])
            bars = stored(judge, lake, table, fault)
            judge.check(bars == expected if first.status == 0 else not bars, f"{fault}: rows {len(bars)}")
            judge.check(KEY not in first.output + first.talk, f"{fault}: the key is printed")
        with StandIn(judge, "--page", "500") as standin:
            lake.run(*asked, "--recheck", "not_entitled", env=standin.environment).expect(0)
            judge.check(stored(judge, lake, table, fault) == expected, f"{fault}, then again: rows")


def judge_all(judge: Judge) -> None:
    judge_rows(judge)
    judge_adjusted(judge)
    judge_options(judge)
    judge_faults(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
