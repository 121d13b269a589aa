#!/usr/bin/env python3
"""Delta tables that use features of readers, made here: mapped columns, deletion vectors, V2 checkpoints and others.

The rows are known from how a table is made; deltalake's query engine must agree where it reads the table. Damaged and
hostile tables must be refused by name. Needs no shared data.
"""
from __future__ import annotations

import json
import os
import struct
import sys
import zlib
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable, Iterable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import deltalake  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402

Row = dict[str, Any]
Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
UUID = bytes.fromhex("d2c639aa8816431aaaf6d3fe2512ff61")
VECTOR_FILE = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"


# --- Deletion vectors -----------------------------------------------------------------------------

def z85(data: bytes) -> str:
    data += bytes(-len(data) % 4)
    text = ""
    for at in range(0, len(data), 4):
        word = int.from_bytes(data[at:at + 4], "big")
        text += "".join(Z85[word // 85 ** power % 85] for power in (4, 3, 2, 1, 0))
    return text


def container(rows: list[int], form: str) -> bytes:
    if form == "runs":
        known = set(rows)
        starts = [row for row in rows if row - 1 not in known]
        ends = [row for row in rows if row + 1 not in known]
        return struct.pack("<H", len(starts)) + b"".join(
            struct.pack("<HH", low, high - low) for low, high in zip(starts, ends))
    if len(rows) <= 4096:
        return struct.pack(f"<{len(rows)}H", *rows)
    bits = bytearray(8192)
    for row in rows:
        bits[row // 8] |= 1 << row % 8
    return bytes(bits)


def roaring(rows: Iterable[int], form: str = "values") -> bytes:
    """Delta's magic number and a 64-bit Roaring bitmap; `form` is `runs` or `values` (lists and bitmaps)."""
    buckets: dict[int, dict[int, list[int]]] = {}
    for row in sorted(rows):
        buckets.setdefault(row >> 32, {}).setdefault(row >> 16 & 0xFFFF, []).append(row & 0xFFFF)
    data = struct.pack("<IQ", 1681511377, len(buckets))
    for key, containers in buckets.items():
        data += struct.pack("<I", key)
        count = len(containers)
        heads = b"".join(struct.pack("<HH", low, len(found) - 1) for low, found in containers.items())
        bodies = [container(found, form) for found in containers.values()]
        start = struct.pack("<II", 12346, count)
        if form == "runs":
            start = struct.pack("<I", 12347 | count - 1 << 16) + ((1 << count) - 1).to_bytes((count + 7) // 8, "little")
        offsets = b""
        if form != "runs" or count >= 4:
            at = len(start) + len(heads) + 4 * count
            for body in bodies:
                offsets += struct.pack("<I", at)
                at += len(body)
        data += start + heads + offsets + b"".join(bodies)
    return data


def vector_file(*vectors: bytes) -> tuple[bytes, list[int]]:
    """A file of vectors and where each begins."""
    data, offsets = b"\x01", []
    for vector in vectors:
        offsets.append(len(data))
        data += struct.pack(">I", len(vector)) + vector + struct.pack(">I", zlib.crc32(vector))
    return data, offsets


def inline(rows: Iterable[int], form: str = "values") -> Row:
    rows, data = list(rows), roaring(rows, form)
    return {"storageType": "i", "pathOrInlineDv": z85(data), "sizeInBytes": len(data), "cardinality": len(rows)}


# --- Tables ---------------------------------------------------------------------------------------

def field(name: str, kind: Any, physical: str | None = None, number: int | None = None, **metadata: Any) -> Row:
    if physical is not None:
        metadata["delta.columnMapping.physicalName"] = physical
    if number is not None:
        metadata["delta.columnMapping.id"] = number
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def structure(*fields: Row) -> Row:
    return {"type": "struct", "fields": list(fields)}


def listing(element: Any) -> Row:
    return {"type": "array", "elementType": element, "containsNull": True}


def mapping(key: Any, value: Any) -> Row:
    return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}


class Table:
    """A table that grows commit by commit."""

    def __init__(self, path: Path, fields: list[Row], features: Iterable[str] = (), partitions: Iterable[str] = (),
                 **properties: str) -> None:
        self.path, self.version = path, -1
        self.protocol: Row = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": list(features),
                              "writerFeatures": list(features)}
        self.metadata: Row = {
            "id": "4b7a4a5e-0000-4000-8000-000000000000", "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps(structure(*fields)), "partitionColumns": list(partitions),
            "configuration": properties, "createdTime": 1_700_000_000_000}
        (path / "_delta_log").mkdir(parents=True)
        self.commit({"protocol": self.protocol}, {"metaData": self.metadata})

    def log(self, version: int) -> Path:
        return self.path / "_delta_log" / f"{version:020d}.json"

    def commit(self, *actions: Row) -> None:
        self.version += 1
        self.log(self.version).write_text("".join(json.dumps(action) + "\n" for action in actions))

    def write(self, name: str, table: pa.Table, **options: Any) -> Row:
        """Writes a data file; the action that adds it."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, **options)
        return self.file(name, table.num_rows)

    def file(self, name: str, rows: int, **stats: Any) -> Row:
        return {"path": name, "partitionValues": {}, "size": (self.path / name).stat().st_size,
                "modificationTime": 1_700_000_000_000, "dataChange": True,
                "stats": json.dumps({"numRecords": rows, **stats})}


def numbered(kind: pa.DataType, number: int, name: str, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable, {b"PARQUET:field_id": str(number).encode()})


def removal(add: Row) -> Row:
    kept = {key: add[key] for key in ("path", "partitionValues", "size", "deletionVector") if key in add}
    return kept | {"deletionTimestamp": 1_700_000_000_001, "dataChange": True, "extendedFileMetadata": True}


# --- Comparing ------------------------------------------------------------------------------------

def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return value.normalize()
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(timezone.utc)
    return value


def sorted_rows(rows: Iterable[Row]) -> list[str]:
    return sorted(repr(plain(row)) for row in rows)


def answer(lake: Lake, table: Path, *words: Any) -> tuple[Result, list[Row]]:
    target = lake.root.parent / "answer.parquet"
    target.unlink(missing_ok=True)
    result = lake.run("query", table, "-o", target, "-q", *words, in_lake=False)
    return result, pq.read_table(target).to_pylist() if target.exists() else []


def peer_table(path: Path, version: int | None = None) -> pa.Table:
    """A table as deltalake's query engine reads it, which applies what its Arrow path does not."""
    table = deltalake.DeltaTable(str(path), version=version)
    return pa.table(deltalake.QueryBuilder().register("t", table).execute("select * from t").read_all())


def peer_rows(path: Path) -> list[Row]:
    return peer_table(path).to_pylist()


class Features:
    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.lake = Lake(judge.binary, judge.folder() / "nolake")
        self.folder = judge.folder()
        self.made = 0

    def path(self) -> Path:
        self.made += 1
        return self.folder / f"t{self.made}"

    def same(self, case: str, table: Path, rows: Iterable[Row], *words: Any, peer: bool = True) -> None:
        """The rows are the expected ones, and those that the peer reads."""
        result, ours = answer(self.lake, table, *words)
        expected = sorted_rows(rows)
        if not self.judge.check(result.status == 0 and sorted_rows(ours) == expected, case,
                                (result.talk[-300:], len(ours), len(expected), sorted_rows(ours)[:2], expected[:2])):
            return
        if peer:
            theirs = sorted_rows(peer_rows(table))
            self.judge.check(theirs == expected, f"{case}: the peer agrees", (len(theirs), theirs[:2], expected[:2]))

    def refused(self, case: str, table: Path, *told: str, words: Iterable[Any] = ()) -> None:
        result = self.lake.run("query", table, *words, in_lake=False)
        self.judge.check(result.status == 2 and all(text in result.talk for text in told), f"{case}: refused",
                         (result.status, result.talk[-400:]))
        self.judge.check(result.output.count("\n") <= 1, f"{case}: no row is printed", result.output[:200])


def all_cases() -> list[Callable[[Features], None]]:
    return [judge_names, judge_ids, judge_bad_mappings, judge_vectors, judge_vector_queries, judge_bad_vectors,
            judge_outside, judge_checkpoints, judge_bad_checkpoints, judge_local_times,
            judge_widening, judge_nested_widening, judge_variants, judge_ingest, judge_writers]


# --- Column mapping -------------------------------------------------------------------------------

def judge_names(features: Features) -> None:
    # a is stored as b, and b as a; c is new; the file still has a column that was dropped.
    table = Table(features.path(), [
        field("a", "long", "b", 1), field("b", "string", "a", 2), field("c", "double", "col-c", 3),
        field("day", "date", "col-day", 4)], ["columnMapping"], ["day"], **{"delta.columnMapping.mode": "name"})
    expected = []
    for day in (1, 2):
        rows = [{"b": day * 100 + at, "a": f"t{at}", "gone": at} for at in range(50)]
        add = table.write(f"p{day}.parquet", pa.Table.from_pylist(rows))
        add["partitionValues"] = {"col-day": f"2024-01-0{day}"}
        add["stats"] = json.dumps({"numRecords": 50, "minValues": {"b": day * 100, "a": "t0"},
                                   "maxValues": {"b": day * 100 + 49, "a": "t9"}, "nullCount": {"b": 0, "a": 0}})
        table.commit({"add": add})
        expected += [{"a": row["b"], "b": row["a"], "c": None, "day": date(2024, 1, day)} for row in rows]
    features.same("columns by name", table.path, expected)
    features.same("columns by name, filtered", table.path, [row for row in expected if row["a"] > 140 and row["b"] < "t45"],
                  "-w", "a > 140 and b < 't45'", peer=False)
    features.same("a partition by its physical name", table.path, expected[50:], "-w", "day = 2024-01-02", peer=False)
    features.same("a new column is null", table.path, expected, "-w", "c is null", peer=False)
    told = features.lake.run("query", table.path, "-w", "a > 150", "--explain", in_lake=False)
    features.judge.check("1 of 2 kept" in told.output, "statistics are found by physical names", told.output)
    listed = [json.loads(line) for line in features.lake.run("files", table.path, "--json", in_lake=False).output.splitlines()]
    features.judge.check([line["partition"] for line in listed[:-1]] == [{"day": "2024-01-01"}, {"day": "2024-01-02"}],
                         "partitions are listed by the table's names", listed[0])
    described = features.lake.run("describe", table.path, "--json", in_lake=False)
    columns = [json.loads(line) for line in described.output.splitlines()][:-1]
    features.judge.check([(line["name"], line["min"]) for line in columns[:2]] == [("a", "100"), ("b", "t0")],
                         "described by the table's names", columns[:2])
    nested(features, "name")


def nested(features: Features, mode: str) -> None:
    """Nested columns; by id the names in the files say nothing."""
    table = Table(features.path(), [
        field("id", "long", "p1", 1),
        field("s", structure(field("x", "long", "p3", 3), field("y", structure(field("z", "string", "p5", 5)), "p4", 4),
                             field("new", "long", "p6", 6)), "p2", 2),
        field("l", listing(structure(field("e", "long", "p8", 8))), "p7", 7),
        field("m", mapping("string", structure(field("v", "double", "p10", 10))), "p9", 9)],
        ["columnMapping"], **{"delta.columnMapping.mode": mode})
    expected = []
    for part in range(2):
        # By id, names differ from file to file; one file has the members in another order.
        name = (lambda number: f"p{number}") if mode == "name" else (lambda number: f"f{part}-{99 - number}")
        z = numbered(pa.struct([numbered(pa.string(), 5, name(5))]), 4, name(4))
        x = numbered(pa.int64(), 3, name(3))
        schema = pa.schema([
            numbered(pa.int64(), 1, name(1)), numbered(pa.struct([z, x] if part else [x, z]), 2, name(2)),
            numbered(pa.list_(pa.field("element", pa.struct([numbered(pa.int64(), 8, name(8))]))), 7, name(7)),
            numbered(pa.map_(pa.string(), pa.struct([numbered(pa.float64(), 10, name(10))])), 9, name(9))])
        rows = []
        for at in range(20):
            number = 100 * part + at
            text = {name(5): f"z{number}"} if at % 3 else None
            rows.append({
                name(1): number, name(2): {name(3): at, name(4): text} if at % 7 else None,
                name(7): [{name(8): inner} for inner in range(at % 4)] if at % 5 else None,
                name(9): [(f"k{inner}", {name(10): inner / 2}) for inner in range(at % 3)]})
            expected.append({
                "id": number, "s": {"x": at, "y": {"z": f"z{number}"} if at % 3 else None, "new": None} if at % 7 else None,
                "l": [{"e": inner} for inner in range(at % 4)] if at % 5 else None,
                "m": [(f"k{inner}", {"v": inner / 2}) for inner in range(at % 3)]})
        table.commit({"add": table.write(f"n{part}.parquet", pa.Table.from_pylist(rows, schema))})
    features.same(f"nested columns by {mode}", table.path, expected, peer=mode == "name")
    lines = features.lake.run("query", table.path, "--columns", "s", "--format", "jsonl", "-n", "2", in_lake=False).output
    features.judge.check(json.loads(lines.splitlines()[1]) == {"s": {"x": 1, "y": {"z": "z1"}, "new": None}},
                         f"nested columns by {mode}, as JSON", lines)


def judge_ids(features: Features) -> None:
    table = Table(features.path(), [
        field("a", "long", "x", 7), field("b", "string", "y", 9), field("c", "long", "z", 11)],
        ["columnMapping"], **{"delta.columnMapping.mode": "id"})
    expected = []
    # The second file calls the columns as the first one's others; it lacks `c`.
    for part, names in enumerate([("a", "b", "c"), ("b", "a", None)]):
        fields = [numbered(pa.int64(), 7, names[0]), numbered(pa.string(), 9, names[1])]
        if names[2]:
            fields.append(numbered(pa.int64(), 11, names[2]))
        rows = [{names[0]: part * 10 + at, names[1]: f"t{at}", **({names[2]: -at} if names[2] else {})} for at in range(10)]
        add = table.write(f"i{part}.parquet", pa.Table.from_pylist(rows, pa.schema(fields)))
        add["stats"] = json.dumps({"numRecords": 10, "minValues": {"x": part * 10}, "maxValues": {"x": part * 10 + 9}})
        table.commit({"add": add})
        expected += [{"a": part * 10 + at, "b": f"t{at}", "c": None if part else -at} for at in range(10)]
    # The peer looks for columns by name all the same.
    features.same("columns by id", table.path, expected, peer=False)
    features.same("columns by id, filtered", table.path, [row for row in expected if 5 < row["a"] < 15 and row["b"] != "t7"],
                  "-w", "a > 5 and a < 15 and b != 't7'", peer=False)
    features.same("a column that a file lacks, by id", table.path, expected[10:], "-w", "c is null", peer=False)
    nested(features, "id")
    for case, fields, told in [
            ("a file without field ids", [pa.field("x", pa.int64())], "has no field ids"),
            ("a field id twice", [numbered(pa.int64(), 7, "p"), numbered(pa.int64(), 7, "q")], "have one field id, 7")]:
        bad = Table(features.path(), [field("a", "long", "x", 7)], ["columnMapping"], **{"delta.columnMapping.mode": "id"})
        names = [each.name for each in fields]
        bad.commit({"add": bad.write("b.parquet", pa.Table.from_pylist([{name: 1 for name in names}], pa.schema(fields)))})
        features.refused(case, bad.path, told)


def judge_bad_mappings(features: Features) -> None:
    for mode, fields, told in [
            ("name", [field("a", "long", "x", 1), field("b", "long", "x", 2)], "have one physical name, 'x'"),
            ("name", [field("a", "long")], "'a' has no physical name"),
            ("id", [field("a", "long", "x")], "'a' has no id"),
            ("id", [field("a", "long", "x", 1), field("b", "long", "y", 1)], "have one id, 1"),
            ("name", [field("s", structure(field("a", "long", "q", 2), field("b", "long", "q", 3)), "p", 1)], "'s.a' and 's.b'"),
            ("colour", [field("a", "long", "x", 1)], "its mode is 'colour'")]:
        table = Table(features.path(), fields, ["columnMapping"], **{"delta.columnMapping.mode": mode})
        table.commit({"add": table.write("x.parquet", pa.table({"x": [1], "y": [2]}))})
        features.refused(f"mapping by {mode}: {told}", table.path, told)


# --- Deletion vectors -----------------------------------------------------------------------------

def simple(features: Features, count: int, **options: Any) -> tuple[Table, Row, list[Row]]:
    """A table of one file with numbers and texts."""
    table = Table(features.path(), [field("id", "long"), field("t", "string"), field("x", "double")], ["deletionVectors"],
                  **{"delta.enableDeletionVectors": "true"})
    rows = [{"id": at, "t": f"t{at % 97}", "x": at / 4} for at in range(count)]
    add = table.write("d.parquet", pa.Table.from_pylist(rows), **options)
    add["stats"] = json.dumps({"numRecords": count, "tightBounds": False, "minValues": {"id": -5, "t": "a"},
                               "maxValues": {"id": count + 5, "t": "z"}, "nullCount": {"id": 0, "t": 0}})
    table.commit({"add": dict(add)})
    return table, add, rows


PATTERNS: dict[str, Callable[[int], Iterable[int]]] = {
    "none": lambda count: [], "first": lambda count: [0], "last": lambda count: [count - 1],
    "alternate": lambda count: range(1, count, 2), "all": lambda count: range(count),
    "blocks": lambda count: [row for row in range(count) if row // 1000 % 3 == 1],
    "long": lambda count: [*range(10, 60_000), *range(65_530, 65_545), *range(140_000, count - 3)],
    "sparse": lambda count: range(0, count, 9_973)}


def judge_vectors(features: Features) -> None:
    count = 200_000
    for number, (name, pattern) in enumerate(PATTERNS.items()):
        deleted = list(pattern(count))
        gone = set(deleted)
        for form in ("values", "runs"):
            table, add, rows = simple(features, count, row_group_size=70_000)
            data = roaring(deleted, form)
            if number % 3 == 0:
                vector = inline(deleted, form)
            else:
                prefix = "" if number % 3 == 1 else "ab"
                (table.path / prefix).mkdir(exist_ok=True)
                # The second vector of its file.
                content, offsets = vector_file(roaring([1, 2]), data)
                (table.path / prefix / VECTOR_FILE).write_bytes(content)
                vector = {"storageType": "u", "pathOrInlineDv": prefix + z85(UUID), "offset": offsets[1],
                          "sizeInBytes": len(data), "cardinality": len(deleted)}
            table.commit({"remove": removal(add)}, {"add": add | {"deletionVector": vector}})
            features.same(f"deleted: {name} as {form}", table.path, [row for row in rows if row["id"] not in gone],
                          peer=form == "values")
            if form == "values":
                listed = json.loads(features.lake.run("files", table.path, "--json", in_lake=False).output.splitlines()[0])
                features.judge.check(listed["rows"] == count - len(gone), f"rows are counted without {name}", listed)
                result, before = answer(features.lake, table.path, "--version", "1")
                features.judge.check(len(before) == count, f"before {name} was deleted", (len(before), result.talk))


def judge_vector_queries(features: Features) -> None:
    count = 150_000
    deleted = set(PATTERNS["blocks"](count)) | set(range(100_000, 149_000))
    table, add, rows = simple(features, count, row_group_size=40_000, data_page_size=20_000)
    table.commit({"remove": removal(add)}, {"add": add | {"deletionVector": inline(sorted(deleted))}})
    live = [row for row in rows if row["id"] not in deleted]
    for clause, holds in [
            ("id < 5000", lambda row: row["id"] < 5000), ("t = 't5'", lambda row: row["t"] == "t5"),
            ("id >= 1000 and id < 2000", lambda row: False), ("x > 24000 and t != 't3'", lambda row: row["x"] > 24000 and row["t"] != "t3"),
            ("id = 149500", lambda row: row["id"] == 149500)]:
        features.same(f"deleted rows stay deleted where {clause}", table.path, [row for row in live if holds(row)], "-w", clause, peer=False)
    lines = features.lake.run("query", table.path, "-n", "1500", in_lake=False).output.splitlines()[1:]
    features.judge.check([int(line.split(",")[0]) for line in lines] == [row["id"] for row in live[:1500]], "the first rows that are left")
    told = features.lake.run("query", table.path, "--explain", in_lake=False).output
    features.judge.check(f"{len(live):,} rows at most" in told, "the plan counts what is left", told)
    # Two vectors of one file, one after the other; then the file is whole again.
    table.commit({"remove": removal(add | {"deletionVector": inline(sorted(deleted))})}, {"add": add | {"deletionVector": inline([7])}})
    features.same("a second vector replaces the first", table.path, [row for row in rows if row["id"] != 7])
    table.commit({"remove": removal(add | {"deletionVector": inline([7])})}, {"add": add})
    features.same("without a vector the file is whole", table.path, rows)
    # By the times of the commits.
    for version in range(table.version + 1):
        os.utime(table.log(version), (1_700_000_000 + 3600 * version,) * 2)
    for version, expected in [(1, rows), (2, live), (3, [row for row in rows if row["id"] != 7]), (4, rows)]:
        time = datetime.fromtimestamp(1_700_000_000 + 3600 * version + 60, timezone.utc).isoformat()
        features.same(f"as of version {version}", table.path, expected, "--as-of", time, peer=False)
    # Symbols whose rows are all deleted are missing; files in symbol order are merged.
    table = Table(features.path(), [field("symbol", "string"), field("ts_event", "timestamp"), field("v", "long")], ["deletionVectors"])
    utc = pa.timestamp("us", "UTC")
    expected = []
    for part, symbols in enumerate((["A", "B", "C"], ["B", "C", "D"])):
        rows = [{"symbol": name, "ts_event": 1_700_000_000_000_000 + at * 2 + part, "v": at} for name in symbols for at in range(30)]
        schema = pa.schema([("symbol", pa.string()), ("ts_event", pa.int64()), ("v", pa.int64())])
        made = pa.Table.from_pylist(rows, schema).cast(pa.schema([("symbol", pa.string()), ("ts_event", utc), ("v", pa.int64())]))
        # C is gone from both files, and every third row.
        dead = [at for at, row in enumerate(rows) if row["symbol"] == "C" or at % 3 == 0]
        add = table.write(f"s{part}.parquet", made) | {"deletionVector": inline(dead)}
        table.commit({"add": add})
        expected += [row for at, row in enumerate(made.to_pylist()) if at not in dead]
    features.same("files with deleted rows are merged", table.path, expected)
    ordered = [tuple(line.split(",")[:2]) for line in features.lake.run("query", table.path, in_lake=False).output.splitlines()[1:]]
    features.judge.check(ordered == sorted(ordered) and len(ordered) == len(expected), "in the order of symbols and times")
    told = features.lake.run("query", table.path, "--symbol", "A,C", in_lake=False)
    features.judge.check("C" in told.talk and "'A'" not in told.talk, "a symbol without live rows is missing", told.talk)
    told = features.lake.run("query", table.path, "--symbol", "C", in_lake=False)
    features.judge.check("'C' is not in the table" in told.talk and "A, B, D" in told.talk, "it is none of those that the table holds", told.talk)


def judge_bad_vectors(features: Features) -> None:
    deleted = [3, 4, 7, 11, 18, 29]
    data = roaring(deleted)
    content, offsets = vector_file(data)

    def relative(**other: Any) -> Row:
        return {"storageType": "u", "pathOrInlineDv": z85(UUID), "offset": offsets[0], "sizeInBytes": len(data),
                "cardinality": len(deleted)} | other

    wrong_sum = bytearray(content)
    wrong_sum[-1] ^= 1
    cases: list[tuple[str, bytes | None, Row, str]] = [
        ("whole", content, relative(), ""),
        ("truncated bitmap", None, inline(deleted) | {"pathOrInlineDv": z85(data[:-4]), "sizeInBytes": len(data) - 4}, "it ends after"),
        ("wrong checksum", bytes(wrong_sum), relative(), "its checksum is wrong"),
        ("wrong cardinality", content, relative(cardinality=5), "it has 6 rows, and the log says 5"),
        ("rows beyond the file", None, inline([3, 100]), "deletes row 100 of a data file of 100 rows"),
        ("rows far beyond the file", None, inline([2**40]), "of a data file of 100 rows"),
        ("wrong size", content, relative(sizeInBytes=len(data) - 1), "and the log says"),
        ("absurd size", content, relative(sizeInBytes=2**62), "the log gives it"),
        ("negative size", content, relative(sizeInBytes=-1), "the log gives it"),
        ("wrong offset", content, relative(offset=2), "cannot be read"),
        ("wrong offset within a file", content + content, relative(offset=2), "and the log says"),
        ("absurd offset", content, relative(offset=2**63 - 1), "begins at byte"),
        ("negative offset", content, relative(offset=-4), "begins at byte"),
        ("short file", content[:-3], relative(), "cannot be read"),
        ("missing file", None, relative(), "cannot be read"),
        ("wrong version", b"\x02" + content[1:], relative(), "version 2"),
        ("wrong magic", None, inline([1]) | {"pathOrInlineDv": z85(b"\0" * 20), "sizeInBytes": 20}, "of the format 0"),
        ("no Z85", None, inline(deleted) | {"pathOrInlineDv": "\u00e4" * 10}, "no Z85 text"),
        ("no UUID", content, relative(pathOrInlineDv="abc"), "holds no UUID"),
        ("trailing bytes", None, inline(deleted) | {"pathOrInlineDv": z85(data + b"\0" * 8), "sizeInBytes": len(data) + 8}, "follow its last row"),
        ("unknown kind", content, relative(storageType="x"), "storage type 'x'"),
        ("no kind", content, {"sizeInBytes": 4, "cardinality": 1}, "storage type ''"),
        ("buckets without end", None, inline([]) | {"pathOrInlineDv": z85(struct.pack("<IQ", 1681511377, 2**63)), "sizeInBytes": 12}, "it ends after"),
    ]
    for case, file, vector, told in cases:
        table, add, rows = simple(features, 100)
        if file is not None:
            (table.path / VECTOR_FILE).write_bytes(file)
        table.commit({"remove": removal(add)}, {"add": add | {"deletionVector": vector}})
        if not told:
            features.same(f"a vector: {case}", table.path, [row for row in rows if row["id"] not in deleted])
        else:
            features.refused(f"a vector: {case}", table.path, told)
    # A pipe as the vector's file: nobody writes to it.
    table, add, _ = simple(features, 100)
    os.mkfifo(table.path / VECTOR_FILE)
    table.commit({"remove": removal(add)}, {"add": add | {"deletionVector": relative()}})
    features.refused("a vector: a pipe", table.path, "cannot be read")


def judge_outside(features: Features) -> None:
    """Vectors of other folders are read on request only, as data files are."""
    deleted = [1, 2, 50]
    data = roaring(deleted)
    content, offsets = vector_file(data)
    secret = features.folder / "secret"
    secret.mkdir(exist_ok=True)
    (secret / VECTOR_FILE).write_bytes(content)

    def vector(kind: str, path: str) -> Row:
        return {"storageType": kind, "pathOrInlineDv": path, "offset": offsets[0], "sizeInBytes": len(data), "cardinality": 3}

    for case, made in {
            "absolute": vector("p", str(secret / VECTOR_FILE)), "uri": vector("p", f"file://{secret / VECTOR_FILE}"),
            "dotdot": vector("p", f"../secret/{VECTOR_FILE}"), "prefix": vector("u", "../secret" + z85(UUID)),
            "link": vector("u", "l" + z85(UUID))}.items():
        table, add, rows = simple(features, 100)
        if case == "link":
            os.symlink(secret, table.path / "l")
        table.commit({"remove": removal(add)}, {"add": add | {"deletionVector": made}})
        features.refused(f"a vector outside: {case}", table.path, "lies outside its table", "--allow-outside")
        features.same(f"a vector outside, allowed: {case}", table.path, [row for row in rows if row["id"] not in deleted],
                      "--allow-outside", peer=False)
    table, add, rows = simple(features, 100)
    (table.path / VECTOR_FILE).write_bytes(content)
    table.commit({"remove": removal(add)}, {"add": add | {"deletionVector": vector("p", str(table.path / VECTOR_FILE))}})
    features.same("an absolute path within the table", table.path, [row for row in rows if row["id"] not in deleted], peer=False)
    table, add, _ = simple(features, 100)
    table.commit({"remove": removal(add)}, {"add": add | {"deletionVector": vector("p", f"s3://b/{VECTOR_FILE}")}})
    features.refused("a vector in another store", table.path, "lies in another store")


# --- V2 checkpoints -------------------------------------------------------------------------------

CHECKPOINT = "80a083e8-7026-4e79-81be-64bd76c43a11"
STRINGS = pa.map_(pa.string(), pa.string())
VECTOR = pa.struct([("storageType", pa.string()), ("pathOrInlineDv", pa.string()), ("offset", pa.int32()),
                    ("sizeInBytes", pa.int32()), ("cardinality", pa.int64())])
ADD = pa.struct([("path", pa.string()), ("partitionValues", STRINGS), ("size", pa.int64()), ("modificationTime", pa.int64()),
                 ("dataChange", pa.bool_()), ("stats", pa.string()), ("deletionVector", VECTOR)])
REMOVE = pa.struct([("path", pa.string()), ("deletionTimestamp", pa.int64()), ("dataChange", pa.bool_()), ("deletionVector", VECTOR)])
PARTS = {
    "add": ADD, "remove": REMOVE,
    "protocol": pa.struct([("minReaderVersion", pa.int32()), ("minWriterVersion", pa.int32()),
                           ("readerFeatures", pa.list_(pa.string())), ("writerFeatures", pa.list_(pa.string()))]),
    "metaData": pa.struct([("id", pa.string()), ("format", pa.struct([("provider", pa.string()), ("options", STRINGS)])),
                           ("schemaString", pa.string()), ("partitionColumns", pa.list_(pa.string())), ("configuration", STRINGS),
                           ("createdTime", pa.int64())]),
    "txn": pa.struct([("appId", pa.string()), ("version", pa.int64())]),
    "sidecar": pa.struct([("path", pa.string()), ("sizeInBytes", pa.int64()), ("modificationTime", pa.int64()), ("tags", STRINGS)]),
    "checkpointMetadata": pa.struct([("version", pa.int64()), ("tags", STRINGS)])}


def write_actions(path: Path, actions: list[Row]) -> int:
    """Writes actions as Parquet, and returns the file's size."""
    def shaped(value: Any, kind: pa.DataType) -> Any:
        if pa.types.is_map(kind) and isinstance(value, dict):
            return list(value.items())
        if pa.types.is_struct(kind) and isinstance(value, dict):
            return {each.name: shaped(value.get(each.name), each.type) for each in kind}
        return value

    names = [name for name in PARTS if any(name in action for action in actions)]
    schema = pa.schema([(name, PARTS[name]) for name in names])
    rows = [{name: shaped(action.get(name), PARTS[name]) for name in names} for action in actions]
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path.stat().st_size


def checkpointed(features: Features, form: str, sidecars: int = 2, spoil: Callable[[list[Row], Path], None] | None = None,
                 keeps_commits: bool = False) -> tuple[Table, list[Row]]:
    """A table whose first versions are in a checkpoint alone; one file has a deletion vector.

    `form` is `json`, `parquet` or `classic`; `spoil` changes the manifest or the files before they are written.
    """
    table = Table(features.path(), [field("id", "long")], ["v2Checkpoint", "deletionVectors"], **{"delta.checkpointPolicy": "v2"})
    log, expected, adds = table.path / "_delta_log", [], []
    for part in range(6):
        add = table.write(f"c{part}.parquet", pa.table({"id": [part * 10 + at for at in range(10)]}))
        if part == 2:
            add |= {"deletionVector": inline([0, 9])}
        table.commit({"add": add})
        adds.append(add)
        expected += [{"id": part * 10 + at} for at in range(10) if part != 2 or at not in (0, 9)]
    table.commit({"remove": removal(adds[4])})
    expected = [row for row in expected if row["id"] // 10 != 4]
    live = [{"add": add} for add in adds if add is not adds[4]] + [{"remove": {**removal(adds[4]), "partitionValues": None}}]
    manifest: list[Row] = [{"protocol": table.protocol}, {"metaData": table.metadata}, {"txn": {"appId": "app", "version": 3}},
                           {"checkpointMetadata": {"version": table.version, "tags": {"numOfAddFiles": "5"}}}]
    for number in range(sidecars):
        name = f"016ae953-37a9-438e-8683-9a9a4a79a39{number}.parquet"
        size = write_actions(log / "_sidecars" / name, live[number::sidecars])
        manifest.append({"sidecar": {"path": name, "sizeInBytes": size, "modificationTime": 1_700_000_000_000, "tags": {}}})
    if not sidecars:
        manifest += live
    if spoil:
        spoil(manifest, log)
    name = f"{table.version:020d}.checkpoint." + ("parquet" if form == "classic" else f"{CHECKPOINT}.{form}")
    if form == "json":
        (log / name).write_text("".join(json.dumps(action) + "\n" for action in manifest))
    else:
        write_actions(log / name, manifest)
    if not keeps_commits:
        for version in range(table.version + 1):
            table.log(version).unlink()
    return table, expected


def judge_checkpoints(features: Features) -> None:
    for form in ("json", "parquet", "classic"):
        for sidecars in (0, 1, 3):
            case = f"a checkpoint as {form} with {sidecars} sidecars"
            table, expected = checkpointed(features, form, sidecars)
            # A commit follows, as delta-kernel demands of a log without a commit of its checkpoint's version.
            add = table.write("later.parquet", pa.table({"id": [1000, 1001]}))
            table.commit({"add": add})
            expected += [{"id": 1000}, {"id": 1001}]
            features.same(case, table.path, expected)
            files = features.lake.run("files", table.path, "--json", in_lake=False).output.splitlines()
            features.judge.check(json.loads(files[-1])["rows"] == len(expected), f"{case}: rows by the log", files[-1])
            _, before = answer(features.lake, table.path, "--version", str(table.version - 1))
            features.judge.check(len(before) == len(expected) - 2, f"{case}: its own version", len(before))
            older = features.lake.run("query", table.path, "--version", str(table.version - 2), in_lake=False)
            features.judge.check(older.status == 2 and "version" in older.talk, f"{case}: a version before it is gone", older.talk)
    # The hint points to it, rightly and wrongly; both times the log itself says what is there.
    for version in (6, 3):
        table, expected = checkpointed(features, "json")
        (table.path / "_delta_log/_last_checkpoint").write_text(json.dumps(
            {"version": version, "size": 9, "v2Checkpoint": {"path": f"{version:020d}.checkpoint.{CHECKPOINT}.json", "sizeInBytes": 1}}))
        features.same(f"a hint at version {version}", table.path, expected, peer=False)


def judge_bad_checkpoints(features: Features) -> None:
    def change(kind: str, **members: Any) -> Callable[[list[Row], Path], None]:
        def spoil(manifest: list[Row], log: Path) -> None:
            next(action for action in manifest if kind in action)[kind].update(members)
        return spoil

    def outside(manifest: list[Row], log: Path) -> None:
        name = next(action for action in manifest if "sidecar" in action)["sidecar"]["path"]
        (log / "_sidecars" / name).rename(log.parent.parent / "out.parquet")
        os.symlink(log.parent.parent / "out.parquet", log / "_sidecars" / name)

    def folder(manifest: list[Row], log: Path) -> None:
        (log / "_sidecars").rename(log.parent.parent / f"{log.parent.name}-sidecars")
        os.symlink(log.parent.parent / f"{log.parent.name}-sidecars", log / "_sidecars")

    def gone(manifest: list[Row], log: Path) -> None:
        next((log / "_sidecars").iterdir()).unlink()

    def torn(manifest: list[Row], log: Path) -> None:
        path = next((log / "_sidecars").iterdir())
        path.write_bytes(path.read_bytes()[:-9])

    def pipe(manifest: list[Row], log: Path) -> None:
        path = next((log / "_sidecars").iterdir())
        path.unlink()
        os.mkfifo(path)

    def unnamed(manifest: list[Row], log: Path) -> None:
        manifest.remove(next(action for action in manifest if "checkpointMetadata" in action))

    def twice(manifest: list[Row], log: Path) -> None:
        manifest.append(manifest[-1])

    cases: list[tuple[str, Callable[[list[Row], Path], None], str]] = [
        ("dotdot", change("sidecar", path="../x.parquet"), "is no file of '_delta_log/_sidecars'"),
        ("deep", change("sidecar", path="../" * 20 + "etc/passwd"), "is no file of '_delta_log/_sidecars'"),
        ("percent", change("sidecar", path="%2e%2e%2fx.parquet"), "is no file of '_delta_log/_sidecars'"),
        ("absolute", change("sidecar", path="/etc/passwd"), "is no file of '_delta_log/_sidecars'"),
        ("another store", change("sidecar", path="s3://b/x.parquet"), "is no file of '_delta_log/_sidecars'"),
        ("a link", outside, "lies outside its table"), ("a linked folder", folder, "lies outside its table"),
        ("missing", gone, "there is no such sidecar"), ("torn", torn, "and the checkpoint says"), ("a pipe", pipe, "and the checkpoint says"),
        ("wrong size", change("sidecar", sizeInBytes=7), "and the checkpoint says 7"),
        ("wrong version", change("checkpointMetadata", version=5), "checkpoint of version 5, not of version"),
        ("twice", twice, "twice"), ("unnamed", unnamed, "no 'checkpointMetadata'")]
    for form in ("json", "parquet"):
        for case, spoil, told in cases:
            table, _ = checkpointed(features, form, spoil=spoil)
            features.refused(f"a sidecar in {form}: {case}", table.path, told)
    # With its commits the table is read without it, and the reader is told.
    table, expected = checkpointed(features, "json", spoil=gone, keeps_commits=True)
    features.same("without its checkpoint", table.path, expected, peer=False)
    told = features.lake.run("files", table.path, in_lake=False)
    features.judge.check("warning" in told.talk and "sidecar" in told.talk.lower(), "it is said that a checkpoint was passed over", told.talk)


# --- Types ----------------------------------------------------------------------------------------

def judge_local_times(features: Features) -> None:
    """Times without a zone: as columns, partitions and statistics, printed without one."""
    table = Table(features.path(), [field("id", "long"), field("t", "timestamp_ntz"), field("u", "timestamp"), field("p", "timestamp_ntz")],
                  ["timestampNtz"], ["p"])
    start, expected = datetime(2021, 11, 18, 2, 30), []
    for part, value in enumerate(("2013-07-05 17:01:00.123456", "2013-07-05 00:00:00", "1969-12-31 23:59:59.999999", "")):
        rows = [{"id": part * 10 + at, "t": start + timedelta(days=part, microseconds=at) if at else None,
                 "u": (start + timedelta(days=part)).replace(tzinfo=timezone.utc)} for at in range(5)]
        schema = pa.schema([("id", pa.int64()), ("t", pa.timestamp("us")), ("u", pa.timestamp("us", "UTC"))])
        add = table.write(f"t{part}.parquet", pa.Table.from_pylist(rows, schema))
        add["partitionValues"] = {"p": value}
        day = (start + timedelta(days=part)).isoformat(timespec="milliseconds")
        add["stats"] = json.dumps({"numRecords": 5, "minValues": {"t": day}, "maxValues": {"t": day}, "nullCount": {"t": 1}})
        table.commit({"add": add})
        expected += [row | {"p": datetime.fromisoformat(value) if value else None} for row in rows]
    features.same("times without a zone", table.path, expected)
    features.same("times without a zone, filtered", table.path, [row for row in expected if row["t"] and row["t"] >= datetime(2021, 11, 19, 2, 30, 0, 2)],
                  "-w", "t >= '2021-11-19T02:30:00.000002'", peer=False)
    features.same("a partition of times without a zone", table.path, expected[5:10], "-w", "p = '2013-07-05'", peer=False)
    told = features.lake.run("query", table.path, "-w", "t > '2021-11-20'", "--explain", in_lake=False)
    features.judge.check("2 of 4 kept" in told.output, "statistics of times without a zone", told.output)
    lines = features.lake.run("query", table.path, "-c", "t,u,p", "-w", "id = 1", in_lake=False).output.splitlines()
    features.judge.check(lines[1:] == ["2021-11-18T02:30:00.000001,2021-11-18T02:30:00.000000Z,2013-07-05T17:01:00.123456"],
                         "printed without a zone", lines)
    described = [json.loads(line) for line in features.lake.run("describe", table.path, "--json", in_lake=False).output.splitlines()]
    features.judge.check(described[1]["min"] == "2021-11-18T02:30:00", "described without a zone", described[1])


# A column's type before and after, a value of a file by its number, and how Python says it after.
WIDENED: list[tuple[str, str, pa.DataType, pa.DataType, Callable[[int], Any], Callable[[Any], Any]]] = [
    ("byte", "short", pa.int8(), pa.int16(), lambda at: at - 60, int),
    ("byte", "long", pa.int8(), pa.int64(), lambda at: at - 60, int),
    ("short", "integer", pa.int16(), pa.int32(), lambda at: 300 * at - 9000, int),
    ("integer", "long", pa.int32(), pa.int64(), lambda at: 2**24 * at - 2**30, int),
    ("float", "double", pa.float32(), pa.float64(), lambda at: struct.unpack("f", struct.pack("f", (at - 50) / 10))[0], float),
    ("byte", "double", pa.int8(), pa.float64(), lambda at: at - 60, float),
    ("short", "double", pa.int16(), pa.float64(), lambda at: 300 * at - 9000, float),
    ("integer", "double", pa.int32(), pa.float64(), lambda at: 2**24 * at - 2**30, float),
    ("date", "timestamp_ntz", pa.date32(), pa.timestamp("us"), lambda at: date(1960, 1, 1) + timedelta(days=97 * at),
     lambda value: datetime(value.year, value.month, value.day)),
    ("decimal(5,2)", "decimal(10,2)", pa.decimal128(5, 2), pa.decimal128(10, 2), lambda at: Decimal(at * 37 - 999) / 100, Decimal),
    ("decimal(5,2)", "decimal(12,5)", pa.decimal128(5, 2), pa.decimal128(12, 5), lambda at: Decimal(at * 37 - 999) / 100, Decimal),
    ("decimal(18,2)", "decimal(38,10)", pa.decimal128(18, 2), pa.decimal128(38, 10), lambda at: Decimal(at * 10**12 + at) / 100, Decimal),
    ("decimal(20,2)", "decimal(38,20)", pa.decimal128(20, 2), pa.decimal128(38, 20), lambda at: Decimal(at * 10**16 + at) / 100, Decimal),
    ("byte", "decimal(10,0)", pa.int8(), pa.decimal128(10, 0), lambda at: at - 60, Decimal),
    ("short", "decimal(12,2)", pa.int16(), pa.decimal128(12, 2), lambda at: 300 * at - 9000, Decimal),
    ("integer", "decimal(11,1)", pa.int32(), pa.decimal128(11, 1), lambda at: 2**24 * at - 2**30, Decimal),
    ("long", "decimal(20,0)", pa.int64(), pa.decimal128(20, 0), lambda at: 2**62 * (at % 3 - 1) + at, Decimal),
    ("long", "decimal(38,18)", pa.int64(), pa.decimal128(38, 18), lambda at: 2**62 * (at % 3 - 1) + at, Decimal)]


def literal(value: Any) -> str:
    return f"'{value.isoformat()}'" if isinstance(value, (date, datetime)) else str(value)


def judge_widening(features: Features) -> None:
    for before, after, narrow, wide, value, widened in WIDENED:
        case = f"{before} as {after}"
        changes = [{"fromType": before, "toType": after}]
        table = Table(features.path(), [field("id", "long"), field("v", after, **{"delta.typeChanges": changes})], ["typeWidening", "timestampNtz"],
                      **{"delta.enableTypeWidening": "true"})
        expected = []
        for part, kind in enumerate((narrow, wide)):
            values = [None if at % 11 == 5 else value(at) for at in range(100)]
            stored = values if part == 0 else [each if each is None else widened(each) for each in values]
            made = pa.table({"id": pa.array(range(part * 100, part * 100 + 100)), "v": pa.array(stored, kind)})
            add = table.write(f"w{part}.parquet", made, write_page_index=True, data_page_size=64, row_group_size=40)
            known = [each for each in stored if each is not None]
            # As Spark prints them: a float with as few digits as tell it from other floats.
            shown = lambda each: json.loads(repr(each)) if isinstance(each, (int, float)) and before != "float" else (
                float(f"{each:.7g}") if isinstance(each, float) else str(each) if isinstance(each, (date, datetime)) else float(each))
            add["stats"] = json.dumps({"numRecords": 100, "minValues": {"v": shown(min(known))}, "maxValues": {"v": shown(max(known))}})
            table.commit({"add": add})
            expected += [{"id": part * 100 + at, "v": None if each is None else widened(each)} for at, each in enumerate(values)]
        features.same(case, table.path, expected, peer=False)
        middle = widened(value(50))
        for sign, holds in [("<", lambda each: each < middle), (">=", lambda each: each >= middle), ("=", lambda each: each == middle)]:
            features.same(f"{case}: {sign}", table.path, [row for row in expected if row["v"] is not None and holds(row["v"])],
                          "-w", f"v {sign} {literal(middle)}", peer=False)
        highest = max(row["v"] for row in expected if row["v"] is not None)
        features.same(f"{case}: its greatest", table.path, [row for row in expected if row["v"] == highest], "-w", f"v >= {literal(highest)}", peer=False)
    # As partitions, whose values were written with the narrower types.
    table = Table(features.path(), [field("id", "long"), field("d", "timestamp_ntz"), field("n", "decimal(12,2)")], ["typeWidening", "timestampNtz"], ["d", "n"])
    expected = []
    for part, (day, number) in enumerate([("2024-01-02", "7"), ("2024-01-02 00:00:01.5", "7.25")]):
        add = table.write(f"p{part}.parquet", pa.table({"id": [part]}))
        table.commit({"add": add | {"partitionValues": {"d": day, "n": number}}})
        expected.append({"id": part, "d": datetime.fromisoformat(day), "n": Decimal(number)})
    features.same("widened partitions", table.path, expected, peer=False)
    # What is no widening is an error, not another value.
    for after, narrow, stored in [("integer", pa.string(), "x"), ("date", pa.timestamp("us"), datetime(2024, 1, 1, 5)), ("decimal(5,2)", pa.decimal128(9, 4), Decimal("1.2345")),
                                  ("string", pa.int64(), 5), ("decimal(5,2)", pa.int64(), 5)]:
        table = Table(features.path(), [field("v", after)], ["typeWidening"])
        table.commit({"add": table.write("n.parquet", pa.table({"v": pa.array([stored], narrow)}))})
        features.refused(f"{narrow} as {after}", table.path, "column 'v' is")


def judge_nested_widening(features: Features) -> None:
    changes = [{"fromType": "integer", "toType": "double"}]
    table = Table(features.path(), [
        field("s", structure(field("a", "double", **{"delta.typeChanges": changes}), field("b", "decimal(12,3)"), field("c", "timestamp_ntz"))),
        field("l", listing("decimal(20,0)")), field("m", mapping("long", "double"))], ["typeWidening", "timestampNtz"])
    rows = [{"s": {"a": 5, "b": Decimal("1.5"), "c": date(2024, 1, 2)}, "l": [1, None, 2**40], "m": [(1, 2.5)]}]
    schema = pa.schema([
        ("s", pa.struct([("a", pa.int32()), ("b", pa.decimal128(5, 1)), ("c", pa.date32())])),
        ("l", pa.list_(pa.int64())), ("m", pa.map_(pa.int16(), pa.float32()))])
    table.commit({"add": table.write("n.parquet", pa.Table.from_pylist(rows, schema))})
    features.same("nested columns are widened", table.path, [
        {"s": {"a": 5.0, "b": Decimal("1.500"), "c": datetime(2024, 1, 2)}, "l": [Decimal(1), None, Decimal(2**40)], "m": [(1, 2.5)]}], peer=False)


def judge_variants(features: Features) -> None:
    """Variants are the two binary values that a file has; what is shredded is no whole answer."""
    columns = [field("id", "long"), field("v", "variant"), field("l", listing("variant")), field("s", structure(field("v", "variant")))]
    both = pa.struct([pa.field("value", pa.binary(), False), pa.field("metadata", pa.binary(), False)])
    value = {"value": b"\x02\x01\x00\x00\x02\x0c\x01", "metadata": b"\x01\x01\x00\x03key"}
    told = {"metadata": value["metadata"], "value": value["value"]}
    schema = pa.schema([("id", pa.int64()), ("v", both), ("l", pa.list_(both)), ("s", pa.struct([("v", both)]))])
    rows = [{"id": at, "v": value if at % 2 else None, "l": [value, None], "s": {"v": value}} for at in range(4)]
    for feature in ("variantType", "variantType-preview"):
        table = Table(features.path(), columns, [feature])
        table.commit({"add": table.write("v.parquet", pa.Table.from_pylist(rows, schema))})
        features.same(f"variants, {feature}", table.path, [
            {"id": at, "v": told if at % 2 else None, "l": [told, None], "s": {"v": told}} for at in range(4)])
    shredded = pa.struct([("metadata", pa.binary()), ("value", pa.binary()), ("typed_value", pa.int64())])
    row = {"metadata": value["metadata"], "value": None, "typed_value": 7}
    for case, kind, made in [("v", shredded, row), ("l", pa.list_(shredded), [row]), ("s", pa.struct([("v", shredded)]), {"v": row})]:
        table = Table(features.path(), columns, ["variantType"])
        table.commit({"add": table.write("v.parquet", pa.Table.from_pylist([{case: made}], pa.schema([(case, kind)])))})
        features.refused(f"a shredded variant in {case}", table.path, "shredded into typed columns")
    table = Table(features.path(), columns, ["variantType", "variantShredding"])
    features.refused("shredding as a feature", table.path, "'variantShredding'")
    table = Table(features.path(), [field("id", "long")], ["variantType", "variantShredding"])
    table.commit({"add": table.write("v.parquet", pa.table({"id": [1]}))})
    features.same("shredding that is not used", table.path, [{"id": 1}], peer=False)


# --- Into a lake ----------------------------------------------------------------------------------

def judge_ingest(features: Features) -> None:
    """Rows of another engine's table: live files only, without deleted rows, partition values as columns."""
    def bars(symbol: str, day: int, count: int = 20) -> list[Row]:
        start = datetime(2024, 3, day, 15, tzinfo=timezone.utc)
        return [{"when": start + timedelta(minutes=at), "symbol": symbol, "open": 10.0 + at, "high": 11.0 + at, "low": 9.0 + at,
                 "close": 10.5 + at, "volume": 100 + at} for at in range(count)]

    kinds = [("when", "timestamp", pa.timestamp("us", "UTC")), ("open", "double", pa.float64()), ("high", "double", pa.float64()),
             ("low", "double", pa.float64()), ("close", "double", pa.float64()), ("volume", "long", pa.int64())]

    def made(mapped: bool, partitioned: bool) -> tuple[Table, list[Row]]:
        names = {name: f"col-{number}" if mapped else name for number, (name, _, _) in enumerate([*kinds, ("symbol", "", None)])}
        columns = [field(name, kind, names[name], number) for number, (name, kind, _) in enumerate(kinds, 1)]
        columns.append(field("symbol", "string", names["symbol"], 90))
        table = Table(features.path(), columns, ["columnMapping", "deletionVectors"], ["symbol"] if partitioned else [],
                      **({"delta.columnMapping.mode": "name"} if mapped else {}))
        schema = pa.schema([(names[name], kind) for name, _, kind in kinds] + ([] if partitioned else [(names["symbol"], pa.string())]))
        left = []
        for symbol in ("AAA", "BBB"):
            for day in (4, 5):
                rows = bars(symbol, day)
                stored = [{names[name]: row[name] for name in row if name != "symbol" or not partitioned} for row in rows]
                name = (f"symbol={symbol}/" if partitioned else "") + f"{symbol}-{day}.parquet"
                add = table.write(name, pa.Table.from_pylist(stored, schema))
                if partitioned:
                    add["partitionValues"] = {names["symbol"]: symbol}
                table.commit({"add": dict(add)})
                if (symbol, day) == ("BBB", 5):
                    table.commit({"remove": removal(add)})
                elif (symbol, day) == ("AAA", 4):
                    table.commit({"remove": removal(add)}, {"add": add | {"deletionVector": inline([0, 1, 19])}})
                    left += [row for at, row in enumerate(rows) if at not in (0, 1, 19)]
                else:
                    left += rows
        return table, left

    def stored(lake: Lake) -> list[tuple[str, str, float, int]]:
        lines = lake.run("query", "raw.made_ohlcv_1m", "--columns", "ts_event,symbol,close,volume", "--format", "jsonl").expect(0).output.splitlines()
        rows = [json.loads(line) for line in lines]
        return sorted((row["ts_event"][:19], row["symbol"], float(row["close"]), int(row["volume"])) for row in rows)

    words = ["--table", "raw.made_ohlcv_1m", "--interval", "1m", "--map", "when=ts_event"]
    for mapped in (False, True):
        for partitioned in (False, True):
            case = f"ingested, {'mapped' if mapped else 'plain'}, {'by symbol' if partitioned else 'without partitions'}"
            table, rows = made(mapped, partitioned)
            lake = features.judge.new_lake()
            expected = sorted((row["when"].isoformat()[:19], row["symbol"], row["close"], row["volume"]) for row in rows)
            planned = lake.run("ingest", table.path, *words, "--plan")
            features.judge.check(planned.status == 0 and "AAA-4.parquet" in planned.output, f"{case}: planned", planned.output + planned.talk)
            told = lake.run("ingest", table.path, *words)
            features.judge.check(told.status == 0, f"{case}: taken", told.talk)
            features.judge.check(stored(lake) == expected, f"{case}: its rows", (len(stored(lake)), len(expected)))
            again = lake.run("ingest", table.path, *words, "--json")
            summary = json.loads(again.output.splitlines()[-1])
            features.judge.check(again.status == 0 and summary.get("files_already_done") == 3, f"{case}: once", again.output[-500:] + again.talk)
            features.judge.check(stored(lake) == expected, f"{case}: its rows, once", len(stored(lake)))
            features.judge.check(not any((lake.root / "staging").iterdir()), f"{case}: no copy is left", list((lake.root / "staging").iterdir()))
    # A lake's own table is not taken in again, damage is told, and the other inputs go on.
    table, rows = made(False, True)
    lake = features.judge.new_lake()
    lake.run("ingest", table.path, *words).expect(0)
    told = lake.run("ingest", lake.path("raw.made_ohlcv_1m"), "--table", "raw.another_ohlcv_1m")
    features.judge.check(told.status == 2 and "is a table of a lake" in told.talk, "a lake's own table is refused", told.talk)
    bad, _ = made(True, True)
    add = bad.file("symbol=AAA/AAA-5.parquet", 20) | {"partitionValues": {"col-6": "AAA"}}
    bad.commit({"remove": removal(add)}, {"add": add | {"deletionVector": inline([1000])}})
    other = features.judge.new_lake()
    told = other.run("ingest", bad.path, table.path, *words)
    features.judge.check(told.status == 2 and "deletes row 1000" in told.talk, "a damaged table is told", told.talk)
    features.judge.check(len(stored(other)) == len(rows), "the table after it is taken all the same", len(stored(other)))
    features.judge.check(not any((other.root / "staging").iterdir()), "no copy of it is left")
    twice, _ = made(True, True)
    twice.commit({"add": add | {"deletionVector": inline([1])}})
    for told in (features.judge.new_lake().run("ingest", twice.path, *words), features.lake.run("query", twice.path, in_lake=False)):
        features.judge.check(told.status == 2 and "two live entries of the file 'symbol=AAA/AAA-5.parquet'" in told.talk, "a file that is live twice", told.talk)
    outside, _ = made(True, True)
    outside.commit({"add": {"path": "../secret.parquet", "partitionValues": {"col-6": "X"}, "size": 1, "modificationTime": 1, "dataChange": True}})
    told = features.judge.new_lake().run("ingest", outside.path, *words)
    features.judge.check(told.status == 2 and "lies outside its table" in told.talk, "a file outside the table is not taken", told.talk)


# --- Everything that writes -----------------------------------------------------------------------

def judge_writers(features: Features) -> None:
    """A lake's table to which another program gave features: read, and never written."""
    name = "raw.made_ohlcv_1s"
    csv = "ts_event,open,high,low,close,volume\n2024-01-02T15:00:0{}Z,1,1,1,1,1\n"
    for feature in ("deletionVectors", "columnMapping", "typeWidening"):
        lake = features.judge.new_lake()
        for number in range(3):
            source = lake.root.parent / f"{number}.csv"
            source.write_text(csv.format(number))
            if number < 2:
                lake.run("ingest", source, "--table", name, "--symbol", "X", "--interval", "1s", "-q").expect(0)
        path = lake.path(name)
        log = path / "_delta_log"
        actions = [json.loads(line) for file in sorted(log.glob("*.json")) for line in file.read_text().splitlines()]
        metadata = next(action for action in actions if "metaData" in action)
        adds = [action["add"] for action in actions if "add" in action]
        protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [feature], "writerFeatures": [feature]}}
        change = [protocol]
        if feature == "columnMapping":
            schema = json.loads(metadata["metaData"]["schemaString"])
            for number, each in enumerate(schema["fields"]):
                each["metadata"] |= {"delta.columnMapping.physicalName": each["name"], "delta.columnMapping.id": number + 1}
            metadata["metaData"]["schemaString"] = json.dumps(schema)
            metadata["metaData"]["configuration"]["delta.columnMapping.mode"] = "name"
            change.append(metadata)
        elif feature == "typeWidening":
            schema = json.loads(metadata["metaData"]["schemaString"])
            next(each for each in schema["fields"] if each["type"] == "long")["metadata"]["delta.typeChanges"] = [{"fromType": "integer", "toType": "long"}]
            metadata["metaData"]["schemaString"] = json.dumps(schema)
            change.append(metadata)
        else:
            add = adds[-1]
            change += [{"remove": removal(add)}, {"add": add | {"deletionVector": inline([0])}}]
        (log / f"{2:020d}.json").write_text("".join(json.dumps(action) + "\n" for action in change))
        left = 1 if feature == "deletionVectors" else 2
        told = lake.run("query", name)
        features.judge.check(told.status == 0 and len(told.output.splitlines()) == left + 1, f"{feature}: queried", told.output + told.talk)
        for words in (["tables"], ["describe", name], ["files", name], ["history", name]):
            told = lake.run(*words)
            features.judge.check(told.status == 0, f"{feature}: {words[0]}", told.talk)
        before = sorted(file.name for file in log.iterdir())
        for words in (["ingest", lake.root.parent / "2.csv", "--table", name, "--symbol", "X", "--interval", "1s"], ["compact", name],
                      ["dedup", name], ["restore", name, "--version", "0"], ["restore", name, "--empty"]):
            told = lake.run(*words)
            features.judge.check(told.status == 2 and feature in told.talk, f"{feature}: {words[0]} is refused by name", told.talk)
        for words in (["resample", name, "--to", "1m"], ["gaps", name, "--calendar", "XNYS"]):
            told = lake.run(*words)
            features.judge.check(told.status in (0, 1), f"{feature}: {words[0]} reads it", told.talk)
        features.judge.check(sorted(file.name for file in log.iterdir()) == before, f"{feature}: nothing was written")


def judge_all(judge: Judge) -> None:
    features = Features(judge)
    for case in all_cases():
        case(features)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
