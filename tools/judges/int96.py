#!/usr/bin/env python3
"""INT96 times, as Spark writes them by default: microseconds in a Delta table, nanoseconds in a plain Parquet file.

Tables are put together by hand from pyarrow's files and a log with Spark's statistics (cut to milliseconds); pyarrow,
duckdb, polars and deltalake say what is in them. Needs no shared data.
"""
from __future__ import annotations

import datetime as dt
import json
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import deltalake  # noqa: E402
import duckdb  # noqa: E402
import polars  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake  # noqa: E402

SECOND = 1_000_000
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
Rows = list[tuple[int, "int | None"]]


def micros(text: str) -> int:
    return (dt.datetime.fromisoformat(text).replace(tzinfo=dt.timezone.utc) - EPOCH) // dt.timedelta(microseconds=1)


def iso(value: int | None) -> str | None:
    if value is None:
        return None
    return (EPOCH + dt.timedelta(microseconds=value)).strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"


# Beyond the nanoseconds of 64 bits on both sides, around 1970, and of our days.
FAR = [micros(text) for text in ["0001-01-01", "1582-10-14T23:59:59.999999", "1600-02-29", "9999-12-31T23:59:59.999999"]]
NEAR = [0, -1, 1, -86_400 * SECOND, -86_400 * SECOND - 1, micros("1677-09-21T00:12:44"), micros("2262-04-11T23:47:16")]


def make_rows(seed: int, extra: list[int]) -> list[Rows]:
    """Two files' rows; the second holds later times."""
    source = random.Random(seed)
    start = micros("2024-01-02T03:04:05.123456")
    early: list[int | None] = [*extra, *NEAR, None, *(start + source.randrange(3600 * SECOND) for _ in range(4000))]
    late: list[int | None] = [start + 3600 * SECOND + source.randrange(SECOND) for _ in range(500)]
    source.shuffle(early)
    return [list(enumerate(early)), list(enumerate(late, len(early)))]


def write_file(path: Path, rows: Rows, **options: Any) -> None:
    table = pa.table({"id": pa.array([row[0] for row in rows], pa.int64()),
                      "ts": pa.array([row[1] for row in rows], pa.timestamp("us", tz="UTC"))})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, **options)
    assert "int96" in str(pq.ParquetFile(path).schema)


def spark_statistics(rows: Rows) -> str:
    """As Spark's log has them: minimum and maximum cut to milliseconds."""
    def cut(value: int) -> str:
        return (iso(value) or "")[:23] + "Z"
    known = [value for _, value in rows if value is not None]
    return json.dumps({"numRecords": len(rows), "minValues": {"ts": cut(min(known))}, "maxValues": {"ts": cut(max(known))},
                       "nullCount": {"ts": sum(value is None for _, value in rows)}})


def write_table(root: Path, files: list[Rows], **options: Any) -> None:
    (root / "_delta_log").mkdir(parents=True)
    fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in [("id", "long"), ("ts", "timestamp")]]
    log: list[dict[str, Any]] = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "int96", "format": {"provider": "parquet", "options": {}}, "partitionColumns": [],
                      "schemaString": json.dumps({"type": "struct", "fields": fields}), "configuration": {}, "createdTime": 0}}]
    for number, rows in enumerate(files):
        name = f"part-{number}.parquet"
        write_file(root / name, rows, **options)
        log.append({"add": {"path": name, "partitionValues": {}, "size": (root / name).stat().st_size, "modificationTime": 0,
                            "dataChange": True, "stats": spark_statistics(rows)}})
    (root / "_delta_log" / f"{0:020}.json").write_text("".join(json.dumps(line) + "\n" for line in log))


def of_pyarrow(paths: list[Path]) -> Rows:
    rows: Rows = []
    for path in paths:
        table = pq.read_table(path, coerce_int96_timestamp_unit="us")
        rows += zip(table["id"].to_pylist(), table["ts"].cast(pa.int64()).to_pylist())
    return sorted(rows)


def of_polars(frame: polars.DataFrame) -> Rows:
    return sorted(zip(frame["id"].to_list(), frame["ts"].dt.timestamp("us").to_list()))


def of_duckdb(pattern: str) -> Rows:
    return sorted(duckdb.sql(f"select id, epoch_us(ts) from read_parquet('{pattern}')").fetchall())


def query(lake: Lake, *words: Any) -> list[tuple[int, str | None]]:
    lines = lake.run("query", *words, "--format", "jsonl", in_lake=False).expect(0).output.splitlines()
    return sorted((row["id"], row["ts"]) for row in map(json.loads, lines))


def judge_delta(judge: Judge, lake: Lake, seed: int, extra: list[int], **options: Any) -> None:
    files = make_rows(seed, extra)
    rows = sorted(files[0] + files[1])
    root = judge.folder() / "table"
    write_table(root, files, **options)
    told = f"a Delta table, {options or 'default'}, {'all years' if extra else 'years of nanoseconds'}"
    paths = sorted(root.glob("*.parquet"))
    judge.check(of_pyarrow(paths) == rows, f"{told}: pyarrow agrees on what was written")
    judge.check(of_duckdb(f"{root}/*.parquet") == rows, f"{told}: duckdb agrees")
    judge.check(of_polars(polars.read_delta(str(root))) == rows, f"{told}: polars agrees")
    if not extra:
        table = deltalake.DeltaTable(str(root)).to_pyarrow_table()
        theirs = sorted(zip(table["id"].to_pylist(), table["ts"].cast(pa.int64()).to_pylist()))
        judge.check(theirs == rows, f"{told}: deltalake agrees")
    judge.check(query(lake, root) == [(key, iso(value)) for key, value in rows], f"{told}: lake query")
    copy = judge.folder() / "copy.parquet"
    lake.run("query", root, "-o", copy, in_lake=False).expect(0)
    judge.check(of_pyarrow([copy]) == rows, f"{told}: lake query to Parquet, read by pyarrow")
    known = sorted(value for _, value in rows if value is not None)
    for bound in [0, known[0], known[-1], known[-1] // 1000 * 1000, known[len(known) // 2], files[1][0][1] or 0]:
        for sign in ["<", "<=", "=", ">=", ">"]:
            expected = [(key, iso(value)) for key, value in rows if value is not None
                        and {"<": value < bound, "<=": value <= bound, "=": value == bound, ">=": value >= bound, ">": value > bound}[sign]]
            judge.check(query(lake, root, "--where", f"ts {sign} '{iso(bound)}'") == expected, f"{told}: ts {sign} {iso(bound)}")
    for number, path in enumerate(paths):
        lines = lake.run("parquet", path, "--rows", "--format", "jsonl", in_lake=False).expect(0).output.splitlines()
        shown = [(row["id"], row["ts"]) for row in map(json.loads, lines)]
        judge.check(len(shown) == len(files[number]) and all(
            ours == key and (text is None if value is None else text.rstrip("Z")[:26] == (iso(value) or "")[:26] and not text[26:].strip("0Z"))
            for (ours, text), (key, value) in zip(shown, files[number])), f"{told}: lake parquet --rows of file {number}")
        for words in [["--verify"], []]:
            judge.check(lake.run("parquet", path, *words, in_lake=False).status == 0, f"{told}: lake parquet {words}")


def judge_files(judge: Judge, lake: Lake) -> None:
    """INT96 with real nanoseconds, and with years that they don't reach."""
    folder = judge.folder()
    values = [0, -1, 1, 999_999_999, -1_000_000_001, 1_704_164_645_123_456_789, 2**63 - 1, -(2**63) + 1, None]
    table = pa.table({"id": pa.array(range(len(values)), pa.int64()), "ts": pa.array(values, pa.timestamp("ns"))})
    pq.write_table(table, folder / "ns.parquet", use_deprecated_int96_timestamps=True)
    theirs = pq.read_table(folder / "ns.parquet")["ts"].cast(pa.int64()).to_pylist()
    judge.check(theirs == values, "pyarrow reads its nanoseconds back", theirs)
    wanted = [(key, None if value is None else (iso(value // 1000) or "")[:26] + f"{value % 1000:03}")
              for key, value in enumerate(values)]
    shown = [(key, text and text.rstrip("Z")) for key, text in query(lake, folder / "ns.parquet")]
    judge.check(shown == wanted, "lake query of nanoseconds", shown)
    write_file(folder / "far.parquet", list(enumerate(FAR)))
    far = query(lake, folder / "far.parquet")
    judge.check([text.rstrip("Z") for _, text in sorted(far)] == [(iso(value) or "")[:26] + "000" for value in FAR],
                "lake query of years beyond nanoseconds", far)
    lines = lake.run("parquet", folder / "far.parquet", "--rows", in_lake=False).expect(0).output.splitlines()
    judge.check([json.loads(line)["ts"].rstrip("Z") for line in lines] == [(iso(value) or "")[:26] for value in FAR],
                "lake parquet --rows shows them", lines)


def stored(values: list[tuple[int, int] | None]) -> pa.Array:
    """INT96 as pyarrow writes no other: microseconds since 1970 and nanoseconds beside them, as 12 bytes."""
    def of(value: tuple[int, int]) -> bytes:
        day, rest = divmod(value[0], 86_400 * SECOND)
        return (rest * 1000 + value[1]).to_bytes(8, "little") + (day + 2_440_588).to_bytes(4, "little")
    return pa.array([value and of(value) for value in values], pa.binary(12))


def write_int96(path: Path, values: list[tuple[int, int] | None], **options: Any) -> None:
    """A file whose footer calls FIXED_LEN_BYTE_ARRAY(12) INT96: the bytes of both are the same."""
    table = pa.table({"id": pa.array(range(len(values)), pa.int64()), "ts": stored(values)})
    pq.write_table(table, path, use_dictionary=False, write_statistics=False, store_schema=False, **options)
    data = path.read_bytes()
    size = int.from_bytes(data[-8:-4], "little")
    footer = bytearray(data[-8 - size:-8])
    # The schema element: type 7 of 12 bytes, in Thrift's compact protocol; the chunks say their type again.
    element, plain = bytes([0x15, 0x0E, 0x15, 24, 0x15, 2, 0x18, 2]) + b"ts", bytes([0x15, 0x06, 0x25, 2, 0x18, 2]) + b"ts"
    assert footer.count(element) == 1, footer
    footer = footer.replace(element, plain)
    chunk, meant = bytes([0x15, 0x0E, 0x19]), bytes([0x15, 0x06, 0x19])
    assert chunk in footer
    footer = footer.replace(chunk, meant)
    path.write_bytes(data[:-8 - size] + bytes(footer) + len(footer).to_bytes(4, "little") + b"PAR1")
    assert "int96" in str(pq.ParquetFile(path).schema)


def raw_times(path: Path) -> list[tuple[int, int] | None]:
    """Microseconds and nanoseconds of a written file, whichever form it has."""
    form = str(pq.ParquetFile(path).schema.column(1).physical_type), str(pq.ParquetFile(path).schema.column(1).logical_type)
    if form[0] == "INT96":
        micro, nano = (pq.read_table(path, coerce_int96_timestamp_unit=unit).sort_by("id")["ts"].cast(pa.int64()).to_pylist() for unit in ["us", "ns"])
        # Nanoseconds wrap around beyond their years, but their last digits are those of the time.
        return [value if value is None else (value, (rest - value * 1000) % 2**64) for value, rest in zip(micro, nano)]
    whole = pq.read_table(path).sort_by("id")["ts"].cast(pa.int64()).to_pylist()
    per = 1 if "microseconds" in form[1] else 1000
    return [None if value is None else (value, 0) if per == 1 else divmod(value, 1000) for value in whole]


def judge_writing(judge: Judge, lake: Lake) -> None:
    """Into Parquet each time keeps its value: as nanoseconds, else as microseconds, else as INT96."""
    day = micros("2024-01-02T03:04:05.123456")
    cases = {
        "nanoseconds": ([(day, 789), None, (-1, 999), (0, 0)], "INT64", "nanoseconds"),
        "microseconds": ([*((value, 0) for value in FAR), None, (day, 0)], "INT64", "microseconds"),
        "both": ([*((value, 0) for value in FAR), (day, 789), None, (FAR[0], 1), (FAR[3], 999)], "INT96", ""),
    }
    for name, (values, physical, unit) in cases.items():
        source = judge.folder() / "source.parquet"
        write_int96(source, values, row_group_size=3)
        for way in ["query", "rewrite", "part"]:
            out = judge.folder() / "out.parquet"
            words = ["parquet", source, "--rewrite", out] if way == "rewrite" else ["query", source, "-o", out]
            done = lake.run(*words, *(["-w", "id > 0"] if way == "part" else []), in_lake=False).expect(0)
            wanted = values[1:] if way == "part" else values
            schema = pq.ParquetFile(out).schema.column(1)
            judge.check(schema.physical_type == physical and unit in str(schema.logical_type), f"{name}, {way}: the form", schema)
            judge.check(raw_times(out) == wanted, f"{name}, {way}: pyarrow", raw_times(out))
            of, per = ("epoch_ns", 1000) if unit == "nanoseconds" else ("epoch_us", 1)
            theirs = duckdb.sql(f"select {of}(ts) from read_parquet('{out}') order by id").fetchall()
            judge.check([value for value, in theirs] == [value and value[0] * per + (value[1] if per > 1 else 0) for value in wanted],
                        f"{name}, {way}: duckdb", theirs)
            ours = lake.run("query", out, "-c", "id,ts", "--time-digits", 9, in_lake=False).expect(0).output
            told = lake.run("query", source, "-c", "id,ts", "-w", "id > 0" if way == "part" else "id >= 0", "--time-digits", 9, in_lake=False).expect(0).output
            judge.check(ours.replace("Z", "").replace("000\n", "\n") == told.replace("Z", "").replace("000\n", "\n"), f"{name}, {way}: lake", ours)
            judge.check(("written as INT96" in done.talk) == (physical == "INT96" and way != "rewrite"), f"{name}, {way}: a warning", done.talk)
    # One row of the years that nanoseconds reach is stored in them, whatever the rest is.
    source, out = judge.folder() / "source.parquet", judge.folder() / "out.parquet"
    write_int96(source, [(FAR[0], 0), (day, 789)])
    lake.run("query", source, "-w", "id = 1", "-o", out, in_lake=False).expect(0)
    judge.check("nanoseconds" in str(pq.ParquetFile(out).schema.column(1).logical_type), "only rows of the answer count")
    # Nested columns beside it are written another way.
    nested = pa.table({"id": [1, 2], "ts": pa.array([FAR[0], day], pa.timestamp("us")), "list": [[1], None]})
    pq.write_table(nested, source, use_deprecated_int96_timestamps=True)
    lake.run("query", source, "-o", out, "--force", in_lake=False).expect(0)
    judge.check(pq.read_table(out)["ts"].cast(pa.int64()).to_pylist() == [FAR[0], day], "beside nested columns")
    pq.write_table(pa.table({"list": pa.array([[FAR[0]]], pa.list_(pa.timestamp("us")))}), source, use_deprecated_int96_timestamps=True)
    within = lake.run("query", source, "-o", out, "--force", in_lake=False)
    judge.check(within.status == 2 and "list" in within.talk and "jsonl" in within.talk, "INT96 within nested columns", within.talk)


def judge_all(judge: Judge) -> None:
    lake = Lake(judge.binary, judge.scratch)
    for seed, options in enumerate([{}, {"use_dictionary": False}, {"data_page_version": "2.0", "compression": "zstd"},
                                    {"row_group_size": 700}]):
        for extra in [[], FAR]:
            judge_delta(judge, lake, seed, extra, **options)
    judge_files(judge, lake)
    judge_writing(judge, lake)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
