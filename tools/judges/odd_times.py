#!/usr/bin/env python3
"""Times that are easily read or printed wrong: bars between whole seconds, and columns of numbers whose first rows do not
say in which unit they count.

Needs no shared data.
"""
from __future__ import annotations

import csv
import io
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from deltalake import DeltaTable  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NOON = 1_709_294_400 * 10**9


def instant(text: str) -> int:
    """Nanoseconds since 1970 of an ISO text, to its last digit."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = (datetime.fromisoformat(whole + "+00:00") - EPOCH) // timedelta(seconds=1)
    return seconds * 10**9 + int((fraction + "0" * 9)[:9])


def shortest(ns: int) -> str:
    whole, rest = divmod(ns, 10**9)
    text = (EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S")
    digits = next(count for count in (0, 3, 6, 9) if rest % 10 ** (9 - count) == 0)
    return text + (f".{rest:09d}"[: digits + 1] if digits else "") + "Z"


# MARK: - Printing

def judge_bars(judge: Judge) -> None:
    """Every text of a time is the time that is stored, and has the digits that it needs."""
    steps = [0, 500_000, 1_000_000, 1_500_000, 2_000_001, 3_123_456, 4_999_999, 60_000_000, 86_399_999_000]
    times = [NOON + step * 1000 for step in steps] + [-1_000_000, -60 * 10**9, 1_000_000]
    path = judge.folder() / "bars.csv"
    path.write_text("time,symbol,open,high,low,close,volume\n"
                    + "".join(f"{shortest(time)},A,1,2,1,1.5,10\n" for time in times))
    lake = judge.new_lake()
    lake.run("ingest", path, "--table", "raw.x", "--interval", "1s").expect(0)
    wanted = [shortest(time) for time in sorted(times, key=lambda time: (time // (86_400 * 10**9), time))]
    for form, separator in (("csv", ","), ("tsv", "\t")):
        printed = column(lake, "raw.x", "ts_event", "--format", form, separator=separator)
        judge.check(printed == wanted, f"bars between seconds: {form}", printed)
        judge.check([instant(text) for text in printed] == [instant(text) for text in wanted],
                    f"bars between seconds: {form}: instants", printed)
    lines = lake.run("query", "raw.x", "--format", "jsonl").expect(0).output.splitlines()
    judge.check([json.loads(line)["ts_event"] for line in lines] == wanted, "bars between seconds: jsonl", lines[:2])
    for digits in (6, 9):
        printed = column(lake, "raw.x", "ts_event", "--time-digits", str(digits))
        judge.check([instant(text) for text in printed] == [instant(text) for text in wanted]
                    and {len(text) for text in printed} == {21 + digits}, f"bars: --time-digits {digits}", printed)
    target = judge.folder() / "bars.parquet"
    lake.run("query", "raw.x", "-o", target).expect(0)
    stored = pq.read_table(target)["ts_event"].cast(pa.int64()).to_pylist()
    judge.check([time * 1000 for time in stored] == [instant(text) for text in wanted], "bars between seconds: parquet", stored)
    again = judge.new_lake()
    for form in ("csv", "jsonl"):
        if form == "csv":
            copy = judge.folder() / f"copy.{form}"
            lake.run("query", "raw.x", "-o", copy).expect(0)
            again.run("ingest", copy, "--table", "raw.x", "--interval", "1s").expect(0)
            judge.check(column(again, "raw.x", "ts_event") == wanted, f"bars between seconds: {form}, read again")
    wrong = lake.run("query", "raw.x", "--time-digits", "3")
    judge.check(wrong.status == 64 and "'6', '9'" in wrong.talk, "--time-digits 3 is refused", wrong.talk)
    one = lake.run("query", "raw.x", "--where", "ts_event = '2024-03-01T12:00:00.5Z'", "-c", "ts_event").expect(0).output
    judge.check(one.splitlines()[1:] == ["2024-03-01T12:00:00.500Z"], "bars between seconds: where", one)


def column(lake: Lake, table: str, name: str, *words: str, separator: str = ",") -> list[str]:
    output = lake.run("query", table, "-c", name, *words).expect(0).output
    return [row[0] for row in csv.reader(io.StringIO(output), delimiter=separator)][1:]


# MARK: - Units

TRADES = ["ticker", "conditions", "correction", "exchange", "id", "participant_timestamp", "price", "sequence_number",
          "sip_timestamp", "size", "tape", "trf_id", "trf_timestamp"]
SIP = 1_245_936_677_116_000_000


def trades(judge: Judge, times: list[tuple[object, object, object]], *, parquet: bool = False) -> Path:
    """A flat file of trades with these (participant, sip, trf) timestamps."""
    rows = [dict(zip(TRADES, ["DRL", "12", "0", "4", str(at), part, "1.53", str(76_000 + at), sip, "33", "1", "202", trf]))
            for at, (part, sip, trf) in enumerate(times)]
    if not parquet:
        path = judge.folder() / "trades.csv"
        path.write_text("\n".join([",".join(TRADES), *(",".join(str(row[name]) for name in TRADES) for row in rows)]) + "\n")
        return path
    path = judge.folder() / "trades.parquet"
    numbers = {"participant_timestamp", "sip_timestamp", "trf_timestamp", "sequence_number", "size", "exchange", "tape", "trf_id"}
    table = {name: [None if row[name] == "" else int(row[name]) if name in numbers else row[name] for row in rows] for name in TRADES}
    pq.write_table(pa.table(table), path)
    return path


def judge_trades(judge: Judge) -> None:
    """A zero, an empty field and a sentinel decide no unit; what comes first does not matter."""
    full = (SIP + 123, SIP + 999, SIP + 500)
    cases = {
        "zero first": [(0, SIP, 0), full], "zero last": [full, (0, SIP, 0)], "all zero": [(0, SIP, 0), (0, SIP + 1, 0)],
        "empty first": [("", SIP, ""), full], "many zeros first": [(0, SIP + at, 0) for at in range(3000)] + [full],
        "many empty first": [("", SIP + at, "") for at in range(3000)] + [full],
        "zeros, then empty": [(0, SIP, ""), ("", SIP + 1, 0), full], "minus one first": [(-1, SIP, 0), full],
    }
    for case, rows in cases.items():
        for parquet in (False, True):
            name = f"trades: {case}, {'Parquet' if parquet else 'CSV'}"
            lake = judge.new_lake()
            bad = sum(row[0] == -1 for row in rows)
            done = lake.run("ingest", trades(judge, rows, parquet=parquet), "--table", "raw.massive_stock_trades", "--max-bad", "1")
            if not judge.check(done.status == (1 if bad else 0), f"{name}: ingest", done.talk.strip()[-300:]):
                continue
            printed = list(csv.DictReader(io.StringIO(lake.run(
                "query", "raw.massive_stock_trades", "-c", "participant_timestamp,sip_timestamp,trf_timestamp").expect(0).output)))
            mine = [tuple(instant(text) if text else None for text in row.values()) for row in printed]
            true = [tuple(None if value in ("", 0) else value for value in row) for row in rows if row[0] != -1]
            key = lambda row: tuple(value or 0 for value in row)  # noqa: E731
            judge.check(sorted(mine, key=key) == sorted(true, key=key), f"{name}: times", mine[-2:])


def judge_index(judge: Judge) -> None:
    """The index time: a zero in it is 1970, but says no unit; where there is nothing else, the file is refused."""
    header = "time,symbol,open,high,low,close,volume\n"

    def ingest(times: list[int]) -> tuple[Lake, Result]:
        path = judge.folder() / "bars.csv"
        path.write_text(header + "".join(f"{time},A,1,2,1,1.5,10\n" for time in times))
        lake = judge.new_lake()
        return lake, lake.run("ingest", path, "--table", "raw.x", "--interval", "1d", "--max-bad", "1")

    for unit, name in ((10**9, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns")):
        wanted = [0, NOON, NOON + 86_400 * 10**9]
        lake, done = ingest([time // unit for time in wanted])
        if judge.check(done.status == 0, f"index in {name}, zero first: ingest", done.talk.strip()[-300:]):
            judge.check([instant(text) for text in column(lake, "raw.x", "ts_event")] == wanted, f"index in {name}, zero first")
    lake, done = ingest([0, 0, 0])
    judge.check(done.status == 2 and "unit" in done.talk and not lake.tables("raw"), "an index of zeros is refused", done.talk)
    lake, done = ingest([0, 86_400, 172_800])
    judge.check(done.status == 0 and column(lake, "raw.x", "ts_event")[1] == "1970-01-02T00:00:00Z", "days since 1970 in seconds",
                done.talk)


def judge_vendor_form(judge: Judge) -> None:
    """Databento's CSV with numbers for times holds nanoseconds, as the DBN of the same records does."""
    for name, auctions in {"zero first": [0, NOON + 600], "zero last": [NOON + 600, 0], "all zero": [0, 0],
                           "undefined first": [2**64 - 1, NOON + 600], "small first": [7, NOON + 600]}.items():
        rows = [f"{NOON + at + 5},{NOON + at},20,2,7,100000000000,{auction},100000000000,100000000000,{2**63 - 1},{2**63 - 1},"
                f"{2**63 - 1},{2**63 - 1},100,50,4294967295,4294967295,C,B,0,0,0,N,L,AAPL" for at, auction in enumerate(auctions)]
        path = judge.folder() / "imbalance.csv"
        path.write_text(
            "ts_recv,ts_event,rtype,publisher_id,instrument_id,ref_price,auction_time,cont_book_clr_price,auct_interest_clr_price,"
            "ssr_filling_price,ind_match_price,upper_collar,lower_collar,paired_qty,total_imbalance_qty,market_imbalance_qty,"
            "unpaired_qty,auction_type,side,auction_status,freeze_status,num_extensions,unpaired_side,significant_imbalance,symbol\n"
            + "\n".join(rows) + "\n")
        lake = judge.new_lake()
        done = lake.run("ingest", path, "--schema", "imbalance", "--dataset", "XNAS.ITCH")
        if not judge.check(done.status == 0, f"imbalance, {name}: ingest", done.talk.strip()[-300:]):
            continue
        mine = [instant(text) if text else None for text in column(lake, "raw.xnas_itch_imbalance", "auction_time")]
        judge.check(mine == [None if time == 2**64 - 1 else time for time in auctions], f"imbalance, {name}: auction_time", mine)


def judge_zone_changed(judge: Judge) -> None:
    """The zone by which dates are cut is a property that any Delta tool may change; the dates stay cut as they were."""
    path = judge.folder() / "ticks.csv"
    hours = [f"2024-01-0{2 + hour // 24}T{hour % 24:02d}:30:00.000000001Z" for hour in range(72)]
    path.write_text("ts_recv,ts_event,symbol,price,size,sequence\n"
                    + "".join(f"{time},{time},SPY,1.5,7,{place}\n" for place, time in enumerate(hours)))
    again = judge.folder() / "again.csv"
    again.write_text(path.read_text() + "2024-01-09T00:00:00Z,2024-01-09T00:00:00Z,SPY,1.5,7,99\n")
    for zone in ("Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"):
        lake = judge.new_lake()
        lake.run("ingest", path, "--table", "raw.x_trades", "--schema", "trades").expect(0)
        DeltaTable(str(lake.path("raw.x_trades"))).alter.set_table_properties({"lake.partition.timezone": zone}, raise_if_not_exists=False)
        wrong = []
        for first in range(0, 72, 5):
            words = ["query", "raw.x_trades", "--start", hours[first], "--end", hours[min(first + 13, 71)], "-c", "ts_recv"]
            if lake.run(*words).expect(0).output.splitlines()[1:] != hours[first:min(first + 13, 71)]:
                wrong.append(first)
        judge.check(not wrong, f"dates cut otherwise, {zone}: slices", wrong)
        done = lake.run("ingest", again, "--table", "raw.x_trades", "--schema", "trades")
        judge.check(done.status == 2 and "lake.partition.timezone" in done.talk, f"dates cut otherwise, {zone}: nothing is stored twice",
                    done.talk.strip()[-300:])


def judge_all(judge: Judge) -> None:
    judge_bars(judge)
    judge_trades(judge)
    judge_index(judge)
    judge_vendor_form(judge)
    judge_zone_changed(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
