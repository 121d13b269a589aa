#!/usr/bin/env python3
"""Tables that somebody else wrote: absurd versions and sizes, names that would move the cursor, files outside.
Needs no shared data."""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402

TABLE = "raw.made_ohlcv_1s"
ROWS = "ts_event,open,high,low,close,volume\n2024-01-02T15:00:0{}Z,1,1,1,1,1\n"
NASTY = "\x1b[31mRED\x1b]0;t\x07\nerror: forged\r\u202etxt\x9b1m"
INT_MAX = 2**63 - 1


def made(judge: Judge, inputs: int = 2) -> Lake:
    lake = judge.new_lake()
    for number in range(inputs):
        source = lake.root.parent / f"{number}.csv"
        source.write_text(ROWS.format(number))
        lake.run("ingest", source, "--table", TABLE, "--symbol", "X", "--interval", "1s", "-q").expect(0)
    return lake


def log(path: Path, version: int) -> Path:
    return path / "_delta_log" / f"{version:020d}.json"


def tidy_end(judge: Judge, result: Result, case: str, *statuses: int) -> None:
    """It ends by itself, and with a message where it fails."""
    judge.check(result.status in statuses, f"{case}: status {statuses}", f"{result.status} {result.talk[-300:]}")
    judge.check(result.status == 0 or "error: " in result.talk or "warning: " in result.talk, f"{case}: says why")


COMMANDS: list[list[Any]] = [
    ["tables"], ["query", TABLE], ["describe", TABLE], ["files", TABLE], ["history", TABLE], ["ledger", "show"],
    ["resample", TABLE, "--to", "1m"], ["query", TABLE, "--as-of", "2030-01-01"]]


def judge_numbers(judge: Judge) -> None:
    for version in (INT_MAX, INT_MAX - 1, 2**40):
        lake = made(judge)
        log(lake.path(TABLE), version).write_text(log(lake.path(TABLE), 1).read_text())
        for words in COMMANDS:
            tidy_end(judge, lake.run(*words), f"version {version}, {words[0]}", 0, 1, 2)
        told = lake.run("query", TABLE)
        judge.check(told.status == 2 and "commit 2 is missing" in told.talk, f"version {version} is a gap", told.talk)
    # Two files of the greatest size there is, with as many rows.
    lake = made(judge)
    for number in range(2):
        path = log(lake.path(TABLE), number)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for add in [line["add"] for line in lines if "add" in line]:
            stats = json.loads(add["stats"]) | {"numRecords": INT_MAX}
            add |= {"size": INT_MAX, "stats": json.dumps(stats)}
            add["tags"]["lake.rows"] = str(INT_MAX)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for words in [*COMMANDS, ["query", TABLE, "--explain"], ["query", TABLE, "-w", "close > 5", "--explain"]]:
        tidy_end(judge, lake.run(*words), f"sizes beyond 64 bits in sum, {words[0]}", 0, 1, 2)


def delta(path: Path, adds: list[dict[str, Any]], column: str = "close") -> Path:
    """A Delta table of a symbol and a number, without a lake."""
    fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}}
              for name, kind in (("symbol", "string"), (column, "double"), ("date", "date"))]
    actions: list[dict[str, Any]] = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "x", "format": {"provider": "parquet", "options": {}}, "partitionColumns": ["date"],
                      "schemaString": json.dumps({"type": "struct", "fields": fields}), "configuration": {}}},
        *({"add": {"size": 1, "partitionValues": {"date": "2024-01-02"}, "modificationTime": 1, "dataChange": True} | add}
          for add in adds)]
    (path / "_delta_log").mkdir(parents=True)
    log(path, 0).write_text("".join(json.dumps(action) + "\n" for action in actions))
    return path


def is_safe(text: str, allowed: str = "\n") -> bool:
    return all(letter in allowed or (letter.isprintable() and letter not in "\u202e") for letter in text) and \
        "\nerror: forged" not in text


def judge_escapes(judge: Judge) -> None:
    lake, folder = made(judge, 1), judge.folder()
    missing = delta(folder / "missing", [{"path": f"a{NASTY}.parquet"}])
    named = delta(folder / "named", [{"path": "a.parquet"}], column="c" + NASTY)
    pq.write_table(pa.table({"symbol": ["A"], "c" + NASTY: [1.0]}), named / "a.parquet")
    strange = folder / f"x{NASTY}.parquet"
    strange.write_bytes(b"PAR1 no parquet PAR1")
    for case, words, only_talk in [
            ("a path in a log", ["query", missing], False),
            ("a path on the command line", ["parquet", strange], False),
            ("a path that is queried", ["query", strange], False),
            ("a path that is ingested", ["ingest", strange, "--lake", lake.root], False),
            ("a path that is not there", ["query", folder / f"no{NASTY}/x.parquet"], False),
            ("a column in a plan", ["query", named, "--explain"], False),
            ("a column in a plan, verbose", ["query", named, "-v"], True),
            ("a column that is described", ["describe", named], False),
            ("a column of a file", ["parquet", named / "a.parquet"], False),
            ("a column in a clause", ["query", named, "-w", NASTY + " = 1"], True),
            ("a table's name", ["query", "raw." + NASTY, "--lake", lake.root], False)]:
        result = lake.run(*words, in_lake=False)
        printed = result.talk + ("" if only_talk else result.output)
        judge.check(is_safe(printed), f"{case}: no control character is printed", repr(printed[:300]))
        judge.check(result.status in (0, 1, 2, 64) and printed != "", f"{case}: says something", result.status)


def judge_outside(judge: Judge) -> None:
    folder = judge.folder()
    secret = folder / "secret"
    secret.mkdir()
    pq.write_table(pa.table({"symbol": ["SECRET"], "close": [1.0]}), secret / "s.parquet")
    size = (secret / "s.parquet").stat().st_size
    inside = delta(folder / "inside", [{"path": "s.parquet", "size": size}])
    (inside / "s.parquet").write_bytes((secret / "s.parquet").read_bytes())
    lake = Lake(judge.binary, folder / "nolake")
    judge.check("SECRET" in lake.run("query", inside, in_lake=False).output, "a table's own file is read")
    linked = {"link": secret / "s.parquet", "folder": secret, "passwd": Path("/etc/passwd")}
    paths = {
        "dotdot": "../secret/s.parquet", "later": "a/../../secret/s.parquet", "percent": "%2e%2e/secret/s.parquet",
        "slash": "..%2Fsecret%2Fs.parquet", "absolute": f"{secret}/s.parquet", "uri": f"file://{secret}/s.parquet",
        "short": f"file:{secret}/s.parquet", "host": f"file://evil.host{secret}/s.parquet", "link": "l.parquet",
        "folder": "l/s.parquet", "passwd": "l", "etc": "/etc/passwd", "deep": "../" * 20 + "etc/passwd",
        "zero": "/dev/zero", "environment": "/proc/self/environ"}
    for name, path in paths.items():
        table = delta(folder / f"t_{name}", [{"path": path, "size": size}])
        (table / "a").mkdir()
        if name in linked:
            os.symlink(linked[name], table / ("l.parquet" if name == "link" else "l"))
        for words in (["query", table], ["query", table, "-w", "close > 0"]):
            told = lake.run(*words, in_lake=False)
            judge.check(told.status == 2 and "lies outside its table" in told.talk and "SECRET" not in told.output
                        and "--allow-outside" in told.talk, f"{name}: refused by name", told.talk)
        if "s.parquet" in path or name == "link":
            allowed = lake.run("query", table, "--allow-outside", in_lake=False)
            judge.check(allowed.status == 0 and "SECRET" in allowed.output, f"{name}: read where it is allowed", allowed.talk)
    for name, path in {"fifo": "fifo", "nul": "a%00b", "empty": "", "dot": ".", "s3": "s3://b/x", "web": "http://127.0.0.1:1/x"}.items():
        table = delta(folder / f"t_{name}", [{"path": path, "size": size}])
        if name == "fifo":
            os.mkfifo(table / "fifo")
        for flags in ([], ["--allow-outside"]):
            tidy_end(judge, lake.run("query", table, *flags, in_lake=False), f"{name} {flags}", 2)


def judge_all(judge: Judge) -> None:
    judge_numbers(judge)
    judge_escapes(judge)
    judge_outside(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
