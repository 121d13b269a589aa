#!/usr/bin/env python3
"""lake run and lake status: what lake.yaml derives is what duckdb computes, whatever changes, dies or runs beside it.

Needs no shared data.

Cases: 158
"""
from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import deltalake
import duckdb

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from judging import Judge, Lake  # noqa: E402

SOURCE = "raw.x_ohlcv_1s"
# Each table, what it is made of, and its interval.
DERIVED = {"bars.x_ohlcv_1m": (SOURCE, "1 minute"), "bars.x_ohlcv_5m": (SOURCE, "5 minutes"),
           "bars.x_ohlcv_1h": ("bars.x_ohlcv_1m", "1 hour")}
PASSES = f"""passes:
  - {{pass: compact, table: {SOURCE}}}
  - {{pass: resample, table: bars.x_ohlcv_1m, to: [1h]}}
  - {{pass: resample, table: {SOURCE}, to: [1m, 5m]}}
"""
DAYS = [f"2024-01-{number:02}" for number in range(2, 8)]
KILLS = 20


def bars_csv(path: Path, days: list[str], symbols: list[str], seed: int) -> Path:
    chance = random.Random(seed)
    lines = ["ts_event,symbol,open,high,low,close,volume"]
    for day in days:
        for symbol in symbols:
            for second in sorted(chance.sample(range(7200), 600)):
                low = chance.randrange(100, 200)
                opened, closed, more = chance.randrange(9), chance.randrange(9), chance.randrange(9, 20)
                lines.append(f"{day}T{14 + second // 3600}:{second // 60 % 60:02}:{second % 60:02}Z,{symbol},{low + opened}.25,"
                             f"{low + more},{low},{low + closed}.5,{chance.randrange(1, 1000)}")
    path.write_text("\n".join([*lines, ""]))
    return path


def new_lake(judge: Judge, passes: str = PASSES, days: list[str] = DAYS) -> Lake:
    lake = judge.new_lake()
    config = lake.root / "lake.yaml"
    config.write_text(config.read_text() + passes)
    folder = judge.folder()
    for number, symbols in enumerate([["SPY", "QQQ"], ["IBM"]] if days else []):
        lake.run("ingest", bars_csv(folder / f"{number}.csv", days, symbols, number), "--table", SOURCE, "--interval", "1s").expect(0)
    return lake


def files(lake: Lake, table: str) -> list[str]:
    return deltalake.DeltaTable(str(lake.path(table))).file_uris()


def versions(lake: Lake) -> dict[str, int]:
    return {table: deltalake.DeltaTable(str(lake.path(table))).version() for table in lake.tables("raw", "bars", "derived")}


def rows(lake: Lake, table: str) -> list[tuple]:
    return duckdb.sql(f"select symbol, ts_event, open, high, low, close, volume from read_parquet({files(lake, table)}) order by all").fetchall()


def expected(lake: Lake, source: str, interval: str) -> list[tuple]:
    return duckdb.sql(f"""select symbol, time_bucket(interval '{interval}', ts_event) as bucket, arg_min(open, ts_event), max(high),
        min(low), arg_max(close, ts_event), sum(volume) from read_parquet({files(lake, source)}) group by all order by all""").fetchall()


def are_right(lake: Lake) -> bool:
    return all(rows(lake, table) == [(*row[:6], int(row[6])) for row in expected(lake, *made_of)] for table, made_of in DERIVED.items())


def units(lake: Lake, *words: str) -> list[tuple[str, str, str]]:
    lines = [json.loads(line) for line in lake.run("run", "--plan", "--json", *words).expect(0).output.splitlines()]
    return [(line["table"], line["unit"], line["state"]) for line in lines if line["type"] == "unit"]


def states(lake: Lake) -> dict[str, dict[str, int]]:
    lines = [json.loads(line) for line in lake.run("status", "--json").expect(0, 1).output.splitlines()]
    return {line["table"]: {key: line[key] for key in ("fresh", "empty", "missing", "stale", "orphaned", "frozen") if line[key]}
            for line in lines if line["type"] == "table"}


def judge_runs(judge: Judge) -> None:
    lake = new_lake(judge)
    planned = units(lake)
    judge.check({table for table, _, _ in planned} == {*DERIVED, SOURCE}, "the plan names every table", planned)
    for table in DERIVED:
        judge.check([unit for name, unit, state in planned if name == table and state == "missing"] == DAYS, f"{table}: every day is missing")
    judge.check(versions(lake).keys() == {SOURCE}, "a plan makes nothing")
    judge.check(lake.run("status").status == 1, "what is not made yet is a finding")
    lake.run("run").expect(0)
    judge.check(are_right(lake), "all tables are what duckdb computes")
    judge.check(lake.run("status").status == 0, "all is fresh then")
    judge.check(len(files(lake, SOURCE)) == len(DAYS), "the source's files are merged")
    made = versions(lake)
    again = lake.run("run", "--json").expect(0)
    judge.check(versions(lake) == made, "a second run commits nothing", again.output)
    judge.check(json.loads(again.output.splitlines()[-1])["made"] == 0, "and says so")
    judge.check(units(lake) == [], "nothing is planned")
    judge_change(judge, lake, made)
    judge_compaction(judge, lake)
    judge_gone(judge, lake)
    recorded = duckdb.sql(f"select job, outcome, count(*) from read_parquet({files(lake, 'ledger.runs')}) group by all").fetchall()
    judge.check({job for job, _, _ in recorded} == {"ingest", "run", "resample", "compact"} and {outcome for _, outcome, _ in recorded} == {"done"},
                "duckdb reads what was run", recorded)
    judge_choice(judge, lake)


def judge_change(judge: Judge, lake: Lake, made: dict[str, int]) -> None:
    more = bars_csv(judge.folder() / "more.csv", [DAYS[2]], ["NEW"], 9)
    lake.run("ingest", more, "--table", SOURCE, "--interval", "1s").expect(0)
    planned = units(lake)
    for table in DERIVED:
        judge.check([entry for entry in planned if entry[0] == table] == [(table, DAYS[2], "stale")], f"one changed day: {table} is stale there alone", planned)
    lake.run("run").expect(0)
    judge.check(are_right(lake), "what was changed is made again")
    now = versions(lake)
    for table in DERIVED:
        judge.check(now[table] == made[table] + 1, f"{table}: in one commit")
        log = (lake.path(table) / f"_delta_log/{now[table]:020}.json").read_text()
        judge.check({json.loads(line)["add"]["partitionValues"]["date"] for line in log.splitlines() if '"add"' in line[:8]} == {DAYS[2]},
                    f"{table}: no other day is written")


def judge_compaction(judge: Judge, lake: Lake) -> None:
    """Who merges files changes no row: nothing downstream is stale."""
    for number in range(3):
        path = bars_csv(judge.folder() / "x.csv", [DAYS[0]], [f"S{number}"], 20 + number)
        lake.run("ingest", path, "--table", SOURCE, "--interval", "1s").expect(0)
    lake.run("run", "bars.x_ohlcv_1h").expect(0)
    before = versions(lake)
    deltalake.DeltaTable(str(lake.path(SOURCE))).optimize.compact()
    judge.check(versions(lake)[SOURCE] > before[SOURCE], "deltalake merged files")
    judge.check(lake.run("status").status == 0, "after deltalake's compaction nothing is stale", states(lake))
    lake.run("compact", SOURCE).expect(0)
    judge.check(lake.run("status").status == 0, "after ours neither", states(lake))


def judge_gone(judge: Judge, lake: Lake) -> None:
    deltalake.DeltaTable(str(lake.path(SOURCE))).delete(f"date = '{DAYS[1]}'")
    for table in list(DERIVED)[:2]:
        judge.check((table, DAYS[1], "orphaned") in units(lake), f"{table}: a day whose rows are gone is orphaned")
    lake.run("run").expect(0)
    judge.check(are_right(lake) and not any(DAYS[1] in uri for table in DERIVED for uri in files(lake, table)), "it is gone then", states(lake))
    judge.check(units(lake) == [], "once", units(lake))
    table = deltalake.DeltaTable(str(lake.path("bars.x_ohlcv_5m")))
    deltalake.write_deltalake(table, table.to_pyarrow_table(filters=[("date", "=", date.fromisoformat(DAYS[0]))]), mode="append")
    judge.check(units(lake) == [("bars.x_ohlcv_5m", DAYS[0], "stale")], "what another program writes into a derived table makes it stale")
    lake.run("run").expect(0)
    judge.check(are_right(lake), "and it is made again")
    deltalake.DeltaTable(str(lake.path(SOURCE))).alter.set_table_properties({"lake.purged": f"{DAYS[3]}/{DAYS[4]}"}, raise_if_not_exists=False)
    deltalake.DeltaTable(str(lake.path(SOURCE))).delete(f"date >= '{DAYS[3]}' and date <= '{DAYS[4]}'")
    kept = rows(lake, "bars.x_ohlcv_1m")
    judge.check(states(lake)["bars.x_ohlcv_1m"].get("frozen") == 2, "what was made of purged rows is frozen", states(lake))
    lake.run("run", "--force").expect(0)
    judge.check(rows(lake, "bars.x_ohlcv_1m") == kept, "and stays, even with --force")


def judge_choice(judge: Judge, lake: Lake) -> None:
    forced = units(lake, "--force", "--since", DAYS[5])
    judge.check(sorted(entry[:2] for entry in forced) == sorted((table, DAYS[5]) for table in DERIVED), "--force --since: those days again", forced)
    up = units(lake, "bars.x_ohlcv_1h", "--force")
    judge.check({table for table, _, _ in up} == set(DERIVED), "a table, with what it is made of", up)
    down = units(lake, "bars.x_ohlcv_5m", "--force")
    judge.check("bars.x_ohlcv_1h" not in {table for table, _, _ in down}, "and not what it is no part of", down)
    judge.check({table for table, _, _ in units(lake, SOURCE, "--force")} >= set(DERIVED), "a source, with all that is made of it")
    for words, status in [(["run", "bars.nothing"], 2), (["run", "--since", "then"], 64), (["run", "a", "b"], 64), (["status", SOURCE], 2)]:
        result = lake.run(*words)
        judge.check(result.status == status and "try:" in result.talk, f"lake {' '.join(words)}: {status}, with a remedy", (result.status, result.talk))


def judge_config(judge: Judge) -> None:
    """Each mistake is told by its line, and nothing runs."""
    for passes, told in [
        ("- {pass: resampel, table: raw.a_ohlcv_1s}", "resample"),
        ("- {pass: resample, table: raw.a_ohlcv_1s, two: [1m]}", "no such key"),
        ("- {pass: resample, table: raw.a_ohlcv_1s, to: [x]}", "no interval"),
        ("- {pass: resample, table: raw.a_trades, to: [1m]}", "bars are made of bars"),
        ("- {pass: resample, table: raw.a_ohlcv_1m, to: [90s]}", "can't be made of"),
        ("- {pass: resample, table: raw.a_ohlcv_1s, to: [1m, 5m], as: bars.b}", "one interval"),
        ("- {pass: resample, table: raw.a_ohlcv_1s, to: [1m]}\n- {pass: resample, table: raw.a_ohlcv_1s, to: [1m]}", "made by two passes"),
        ("- {pass: resample, table: bars.a_ohlcv_1m, to: [5m], as: bars.b_ohlcv_5m}\n- {pass: resample, table: bars.b_ohlcv_5m, to: [1h], as: bars.a_ohlcv_1m}", "made of another"),
        ("- {pass: resample, table: raw.a_ohlcv_1s, to: [1m], as: quarantine.a}", "no table for rows"),
        ("- {pass: resample, table: raw.a_ohlcv_1s, to: [1m], as: ledger.a}", "no table for rows"),
        ("- {pass: compact, table: raw.a_trades, dedup: true}", "no key"),
        ("- {pass: compact, table: raw.a_ohlcv_1s, dedup: maybe}", "true or false"),
        ("- {pass: gaps, table: raw.a_ohlcv_1s, calender: XNYS}", "calendar"),
        ("- {table: raw.a_ohlcv_1s}", "'pass' is missing"),
        ("- {pass: resample}", "'table' is missing"),
        ("- resample", "expected a group"),
        ("- {pass: resample, table: raw.a_ohlcv_1s, to: {a: b}}", "to"),
    ]:
        lake = judge.new_lake()
        (lake.root / "lake.yaml").write_text("version: 1\npasses:\n" + passes + "\n")
        result = lake.run("config", "check")
        judge.check(result.status == 1 and told in result.talk and "lake.yaml" in result.talk, f"config check: {told}", (result.status, result.talk))
        if "raw.a_trades" not in passes and "90s" not in passes:
            judge.check(lake.run("run").status == 2, f"run: {told}")


def judge_reports(judge: Judge) -> None:
    """A pass that reports looks at every run, commits nothing but the run, and a finding is exit status 1."""
    lake = new_lake(judge, f"passes:\n  - {{pass: gaps, table: {SOURCE}, calendar: XNYS}}\n  - {{pass: compact, table: {SOURCE}, dedup: true}}\n"
                           f"  - {{pass: resample, table: {SOURCE}, to: [1m]}}\n", [])
    for number, day in enumerate((DAYS[0], DAYS[2])):
        lake.run("ingest", bars_csv(judge.folder() / "a.csv", [day], ["SPY", "QQQ"], number), "--table", SOURCE, "--interval", "1s").expect(0)
    again = deltalake.DeltaTable(str(lake.path(SOURCE)))
    before = again.to_pyarrow_table().num_rows
    deltalake.write_deltalake(str(lake.path(SOURCE)), again.to_pyarrow_table().slice(0, 500), mode="append")
    planned = lake.run("run", "--plan", "--json").expect(0)
    judge.check('"pass":"gaps"' in planned.output and '"state":"report"' in planned.output, "the plan names the report", planned.output[-300:])
    first = lake.run("run", "--json").expect(1)
    lines = [json.loads(line) for line in first.output.splitlines()]
    gaps = [line for line in lines if line.get("pass") == "gaps"]
    judge.check(len(gaps) == 1 and gaps[0]["findings"] > 0, "gaps are findings", gaps)
    judge.check(deltalake.DeltaTable(str(lake.path(SOURCE))).to_pyarrow_table().num_rows == before, "duplicates are gone")
    version = deltalake.DeltaTable(str(lake.path(SOURCE))).version()
    # Bars were made of the rows before some of them went: they are stale once more.
    lake.run("run", "-q").expect(1)
    versions = [deltalake.DeltaTable(str(lake.path(table))).version() for table in (SOURCE, "bars.x_ohlcv_1m")]
    lake.run("run", "-q").expect(1)
    judge.check(versions == [version, deltalake.DeltaTable(str(lake.path("bars.x_ohlcv_1m"))).version()], "the third run makes nothing", versions)
    runs = deltalake.DeltaTable(str(lake.path("ledger.runs"))).to_pyarrow_table().to_pylist()
    told = [(run["job"], run["outcome"]) for run in runs if run["job"] == "gaps"]
    judge.check(told == [("gaps", "findings")] * 3, "every look leaves a row", told)


def judge_failures(judge: Judge) -> None:
    lake = new_lake(judge)
    damaged = next(uri for uri in files(lake, SOURCE) if DAYS[1] in uri)
    Path(damaged).write_bytes(Path(damaged).read_bytes()[:1000])
    result = lake.run("run", "--json")
    judge.check(result.status == 2, "a damaged day fails", result.talk)
    for table in list(DERIVED)[:2]:
        judge.check(sorted({uri.split("date=")[1][:10] for uri in files(lake, table)}) == [day for day in DAYS if day != DAYS[1]], f"{table}: the other days are made")
    told = [json.loads(line) for line in lake.run("status", "--json").expect(1).output.splitlines()]
    judge.check({line["table"] for line in told if line.get("failed") is True} == set(list(DERIVED)[:2]) and told[-1]["failed"] == 2, "status says what failed", told)
    broken = new_lake(judge, PASSES + "  - {pass: resample, table: raw.later_ohlcv_1s, to: [1m]}\n")
    result = broken.run("run")
    judge.check(result.status == 2 and "raw.later_ohlcv_1s" in result.talk, "a source that is not there fails", result.talk)
    judge.check(are_right(broken), "and leaves the others alone")
    result = broken.run("status")
    judge.check(result.status == 1 and "raw.later_ohlcv_1s is not there" in result.output, "status: it is not there", result.output)
    only = broken.run("status", "bars.x_ohlcv_1m")
    judge.check(only.status == 0, "status of one table is not about others", only.talk)
    result = broken.run("run", "bars.x_ohlcv_1m")
    judge.check(result.status == 0 and "raw.later" not in result.talk, "nor is a run of one", result.talk)


def judge_strangers(judge: Judge) -> None:
    """Rows from elsewhere have no place where a pass would replace them, nor where lake keeps its own."""
    lake = new_lake(judge)
    lake.run("run").expect(0)
    folder = judge.folder()
    file = bars_csv(folder / "more.csv", DAYS[:2], ["TSLA"], 9)
    minutes = folder / "minutes.csv"
    minutes.write_text("ts_event,symbol,open,high,low,close,volume\n2024-01-02T15:00:00Z,A,1,2,1,1,5\n2024-01-02T15:01:00Z,A,1,2,1,1,5\n")
    refused = lake.run("ingest", minutes, "--table", "bars.x_ohlcv_1m", "--interval", "1m")
    judge.check(refused.status == 2 and "derived" in refused.talk and "bars.x_ohlcv_1m" in refused.talk, "a file for a derived table is refused", refused.talk)
    judge.check(are_right(lake), "which stays as it is")
    lake.run("restore", "bars.x_ohlcv_1m", "--empty").expect(0)
    judge.check(lake.run("ingest", minutes, "--table", "bars.x_ohlcv_1m", "--interval", "1m").status == 2, "so is one for a derived table without rows")
    for table in ("quarantine.x_ohlcv_1m", "ledger.mine"):
        for words in (["ingest", str(file), "--interval", "1m"], ["resample", SOURCE, "--to", "1h"]):
            told = lake.run(*words, "--as", table)
            judge.check(told.status == 64 and "no table for rows" in told.talk, f"{words[0]} --as {table}", told.talk)


def judge_kills(judge: Judge) -> None:
    chance = random.Random(7)
    origin = new_lake(judge)
    done = origin.copy(judge.folder() / "lake")
    began = time.monotonic()
    done.run("run").expect(0)
    seconds = time.monotonic() - began
    wanted = {table: rows(done, table) for table in DERIVED}
    for number in range(KILLS):
        lake = origin.copy(judge.folder() / "lake")
        process = subprocess.Popen(lake.words("run", "-q"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.random() * seconds)
        process.kill()
        process.wait()
        lake.run("run").expect(0)
        judge.check({table: rows(lake, table) for table in DERIVED} == wanted, f"kill {number}: the next run makes what the undisturbed one does")
        judge.check(not any(lake.root.glob("staging/*/*")), f"kill {number}: nothing is left in staging", list(lake.root.glob("staging/*/*")))


def judge_races(judge: Judge) -> None:
    origin = new_lake(judge)
    for number in range(8):
        lake = origin.copy(judge.folder() / "lake")
        running = [subprocess.Popen(lake.words("run"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        ends = [process.communicate() for process in running]
        judge.check([process.returncode for process in running] == [0, 0], f"two at once {number}: both are done", ends)
        judge.check(are_right(lake), f"two at once {number}: right")
        once = all(len([uri for uri in files(lake, table) if day in uri]) == 1 for table in DERIVED for day in DAYS)
        judge.check(once, f"two at once {number}: done once")


def judge_all(judge: Judge) -> None:
    judge_runs(judge)
    judge_config(judge)
    judge_failures(judge)
    judge_reports(judge)
    judge_strangers(judge)
    judge_kills(judge)
    judge_races(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
