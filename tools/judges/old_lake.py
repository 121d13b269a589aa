#!/usr/bin/env python3
"""A lake that an older program wrote (Tests/Golden/old-lake.tar.xz): it is read, added to and resampled rightly.

The archive says how each table was filled and what that program printed of it; tools/golden/make_old_lake.py made it.

Needs no shared data.

Cases: 82
"""
from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools/golden")]
from judging import Judge, Lake, Result  # noqa: E402
from make_old_lake import StandIns  # noqa: E402

ARCHIVE = ROOT / "Tests/Golden/old-lake.tar.xz"
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d*?)0*)?Z")
# What it costs to ask, and what was bought: rows, not prices or counts.
ROWS = re.compile(r"get_range|/v2/aggs/|/v2/reference/news")
Row = list[str]


def plain(cell: str) -> str:
    """A time without the zeros at its end: how many are printed is not what is stored."""
    found = TIME.fullmatch(cell)
    return cell if not found else found[1] + ("." + found[2] if found[2] else "") + "Z"


class OldLake(Lake):
    """The archive, unpacked, and the new program on it."""

    def __init__(self, judge: Judge) -> None:
        folder = judge.folder()
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        self.folder = folder / "old-lake"
        super().__init__(judge.binary, self.folder / "lake")
        self.expected = json.loads((self.folder / "expected.json").read_text())
        self.commands = json.loads((self.folder / "commands.json").read_text())
        self.judge = judge
        self.log = judge.folder() / "requests.jsonl"

    def standins(self) -> StandIns:
        self.log.unlink(missing_ok=True)
        return StandIns(self.folder / "inputs/vendor", self.log)

    def ask(self, standins: StandIns, *words: str) -> Result:
        return self.run(*(word.replace("{in}", "inputs") for word in words), cwd=self.folder, env=standins.environment)

    def rows(self, table: str) -> list[Row]:
        """The rows, in the columns that the old program printed."""
        names = self.expected["rows"][table].split("\n", 1)[0]
        told = self.run("query", table, "--columns", names).expect(0)
        return [[plain(cell) for cell in row] for row in csv.reader(io.StringIO(told.output))][1:]

    def expected_rows(self, table: str) -> list[Row]:
        return [[plain(cell) for cell in row] for row in csv.reader(io.StringIO(self.expected["rows"][table]))][1:]

    def all_rows(self) -> dict[str, list[Row]]:
        return {table: self.rows(table) for table in self.expected["rows"]}

    def same_rows(self, case: str) -> None:
        """Every table holds what it held."""
        changed = {table: (len(rows), len(self.expected_rows(table))) for table, rows in self.all_rows().items()
                   if rows != self.expected_rows(table)}
        self.judge.check(not changed, f"{case}: rows changed", changed)


def lines(text: str, kind: str) -> list[dict]:
    return [value for value in map(json.loads, text.splitlines()) if value["type"] == kind]


def judge_reading(judge: Judge) -> None:
    """All that the old program printed, the new one prints."""
    lake = OldLake(judge)
    for table, rows in lake.all_rows().items():
        judge.check(rows == lake.expected_rows(table) and rows, f"reading {table}", (len(rows), len(lake.expected_rows(table))))
    told = lake.run("ledger", "show", "--json").expect(0).output
    judge.check(same_intervals(told, lake.expected["ledger"]), "the ledger", told[-800:])
    told = lake.run("spend", "--json").expect(0).output
    judge.check(spent(told) == spent(lake.expected["spend"]), "the spend", told)
    for name, expected in lake.expected.items():
        if name.startswith("gaps "):
            told = lake.run("gaps", name.split()[1], "--json").output
            judge.check(lines(told, "gap") == lines(expected, "gap"), name, told[-800:])


def spent(told: str) -> "list[dict]":
    """What was paid. Files and repeated words of the ledger once counted as without a price, and are no purchases now."""
    lines = [json.loads(line) for line in told.splitlines()]
    return [{key: value for key, value in line.items() if key != "unpriced"} for line in lines]


def same_intervals(told: str, expected: str) -> bool:
    """Whether two ledgers say the same of every interval; what files brought is now claimed, where it was complete."""
    def settled(text: str, names: dict[str, str]) -> list[dict]:
        return sorted((
            {name: names.get(value, value) if name in ("state", "symbol_type") else value
             for name, value in interval.items() if name != "contracts"} for interval in lines(text, "interval")), key=str)
    states = {interval["state"] for interval in lines(told, "interval")}
    return (settled(told, {"claimed": "complete"}) == settled(expected, {"rawSymbol": "raw_symbol"})
            and {"claimed", "complete"} <= states)


def judge_rebuilding(judge: Judge) -> None:
    """Without its folder, the ledger comes back from the commits, with the same intervals and sums."""
    lake = OldLake(judge)
    shutil.rmtree(lake.root / "ledger")
    lake.run("ledger", "rebuild").expect(0)
    told = lake.run("ledger", "show", "--json").expect(0).output
    judge.check(same_intervals(told, lake.expected["ledger"]), "the ledger, rebuilt", told[-800:])
    told = lake.run("spend", "--json").expect(0).output
    judge.check(spent(told) == spent(lake.expected["spend"]), "the spend, rebuilt", told)


def judge_repeating(judge: Judge) -> None:
    """The commands that filled the lake, again: nothing is stored twice, nothing bought, nothing computed more than once."""
    lake = OldLake(judge)
    with lake.standins() as standins:
        for _, words in lake.commands:
            case = "again: " + " ".join(words)
            status = lake.ask(standins, *words).status
            judge.check(status in (0, 1), f"{case}: exit status", status)
            lake.same_rows(case)
        bought = [request["path"] for request in standins.requests() if ROWS.search(str(request["path"]))]
        judge.check(not bought, "again: something is bought", bought)
    for _, words in lake.commands:
        if words[0] == "resample":
            told = lines(lake.run(*words, "--json").expect(0).output, "table")
            judge.check([table["dates_computed"] for table in told] == [0], "resampled for the third time: computed", told)


def judge_other_flags(judge: Judge) -> None:
    """The same rows under another name, compressed otherwise, or with flags that say what is so anyway."""
    lake = OldLake(judge)
    inputs = lake.folder / "inputs"
    zipped, renamed = inputs / "trades-again.csv.gz", inputs / "again.dbn.zst"
    zipped.write_bytes(gzip.compress((inputs / "trades.csv").read_bytes()))
    shutil.copy(inputs / "equs-mini-20240102.trades.dbn.zst", renamed)
    plain_bars = ["--table", "raw.plain_ohlcv_1m"]
    local = ["--table", "raw.flagged_ohlcv_1m", "--symbol", "ESH1", "--timezone", "America/New_York"]
    own = ["--table", "raw.own_trades", "--symbol", "ABC"]
    with lake.standins() as standins:
        for words in [
            ["{in}/bars.csv", *plain_bars, "--interval", "1m", "--timezone", "UTC"],
            ["{in}/bars-overlap.csv", *plain_bars, "--ambiguous", "latest", "--interval", "1m"],
            ["{in}/bars.csv", "{in}/bars-overlap.csv", *plain_bars, "--jobs", "1"],
            ["{in}/local.csv", *local, "--map", "note=-", "--map", "first=open", "--ambiguous", "latest"],
            ["{in}/trades.csv", *own, "--timezone", "UTC"],
            ["{in}/trades-again.csv.gz", *own, "--schema", "trades"],
            ["{in}/again.dbn.zst"],
            ["{in}/again.dbn.zst", "--table", "raw.equs_mini_trades"],
            ["{in}/pages/bars-2.json", "{in}/pages/bars-1.json", "--interval", "1m"],
        ]:
            case = "other flags: " + " ".join(words)
            status = lake.ask(standins, "ingest", *words).status
            judge.check(status in (0, 1), f"{case}: exit status", status)
            lake.same_rows(case)


def judge_adding(judge: Judge) -> None:
    """New days come to the old ones, which stay; bars are made of the new day alone; only the new day is bought."""
    lake = OldLake(judge)
    resample = ["resample", "raw.equs_mini_ohlcv_1s", "--to", "1m", "--json"]
    lake.run(*resample).expect(0)
    with lake.standins() as standins:
        for table, words, count in [
            ("raw.plain_ohlcv_1m", ["{in}/bars-next.csv", "--table", "raw.plain_ohlcv_1m"], 40),
            ("raw.equs_mini_trades", ["{in}/equs-mini-20240104.trades.dbn.zst"], None),
            ("raw.equs_mini_definition", ["{in}/equs-mini-20240104.definition.dbn.zst"], None),
            ("raw.equs_mini_ohlcv_1s", ["{in}/equs-mini-20240104.ohlcv-1s.dbn.zst"], None),
        ]:
            before = lake.rows(table)
            told = lines(lake.ask(standins, "ingest", *words, "--json").expect(0).output, "file")
            after = lake.rows(table)
            stored = sum(file["rows_stored"] for file in told)
            judge.check(stored == sum(file["rows_processed"] for file in told) == (count or stored) > 0, f"a new day of {table}", told)
            judge.check(len(after) == len(before) + stored and [row for row in after if row in before] == before,
                        f"a new day of {table}: rows", (len(before), len(after)))
        told = lines(lake.run(*resample).expect(0).output, "table")
        judge.check([table["dates_computed"] for table in told] == [1], "a new day: dates computed", told)
        downloads = [words for _, words in lake.commands if words[:2] == ["download", "databento"]]
        for words in downloads:
            longer = [word if word != "2024-01-03" else "2024-01-04" for word in words]
            lake.ask(standins, *longer).expect(0)
            bought = [request["parameters"] for request in standins.requests() if "get_range" in str(request["path"])]
            judge.check({(ask["schema"], ask["start"]) for ask in bought}
                        == {("ohlcv-1m", "1704326400000000000"), ("tbbo", "1704326400000000000")}, "a new day: bought", bought)
        for table in ["raw.equs_mini_ohlcv_1m", "raw.equs_mini_tbbo"]:
            rows = lake.rows(table)
            judge.check([row for row in rows if row in lake.expected_rows(table)] == lake.expected_rows(table)
                        and len(rows) > len(lake.expected_rows(table)), f"a new day bought: {table}")


def judge_all(judge: Judge) -> None:
    judge_reading(judge)
    judge_rebuilding(judge)
    judge_repeating(judge)
    judge_other_flags(judge)
    judge_adding(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
