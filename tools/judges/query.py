#!/usr/bin/env python3
"""`lake query` beside pyarrow and duckdb on the same tables.

Values to the last digit in CSV, TSV, JSON lines and Parquet; where-clauses against duckdb's; ranges at the edges of
days and zones; symbol lists, limits, order, nulls, time travel; files of others that are unsorted or overlap."""
from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable, Iterable
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import duckdb  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import zstandard  # noqa: E402
from deltalake import DeltaTable, write_deltalake  # noqa: E402
from judging import Judge, Result  # noqa: E402

SEED = 20240102
NS = 10**9
DAY = 86_400 * NS
SYMBOLS = ["ES", "NQ", "O:SPY260220C00580000", "a,b", 'q"uote', "ü", "two\nlines"]
SCHEMA = pa.schema([
    ("symbol", pa.string()), ("ts_event", pa.timestamp("us", "UTC")), ("ts_event_plus_ns", pa.int16()),
    ("id", pa.int64()), ("price", pa.decimal128(18, 9)), ("deep", pa.decimal128(38, 18)), ("size", pa.int64()),
    ("ratio", pa.float64()), ("single", pa.float32()), ("is_open", pa.bool_()), ("note", pa.string()),
    ("settled", pa.date32()), ("small", pa.int16()), ("date", pa.date32())])
PRINTED = [name for name in SCHEMA.names if name != "ts_event_plus_ns"]
EDGES = {
    "price": [Decimal(0), Decimal("0.000000001"), Decimal("-0.000000001"), Decimal("999999999.999999999"),
              Decimal("-999999999.999999999"), Decimal("4512.25"), Decimal("100"), Decimal("-0.5")],
    "deep": [Decimal(0), Decimal("99999999999999999999.999999999999999999"), Decimal("-1e-18"), Decimal("42.000000000000000001")],
    "size": [0, 1, -1, 2**63 - 1, -(2**63), 9, 10, 99_999_999, 100_000_000, 10**16],
    "ratio": [0.0, 0.1, -0.1, 1e300, 5e-324, 1 / 3, 123456.789, 1e15, 1e16, 1e-9],
    "note": ["", "plain", "a,b", 'say "x"', "line\nbreak", "tab\tx", "ünï", "\\", "\r"],
}


def make_rows(rng: random.Random, first: int, days: Iterable[int], seen: set[tuple[str, int]]) -> list[dict[str, Any]]:
    """Rows of which no two have the same symbol and time, so that there is one order."""
    rows = []
    for day in days:
        for _ in range(rng.randint(300, 600)):
            at = day * DAY + rng.choice([0, 1, 999, 1_000, DAY - 1, DAY - 1_000, rng.randrange(DAY), rng.randrange(DAY) // NS * NS])
            symbol = rng.choice(SYMBOLS)
            if (symbol, at) in seen:
                continue
            seen.add((symbol, at))
            pick: Callable[[str], Any] = lambda name: None if rng.random() < 0.1 else rng.choice(EDGES[name])
            rows.append({
                "symbol": symbol, "ns": at, "id": first + len(rows),
                "price": rng.choice([pick("price"), Decimal(rng.randint(-10**6, 10**6)) / 400]), "deep": pick("deep"),
                "size": rng.choice([pick("size"), rng.randint(0, 50)]), "ratio": rng.choice([pick("ratio"), round(rng.uniform(-9, 9), 4)]),
                "single": rng.choice([None, 0.1, 1.5, -3.25, 1e10]), "is_open": rng.choice([None, True, False]), "note": pick("note"),
                "settled": rng.choice([None, date(1969, 12, 31), date(2024, 2, 29)]), "small": rng.choice([None, -32768, 32767, 5]),
                "date": date(1970, 1, 1) + timedelta(days=day)})
    return rows


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["ns"] // DAY, row["symbol"].encode(), row["ns"]))


def arrow(rows: list[dict[str, Any]]) -> pa.Table:
    columns = {name: [row.get(name) for row in rows] for name in SCHEMA.names}
    columns["ts_event"] = [row["ns"] // 1000 for row in rows]
    columns["ts_event_plus_ns"] = [row["ns"] % 1000 for row in rows]
    arrays = [pa.array(columns["ts_event"], pa.int64()).cast(pa.timestamp("us", "UTC")) if name == "ts_event"
              else pa.array(columns[name], SCHEMA.field(name).type) for name in SCHEMA.names]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def iso(ns: int) -> str:
    return datetime.fromtimestamp(ns // NS, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{ns % NS:09d}Z"


def plain(value: Decimal) -> str:
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


class Table:
    """Rows that we know, and how the query must print them."""

    def __init__(self, judge: Judge, path: Path, rows: list[dict[str, Any]], name: str) -> None:
        self.judge, self.path, self.rows, self.name = judge, path, rows, name

    def query(self, *words: Any) -> Result:
        line = [str(self.judge.binary), "query", str(self.path), *map(str, words)]
        return Result(line, subprocess.run(line, capture_output=True, timeout=300, cwd=self.judge.scratch))

    def bytes_of(self, *words: Any) -> bytes:
        line = [str(self.judge.binary), "query", str(self.path), *map(str, words)]
        return subprocess.run(line, capture_output=True, timeout=300, cwd=self.judge.scratch).stdout

    def ids(self, *words: Any) -> list[int] | str:
        result = self.query("--columns", "id", *words)
        if result.status != 0:
            return result.talk.strip()
        return [int(line) for line in result.output.splitlines()[1:]]

    def judge_ids(self, case: str, wanted: Callable[[dict[str, Any]], bool], *words: Any, limit: int | None = None) -> None:
        true = [row["id"] for row in in_order(self.rows) if wanted(row)][:limit]
        mine = self.ids(*words)
        same = mine == true
        told = "" if same else (mine if isinstance(mine, str) else f"{len(mine)} rows, expected {len(true)}; {differing(mine, true)}")
        self.judge.check(same, f"{self.name}: {case}", told)


def differing(mine: list[int], true: list[int]) -> str:
    if sorted(mine) == sorted(true):
        at = next(at for at, (one, other) in enumerate(zip(mine, true)) if one != other)
        return f"same rows, another order from row {at}"
    return f"missing {sorted(set(true) - set(mine))[:5]}, too many {sorted(set(mine) - set(true))[:5]}"


def agrees(cell: str, row: dict[str, Any], name: str) -> bool:
    """Whether a CSV cell is the text that the value must have."""
    value = row["ns"] if name == "ts_event" else row[name]
    if value is None or cell == "":
        return (value is None or value == "") and cell == ""
    if name == "ts_event":
        return cell == iso(value)
    if name in ("price", "deep"):
        return cell == plain(value)
    if name == "ratio":
        return float(cell) == value and len(significand(cell)) <= len(significand(repr(value)))
    if name == "single":
        return pa.scalar(float(cell), pa.float32()) == pa.scalar(value, pa.float32())
    if name == "is_open":
        return cell == ("true" if value else "false")
    return cell == str(value)


def significand(text: str) -> str:
    return text.lower().split("e")[0].replace(".", "").replace("-", "").strip("0")


def judge_formats(table: Table) -> None:
    judge, rows = table.judge, in_order(table.rows)
    for form, separator in (("csv", ","), ("tsv", "\t")):
        raw = table.bytes_of("--format", form).decode()
        printed = list(csv.reader(io.StringIO(raw, newline=""), delimiter=separator))
        judge.check(printed[0] == PRINTED, f"{table.name}: {form} header", printed[0])
        judge.check(len(printed) == len(rows) + 1, f"{table.name}: {form} rows", len(printed) - 1)
        for at, name in enumerate(PRINTED):
            wrong = [(cells[at], row[name] if name != "ts_event" else row["ns"]) for cells, row in zip(printed[1:], rows)
                     if not agrees(cells[at], row, name)]
            judge.check(not wrong, f"{table.name}: {form} column {name}", wrong[:3])
        empty = raw.count(separator + '""')
        judge.check(empty >= sum(row["note"] == "" for row in rows), f"{table.name}: {form}: an empty text is no null")
    lines = table.bytes_of("--format", "jsonl").decode().splitlines()
    objects = [json.loads(line, parse_float=Decimal) for line in lines]
    judge.check(all(list(object) == PRINTED for object in objects), f"{table.name}: jsonl names")
    for name in PRINTED:
        wrong = []
        for object, row in zip(objects, rows):
            value, mine = (iso(row["ns"]) if name == "ts_event" else row[name]), object[name]
            if isinstance(value, date):
                value = str(value)
            if name in ("ratio", "single") and value is not None:
                value, mine = pa.scalar(value, SCHEMA.field(name).type), pa.scalar(float(mine), SCHEMA.field(name).type)
            if value != mine or (isinstance(value, bool) != isinstance(mine, bool)):
                wrong.append((mine, value))
        judge.check(not wrong and len(objects) == len(rows), f"{table.name}: jsonl column {name}", wrong[:3])
    target = judge.folder() / "out.parquet"
    result = table.query("-o", target)
    if judge.check(result.status == 0, f"{table.name}: parquet", result.talk):
        mine, true = pq.read_table(target), arrow(rows)
        for name in SCHEMA.names:
            judge.check(name in mine.column_names and mine[name].to_pylist() == true[name].to_pylist(),
                        f"{table.name}: parquet column {name}")
        types = [(name, str(mine.schema.field(name).type), str(SCHEMA.field(name).type)) for name in SCHEMA.names]
        judge.check(all(one == other for _, one, other in types), f"{table.name}: parquet types", types)
    for suffix, opened in ((".gz", gzip.decompress), (".zst", lambda raw: zstandard.ZstdDecompressor().decompressobj().decompress(raw))):
        target = judge.folder() / f"out.csv{suffix}"
        table.query("-o", target).expect(0)
        judge.check(opened(target.read_bytes()) == table.bytes_of(), f"{table.name}: {suffix} holds the same")


CLAUSES = [
    "size > 10", "size >= 10 and size < 20", "not size > 10", "size = 9 or size = 10", "size in (1, 2, 3, 99999999)",
    "size not in (1, 2, 3)", "size between 5 and 7", "size not between 5 and 7", "size is null", "size is not null",
    "size != 0", "size <> 0", "price > 100", "price >= 4512.25", "price = 0.000000001", "price < -0.0000000001",
    "price <= 0", "price in (100, 4512.25, -0.5)", "deep > 42", "deep = 42.000000000000000001", "ratio > 0.1", "ratio = 0.1",
    "ratio <= -0.1", "ratio < 0", "ratio != 0", "symbol = 'ES'", "symbol != 'ES'", "symbol in ('ES', 'a,b')", "symbol > 'NQ'",
    "symbol like 'O:SPY%'", "symbol like '_S'", "symbol not like '%Q%'", "note = ''", "note is null", "note = 'say \"x\"'",
    "is_open = true", "not is_open", "is_open is null", "settled = date '2024-02-29'", "settled < date '1970-01-01'",
    "small = -32768", "small > 5", "not (size > 10 and price > 0)", "not (size > 10 or price > 0)",
    "(size > 10 or price > 0) and not (symbol = 'ES' or note is null)", "size > 5 and (size < 3 or price is null)",
    "price > ratio", "size >= small", "price < deep", "symbol < note", "size = size", "size != small",
    "date = date '2024-01-02'", "date > date '2024-01-02' and size > 3", "size > 9223372036854775806", "size < -9223372036854775807",
]


def judge_clauses(table: Table) -> None:
    files = [str(file) for file in sorted(table.path.rglob("*.parquet"))] if table.path.is_dir() else [str(table.path)]
    if (table.path / "_delta_log").is_dir():
        files = DeltaTable(str(table.path)).file_uris()
    for clause in CLAUSES:
        true = {row[0] for row in duckdb.sql(
            f"select id from read_parquet({files!r}, hive_partitioning = {'date=' in files[0]}) where {clause}").fetchall()}
        table.judge_ids(f"where {clause}", lambda row: row["id"] in true, "--where", clause)


def judge_ranges(table: Table) -> None:
    days = sorted({row["ns"] // DAY for row in table.rows})
    first = date(1970, 1, 1) + timedelta(days=days[0])
    second = first + timedelta(days=1)
    start = days[0] * DAY

    def within(low: int | None, high: int | None) -> Callable[[dict[str, Any]], bool]:
        return lambda row: (low is None or row["ns"] >= low) and (high is None or row["ns"] < high)

    table.judge_ids("one whole day", within(start, start + DAY), "--start", first, "--end", first)
    table.judge_ids("two days", within(start, start + 2 * DAY), "--start", first, "--end", second)
    table.judge_ids("a day as instants", within(start, start + DAY), "--start", f"{first}T00:00:00Z", "--end", f"{second}T00:00:00Z")
    table.judge_ids("from a day on", within(start + DAY, None), "--start", second)
    table.judge_ids("up to a day", within(None, start + DAY), "--end", first)
    table.judge_ids("one nanosecond", within(start + 1, start + 2), "--start", iso(start + 1), "--end", iso(start + 2))
    table.judge_ids("the last nanosecond", within(start + DAY - 1, start + DAY), "--start", iso(start + DAY - 1), "--end", iso(start + DAY))
    table.judge_ids("all but the first microsecond", within(start + 1_000, None), "--start", iso(start + 1_000))
    table.judge_ids("a time in a clause", within(start + 999, None), "--where", f"ts_event >= '{iso(start + 999)}'")
    zone = ZoneInfo("America/New_York")
    low = int(datetime(second.year, second.month, second.day, tzinfo=zone).timestamp()) * NS
    after = second + timedelta(days=1)
    high = int(datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()) * NS
    table.judge_ids("a day in New York", within(low, high), "--start", second, "--end", second, "--timezone", "America/New_York")
    noon = int(datetime(second.year, second.month, second.day, 12, 30, tzinfo=zone).timestamp()) * NS
    table.judge_ids("a bare time in New York", within(noon, None), "--start", f"{second}T12:30", "--timezone", "America/New_York")
    backward = table.query("--start", second, "--end", first)
    table.judge.check(backward.status == 64, f"{table.name}: start after end is a usage error", backward.talk)
    nothing = table.query("--start", "2031-01-01")
    held = str(first.year) in nothing.talk or table.name == "old.parquet"  # It has no statistics.
    table.judge.check(nothing.status == 0 and "2031-01-01" in nothing.talk and held,
                      f"{table.name}: an empty range says what there is", nothing.talk)


def judge_picks(table: Table) -> None:
    judge = table.judge
    for chosen in (["ES"], ["NQ", "ES"], ["ü", "q\"uote"], ["ES", "NONE"]):
        table.judge_ids(f"symbols {chosen}", lambda row: row["symbol"] in chosen, "--symbol", ",".join(chosen))
    for limit in (0, 1, 2, 77, len(table.rows), len(table.rows) + 1):
        table.judge_ids(f"limit {limit}", lambda row: True, "--limit", limit, limit=limit)
    table.judge_ids("everything together", lambda row: row["symbol"] == "ES" and (row["size"] or 0) > 10,
                    "--symbol", "ES", "--where", "size > 10", "--limit", 5, limit=5)
    nobody = table.query("--symbol", "ESS")
    judge.check(nobody.status == 0 and "'ESS'" in nobody.talk and "ES" in nobody.talk.replace("ESS", ""),
                f"{table.name}: an unknown symbol: nearest names", nobody.talk)
    wrong = table.query("--columns", "id,pirce")
    judge.check(wrong.status == 2 and "'pirce'" in wrong.talk and "'price'" in wrong.talk, f"{table.name}: an unknown column", wrong.talk)
    caret = table.query("--where", "size > 5 and pirce < 3")
    judge.check(caret.status == 2 and " " * 13 + "^" in caret.talk, f"{table.name}: a caret under the wrong name", caret.talk)
    for words in (["--where", "size >"], ["--where", "((size > 5)"], ["--where", "1 = 1"], ["--where", "size = 'x"], ["--timezone", "Mars/X"],
                  ["--where", "not " * 9000 + ")"]):
        usage = table.query(*words)
        judge.check(usage.status == 64 and len(usage.talk) < 1000, f"{table.name}: {words[0]} {words[1][:12]} is wrong usage", (usage.status, usage.talk[:300]))
    plan = table.query("--where", "size > 5", "--symbol", "ES", "--explain")
    judge.check(plan.status == 0 and "row groups by statistics" in plan.output, f"{table.name}: the plan", plan.output)
    for form in ["csv", "tsv", "jsonl", "parquet"]:
        for words in [[], ["--columns", "id"]]:
            # As `| head` leaves it once head has seen enough: nobody reads any more.
            reading, writing = os.pipe()
            os.close(reading)
            closed = subprocess.run([judge.binary, "query", table.path, "--format", form, *words], stdout=writing, stderr=subprocess.PIPE, timeout=600)
            os.close(writing)
            judge.check(closed.returncode == 0 and closed.stderr == b"", f"{table.name}: {form} {words} into a closed pipe", (closed.returncode, closed.stderr))
    target = judge.folder() / "kept.csv"
    target.write_text("mine")
    kept = table.query("-o", target)
    judge.check(kept.status == 2 and target.read_text() == "mine" and "--force" in kept.talk, f"{table.name}: a file is kept", kept.talk)
    table.query("-o", target, "--force").expect(0)
    judge.check(target.read_bytes() == table.bytes_of(), f"{table.name}: --force replaces")
    judge.check([file.name for file in target.parent.iterdir()] == ["kept.csv"], f"{table.name}: no temporary file is left")


def delta_table(judge: Judge, rng: random.Random) -> tuple[Table, Table, list[int]]:
    """A partitioned table of three commits: several files a date that overlap, and an earlier version."""
    path = judge.folder() / "delta"
    seen: set[tuple[str, int]] = set()
    first = make_rows(rng, 0, range(19_724, 19_727), seen)
    second = make_rows(rng, 100_000, range(19_725, 19_729), seen)
    third = make_rows(rng, 200_000, [19_726], seen)
    stamps = []
    for version, rows in enumerate((first, second, third)):
        write_deltalake(str(path), arrow(rows), mode="append", partition_by=["date"])
        # A version is as old as its file, which is some milliseconds younger than what it says of itself.
        stamps.append((path / "_delta_log" / f"{version:020}.json").stat().st_mtime_ns // 10**6 + 1)
    return Table(judge, path, first + second + third, "delta"), Table(judge, path, first, "delta, version 0"), stamps


def parquet_tables(judge: Judge, rng: random.Random) -> list[Table]:
    rows = make_rows(rng, 0, range(19_724, 19_728), set())
    folder = judge.folder()
    pq.write_table(arrow(rows).drop_columns([]), folder / "unsorted.parquet", row_group_size=500, write_page_index=True, data_page_size=2_000)
    pq.write_table(arrow(in_order(rows)), folder / "sorted.parquet", row_group_size=700, compression="zstd", write_page_index=True,
                   max_rows_per_page=100, use_dictionary=["symbol"])
    pq.write_table(arrow(in_order(rows)), folder / "old.parquet", version="1.0", compression="snappy", use_dictionary=False,
                   write_statistics=False)
    several = folder / "several"
    several.mkdir()
    mixed = rows[:]
    rng.shuffle(mixed)
    for at in range(30):
        pq.write_table(arrow(in_order(mixed[at::30])), several / f"{at}.parquet", row_group_size=40, write_page_index=True)
    hive = folder / "hive"
    for day in sorted({row["date"] for row in rows}):
        (hive / f"date={day}").mkdir(parents=True)
        some = [row for row in rows if row["date"] == day]
        pq.write_table(arrow(in_order(some)).drop_columns(["date"]), hive / f"date={day}" / "part-0.parquet", row_group_size=200)
    return [Table(judge, folder / name, rows, name) for name in
            ("unsorted.parquet", "sorted.parquet", "old.parquet", "several", "hive")]


def judge_nan(judge: Judge) -> None:
    """NaN is greater than every number and equal to itself, as in duckdb; so every row satisfies a comparison or its negation.

    duckdb is asked of rows in memory: of files it passes over row groups whose bounds leave out a NaN."""
    folder, lake = judge.folder(), judge.new_lake()
    nan, inf = float("nan"), float("inf")
    values = [[1.0, -2.0, 0.5], [nan, 3.0, None], [-0.0, 0.0, -nan], [inf, -inf, None], [nan, nan, nan], [-5.0, -6.0, -7.0]]
    rows = pa.table({"r": range(18), "f": pa.array([x for group in values for x in group], pa.float64()),
                     "g": pa.array([0.0, nan, 0.5] * 6, pa.float32()), "n": pa.array([1, 0, -1] * 6, pa.int32())})
    files = {"foreign": folder / "foreign.parquet", "own": folder / "own.parquet"}
    pq.write_table(rows, files["foreign"], row_group_size=3)
    lake.run("query", files["foreign"], "-o", files["own"], in_lake=False).expect(0)
    clauses = [f"{left} {how} {right}" for left, right in [("f", "0"), ("f", "-3.5"), ("g", "0.5"), ("f", "g"), ("f", "n")]
               for how in ("<", "<=", ">", ">=", "=", "!=")]
    clauses += ["f between -1 and 2", "f in (1, 3)", "f > 0 and g < 1", "f is null", "f is not null"]
    for name, path in files.items():
        for clause in clauses:
            for asked in (clause, f"not ({clause})"):
                theirs = [row[0] for row in duckdb.sql(f"select r from rows where {asked} order by r").fetchall()]
                mine = [int(line) for line in lake.run("query", path, "-w", asked, "-c", "r", in_lake=False).output.splitlines()[1:]]
                judge.check(sorted(mine) == theirs, f"{asked} of a {name} file with NaN", (mine, theirs))


def judge_units(judge: Judge) -> None:
    """Times of every unit, and unsigned integers, print as they are."""
    path = judge.folder() / "units.parquet"
    unsigned = [0, 2**63, 2**64 - 1]
    pq.write_table(pa.table({
        "ts": pa.array([0, 1, -1], pa.timestamp("ns", "UTC")), "ms": pa.array([0, 1, -1], pa.timestamp("ms", "UTC")),
        "local": pa.array([0, 1, -1], pa.timestamp("us")), "u": pa.array(unsigned, pa.uint64()), "clock": pa.array([0, 1, 86_399_999_999], pa.time64("us")),
        "raw": pa.array([b"", b"f", b"\xff\x00"], pa.binary()), "n": pa.array([float("nan"), float("inf"), -0.0])}), path)
    table = Table(judge, path, [], "units")
    printed = list(csv.DictReader(io.StringIO(table.bytes_of("--columns", "ts,ms,local,u,clock,raw,n").decode())))
    true = [
        ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999999", str(2**64 - 1), "23:59:59.999999", "/wA=", "-0"),
        ("1970-01-01T00:00:00.000000000Z", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000000", "0", "00:00:00.000000", "", "NaN"),
        ("1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.000001", str(2**63), "00:00:00.000001", "Zg==", "Infinity")]
    judge.check([tuple(row.values()) for row in printed] == true, "units: values", [tuple(row.values()) for row in printed])
    for clause, count in (("u > 9223372036854775808", 1), ("u >= 9223372036854775808", 2), ("u < 5", 1), ("n > 5", 2), ("n != 5", 3), ("n = 0", 1)):
        found = table.bytes_of("--where", clause, "--columns", "u").decode().splitlines()[1:]
        judge.check(len(found) == count, f"units: where {clause}", found)


def judge_orders(table: Table, rng: random.Random) -> None:
    """--order, --tail and --count."""
    judge = table.judge
    for limit in (0, 1, 77, len(table.rows), len(table.rows) + 1):
        mine, true = table.ids("--tail", limit), [row["id"] for row in in_order(table.rows)][-limit or len(table.rows):]
        judge.check(mine == true, f"{table.name}: tail {limit}", "" if mine == true else mine if isinstance(mine, str) else differing(mine, true))
    for number in range(24):
        terms = [(name, rng.random() < 0.5) for name in rng.sample(PRINTED, rng.randint(1, 3))]
        ordered = in_order(table.rows)
        for name, descends in reversed(terms):
            def value(row: dict[str, Any]) -> Any:
                held = row["ns"] if name == "ts_event" else row[name]
                return held.encode() if isinstance(held, str) else held
            nulls = [row for row in ordered if value(row) is None]
            # sorted() keeps equal rows in their order, descending too.
            ordered = sorted((row for row in ordered if value(row) is not None), key=value, reverse=descends) + nulls
        text = ",".join(name + (":desc" if descends else "") for name, descends in terms)
        words, true = [], [row["id"] for row in ordered]
        if number % 3 == 1:
            words, true = ["--limit", 50], true[:50]
        if number % 3 == 2:
            words, true = ["--tail", 50], true[-50:]
        mine = table.ids("--order", text, *words)
        judge.check(mine == true, f"{table.name}: --order {text} {words}", "" if mine == true else mine if isinstance(mine, str) else differing(mine, true))
    for words, wanted in ((["--where", "size > 10"], lambda row: (row["size"] or 0) > 10), ([], lambda row: True),
                          (["--symbol", "ES,NQ"], lambda row: row["symbol"] in ("ES", "NQ"))):
        told = table.query("--count", *words)
        judge.check(told.output == f"{sum(map(wanted, table.rows))}\n", f"{table.name}: --count {words}", told.output + told.talk)
    for words, hint in ((["--order", "pirce"], "price"), (["--order", "price:up"], "price:desc"), (["--tail", 1, "--limit", 1], "exclude"),
                        (["--count", "--columns", "id"], "exclude"), (["--order", "id,id:desc"], "twice")):
        told = table.query(*words)
        judge.check(told.status in (2, 64) and hint in told.talk and not told.output, f"{table.name}: {words} is refused", told.talk)


def judge_shared(judge: Judge) -> None:
    """Reference Delta tables of flat columns: the rows that pyarrow reads."""
    peers = json.loads((judge.data / "delta/PEER.json").read_text())
    for name, peer in sorted(peers.items()):
        path = judge.data / "delta" / name
        if any(key.endswith("err") for key in peer) or (peer.get("protocol") or {}).get("minReaderVersion") != 1:
            continue
        try:
            true = DeltaTable(str(path)).to_pyarrow_table()
        except Exception:  # noqa: BLE001 the peer's own limits
            continue
        result = subprocess.run([judge.binary, "query", path, "--format", "jsonl"], capture_output=True, timeout=120)
        flat = not any(pa.types.is_nested(field.type) for field in true.schema)
        if true.num_columns == 0:
            continue
        if judge.check(result.returncode == 0, f"{name}: is read", result.stderr.decode()[-300:]) and (flat or result.stdout):
            judge.check(result.stdout.count(b"\n") == true.num_rows, f"{name}: rows",
                        f"{result.stdout.count(bytes([10]))}, expected {true.num_rows}")


def judge_all(judge: Judge) -> None:
    rng = random.Random(SEED)
    table, before, stamps = delta_table(judge, rng)
    for some in (table, *parquet_tables(judge, rng)):
        judge_formats(some)
        judge_clauses(some)
        judge_ranges(some)
        judge_picks(some)
        judge_orders(some, rng)
    before.judge_ids("--version 0", lambda row: True, "--version", 0)
    moment = datetime.fromtimestamp(stamps[0] / 1000, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    before.judge_ids("--as-of", lambda row: True, "--as-of", moment)
    missing = before.query("--version", 99)
    judge.check(missing.status == 2 and "99" in missing.talk, "a version that is not there", missing.talk)
    judge_nan(judge)
    judge_units(judge)
    judge_shared(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
