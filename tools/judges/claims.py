#!/usr/bin/env python3
"""What files claim, and what answers hold: nothing is lost, nothing is bought that is there, nothing is stored that was
not asked for. Made-up trades and the stand-in for Databento; the right rows are those of an undisturbed download.
Needs no shared data.
"""
from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from downloads import StandIn, ledger, quick_retries, simulate, stored, words  # noqa: E402
from judging import Judge, Lake  # noqa: E402

DATASET, TABLE, SEED = "EQUS.MINI", "raw.equs_mini_trades", 7
COLUMNS = ["symbol", "ts_recv", "ts_recv_plus_ns", "sequence", "price", "size"]
DAYS = ["2024-01-02", "2024-01-03"]


def plain(path: Path) -> bytes:
    return subprocess.run(["zstd", "-dqc", path], capture_output=True, check=True).stdout


def header_length(data: bytes) -> int:
    return 8 + struct.unpack("<I", data[4:8])[0]


def cut(data: bytes, count: int, limit: int | None = None) -> bytes:
    """The header and the first records; the header says the limit where there is one."""
    first = header_length(data)
    part = bytearray(data[:first + count * data[first] * 4])
    if limit is not None:
        struct.pack_into("<Q", part, 8 + 16 + 2 + 8 + 8, limit)
    return bytes(part)


class Market:
    """Trades of two symbols on two days, as the vendor has them."""

    def __init__(self, judge: Judge) -> None:
        self.judge, self.folder = judge, judge.folder()
        simulate(judge, self.folder, DAYS[0], len(DAYS), "trades", "AAA,BBB", SEED)
        self.files = sorted(self.folder.rglob("*.dbn.zst"))
        lake = judge.new_lake()
        with StandIn(judge, self.folder) as standin:
            lake.run(*self.asked(), env=standin.environment).expect(0)
        self.rows = stored(lake, TABLE, COLUMNS)
        self.lake = lake

    def asked(self, symbols: str = "AAA,BBB", *more: str) -> list[str]:
        return words(DATASET, "trades", symbols, DAYS[0], DAYS[-1], "--batch", "never", *more)

    def file(self, name: str, data: bytes) -> Path:
        path = self.judge.folder() / name
        path.write_bytes(data)
        return path


def states(lake: Lake) -> set[tuple[str, str, str]]:
    """Symbol, first day and state of what the ledger knows."""
    return {(line[2], line[4][:10], line[6]) for line in ledger(lake)}


def settled(judge: Judge, market: Market, case: str, files: list[Path], bought: int, *more: str, status: int = 0) -> Lake:
    """Files, then a download: the vendor's rows are there, bought as often as it takes, and known once and for all."""
    lake = quick_retries(judge.new_lake())
    for path in files:
        lake.run("ingest", path, *more).expect(0, 1)
    judge.check(all(state == "claimed" for _, _, state in states(lake)), f"{case}: files only claim", states(lake))
    with StandIn(judge, market.folder) as standin:
        dry = lake.run(*market.asked(), "--dry-run", env=standin.environment).expect(0)
        told = lake.run(*market.asked(), env=standin.environment)
        judge.check(told.status == status, f"{case}: exit status {told.status}", told.talk)
        count = len(standin.requests("get_range"))
        judge.check(count == bought, f"{case}: bought {count} times", told.talk)
        judge.check(stored(lake, TABLE, COLUMNS) == market.rows, f"{case}: the vendor's rows")
        listed = re.search(r"^requests +(\d+)$", dry.output + dry.talk, re.MULTILINE)
        judge.check(listed is not None and int(listed[1]) == bought, f"{case}: dry run", dry.output)
        days = {(symbol, day) for symbol, day, state in states(lake) if state == "complete"}
        judge.check(days >= {(symbol, day) for symbol in ["AAA", "BBB"] for day in DAYS}, f"{case}: complete", states(lake))
        lake.run(*market.asked(), env=standin.environment).expect(0)
        judge.check(len(standin.requests("get_range")) == count, f"{case}: bought again")
    return lake


def judge_claims(judge: Judge, market: Market) -> None:
    first, second = market.files
    data = plain(first)
    whole = [first, second]
    settled(judge, market, "whole files", whole, 0)
    settled(judge, market, "a file cut between records", [market.file("cut.dbn", cut(data, 100)), second], 2)
    settled(judge, market, "a file cut, then the whole one", [market.file("cut.dbn", cut(data, 100)), first, second], 0)
    settled(judge, market, "a sample, then the whole day", [market.file("sample.dbn", cut(data, 50, limit=50)), *whole], 0)
    settled(judge, market, "one day of two", [first], 1)
    record = header_length(data)
    size = data[record] * 4
    strange = bytearray(data[:record + size])
    at = record + 8 + 8 + 8
    struct.pack_into("<I", strange, at, struct.unpack_from("<I", data, at)[0] + 1)
    lake = settled(judge, market, "a row that the vendor lacks", [market.file("own.dbn", bytes(strange) + data[record:]),
                                                                  second], 1, status=1)
    aside = stored(lake, TABLE.replace("raw.", "quarantine."), ["rule", "symbol"])
    judge.check(len(aside) == 1 and aside[0][0] == "replaced_by_download", "a row that the vendor lacks is quarantined", aside)


def judge_rows(judge: Judge, market: Market) -> None:
    """Files of rows claim what their first and last rows say, for the symbols in them."""
    how = ["--dataset", DATASET, "--schema", "trades"]
    for suffix in ["csv", "parquet"]:
        whole = judge.folder() / f"whole.{suffix}"
        market.lake.run("query", TABLE, "-o", whole).expect(0)
        settled(judge, market, f"{suffix}: whole days", [whole], 0, *how)
        mixed = judge.folder() / f"mixed.{suffix}"
        market.lake.run("query", TABLE, "--symbol", "BBB", "-o", mixed).expect(0)
        settled(judge, market, f"{suffix}: one symbol of two", [mixed], 2, *how)
    lines = (judge.folder() / "lines.csv")
    market.lake.run("query", TABLE, "-o", lines).expect(0)
    text = lines.read_text().splitlines()
    names = text[0].split(",")
    # One row of the first symbol is gone, and another has a size that nobody traded.
    wrong = text[1].split(",")
    wrong[names.index("size")] = "987654321"
    own = market.file("own.csv", "\n".join([text[0], ",".join(wrong), *text[3:], ""]).encode())
    lake = settled(judge, market, "csv: a wrong row", [own], 1, *how, status=1)
    aside = stored(lake, TABLE.replace("raw.", "quarantine."), ["rule", "symbol"])
    judge.check(aside == [("replaced_by_download", wrong[names.index("symbol")])], "csv: a wrong row is quarantined", aside)
    bars = judge.folder()
    simulate(judge, bars, DAYS[0], 1, "ohlcv-1m", "AAA", SEED)
    lake = quick_retries(judge.new_lake())
    lake.run("ingest", *sorted(bars.rglob("*.dbn.zst"))).expect(0)
    table = "raw.equs_mini_ohlcv_1m"
    right = stored(lake, table, ["symbol", "ts_event", "close", "volume"])
    lake.run("query", table, "-o", bars / "bars.csv").expect(0)
    text = (bars / "bars.csv").read_text().splitlines()
    wrong = text[1].split(",")
    wrong[text[0].split(",").index("volume")] = "987654321"
    changed = market.file("bars.csv", "\n".join([text[0], ",".join(wrong), *text[3:], ""]).encode())
    lake = quick_retries(judge.new_lake())
    lake.run("ingest", changed, "--dataset", DATASET, "--schema", "ohlcv-1m").expect(0)
    with StandIn(judge, bars) as standin:
        asked = words(DATASET, "ohlcv-1m", "AAA", DAYS[0], DAYS[0], "--batch", "never")
        told = lake.run(*asked, env=standin.environment)
        judge.check(told.status in (0, 1), f"csv of bars: exit status {told.status}", told.talk)
        judge.check(stored(lake, table, ["symbol", "ts_event", "close", "volume"]) == right, "csv of bars: the vendor's rows")
        aside = stored(lake, table.replace("raw.", "quarantine."), ["rule"])
        judge.check(len(aside) == 1 and aside[0][0] != "key_conflict", "csv of bars: the file's row is quarantined", aside)


def judge_symbols(judge: Judge, market: Market) -> None:
    """Of two symbols that a file claims, the one whose rows are all there is not bought."""
    lake = quick_retries(judge.new_lake())
    data = plain(market.files[0])
    start = header_length(data)
    size = data[start] * 4
    records = [data[at:at + size] for at in range(start, len(data), size)]
    ids = sorted({struct.unpack_from("<I", record, 4)[0] for record in records})
    other = [record for record in records if struct.unpack_from("<I", record, 4)[0] == ids[1]]
    kept = set(other[:len(other) // 2])
    half = [record for record in records if struct.unpack_from("<I", record, 4)[0] == ids[0] or record in kept]
    lake.run("ingest", market.file("half.dbn", data[:start] + b"".join(half))).expect(0)
    with StandIn(judge, market.folder) as standin:
        asked = words(DATASET, "trades", "AAA,BBB", DAYS[0], DAYS[0], "--batch", "never")
        lake.run(*asked, env=standin.environment).expect(0)
        bought = standin.requests("get_range")
        judge.check(len(bought) == 1 and "," not in bought[0]["parameters"]["symbols"], "one symbol of two is bought", bought)
        day = [row for row in market.rows if str(row[1])[:4] and row[1] < 1_704_240_000_000_000]
        judge.check(stored(lake, TABLE, COLUMNS) == day, "one symbol of two: rows")


def judge_answers(judge: Judge, market: Market) -> None:
    """An answer that lacks records, or holds others, stores nothing, and is asked for again."""
    for case, fault in [("one record fewer", "short:drop=1,times=0"), ("half of them", "short:drop=700,times=0"),
                        ("none", "short:drop=1000000,times=0"), ("of another day", "other:hours=24,times=0"),
                        ("of another symbol", "other:for=BBB,times=0")]:
        lake = quick_retries(judge.new_lake())
        asked = words(DATASET, "trades", "AAA", DAYS[0], DAYS[0], "--batch", "never")
        with StandIn(judge, market.folder, "--fault", fault) as standin:
            told = lake.run(*asked, env=standin.environment)
        judge.check(told.status == 1, f"{case}: exit status {told.status}", told.talk)
        judge.check(TABLE not in lake.tables("raw"), f"{case}: nothing is stored", lake.tables("raw"))
        judge.check(states(lake) == {("AAA", DAYS[0], "failed")}, f"{case}: failed", states(lake))
        with StandIn(judge, market.folder) as standin:
            lake.run(*asked, env=standin.environment).expect(0)
        judge.check(states(lake) == {("AAA", DAYS[0], "complete")}, f"{case}: complete afterwards", states(lake))


def judge_unlisted(judge: Judge) -> None:
    """Days on which nothing of what is asked for is listed are empty, and no reason to refuse the others."""
    folder = judge.folder()
    simulate(judge, folder, "2024-03-14", 2, "trades", "ESM4,ESH4", SEED)
    simulate(judge, folder, "2024-03-18", 2, "trades", "ESM4", SEED)
    for symbols in ["ESH4", "ESH4,ESM4"]:
        lake = judge.new_lake()
        asked = words("GLBX.MDP3", "trades", symbols, "2024-03-14", "2024-03-19")
        with StandIn(judge, folder) as standin:
            dry = lake.run(*asked, "--dry-run", env=standin.environment)
            judge.check(dry.status == 0, f"{symbols}: dry run", dry.talk)
            told = lake.run(*asked, env=standin.environment)
            judge.check(told.status == 0, f"{symbols}: exit status", told.talk)
            found = {(day, state) for symbol, day, state in states(lake) if symbol == "ESH4"}
            judge.check(found == {("2024-03-14", "complete"), ("2024-03-15", "complete"), ("2024-03-16", "empty"),
                                  ("2024-03-17", "empty"), ("2024-03-18", "empty"), ("2024-03-19", "empty")},
                        f"{symbols}: states", found)
            late = lake.run(*words("GLBX.MDP3", "trades", "ESH4", "2024-03-18", "2024-03-19", "--recheck", "empty"),
                            env=standin.environment)
            judge.check(late.status == 0, f"{symbols}: only days after its end", late.talk)
            wrong = lake.run(*words("GLBX.MDP3", "trades", "ESZ9", "2024-03-14", "2024-03-14"), env=standin.environment)
            judge.check(wrong.status == 2 and "ESZ9" in wrong.talk, f"{symbols}: a symbol that never was", wrong.talk)


def judge_all(judge: Judge) -> None:
    market = Market(judge)
    judge_claims(judge, market)
    judge_rows(judge, market)
    judge_symbols(judge, market)
    judge_answers(judge, market)
    judge_unlisted(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
