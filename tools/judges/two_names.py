#!/usr/bin/env python3
"""One contract under several names, bought in any order: each name finds the rows that it finds when it is bought alone.

ES.c.0 and ES.v.0 are the same contract on most days, ES.FUT all of them, and a contract may be bought by its own symbol before
or after. Whatever came first, rows are there once, `requested_symbol = 'ES.v.0'` and `gaps --symbol ES.v.0` know all of the name's
rows, a second download buys nothing, and a ledger that was lost is rebuilt with the names.

Needs no shared data.
"""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from downloads import StandIn, quick_retries  # noqa: E402
from judging import Judge, Lake  # noqa: E402

SCHEMAS = {"ohlcv-1m": "ts_event", "trades": "ts_recv"}
RANGE = ["--start", "2024-03-13", "--end", "2024-03-19"]
TYPES = {"ESH4": "raw_symbol", "ESM4": "raw_symbol", "ES.FUT": "parent"}
ORDERS = [["ES.c.0,ES.v.0"], ["ES.v.0,ES.c.0,ES.c.1"], ["ES.c.0", "ES.v.0"], ["ES.v.0", "ES.c.0"], ["ESH4,ESM4", "ES.v.0", "ES.c.0"],
          ["ES.v.0", "ESH4", "ES.c.0"], ["ESM4", "ES.c.0,ES.v.0"], ["ES.FUT", "ES.v.0", "ES.c.0"], ["ES.c.1", "ES.c.0", "ES.v.0"]]


def buy(lake: Lake, standin: StandIn, schema: str, names: str) -> None:
    kind = TYPES.get(names.split(",")[0], "continuous")
    lake.run("download", "databento", "--dataset", "GLBX.MDP3", "--schema", schema, "--symbols", names, "--stype-in", kind, *RANGE,
             env=standin.environment).expect(0, 1)


def table(schema: str) -> str:
    return f"raw.glbx_mdp3_{schema.replace('-', '_')}"


def rows(lake: Lake, schema: str, *where: str) -> list[str]:
    result = lake.run("query", table(schema), "-c", f"symbol,{SCHEMAS[schema]},instrument_id"
                      + (",sequence,price" if schema == "trades" else ",close"), *(["-w", where[0]] if where else [])).expect(0)
    return sorted(result.output.splitlines()[1:])


def states(lake: Lake, schema: str, name: str) -> object:
    lines = [json.loads(line) for line in lake.run("gaps", table(schema), "--symbol", name, "--json").expect(0, 1).output.splitlines()]
    return sorted((gap["state"], gap["start"], gap["end"], gap["missing_seconds"]) for gap in lines if gap["type"] == "gap")


def judge_schema(judge: Judge, data: Path, schema: str) -> None:
    with StandIn(judge, data) as standin:
        alone: dict[str, list[str]] = {}
        quiet: dict[str, object] = {}
        for name in ("ES.v.0", "ES.c.0", "ES.c.1", "ESH4", "ESM4", "ES.FUT"):
            lake = quick_retries(judge.new_lake())
            buy(lake, standin, schema, name)
            alone[name], quiet[name] = rows(lake, schema), states(lake, schema, name)
            if name.startswith("ES."):
                judge.check(rows(lake, schema, f"requested_symbol = '{name}'") == alone[name], f"{schema}: {name} alone is found")
        judge.check(len({row.split(",")[0] for row in alone["ES.v.0"]}) == 2, f"{schema}: the name rolls", len(alone["ES.v.0"]))
        for order in ORDERS:
            case = f"{schema}, {' then '.join(order)}"
            lake = quick_retries(judge.new_lake())
            for names in order:
                buy(lake, standin, schema, names)
            bought = [name for names in order for name in names.split(",")]
            judge_order(judge, lake, schema, case, bought, alone, quiet)
            count = len(standin.requests("timeseries.get_range"))
            for names in order:
                buy(lake, standin, schema, names)
            again = len(standin.requests("timeseries.get_range")) - count
            judge.check(again == 0, f"{case}: bought twice", again)
            shutil.rmtree(lake.root / "ledger")
            lake.run("ledger", "rebuild").expect(0)
            judge_order(judge, lake, schema, f"{case}, ledger rebuilt", bought, alone, quiet)


def judge_order(judge: Judge, lake: Lake, schema: str, case: str, bought: list[str], alone: dict[str, list[str]],
                quiet: dict[str, object]) -> None:
    whole = rows(lake, schema)
    judge.check(whole == sorted({row for name in bought for row in alone[name]}), f"{case}: rows",
                (len(whole), len({row for name in bought for row in alone[name]})))
    for name in (name for name in bought if name.startswith("ES.")):
        found = rows(lake, schema, f"requested_symbol = '{name}'")
        judge.check(found == alone[name], f"{case}: rows of {name}", (len(found), len(alone[name])))
        told = states(lake, schema, name)
        judge.check(told == quiet[name], f"{case}: gaps of {name}", (told, quiet[name]) if len(str(told)) < 500 else len(str(told)))
        # A row that was asked for by no such name, but by another, is not the name's.
        others = rows(lake, schema, f"requested_symbol != '{name}'")
        judge.check(not set(others) & set(alone[name]), f"{case}: rows that are not of {name}", len(others))
    names = [name for name in bought if name.startswith("ES.")]
    if len(names) > 1:
        listed = ", ".join(f"'{name}'" for name in names)
        found = rows(lake, schema, f"requested_symbol in ({listed})")
        judge.check(found == sorted({row for name in names for row in alone[name]}), f"{case}: rows of all names", len(found))
        first = rows(lake, schema, f"requested_symbol = '{names[0]}' and symbol = 'ESH4'")
        judge.check(first == [row for row in alone[names[0]] if row.startswith("ESH4,")], f"{case}: one contract of a name", len(first))
    shown = [json.loads(line) for line in lake.run("ledger", "show", "--symbol", names[-1], "--json").expect(0).output.splitlines()]
    dates = {(one["symbol"], one["start"], one["end"]) for line in shown for one in line.get("contracts", [])}
    judge.check({symbol for symbol, _, _ in dates} == {row.split(",")[0] for row in alone[names[-1]]}, f"{case}: the ledger shows contracts",
                sorted(dates))


def judge_all(judge: Judge) -> None:
    data = judge.folder()
    subprocess.run([judge.binary, "simulate", "--schema", ",".join(SCHEMAS), "--symbols", "ESH4,ESM4,ESU4", "--start", "2024-03-13",
                    "--days", "4", "--intensity", "0.05", "-o", data, "-q"], check=True, timeout=120)
    for schema in SCHEMAS:
        judge_schema(judge, data, schema)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
