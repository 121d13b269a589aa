#!/usr/bin/env python3
"""The --json output of every command against the shapes in schemas/json: each line has one shape, and no key is undocumented."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import deltalake

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from downloads import StandIn, words as download_words  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402

TYPES: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list,
                         "null": type(None), "number": (int, float)}
KEYWORDS = {"$schema", "title", "description", "type", "const", "enum", "oneOf", "items", "properties", "required",
            "additionalProperties"}

# An event of the coverage ledger with a price.
PURCHASE = {"recorded_at": 1_700_000_000_000_000_000, "dataset": "A", "schema": "trades", "symbols": ["X", "Y"],
            "symbol_type": "raw_symbol", "interval_start": 0, "interval_end": 1000, "state": "complete",
            "cost_usd": 1_250_000_001}


def is_type(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def problems(value: Any, shape: dict[str, Any], place: str = "") -> list[str]:
    """What is wrong with a value; a key that its shape does not name is wrong too."""
    unread = set(shape) - KEYWORDS
    if unread:
        return [f"the shape of {place} has keywords that are not checked: {unread}"]
    if "oneOf" in shape:
        tried = [problems(value, one, place) for one in shape["oneOf"]]
        fitting = [found for found in tried if not found]
        return [] if len(fitting) == 1 else [f"{place}: fits {len(fitting)} shapes: {min(tried, key=len)}"]
    if "const" in shape and value != shape["const"]:
        return [f"{place} is {value!r}, not {shape['const']!r}"]
    if "enum" in shape and value not in shape["enum"]:
        return [f"{place} is {value!r}, not one of {shape['enum']}"]
    names = shape.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, name) for name in names):
        return [f"{place} is {value!r}, not {names}"]
    found: list[str] = []
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += problems(item, shape.get("items", {}), f"{place}[{index}]")
    if isinstance(value, dict) and ("properties" in shape or "additionalProperties" in shape):
        known = shape.get("properties", {})
        found += [f"{place}.{key} is missing" for key in shape.get("required", []) if key not in value]
        for key, item in value.items():
            if key in known:
                found += problems(item, known[key], f"{place}.{key}")
            elif "additionalProperties" in shape:
                found += problems(item, shape["additionalProperties"], f"{place}.{key}")
            else:
                found.append(f"{place}.{key} is not documented")
    return found


def judge_lines(judge: Judge, result: Result, shape_name: str, seen: dict[str, set[str]], has_rows: bool = False) -> None:
    """`has_rows`: standard output is for rows, standard error for the objects."""
    case = "lake " + " ".join(result.words[1:])[:100]
    shape = json.loads((ROOT / "schemas/json" / f"{shape_name}.json").read_text())
    by_type = {one["properties"]["type"]["const"]: one for one in shape["oneOf"]}
    lines = [json.loads(line) for line in (result.talk if has_rows else result.output).splitlines()]
    judge.check(bool(lines), f"{case}: prints lines", result.talk)
    # One case a command: how many lines it prints may depend on how quick the machine is.
    found: list[str] = []
    for line in lines:
        kind = line.get("type")
        seen.setdefault(shape_name, set()).add(kind)
        found += problems(line, by_type[kind], kind) if kind in by_type else [f"type {kind!r} is not documented"]
    judge.check(not found, f"{case}: shapes", found[:3])
    if result.status == 0:
        judge.check(bool(lines) and lines[-1].get("type") == "summary", f"{case}: the last line is the summary")


def judge_interrupted(judge: Judge, running: "subprocess.Popen[bytes]", shape_name: str, seen: dict[str, set[str]]) -> None:
    """A command that was told to end says what became of its job, in the same shapes."""
    output, talk = running.communicate(timeout=60)
    result = Result(running.args, subprocess.CompletedProcess(running.args, running.returncode, output, talk))
    judge_lines(judge, result.expect(130), shape_name, seen)
    last = json.loads(result.output.splitlines()[-1])
    judge.check(last["type"] == "summary", f"{shape_name}, interrupted: the last line is the summary", last)


def judge_interrupted_ingest(judge: Judge, seen: dict[str, set[str]]) -> None:
    lake, pipe = judge.new_lake(), judge.folder() / "bars.csv"
    os.mkfifo(pipe)
    running = subprocess.Popen(lake.words("ingest", pipe, "--table", "raw.x_ohlcv_1m", "--symbol", "X", "--json"),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with pipe.open("w") as feed:
        feed.write("ts_event,open,high,low,close,volume\n2024-01-02T15:00:00Z,1,1,1,1,1\n")
        feed.flush()
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        judge_interrupted(judge, running, "ingest", seen)


def judge_downloads(judge: Judge, lake: Lake, seen: dict[str, set[str]]) -> None:
    with StandIn(judge, judge.data / "derived/dbn") as standin:
        asked = download_words("GLBX.MDP3", "ohlcv-1m", "ESZ3", "2013-10-06", "2013-10-09", "--json")
        for more, status in [([], 0), (["--force"], 0), (["--force", "--dry-run"], 0), (["--max-usd", "0", "--force"], 64)]:
            judge_lines(judge, lake.run(*asked, *more, env=standin.environment).expect(status), "download", seen)
    stall = "stall:path=get_range,at=2000,seconds=60"
    with StandIn(judge, judge.data / "derived/dbn", "--fault", stall) as standin:
        running = subprocess.Popen(lake.words(*asked, "--force"), env=standin.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        deadline, listed = time.monotonic() + 20, lake.run("workers", "list", "--json").expect(0)
        while running.poll() is None and time.monotonic() < deadline and '"worker"' not in listed.output:
            listed = lake.run("workers", "list", "--json").expect(0)
        judge_lines(judge, listed, "workers", seen)
        running.send_signal(signal.SIGINT)
        judge_interrupted(judge, running, "download", seen)
    judge_lines(judge, lake.run("workers", "stop", "1", "--json").expect(64), "workers", seen)
    for words in [["show"], ["rebuild", "--dry-run"], ["rebuild"]]:
        judge_lines(judge, lake.run("ledger", *words, "--json").expect(0), "ledger", seen)


def judge_rows(judge: Judge, lake: Lake, seen: dict[str, set[str]]) -> None:
    """Commands that print rows."""
    bars, folder = "raw.equs_mini_ohlcv_1s", judge.folder()
    query = ["query", bars, "--symbol", "SPY"]
    for words, status in [(["-o", folder / "a.csv"], 0), (["-o", folder / "a.csv"], 2), (["-o", folder / "a.parquet"], 0),
                          (["-o", folder / "b.csv", "--start", "2030-01-01"], 0), (["--explain", "--start", "2013-10-08"], 0)]:
        judge_lines(judge, lake.run(*query, *words, "--json").expect(status), "query", seen)
    for words, status in [(["--limit", "3"], 0), (["--limit", "0"], 0), (["--columns", "nothing"], 2)]:
        result = lake.run(*query, *words, "--json").expect(status)
        judge_lines(judge, result, "query", seen, has_rows=True)
        rows = [json.loads(line) for line in result.output.splitlines()]
        judge.check(len(rows) == (3 if "3" in words else 0) and all(row["symbol"] == "SPY" for row in rows),
                    "lake query --json prints rows alone", result.output)
    nested = judge.data / "parquet-testing/data/nested_maps.snappy.parquet"
    judge_lines(judge, lake.run("query", nested, "--json", in_lake=False).expect(0), "query", seen, has_rows=True)
    export = ["export", "dbn", bars, "--symbol", "SPY"]
    judge_lines(judge, lake.run(*export, "-o", folder / "spy.dbn", "--json").expect(0), "export", seen)
    judge_lines(judge, lake.run(*export, "--json").expect(0), "export", seen, has_rows=True)
    judge_lines(judge, lake.run("dbn", folder / "spy.dbn", "--json").expect(0), "dbn", seen, has_rows=True)
    judge_lines(judge, lake.run("dbn", folder / "spy.dbn", "-o", folder / "spy.csv", "--json").expect(0), "dbn", seen)
    for words in [[], ["--verify"], ["--rewrite", folder / "b.parquet"]]:
        judge_lines(judge, lake.run("parquet", folder / "a.parquet", *words, "--json").expect(0), "parquet", seen)
    judge_lines(judge, lake.run("parquet", nested, "--json").expect(0), "parquet", seen)
    judge_lines(judge, lake.run("parquet", nested, "--rows", "--json").expect(0), "parquet", seen, has_rows=True)
    judge_lines(judge, lake.run("parquet", folder / "a.csv", "--json").expect(2), "parquet", seen)


def judge_passes(judge: Judge, lake: Lake, bars: str, seen: dict[str, set[str]]) -> None:
    judge_lines(judge, lake.run("run", "--json").expect(2), "run", seen)
    config = (lake.root / "lake.yaml").read_text()
    (lake.root / "lake.yaml").write_text(config + f"passes:\n- {{pass: resample, table: {bars}, to: [5m]}}\n- {{pass: compact, table: {bars}}}\n")
    for words, shape, status in [(["status"], "status", 1), (["run", "--plan"], "run", 0), (["run"], "run", 0), (["run"], "run", 0),
                                 (["status"], "status", 0), (["status", bars], "status", 2)]:
        judge_lines(judge, lake.run(*words, "--json").expect(status), shape, seen)
    for symbol in ["YYY", "ZZZ"]:
        more = judge.folder() / "more.csv"
        more.write_text(f"ts_event,symbol,open,high,low,close,volume\n2013-10-07T15:00:00Z,{symbol},1,1,1,1,1\n")
        lake.run("ingest", more, "--table", bars, "--interval", "1s").expect(0)
    for words in [["--plan"], []]:
        judge_lines(judge, lake.run("compact", bars, *words, "--json").expect(0), "compact", seen)
    rows = deltalake.DeltaTable(str(lake.path(bars))).to_pyarrow_table()
    deltalake.write_deltalake(str(lake.path(bars)), rows.slice(0, 1), mode="append")
    for words in [["--plan"], [], []]:
        judge_lines(judge, lake.run("dedup", bars, *words, "--json").expect(0), "dedup", seen)
    bad = judge.folder() / "bad.csv"
    bad.write_text("ts_event,symbol,open,high,low,close,volume\n2024-01-02T15:00:00Z,A,1,0.5,1,1,1\n2024-01-02T15:00:00.5Z,A,1,1,1,1,1\n")
    for words, status in [([bars], 0), ([bad, "--interval", "1s"], 1), ([bad, judge.folder() / "none.csv"], 2)]:
        judge_lines(judge, lake.run("validate", *words, "--json").expect(status), "validate", seen)
    other = judge.folder() / "other.csv"
    other.write_text(bad.read_text().replace(",1,1,1,1,1\n", ",1,1,1,1,2\n"))
    for words, status in [([bars, bars, "--by", "symbol,day"], 0), ([bars, bad, "--by", "day"], 1), ([bad, other], 1), ([bad, judge.folder() / "none.csv"], 2)]:
        judge_lines(judge, lake.run("compare", *words, "--json").expect(status), "compare", seen)
    for words in [["--plan"], [], []]:
        judge_lines(judge, lake.run("alter", bars, "--widen", "volume", *words, "--json").expect(0), "alter", seen)
    (lake.root / "lake.yaml").write_text(config)


def judge_all(judge: Judge) -> None:
    seen: dict[str, set[str]] = {}
    lake = judge.new_lake()
    made = judge.folder() / "made"
    judge_lines(judge, lake.run("init", made, "--json", in_lake=False).expect(0), "init", seen)
    judge_lines(judge, lake.run("init", made, "--json", in_lake=False).expect(2), "init", seen)
    judge_lines(judge, lake.run("tables", "--json").expect(0), "tables", seen)
    keyless = {"PATH": "/usr/bin", "HOME": str(made)}
    judge_lines(judge, lake.run("vendors", "check", "--json", env=keyless).expect(1), "vendors", seen)
    simulate = ["simulate", "--schema", "definition,status", "-o", judge.folder(), "--json"]
    for status in (0, 2):
        judge_lines(judge, lake.run(*simulate, in_lake=False).expect(status), "simulate", seen)
    bars = sorted((judge.data / "derived/dbn").glob("equs-mini-2013100*.ohlcv-1s.dbn.zst"))
    ticks = judge.data / "dbn/databento-dbn/test_data.mbp-1.v3.dbn.zst"
    judge_lines(judge, lake.run("ingest", bars[0], "--json").expect(0), "ingest", seen)
    judge_lines(judge, lake.run("ingest", *bars, ticks, "--json").expect(0), "ingest", seen)
    judge_lines(judge, lake.run("ingest", *bars, judge.data, "--json").expect(2), "ingest", seen)
    foreign = judge.folder() / "spy.csv"
    foreign.write_text("Date,Open,High,Low,Close\n" + "".join(f"2024-01-0{day},1,2,1,2\n" for day in range(2, 6)))
    judge_lines(judge, lake.run("ingest", foreign, "--plan", "--json").expect(1), "ingest", seen)
    for words in [["config", "check"], ["config", "show"]]:
        judge_lines(judge, lake.run(*words, "--json").expect(0), "config", seen)
    (lake.root / "lake.yaml").write_text("vendors: {massive: {key_env: MINE}}\n")
    for words in [[], ["--list"], ["--remove"], ["--remove"]]:
        judge_lines(judge, lake.run("config", "trust", *words, "--json", env=keyless).expect(0), "config", seen)
    (lake.root / "lake.yaml").write_text("version: 1\ningset: {}\n")
    judge_lines(judge, lake.run("config", "check", "--json").expect(1), "config", seen)
    (lake.root / "lake.yaml").write_text("ingest:\n  jobs: 2\nresample:\n  intervals: [1m]\n")
    environment = {"LAKE_MEMORY": "64MB", "PATH": "/usr/bin"}
    judge_lines(judge, lake.run("config", "show", "--json", env=environment).expect(0), "config", seen)
    judge_lines(judge, lake.run("schema", "list", "--json").expect(0), "schema", seen)
    listed = [json.loads(line) for line in lake.run("schema", "list", "--json").output.splitlines()]
    for kind in [line["kind"] for line in listed if line["type"] == "schema"]:
        judge_lines(judge, lake.run("schema", "show", kind, "--json").expect(0), "schema", seen)
    judge_lines(judge, lake.run("tables", "--json").expect(0), "tables", seen)
    bars = "raw.equs_mini_ohlcv_1s"
    for words in [["--to", "1m", "--plan"], ["--to", "1m"]]:
        judge_lines(judge, lake.run("resample", bars, *words, "--json").expect(0), "resample", seen)
    judge_lines(judge, lake.run("resample", bars, "--to", "7s", "--json").expect(64), "resample", seen)
    trades = next(name for name in lake.tables("raw") if name.endswith("_mbp_1"))
    for words in [["--to", "1m,1d", "--session", "rth", "--plan"], ["--to", "1m,1d", "--session", "rth"]]:
        judge_lines(judge, lake.run("bars", trades, *words, "--json").expect(0), "bars", seen)
    judge_lines(judge, lake.run("bars", bars, "--json").expect(2), "bars", seen)
    judge_passes(judge, lake, bars, seen)
    judge_lines(judge, lake.run("calendar", "--json").expect(0), "calendar", seen)
    judge_lines(judge, lake.run("calendar", "XHKG", "--start", "2024-12-24", "--json").expect(0), "calendar", seen)
    judge_lines(judge, lake.run("calendar", "CMES", "--start", "2024-12-24", "--json").expect(0), "calendar", seen)
    judge_lines(judge, lake.run("gaps", "--json").expect(0, 1), "gaps", seen)
    judge_lines(judge, lake.run("gaps", "--end", "2013-10-20", "--json").expect(1), "gaps", seen)
    (lake.root / "ledger/journal").mkdir(exist_ok=True)
    (lake.root / "ledger/journal/judge.jsonl").write_text(json.dumps(PURCHASE) + "\n")
    for parts in ["month,dataset,schema", "symbol"]:
        judge_lines(judge, lake.run("spend", "--by", parts, "--json").expect(0), "spend", seen)
    judge_interrupted_ingest(judge, seen)
    judge_downloads(judge, lake, seen)
    judge_rows(judge, lake, seen)
    foreign = judge.data / "delta/delta-rs/delta-0.8.0-special-partition"
    for words, status in [(["--version", "0", "--plan"], 0), (["--version", "0"], 0), (["--version", "99"], 2)]:
        judge_lines(judge, lake.run("restore", "raw.equs_mini_ohlcv_1s", *words, "--json").expect(status), "restore", seen)
    for table in [*lake.tables(), foreign, judge.data / "delta/delta-rs/COVID-19_NYT"]:
        for command in ["describe", "history", "files"]:
            judge_lines(judge, lake.run(command, table, "--json").expect(0), command, seen)
    for command in ["describe", "history", "files"]:
        judge_lines(judge, lake.run(command, "raw.nothing", "--json").expect(2), command, seen)
    for path in sorted((ROOT / "schemas/json").glob("*.json")):
        if path.stem in seen:
            kinds = {one["properties"]["type"]["const"] for one in json.loads(path.read_text())["oneOf"]}
            judge.check(kinds - seen[path.stem] <= {"warning", "error"}, f"{path.name}: every shape was met",
                        kinds - seen[path.stem])


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
