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


def judge_all(judge: Judge) -> None:
    lake = Lake(judge.binary, judge.scratch)
    for seed, options in enumerate([{}, {"use_dictionary": False}, {"data_page_version": "2.0", "compression": "zstd"},
                                    {"row_group_size": 700}]):
        for extra in [[], FAR]:
            judge_delta(judge, lake, seed, extra, **options)
    judge_files(judge, lake)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
