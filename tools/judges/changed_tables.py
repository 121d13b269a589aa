#!/usr/bin/env python3
"""Tables of a lake that another engine changed: deleted rows, other column names in the files, or both.

The passes that only read (resample, bars, gaps, export) must make of them what they make of a lake that holds the live rows
alone, know when a deletion vector makes their results stale, and leave nothing behind; whatever writes refuses by name.
Needs no shared data.

Cases: 120
"""
from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Iterable
from urllib.parse import unquote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from delta_features import inline, removal  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402

BARS, TRADES, DAILY = "raw.b_ohlcv_1m", "raw.t_trades", "raw.d_ohlcv_1d"
DAYS = ["2024-01-02", "2024-01-03", "2024-01-04"]
Row = dict[str, Any]


# --- What is in the lake --------------------------------------------------------------------------

def bars(random_: random.Random) -> list[Row]:
    rows = []
    for day in DAYS:
        for symbol in ("AAA", "BBB"):
            for minute in range(200):
                low, high = sorted(random_.sample(range(100, 900), 2))
                rows.append({"ts_event": f"{day}T{14 + minute // 60}:{minute % 60:02}:00Z", "symbol": symbol, "open": low, "high": high,
                             "low": low, "close": high, "volume": random_.randrange(1, 100)})
    return rows


def trades(random_: random.Random) -> list[Row]:
    return [{"ts_event": f"{day}T{14 + second // 3600}:{second // 60 % 60:02}:{second % 60:02}.{number:03}Z", "symbol": "AAA",
             "instrument_id": 7, "price": random_.randrange(100, 200), "size": random_.randrange(1, 9), "action": "T", "side": "B",
             "sequence": second * 10 + number}
            for day in DAYS for second in range(0, 4000, 13) for number in range(2)]


def daily(random_: random.Random) -> list[Row]:
    """Kept by year: dates are within a file."""
    return [{"ts_event": f"2024-0{month}-{day:02}", "symbol": "AAA", "open": 1, "high": 3, "low": 1, "close": 2,
             "volume": random_.randrange(1, 99)} for month in (1, 2, 3) for day in range(1, 25)]


def csv(path: Path, rows: Iterable[Row]) -> Path:
    rows = list(rows)
    path.write_text("\n".join([",".join(rows[0])] + [",".join(str(value) for value in row.values()) for row in rows]) + "\n")
    return path


def fill(lake: Lake, table: str, rows: list[Row]) -> None:
    source = csv(lake.root.parent / f"{table}.csv", rows)
    kind = ["--schema", "trades"] if table == TRADES else ["--interval", table.rsplit("_", 1)[1]]
    lake.run("ingest", source, "--as", table, "--timezone", "UTC", *kind, "-q").expect(0)


# --- The other engine -----------------------------------------------------------------------------

class Changed:
    """A table as another engine leaves it."""

    def __init__(self, lake: Lake, name: str, mode: str | None) -> None:
        self.path, self.mode = lake.path(name), mode
        self.log = self.path / "_delta_log"
        actions = [json.loads(line) for file in sorted(self.log.glob("*.json")) for line in file.read_text().splitlines()]
        self.adds = {action["add"]["path"]: action["add"] for action in actions if "add" in action}
        metadata = next(action for action in reversed(actions) if "metaData" in action)
        features = ["deletionVectors"] + (["columnMapping"] if mode else [])
        change: list[Row] = [{"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features}}]
        if mode:
            change += self.renamed(metadata, mode)
        self.commit(change)

    def commit(self, actions: Iterable[Row]) -> None:
        version = 1 + max(int(file.stem) for file in self.log.glob("*.json"))
        (self.log / f"{version:020d}.json").write_text("".join(json.dumps(action) + "\n" for action in actions))

    def renamed(self, metadata: Row, mode: str) -> list[Row]:
        schema = json.loads(metadata["metaData"]["schemaString"])
        names = {}
        for number, column in enumerate(schema["fields"], 1):
            names[column["name"]] = (f"col-{number}", number)
            column["metadata"] |= {"delta.columnMapping.physicalName": f"col-{number}", "delta.columnMapping.id": number}
        metadata["metaData"]["schemaString"] = json.dumps(schema)
        metadata["metaData"]["configuration"]["delta.columnMapping.mode"] = mode
        change: list[Row] = [metadata]
        adds = {}
        for old, add in self.adds.items():
            change.append({"remove": removal(add)})
            stored = pq.read_table(self.path / unquote(old), partitioning=None)
            fields = []
            for column in stored.schema:
                physical, number = names[column.name]
                # By id, what a column is called in the file says nothing.
                name = physical if mode == "name" else f"x{number * 7 % 31}-{number}"
                fields.append(pa.field(name, column.type, True, {b"PARQUET:field_id": str(number).encode()}))
            new = f"other-{len(adds)}.parquet"
            pq.write_table(pa.Table.from_arrays(stored.columns, schema=pa.schema(fields)), self.path / new, row_group_size=97)
            adds[new] = {"path": new, "size": (self.path / new).stat().st_size, "modificationTime": 1_700_000_000_000, "dataChange": True,
                         "partitionValues": {names[key][0]: value for key, value in add["partitionValues"].items()},
                         "stats": json.dumps({"numRecords": stored.num_rows, **self.bounds(add, names)})}
            change.append({"add": adds[new]})
        self.adds = adds
        return change

    @staticmethod
    def bounds(add: Row, names: dict[str, tuple[str, int]]) -> Row:
        """The statistics of the file as it was, under the new names."""
        stats = json.loads(add["stats"])
        return {part: {names[column][0]: value for column, value in stats[part].items()} for part in ("minValues", "maxValues") if part in stats}

    def rows(self, path: str) -> int:
        return pq.ParquetFile(self.path / unquote(path)).metadata.num_rows

    def delete(self, path: str, rows: list[int]) -> None:
        """Gives a file another vector, of all its deleted rows."""
        old = self.adds[path]
        new = {key: value for key, value in old.items() if key != "deletionVector"} | {"deletionVector": inline(rows)}
        self.commit([{"remove": removal(old)}, {"add": new}])
        self.adds[path] = new


def live(lake: Lake, table: str, rows: list[Row]) -> list[Row]:
    """The rows of a list that the table still holds, by its query: judged against deltalake elsewhere."""
    key = "sequence" if table == TRADES else "symbol"
    told = lake.run("query", table, "--columns", f"ts_event,{key}", "--format", "jsonl").expect(0).output.splitlines()
    held = {(line["ts_event"].rstrip("Z").split(".")[0], str(line[key])) for line in map(json.loads, told)}

    def name(row: Row) -> tuple[str, str]:
        time = row["ts_event"].rstrip("Z").split(".")[0]
        return (time if "T" in time else time + "T00:00:00", str(row[key]))
    return [row for row in rows if name(row) in held]


# --- Judging --------------------------------------------------------------------------------------

def content(lake: Lake, table: str) -> list[str]:
    return sorted(lake.run("query", table, "--format", "jsonl").expect(0).output.splitlines())


def figures(result: Result) -> Row:
    last = json.loads(result.output.splitlines()[-1])
    return {key: value for key, value in last.items() if key not in ("elapsed", "peak_memory", "elapsed_seconds", "peak_memory_bytes", "report")}


def naive(rows: list[Row], minutes: int) -> dict[tuple[str, str], tuple[int, int, int, int, int]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        start = int(row["ts_event"][14:16]) // minutes * minutes
        found[row["symbol"], f"{row['ts_event'][:14]}{start:02}:00Z"].append(row)
    return {key: (group[0]["open"], max(row["high"] for row in group), min(row["low"] for row in group), group[-1]["close"],
                  sum(row["volume"] for row in group)) for key, group in found.items()}


def judge_case(judge: Judge, mode: str | None) -> None:
    case = f"mapped by {mode}" if mode else "deleted rows"
    random_ = random.Random(7)
    everything = {BARS: bars(random_), TRADES: trades(random_), DAILY: daily(random_)}
    lake = judge.new_lake()
    for table, rows in everything.items():
        fill(lake, table, rows)
    changed = {table: Changed(lake, table, mode) for table in everything}
    gone: dict[tuple[str, str], list[int]] = {}
    for table, other in changed.items():
        # Scattered rows of one file, a long run of another.
        for number, path in enumerate(sorted(other.adds)[:2]):
            count = other.rows(path)
            gone[table, path] = sorted(random_.sample(range(count), count // 5)) if number == 0 else list(range(count // 3, count // 2))
            other.delete(path, gone[table, path])

    def compare(when: str) -> None:
        left = {table: live(lake, table, rows) for table, rows in everything.items()}
        clean = judge.new_lake()
        for table, rows in left.items():
            judge.check(len(rows) < len(everything[table]), f"{case}, {when}: rows of {table} are deleted")
            fill(clean, table, rows)
        for words, made in [(["resample", BARS, "--to", "5m"], "bars.b_ohlcv_5m"), (["bars", TRADES, "--to", "1m"], "bars.t_trades_1m")]:
            told = lake.run(*words)
            judge.check(told.status == 0, f"{case}, {when}: {words[0]}", told.talk)
            clean.run(*words).expect(0)
            judge.check(content(lake, made) == content(clean, made), f"{case}, {when}: {words[0]} makes what it makes of the live rows")
        found = {(line["symbol"], line["ts_event"]): tuple(int(Decimal(str(line[name]))) for name in ("open", "high", "low", "close", "volume"))
                 for line in map(json.loads, content(lake, "bars.b_ohlcv_5m"))}
        judge.check(found == naive(left[BARS], 5), f"{case}, {when}: bars by hand")
        for words in (["gaps", BARS, "--calendar", "XNYS", "--json"], ["gaps", DAILY, "--calendar", "XNYS", "--json"]):
            told, wanted = lake.run(*words), clean.run(*words).expect(0, 1)
            judge.check(told.status == wanted.status and figures(told) == figures(wanted), f"{case}, {when}: {words[0]} {words[1]}",
                        (told.talk, told.output[-300:], wanted.output[-300:]))
        told, wanted = (each.run("validate", BARS, "--report", each.root.parent / "report.txt", "--json") for each in (lake, clean))
        judge.check(told.status == wanted.status != 2 and figures(told) == figures(wanted), f"{case}, {when}: validate",
                    (told.talk, told.output[-300:], wanted.output[-300:]))
        out = [each.root.parent / "out.dbn" for each in (lake, clean)]
        for each, path in zip((lake, clean), out):
            path.unlink(missing_ok=True)
            told = each.run("export", "dbn", TRADES, "-o", path)
            judge.check(told.status == 0, f"{case}, {when}: exported", told.talk)
        judge.check(out[0].exists() and out[0].read_bytes() == out[1].read_bytes(), f"{case}, {when}: export")
        judge.check(not any((lake.root / "staging").iterdir()), f"{case}, {when}: nothing is left in staging")

    compare("first")
    judge.check(lake.run("status").status == 0, f"{case}: all is up to date")
    path = sorted(changed[BARS].adds)[0]
    day = changed[BARS].adds[path]["partitionValues"]
    gone[BARS, path] = sorted({*gone[BARS, path], 5, 6, 7})
    changed[BARS].delete(path, gone[BARS, path])
    told = lake.run("status", "--json")
    tables = {line["table"]: line for line in map(json.loads, told.output.splitlines()) if line["type"] == "table"}
    stale = tables["bars.b_ohlcv_5m"]
    judge.check(told.status == 1 and stale["stale"] == 1 and stale["fresh"] == 2, f"{case}: another vector makes one date stale", stale)
    judge.check(stale["reasons"][0]["first"] in day.values(), f"{case}: the one whose file it is", (stale["reasons"], day))
    judge.check(tables["bars.t_trades_1m"]["stale"] == 0, f"{case}: and nothing else")
    compare("again")
    told = lake.run("resample", BARS, "--to", "5m", "--json")
    judge.check(json.loads(told.output.splitlines()[0])["dates_computed"] == 0, f"{case}: then nothing is to be done", told.output)
    # What would change the table refuses it.
    before = sorted(file.name for file in changed[BARS].log.iterdir())
    source = csv(lake.root.parent / "more.csv", everything[BARS][:1])
    for words in (["compact", BARS], ["dedup", BARS], ["ingest", source, "--as", BARS, "--interval", "1m"]):
        told = lake.run(*words)
        judge.check(told.status == 2 and ("deletionVectors" in told.talk or "columnMapping" in told.talk), f"{case}: {words[0]} is refused by name", told.talk)
    judge.check(sorted(file.name for file in changed[BARS].log.iterdir()) == before, f"{case}: nothing was written")
    # Damage is told of the date that has it; the others are made.
    add = changed[BARS].adds[path]
    changed[BARS].commit([{"remove": removal(add)}, {"add": add | {"deletionVector": inline([100_000])}}])
    told = lake.run("resample", BARS, "--to", "15m")
    judge.check(told.status == 2 and "deletes row 100000" in told.talk, f"{case}: a damaged vector is told", told.talk)


def judge_all(judge: Judge) -> None:
    for mode in (None, "name", "id"):
        judge_case(judge, mode)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
