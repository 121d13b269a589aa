#!/usr/bin/env python3
"""lake restore: after any restore the rows are those of that version, as deltalake and duckdb read them; inputs can come again.

Needs no shared data.

Cases: 146
"""
from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import deltalake
import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools/golden")]
from judging import Judge, Lake  # noqa: E402
from make_old_lake import StandIns  # noqa: E402

TABLE = "raw.x_ohlcv_1m"
SEED = 11
DOWNLOAD = ["download", "databento", "--dataset", "EQUS.MINI", "--schema", "ohlcv-1m", "--symbols", "SPY,QQQ", "--start",
            "2024-01-02"]
BOUGHT = "raw.equs_mini_ohlcv_1m"


def csv_of(path: Path, day: int, price: int, minutes: range) -> Path:
    lines = [f"2024-01-{day:02}T15:{minute:02}:00Z,A,{price},{price + 1},{price - 1},{price},{minute + 1}" for minute in minutes]
    path.write_text("\n".join(["ts_event,symbol,open,high,low,close,volume", *lines, ""]))
    return path


def outside(lake: Lake, table: str, version: int | None = None) -> list[dict]:
    """The rows, as deltalake reads them."""
    read = deltalake.DeltaTable(str(lake.path(table)), version=version).to_pyarrow_table()
    return sorted(read.to_pylist(), key=repr)


def fields(lake: Lake, table: str, version: int | None = None) -> pa.Schema:
    return deltalake.DeltaTable(str(lake.path(table)), version=version).schema().to_arrow()


def newest(lake: Lake, table: str) -> int:
    return deltalake.DeltaTable(str(lake.path(table))).version()


def ledger(lake: Lake) -> list[tuple]:
    told = lake.run("ledger", "show", "--json").expect(0).output
    lines = [json.loads(line) for line in told.splitlines()]
    return sorted((line["symbol"], line["start"], line["end"], line["state"]) for line in lines if line["type"] == "interval")


def rows_in(lake: Lake, *words: object) -> int:
    told = lake.run("ingest", *words, "--json").expect(0, 1).output
    return sum(json.loads(line)["rows_stored"] for line in told.splitlines() if '"type":"file"' in line)


def judge_any_order(judge: Judge) -> None:
    """A table of many versions, restored again and again; deltalake reads each time the rows of that version."""
    chance = random.Random(SEED)
    lake, folder = judge.new_lake(), judge.folder()
    files = []
    for number in range(12):
        # Some days overlap, so that files are replaced and rows are set aside.
        files.append(csv_of(folder / f"{number}.csv", 2 + number % 5, 100 + number // 5, range(number, number + 20)))
        rows_in(lake, files[-1], "--table", TABLE, "--max-bad", "1")
    count = newest(lake, TABLE) + 1
    wanted = [outside(lake, TABLE, version) for version in range(count)]
    judge.check(len({len(rows) for rows in wanted}) > 6, "versions differ")
    for step in range(25):
        version = chance.randrange(len(wanted))
        before = newest(lake, TABLE)
        told = lake.run("restore", TABLE, "--version", version, "--json")
        summary = json.loads(told.output.splitlines()[-1])
        same = wanted[version] == wanted[-1]
        case = f"step {step}, version {version} of {before}"
        judge.check(told.status == 0 and (outside(lake, TABLE) == wanted[version]), f"{case}: rows", told.talk[-400:])
        judge.check(fields(lake, TABLE) == fields(lake, TABLE, version), f"{case}: columns")
        made = newest(lake, TABLE)
        judge.check(made == summary.get("version", before) and made <= before + 1 and (made > before or same), f"{case}: one commit", summary)
        judge.check(len(wanted[version]) - len(wanted[-1]) == summary["rows_coming"] - summary["rows_going"], f"{case}: counts", summary)
        if made > before:
            wanted.append(wanted[version])
    lake.run("restore", TABLE, "--version", 0).expect(0)
    left = [path for path in files[1:]]
    rows_in(lake, *left, "--table", TABLE, "--max-bad", "1")
    key = lambda row: (row["symbol"], row["ts_event"])  # noqa: E731
    judge.check({key(row) for row in outside(lake, TABLE)} == {key(row) for row in wanted[count - 1]}, "undone files ingested again")


def judge_wrong_reading(judge: Judge) -> None:
    """The wrong zone and symbol, taken back, and the same file ingested rightly."""
    folder = judge.folder()
    bare = folder / "bare.csv"
    bare.write_text("ts_event,open,high,low,close,volume\n" + "".join(f"2024-01-02 10:{m:02}:00,1,2,1,1,{m + 1}\n" for m in range(30)))
    words = ["--table", TABLE, "--interval", "1m"]
    right, lake = judge.new_lake(), judge.new_lake()
    rows_in(right, bare, *words, "--symbol", "GOOD", "--timezone", "America/New_York")
    rows_in(lake, csv_of(folder / "first.csv", 1, 5, range(3)), "--table", TABLE)
    rows_in(lake, bare, *words, "--symbol", "BAD", "--timezone", "UTC")
    lake.run("restore", TABLE, "--version", 0).expect(0)
    judge.check(rows_in(lake, bare, *words, "--symbol", "GOOD", "--timezone", "America/New_York") == 30, "read rightly: rows stored")
    stored = [row for row in outside(lake, TABLE) if row["symbol"] != "A"]
    judge.check(stored == outside(right, TABLE), "read rightly: rows", len(stored))


def judge_downloads(judge: Judge) -> None:
    """What was bought and is undone is bought again, and only that; the price of the first time stays."""
    folder = judge.folder()
    subprocess.run([judge.binary, "simulate", "--schema", "ohlcv-1m", "--symbols", "SPY,QQQ", "--days", "3", "--intensity", "0.01",
                    "-o", folder / "vendor", "-q"], check=True)
    lake = judge.new_lake()

    def buy(end: str) -> list[dict]:
        log = folder / "requests.jsonl"
        log.unlink(missing_ok=True)
        with StandIns(folder / "vendor", log) as standins:
            lake.run(*DOWNLOAD, "--end", end, env=standins.environment).expect(0)
            return [ask["parameters"] for ask in standins.requests() if "get_range" in str(ask["path"])]

    def spent() -> tuple[int, str]:
        line = json.loads(lake.run("spend", "--json").expect(0).output.splitlines()[-1])
        return line["purchases"], line["usd"]

    buy("2024-01-02")
    first, known = newest(lake, BOUGHT), ledger(lake)
    buy("2024-01-04")
    whole, all_known, paid = outside(lake, BOUGHT), ledger(lake), spent()
    plan = lake.run("restore", BOUGHT, "--version", first, "--plan", "--json").expect(0)
    judge.check(json.loads(plan.output.splitlines()[-1])["intervals_undone"] > 0 and ledger(lake) == all_known, "--plan", plan.output)
    lake.run("restore", BOUGHT, "--version", first).expect(0)
    complete = [line for line in ledger(lake) if line[3] == "complete"]
    judge.check(complete == known, "undone: what is complete", ledger(lake))
    judge.check(spent() == paid, "undone: the price", spent())
    # From the commits alone.
    copied = lake.copy(judge.folder() / "copy")
    shutil.rmtree(copied.root / "ledger")
    copied.run("ledger", "rebuild").expect(0)
    judge.check(ledger(copied) == ledger(lake), "undone: the ledger, rebuilt", ledger(copied))
    holes = lake.run("gaps", BOUGHT, "--start", "2024-01-02", "--end", "2024-01-04", "--json")
    states = {json.loads(line)["state"] for line in holes.output.splitlines() if '"type":"gap"' in line}
    judge.check(holes.status == 1 and "not_downloaded" in states, "undone: gaps", holes.output[-600:])
    bought = buy("2024-01-04")
    judge.check(len(bought) > 0 and all(int(ask["start"]) >= 1704240000 * 10**9 for ask in bought), "undone: bought again", bought)
    judge.check(outside(lake, BOUGHT) == whole, "undone and bought again: rows")
    judge.check({line[3] for line in ledger(lake)} == {"complete"}, "undone and bought again: the ledger", ledger(lake))
    judge.check(spent()[0] > paid[0], "undone and bought again: both purchases count", spent())
    # Back, and back again: what is there is not bought a third time.
    last = newest(lake, BOUGHT)
    lake.run("restore", BOUGHT, "--version", first).expect(0)
    lake.run("restore", BOUGHT, "--version", last).expect(0)
    judge.check(buy("2024-01-04") == [] and outside(lake, BOUGHT) == whole, "restored twice: bought again")


def judge_derived(judge: Judge) -> None:
    """Bars that were made of the table follow it, and a table of bars can be restored itself."""
    lake, folder = judge.new_lake(), judge.folder()
    for day in range(3):
        rows_in(lake, csv_of(folder / f"{day}.csv", 2 + day, 10, range(30)), "--table", TABLE)

    def resample() -> list[int]:
        told = lake.run("resample", TABLE, "--to", "5m", "--json").expect(0).output
        return [json.loads(line)["dates_computed"] for line in told.splitlines() if '"type":"table"' in line]

    table = "bars.x_ohlcv_5m"
    judge.check(resample() == [3], "three days")
    full = outside(lake, table)
    lake.run("restore", TABLE, "--version", 1).expect(0)
    judge.check(resample() == [1] and len(outside(lake, table)) == len(full) // 3 * 2, "a day less", len(outside(lake, table)))
    lake.run("restore", TABLE, "--version", 2).expect(0)
    judge.check(resample() == [1] and resample() == [0] and outside(lake, table) == full, "and back")
    lake.run("restore", table, "--version", 1).expect(0)
    judge.check(len(outside(lake, table)) == len(full) // 3 * 2, "bars restored")
    judge.check(resample() == [1] and outside(lake, table) == full, "bars restored, computed again")


def judge_refusals(judge: Judge) -> None:
    lake, folder = judge.new_lake(), judge.folder()
    for day in range(2):
        rows_in(lake, csv_of(folder / f"{day}.csv", 2 + day, 10, range(5)), "--table", TABLE)
    for words, status, said in [
        (["restore"], 64, "restore needs TABLE"),
        (["restore", TABLE], 64, "--version N"),
        (["restore", TABLE, "--version", "x"], 64, "--version"),
        (["restore", TABLE, "--version", "1", "--as-of", "2024-01-01"], 64, "as-of"),
        (["restore", TABLE, "--version", "1", "--empty"], 64, "exclude each other"),
        (["restore", TABLE, "--as-of", "2024-01-01", "--empty"], 64, "exclude each other"),
        (["restore", TABLE, "--version", "7"], 2, "version 7"),
        (["restore", "raw.none", "--version", "0"], 2, "raw.none"),
        (["restore", "ledger.coverage", "--version", "0"], 64, "can't be undone"),
    ]:
        told = lake.run(*words)
        judge.check(told.status == status and said in told.talk and not told.output, " ".join(words), (told.status, told.talk))
    judge.check(newest(lake, TABLE) == 1, "refusals: a commit was made")
    told = lake.run("restore", TABLE, "--version", "1")
    judge.check(told.status == 0 and "nothing to do" in told.talk and newest(lake, TABLE) == 1, "as it is already", told.talk)
    lake.run("restore", TABLE, "--version", "0").expect(0)
    gone = [lake.path(TABLE) / path for path in deltalake.DeltaTable(str(lake.path(TABLE)), version=1).file_uris()]
    lost = next(path for path in gone if "2024-01-03" in str(path))
    lost.unlink()
    told = lake.run("restore", TABLE, "--version", "1")
    judge.check(told.status == 2 and lost.name in told.talk and "1 of the 2 files" in told.talk, "bytes are gone", told.talk)
    judge.check(newest(lake, TABLE) == 2, "bytes are gone: a commit was made")


def judge_ledger(judge: Judge) -> None:
    """A ledger that can't be written keeps no table from its restore: it is told, and made good from the table."""
    lake, folder = judge.new_lake(), judge.folder()
    for day in range(2):
        rows_in(lake, csv_of(folder / f"{day}.csv", 2 + day, 10, range(5)), "--table", TABLE)
    first = outside(lake, TABLE, 0)
    journal = lake.root / "ledger/journal"
    shutil.rmtree(journal)
    journal.write_text("")
    told = lake.run("restore", TABLE, "--version", "0")
    judge.check(told.status == 1 and "error: " in told.talk and "the table is restored" in told.talk
                and "lake ledger rebuild" in told.talk, "no ledger: told", (told.status, told.talk))
    judge.check(newest(lake, TABLE) == 2 and outside(lake, TABLE) == first, "no ledger: restored", newest(lake, TABLE))
    journal.unlink()
    lake.run("ledger", "rebuild").expect(0)
    rebuilt = lake.run("ledger", "rebuild", "--json").expect(0)
    judge.check(json.loads(rebuilt.output.splitlines()[-1])["events_missing"] == 0, "no ledger: rebuilt", rebuilt.output)
    shown = [json.loads(line) for line in lake.run("ledger", "show", "--json").expect(0).output.splitlines()]
    days = {line["start"][:10] for line in shown if line["type"] == "interval" and line["state"] in ("complete", "claimed")}
    judge.check(days == {"2024-01-02"}, "no ledger: what the ledger says then", shown)


def judge_races(judge: Judge) -> None:
    """Restores and ingests at once: each version is what its restore or ingest says, and no row is doubled."""
    lake, folder = judge.new_lake(), judge.folder()
    rows_in(lake, csv_of(folder / "0.csv", 2, 10, range(5)), "--table", TABLE)
    ingests = [subprocess.Popen(lake.words("ingest", csv_of(folder / f"{day}.csv", 2 + day, 10, range(5)), "--table", TABLE, "-q"))
               for day in range(1, 9)]
    restores = [subprocess.Popen(lake.words("restore", TABLE, "--version", "0", "-q")) for _ in range(6)]
    statuses = [process.wait(120) for process in ingests + restores]
    judge.check(set(statuses) == {0}, "at once: exit statuses", statuses)
    log = sorted((lake.path(TABLE) / "_delta_log").glob("0*.json"))
    first = outside(lake, TABLE, 0)
    wrong = [version for version, path in enumerate(log)
             if '"operation":"RESTORE"' in path.read_text() and outside(lake, TABLE, version) != first]
    judge.check(not wrong, "at once: a restored version is another", wrong)
    rows_in(lake, *sorted(folder.glob("*.csv")), "--table", TABLE)
    rows = outside(lake, TABLE)
    judge.check(len(rows) == 45 == len({(row["symbol"], row["ts_event"]) for row in rows}), "at once, then again: rows", len(rows))


def judge_empty(judge: Judge) -> None:
    """The very first file, taken back, and read rightly; --empty once, without talk where -q is given."""
    lake, folder = judge.new_lake(), judge.folder()
    first = csv_of(folder / "0.csv", 2, 10, range(5))
    rows_in(lake, first, "--table", TABLE)
    told = lake.run("restore", TABLE, "--version", "0").expect(0)
    judge.check("--empty" in told.talk and newest(lake, TABLE) == 0, "version 0 names --empty", told.talk)
    plan = json.loads(lake.run("restore", TABLE, "--empty", "--plan", "--json").expect(0).output.splitlines()[-1])
    judge.check(plan["emptied"] and plan["rows_going"] == 5 and newest(lake, TABLE) == 0, "--empty --plan", plan)
    told = lake.run("restore", TABLE, "--empty", "-q").expect(0)
    judge.check(told.output == told.talk == "", "--empty -q says nothing", told.output + told.talk)
    judge.check(outside(lake, TABLE) == [] and newest(lake, TABLE) == 1, "emptied", newest(lake, TABLE))
    lake.run("restore", TABLE, "--empty").expect(0)
    judge.check(newest(lake, TABLE) == 1, "emptied once", newest(lake, TABLE))
    judge.check(fields(lake, TABLE) == fields(lake, TABLE, 0), "emptied: the columns stay")
    judge.check(rows_in(lake, first, "--table", TABLE) == 5, "the same file again")


def judge_all(judge: Judge) -> None:
    judge_any_order(judge)
    judge_empty(judge)
    judge_wrong_reading(judge)
    judge_downloads(judge)
    judge_derived(judge)
    judge_refusals(judge)
    judge_ledger(judge)
    judge_races(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
