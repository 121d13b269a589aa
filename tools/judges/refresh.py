#!/usr/bin/env python3
"""Downloads with --refresh after the vendor changed some days: only those are fetched and replaced, and counted right.

Databento says when a date was last modified; Massive says nothing, so its answers are compared.
"""
from __future__ import annotations

import json
import random
import shutil
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import massive_downloads  # noqa: E402
from downloads import BARS, KEY, StandIn, dataset_of, simulate, stored, words  # noqa: E402
from judging import Judge, Lake  # noqa: E402

DAYS = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]
CHANGED = "2024-01-03"
COUNTS = ["rows_added", "rows_same", "rows_changed", "rows_gone"]


def version(lake: Lake, table: str) -> int:
    return len(list((lake.path(table) / "_delta_log").glob("0*.json"))) - 1


def counts(told: str) -> tuple[int, ...]:
    """What a download says of the rows that it replaced; zeros where it replaced none."""
    summary = json.loads(told.splitlines()[-1])
    return tuple(summary.get(name, 0) for name in COUNTS)


def committed(lake: Lake, table: str) -> str:
    """The newest commit's words about itself."""
    newest = sorted((lake.path(table) / "_delta_log").glob("0*.json"))[-1]
    return next(line for line in newest.read_text().splitlines() if "commitInfo" in line)


def day_of(row: tuple) -> str:
    return datetime.fromtimestamp(row[1] / 1e6, timezone.utc).strftime("%Y-%m-%d")


def mixed(judge: Judge, schema: str) -> tuple[Path, Path]:
    """Two folders of four days: in the second, one day is another one."""
    first, other, second = judge.folder(), judge.folder(), judge.folder()
    simulate(judge, first, DAYS[0], len(DAYS), schema, "AAA,BBB", 1)
    simulate(judge, other, DAYS[0], len(DAYS), schema, "AAA,BBB", 2)
    for path in first.iterdir():
        source = other if CHANGED.replace("-", "") in path.name else first
        shutil.copy(source / path.name, second / path.name)
    return first, second


def judge_databento(judge: Judge, schema: str, columns: list[str], key: int) -> None:
    """`key`: the columns at the front that make a row's key, 0 where rows have none."""
    first, second = mixed(judge, schema)
    dataset = dataset_of(first)
    table = "raw." + dataset.lower().replace(".", "_") + "_" + schema.replace("-", "_")
    asked = words(dataset, schema, "AAA,BBB", DAYS[0], DAYS[-1])
    one = words(dataset, schema, "AAA", DAYS[0], DAYS[-1], "--refresh", "--json")
    lake, fresh = judge.new_lake(), judge.new_lake()
    with StandIn(judge, first) as standin:
        lake.run(*asked, env=standin.environment).expect(0)
        before, number = stored(lake, table, columns), version(lake, table)
        told = lake.run(*asked, "--refresh", "--json", env=standin.environment).expect(0)
        judge.check(len(standin.requests("get_range")) <= len(DAYS) and counts(told.output) == (0, 0, 0, 0),
                    f"{schema}, nothing modified: something is fetched", told.output[-400:])
    with StandIn(judge, second) as standin:
        fresh.run(*asked, env=standin.environment).expect(0)
    whole = stored(fresh, table, columns)
    yesterday = (datetime.now(timezone.utc) - timedelta(days=1)).strftime("%Y-%m-%d")
    with StandIn(judge, second, "--modified", f"{CHANGED}={yesterday}") as standin:
        lake.run(*one, env=standin.environment).expect(0)
        judge.check(not standin.requests("get_range"), f"{schema}, modified before it was fetched: it is bought again")
    # Modified says the vendor, but the rows are the same ones.
    with StandIn(judge, first, "--modified", CHANGED) as standin:
        told = lake.run(*one, env=standin.environment).expect(0)
        same = sum(row[0] == "AAA" and day_of(row) == CHANGED for row in before)
        judge.check(counts(told.output) == (0, same, 0, 0), f"{schema}, modified but the same: counts", told.output[-400:])
        judge.check(version(lake, table) == number, f"{schema}, modified but the same: a commit was made")
        judge.check(stored(lake, table, columns) == before, f"{schema}, modified but the same: rows")
    with StandIn(judge, second, "--modified", CHANGED) as standin:
        dry = lake.run(*one, "--dry-run", env=standin.environment).expect(0)
        units = [json.loads(line) for line in dry.output.splitlines() if '"unit"' in line]
        judge.check([(unit["start"], unit["end"]) for unit in units] == [(f"{CHANGED}T00:00:00Z", "2024-01-04T00:00:00Z")],
                    f"{schema}: the plan is another than the changed day", units)
        told = lake.run(*one, env=standin.environment).expect(0)
        bought = [request["parameters"] for request in standin.requests("get_range")]
        judge.check(len(bought) == 1 and bought[0]["symbols"] == "AAA", f"{schema}: bought", bought)
        start = int(bought[0]["start"])
        judge.check(datetime.fromtimestamp(start / 1e9, timezone.utc).strftime("%Y-%m-%d") == CHANGED
                    and int(bought[0]["end"]) - start == 86_400 * 10**9, f"{schema}: bought more than the changed day", bought)

    def inside(row: tuple) -> bool:
        return row[0] == "AAA" and day_of(row) == CHANGED

    after = stored(lake, table, columns)
    old, new = [row for row in before if inside(row)], [row for row in whole if inside(row)]
    judge.check([row for row in after if inside(row)] == new and new != old, f"{schema}: the changed rows")
    judge.check([row for row in after if not inside(row)] == [row for row in before if not inside(row)],
                f"{schema}: other rows changed")
    wanted = expected_counts(old, new, key)
    judge.check(counts(told.output) == wanted, f"{schema}: counts", (counts(told.output), wanted))
    judge.check(version(lake, table) == number + 1, f"{schema}: commits", version(lake, table) - number)
    judge.check(all(f'"{name}":"{count}"' in committed(lake, table) for name, count in zip(COUNTS, wanted)),
                f"{schema}: the commit does not say the counts", committed(lake, table)[:600])
    judge.check(KEY not in told.output + told.talk, f"{schema}: the key is printed")


def expected_counts(old: list[tuple], new: list[tuple], key: int) -> tuple[int, ...]:
    """Rows added, same, changed and gone."""
    if key == 0:
        added, gone = Counter(new) - Counter(old), Counter(old) - Counter(new)
        return added.total(), len(new) - added.total(), 0, gone.total()
    before, after = {row[:key]: row for row in old}, {row[:key]: row for row in new}
    return (len(after.keys() - before.keys()), sum(before.get(name) == row for name, row in after.items()),
            sum(name in before and before[name] != row for name, row in after.items()), len(before.keys() - after.keys()))


def judge_massive(judge: Judge) -> None:
    """A bar changed, one gone and one more on a day of SPY; AAPL beside it stays as it is."""
    folder = judge.folder()
    pages = judge.data / "derived/massive/stocks"
    shutil.copytree(pages, folder / "stocks")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    table = massive_downloads.SPY[0]
    columns = ["symbol", "ts_event", "open", "high", "low", "close", "volume", "transactions"]
    asked = massive_downloads.words("bars", "SPY", "2013-10-07", "2013-10-11")
    other = massive_downloads.words("bars", "AAPL", "2014-06-05", "2014-06-06")
    lake = massive_downloads.quick_lake(judge)
    with massive_downloads.StandIn(judge, data=folder) as standin:
        for words_of in (asked, other):
            lake.run(*words_of, env=standin.environment).expect(0)
        before, number = stored(lake, table, columns), version(lake, table)
        told = lake.run(*asked, "--refresh", "--json", env=standin.environment).expect(0)
        spy = sum(row[0] == "SPY" for row in before)
        judge.check(counts(told.output) == (0, spy, 0, 0), "Massive, nothing changed: counts", told.output[-400:])
        judge.check(version(lake, table) == number, "Massive, nothing changed: a commit was made")
    page = sorted(folder.glob("stocks/SPY/*/page-*.json"))[1]
    value: dict[str, Any] = json.loads(page.read_text())
    chance = random.Random(3)
    results = value["results"]
    results[5]["c"] = round(results[5]["c"] + 0.01, 2)
    gone = results.pop(chance.randrange(20, 40))
    results.append({**results[50], "t": gone["t"] + 1})
    page.write_text(json.dumps(value))
    with massive_downloads.StandIn(judge, data=folder) as standin:
        told = lake.run(*asked, "--refresh", "--json", env=standin.environment).expect(0)
        fresh = massive_downloads.quick_lake(judge)
        for words_of in (asked, other):
            fresh.run(*words_of, env=standin.environment).expect(0)
    after = stored(lake, table, columns)
    judge.check(counts(told.output) == (1, spy - 2, 1, 1), "Massive: counts", counts(told.output))
    judge.check(after == stored(fresh, table, columns) and after != before, "Massive: rows")
    judge.check([row for row in after if row[0] != "SPY"] == [row for row in before if row[0] != "SPY"],
                "Massive: another symbol's rows changed")
    judge.check(version(lake, table) == number + 1, "Massive: commits", version(lake, table) - number)


def judge_all(judge: Judge) -> None:
    judge_databento(judge, "ohlcv-1m", BARS, 4)
    judge_databento(judge, "trades", ["symbol", "ts_recv", "ts_event", "sequence", "price", "size", "side", "flags"], 0)
    judge_massive(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
