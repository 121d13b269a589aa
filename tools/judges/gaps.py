#!/usr/bin/env python3
"""lake gaps against a naive model: random bars and random coverage, minute by minute, with exchange_calendars' sessions.

And days that are missing altogether, in every season: files of a day that was lost, beside rows before the opening and after
the close of the days around it, which may lie on the lost day by UTC.

Needs no shared data.
"""
from __future__ import annotations

import json
import random
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterator
from zoneinfo import ZoneInfo

import exchange_calendars

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from judging import Judge, Lake  # noqa: E402

MINUTE = timedelta(minutes=1)
STORED = {"complete", "empty", "open"}
# In an order that is the same in every run: what is chosen of them decides how many gaps there are.
STATES = ("not_entitled", "failed", "purged", "degraded")
# Dataset, calendar, first and last date: over both clock changes, a half day, holidays, and a lunch break.
CASES = [
    ("EQUS.MINI", "XNYS", "2024-03-04", "2024-03-14"),
    ("EQUS.MINI", "XNYS", "2024-11-22", "2024-12-04"),
    ("GLBX.MDP3", "CMES", "2024-03-07", "2024-03-13"),
    ("GLBX.MDP3", "CMES", "2024-10-31", "2024-11-05"),
    ("XHKG.TEST", "XHKG", "2024-12-20", "2025-01-03"),
]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def minutes(name: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """The minutes of sessions in [start, end) in which trades are expected."""
    calendar = exchange_calendars.get_calendar(name, start="2024-01-01", end="2025-12-31")
    for row in calendar.schedule.itertuples():
        at = row.open.to_pydatetime()
        while at < row.close.to_pydatetime():
            local = at.astimezone(calendar.tz)
            is_break = row.break_start == row.break_start and row.break_start <= at < row.break_end
            is_idle = name == "CMES" and local.hour == 16
            if start <= at < end and not is_break and not is_idle:
                yield at
            at += MINUTE


def painted(events: list[dict[str, Any]], symbol: str, at: datetime) -> str | None:
    """The state of the last event about a minute."""
    found = None
    for event in events:
        if symbol in event["symbols"] and event["start"] <= at < event["end"]:
            found = event["state"]
    return found


def make_events(random_: random.Random, symbols: list[str], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Each symbol's time from end to end, with holes and other states in it, in whole minutes."""
    length = int((end - start) / MINUTE)
    events = []
    for symbol in symbols:
        cuts = sorted(random_.sample(range(1, length), 6))
        for first, last in zip([0, *cuts], [*cuts, length]):
            is_end = first == 0 or last == length
            state = random_.choice(["complete"] * 3 + ([] if is_end else ["empty", *STATES, None]))
            if state:
                events.append({"symbols": [symbol], "state": state, "start": start + first * MINUTE,
                               "end": start + last * MINUTE})
    for _ in range(3):
        first = random_.randrange(length)
        last = random_.randrange(first + 1, length + 1)
        events.append({"symbols": sorted(random_.sample(symbols, 2)), "state": random_.choice(["complete", "failed"]),
                       "start": start + first * MINUTE, "end": start + last * MINUTE})
    return events


def write(lake: Lake, dataset: str, table: str, rows: list[tuple[str, datetime]], events: list[dict[str, Any]]) -> None:
    lines = ["symbol,ts_event,open,high,low,close,volume"]
    lines += [f"{symbol},{at:%Y-%m-%dT%H:%M:%SZ},1,2,0.5,1.5,10" for symbol, at in rows]
    path = lake.root.parent / "bars.csv"
    path.write_text("\n".join(lines) + "\n")
    lake.run("ingest", path, "--dataset", dataset, "--schema", "ohlcv-1m").expect(0)
    journal = lake.root / "ledger/journal"
    journal.mkdir(exist_ok=True, parents=True)
    if events:
        # What the file claims is no part of the model.
        first, last = min(event["start"] for event in events), max(event["end"] for event in events)
        events = [{"symbols": sorted({symbol for event in events for symbol in event["symbols"]}), "state": "undone",
                   "start": first, "end": last}, *events]
    with (journal / "judge.jsonl").open("w") as file:
        for number, event in enumerate(events):
            times = {f"interval_{name}": int(event[name].timestamp()) * 10**9 for name in ("start", "end")}
            file.write(json.dumps({"recorded_at": 4 * 10**18 + number * 1000, "dataset": dataset, "schema": "ohlcv-1m",
                                   "symbols": event["symbols"], "symbol_type": "raw_symbol", "state": event["state"],
                                   "table": table, **times}) + "\n")


def judge_case(judge: Judge, dataset: str, calendar: str, first: str, last: str, seed: int) -> None:
    random_ = random.Random(seed)
    case = f"{calendar} {first} seed {seed}"
    start, end = instant(first), instant(last) + timedelta(days=1)
    symbols = ["AAA", "BBB", "CCC", "DDD"]
    expected = list(minutes(calendar, start, end))
    judge.check(len(expected) > 1000, f"{case}: there are sessions", len(expected))
    events = make_events(random_, symbols, start, end)
    shares = {symbol: random_.choice([0.02, 0.5, 0.97, 1.0]) for symbol in symbols}
    rows = [(symbol, at) for symbol in symbols for at in expected
            if random_.random() < shares[symbol] * (1 if painted(events, symbol, at) in STORED else 0.3)]
    known: dict[str, Counter[str]] = defaultdict(Counter)
    there = set(rows)
    for symbol in symbols:
        for at in expected:
            if (symbol, at) not in there:
                state = painted(events, symbol, at)
                known["fetched" if state in STORED else state or "not_downloaded"][symbol] += 60
    lake = judge.new_lake()
    table = f"raw.{dataset.replace('.', '_').lower()}_ohlcv_1m"
    write(lake, dataset, table, rows, events)
    result = lake.run("gaps", table, "--calendar", calendar, "--json").expect(0, 1)
    told: dict[str, Counter[str]] = defaultdict(Counter)
    lines = [json.loads(line) for line in result.output.splitlines()]
    for gap in (line for line in lines if line["type"] == "gap"):
        state = gap["state"]
        told["fetched" if state in ("no_trade", "suspicious") else state][gap["symbol"] or ""] += gap["missing_seconds"]
        judge.check(gap["start"] < gap["end"], f"{case}: a gap has a length", gap)
    told.pop("market_closed", None)
    # Shared holes name no symbol: of what was fetched, the sum counts.
    for counts in (told, known):
        counts["fetched"] = Counter({"": sum(counts["fetched"].values())})
    for state in sorted(told.keys() | known.keys()):
        ours, theirs = +told[state], +known[state]
        judge.check(ours == theirs, f"{case}: {state}", (ours, theirs))
    needed = any(state in told for state in ("not_downloaded", "failed")) or any(
        line.get("state") == "suspicious" for line in lines)
    judge.check(result.status == (1 if needed else 0), f"{case}: exit status", result.status)
    states = next(line for line in lines if line["type"] == "table")["states"]
    for state, tally in states.items():
        own = [line for line in lines if line["type"] == "gap" and line["state"] == state]
        judge.check(tally["gaps"] == len(own) and tally["missing_seconds"] == sum(one["missing_seconds"] for one in own),
                    f"{case}: the summary of {state} is the sum of its gaps", tally)


def sessions(name: str, first: str, last: str) -> list[tuple[str, datetime, datetime]]:
    calendar = exchange_calendars.get_calendar(name, start="2023-01-01", end="2025-12-31")
    return [(f"{row.Index:%Y-%m-%d}", row.open.to_pydatetime(), row.close.to_pydatetime())
            for row in calendar.schedule.loc[first:last].itertuples()]


def flat_file(judge: Judge, lake: Lake, day: str, times: list[datetime]) -> Path:
    path = lake.root.parent / f"{day}.csv"
    path.write_text("ticker,volume,open,close,high,low,window_start,transactions\n"
                    + "".join(f"AAA,1,1,1,1,1,{int(at.timestamp()) * 10**9},1\n" for at in times))
    return path


def missing_days(lake: Lake, table: str, *flags: str) -> tuple[list[str], int]:
    """The sessions of which a table is said to lack all, and the exit status."""
    result = lake.run("gaps", table, "--json", *flags).expect(0, 1)
    gaps = [json.loads(line) for line in result.output.splitlines()]
    found = [gap for gap in gaps if gap["type"] == "gap" and gap["state"] == "not_downloaded"]
    return sorted(gap["session"] for gap in found for _ in range(gap["sessions"])), result.status


def judge_lost_days(judge: Judge) -> None:
    """A day without a file is missing, in winter as in summer, at half days and at the ends of months and years."""
    new_york = ZoneInfo("America/New_York")
    for year in ("2023", "2024"):
        days = sessions("XNYS", f"{year}-06-20", f"{int(year) + 1}-04-10")
        # Every third day, so that each has a neighbour with rows on both sides; the last day is there.
        for phase in (1, 2):
            lost = {day for at, (day, _, _) in enumerate(days[:-1]) if at % 3 == phase and at > 0}
            lake = judge.new_lake()
            files = []
            for day, open_, close in days:
                if day in lost:
                    continue
                local = [datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=new_york) for clock in ("04:00", "19:59")]
                files.append(flat_file(judge, lake, day, [local[0], open_, close - MINUTE, local[1]]))
            lake.run("ingest", *files, "--table", "raw.massive_stock_bars_1m").expect(0)
            told, status = missing_days(lake, "raw.massive_stock_bars_1m")
            judge.check(status == 1 and told == sorted(lost), f"lost days of {year}, phase {phase}",
                        (status, sorted(set(told) ^ lost)[:8]))
    for calendar, dataset, first, last in (("CMES", "GLBX.MDP3", "2024-10-20", "2025-01-20"), ("CMES", "GLBX.MDP3", "2024-06-20", "2024-07-20"),
                                           ("XHKG", "XHKG.TEST", "2024-12-10", "2025-01-10")):
        days = sessions(calendar, first, last)
        lost = {day for at, (day, _, _) in enumerate(days[:-1]) if at % 3 == 1}
        # By hand, and of one symbol that has no digits: nothing says what was asked for.
        rows = [("AAA", at) for day, open_, close in days if day not in lost
                for at in (open_, open_ + timedelta(minutes=37), close - 2 * MINUTE - (timedelta(hours=1) if calendar == "CMES" else 0 * MINUTE))]
        lake = judge.new_lake()
        write(lake, dataset, "", rows, [])
        told, status = missing_days(lake, f"raw.{dataset.replace('.', '_').lower()}_ohlcv_1m", "--calendar", calendar)
        judge.check(status == 1 and told == sorted(lost), f"lost days of {calendar} from {first}", (status, sorted(set(told) ^ lost)[:8]))
    # A quiet symbol's day is no lost day: its only row came after the close, or before the opening.
    for clock in ("05:10", "19:59"):
        lake = judge.new_lake()
        files = [flat_file(judge, lake, day, [datetime.fromisoformat(f"{day}T{clock if day == '2024-12-03' else '12:00'}").replace(tzinfo=new_york)])
                 for day in ("2024-12-02", "2024-12-03", "2024-12-04")]
        lake.run("ingest", *files, "--table", "raw.massive_stock_bars_1m").expect(0)
        told, status = missing_days(lake, "raw.massive_stock_bars_1m")
        judge.check((told, status) == ([], 0), f"a day with one row at {clock}", (told, status))


def judge_all(judge: Judge) -> None:
    judge_lost_days(judge)
    for dataset, calendar, first, last in CASES:
        for seed in range(6):
            judge_case(judge, dataset, calendar, first, last, seed)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
