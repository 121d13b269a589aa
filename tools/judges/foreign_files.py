#!/usr/bin/env python3
"""Files of other projects, where they lie: what readers of others make of them, and what random questions give.

The cases that once were read wrong, each with the answer that is right; random predicates over all Parquet files of the
shared data, which must count the rows that DuckDB counts (or pyarrow, where DuckDB shares a fault); and every version
of every Delta table, whose rows must be deltalake's unless the table uses a feature that is refused by its name.
"""
from __future__ import annotations

import csv
import io
import json
import random
import shutil
import sys
from datetime import date, datetime, time, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import deltalake  # noqa: E402
import duckdb  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from delta_features import peer_table  # noqa: E402
from delta_read import Replay  # noqa: E402
from judging import Judge, Lake  # noqa: E402

BYTES_MAX = 3_000_000
DELTA_FILES = 120
PREDICATES = 3


def rows_of(lake: Lake, *words: Any, expect: int = 0) -> list[list[str]]:
    """The lines of `lake query`, header apart."""
    return list(csv.reader(io.StringIO(lake.run("query", *words, in_lake=False).expect(expect).output)))[1:]


def objects_of(lake: Lake, path: Path, *words: Any) -> list[dict[str, Any]]:
    """What `lake parquet --rows` prints."""
    lines = lake.run("parquet", path, "--rows", *words, in_lake=False).expect(0).output.splitlines()
    return [json.loads(line) for line in lines]


# --- Cases that were read wrong ------------------------------------------------------------------

def judge_values(judge: Judge, lake: Lake, root: Path) -> None:
    for path in sorted((root / "interval").glob("*.parquet")):
        first = next(iter(objects_of(lake, path)[0].values()))
        judge.check(first == {"months": 875770417, "days": 943142453, "milliseconds": 1650536505}, f"INTERVAL of {path.name}", first)
    name = "RootServiceName"
    for sign, count in [("=", 4588), ("<", 535)]:
        found = len(rows_of(lake, root / "lying/issue368.parquet", "-c", name, "-w", f"{name} {sign} 'LseKuzjbGLJeDgJMbwPWiwCi'"))
        judge.check(found == count, f"maxima that were cut, {sign}", found)
    for clause, count in [("id1 is not null", 9529), ("id1 is null", 472)]:
        found = len(rows_of(lake, root / "lying/h2oai_group_small.parquet", "-c", "v1", "-w", clause))
        judge.check(found == count, f"null counts that are wrong: {clause}", found)
    judge.check(rows_of(lake, root / "time/time_out_of_day.parquet")[0] == ["-00:00:00.001", "-00:00:00.000001", "-00:00:00.000000001"],
                "a time before midnight")
    dateless = lake.run("parquet", root / "int96/dateless_timestamps.parq", "--rows", in_lake=False)
    times = [json.loads(line)["t"] for line in dateless.output.splitlines()]
    judge.check(dateless.status == 0 and times[5:] == [None, None] and None not in times[:5] and "warning: 2 INT96" in dateless.talk,
                "INT96 without a day", (times, dateless.talk))
    for name in ["DATETIME_TEST2", "mixed-miss", "spark_timestamp.snappy", "out_of_range_timestamp"]:
        path = root / f"int96/{name}.parquet"
        columns = ", ".join(f'cast("{row[0]}" as varchar)' for row in duckdb.execute("describe from read_parquet($1)", [str(path)]).fetchall())
        theirs = duckdb.execute(f"select {columns} from read_parquet($1)", [str(path)]).fetchall()
        ours = [tuple(plain(text) for text in row) for row in rows_of(lake, path)]
        judge.check(sorted(ours) == sorted(tuple(plain(text) for text in row) for row in theirs), f"INT96 of {name}", ours[:2])
    narrow = objects_of(lake, root / "type-range/uint_types.parquet")
    judge.check((narrow[1]["uint8_field"], narrow[0]["int8_field"], narrow[1]["uint16_field"]) == (255, -1, 65535), "narrow integers", narrow[:2])


def plain(text: str | None) -> str:
    """A value as text, whichever way a program writes times and numbers."""
    text = (text or "").replace("T", " ").lstrip("+").rstrip("Z")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.removesuffix(" 00:00:00")


def judge_reading(judge: Judge, lake: Lake, root: Path) -> None:
    """Page indexes, folders, checksums and counts that are not what they should be."""
    for path in sorted((root / "pageindex").glob("*.parquet")) + sorted((root / "tolerance").glob("*.parquet")):
        theirs = pq.read_table(path)
        found = rows_of(lake, path)
        judge.check(len(found) == theirs.num_rows, f"rows of {path.name}", (len(found), theirs.num_rows))
        first = theirs.column_names[0]
        values = [plain(text) for text in (row[0] for row in found)]
        judge.check(sorted(values) == sorted(plain(text_of(value)) for value in theirs[first].to_pylist()), f"values of {path.name}", values[:4])
        judge.check(len(objects_of(lake, path)) == theirs.num_rows, f"lake parquet --rows of {path.name}")
    judge.check([row[2] for row in rows_of(lake, root / "hive/union_by_name")] == ["1", "1", "2"], "a key of the path, and files of other columns")
    judge.check([row[0] for row in rows_of(lake, root / "hive/hive_col_also_in_file", "-c", "a")] == ["5", "6"], "a key that files have too")
    judge.check(len(rows_of(lake, root / "parq-folder")) == 6, "a folder of .parq files")
    for path in sorted((root / "crc").glob("*.parquet")):
        refused = lake.run("query", path, in_lake=False)
        judge.check(refused.status == 2 and "--no-checksum" in refused.talk, f"a wrong checksum in {path.name}", refused.talk)
        theirs = duckdb.execute("select count(*) from read_parquet($1)", [str(path)]).fetchone()[0]
        judge.check(len(rows_of(lake, path, "--no-checksum")) == theirs == len(objects_of(lake, path, "--no-checksum")), f"--no-checksum of {path.name}")
    names = root / "names.parquet"
    judge.check(rows_of(lake, names, "-c", "a,b") == [["1"], ["2"]], "a column whose name has a comma")
    judge.check(rows_of(lake, names, "-c", '"a,b","",a') == [["1", "3", "2"], ["2", "4", "2"]] or
                rows_of(lake, names, "-c", '"a,b","",a')[0][:2] == ["1", "3"], "names in quotes")
    ring = judge.folder() / "ring"
    shutil.copytree(root / "hive/union_by_name", ring)
    (ring / "x=1" / "again").symlink_to(ring)
    judge.check(len(rows_of(lake, ring)) == 3, "a folder with a link to itself")


def text_of(value: Any) -> str:
    """A value of pyarrow's as the first column of a line prints it."""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, bytes):
        return value.decode()
    return "" if value is None else str(value)


def judge_rewriting(judge: Judge, lake: Lake, root: Path) -> None:
    folder = judge.folder()
    for path in sorted((root / "rewrite").glob("*.parquet")):
        out = folder / path.name
        done = lake.run("parquet", path, "--rewrite", out, in_lake=False)
        if not judge.check(done.status == 0 and "Parquet.Value" not in done.talk, f"rewriting {path.name}", done.talk):
            continue
        judge.check(objects_of(lake, path) == objects_of(lake, out), f"rows of {path.name} written anew")
        old, new = pq.ParquetFile(path).schema, pq.ParquetFile(out).schema
        same = [(str(old.column(index).path), old.column(index).max_definition_level, old.column(index).max_repetition_level)
                == (str(new.column(index).path), new.column(index).max_definition_level, new.column(index).max_repetition_level)
                for index in range(len(old))]
        judge.check(len(old) == len(new) and all(same), f"columns and levels of {path.name} stay")
        told = [lake.run("parquet", file, in_lake=False).output.split("\nschema\n")[1].split("\n\n")[0].replace("(UTF8)", "(STRING)")
                for file in (path, out)]
        judge.check(told[0] == told[1], f"field ids and logical types of {path.name} stay", told)
    nan = folder / "nan.parquet"
    lake.run("query", root / "rewrite/arrow_nan.parquet", "-o", nan, in_lake=False).expect(0)
    judge.check(str(pq.read_table(nan).to_pylist()) == str(pq.read_table(root / "rewrite/arrow_nan.parquet").to_pylist()), "NaN is kept")


# --- Random questions ----------------------------------------------------------------------------

def literal(value: Any) -> tuple[str, str] | None:
    """A value as a literal of `lake` and of DuckDB; None where they have no common one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        return str(value), str(value)
    if isinstance(value, float) and value == value and abs(value) < 1e15:
        return repr(value), repr(value)
    if isinstance(value, str) and "\0" not in value and len(value) < 200:
        text = "'" + value.replace("'", "''") + "'"
        return text, text
    if isinstance(value, datetime) and value.year > 1:
        text = value.astimezone(timezone.utc).isoformat() if value.tzinfo else value.isoformat()
        return "'" + text.replace("+00:00", "Z") + "'", f"timestamp '{text.replace('T', ' ').removesuffix('+00:00')}'"
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"'{value}'", f"date '{value}'"
    return None


def questions(path: Path, table: pa.Table) -> list[tuple[str, str, Any]]:
    """Clauses for `lake` and DuckDB with pyarrow's way of asking, always the same for a file."""
    source = random.Random(path.name)
    kept: list[tuple[str, str, Any]] = []
    flat = [index for index, field in enumerate(table.schema)
            if not pa.types.is_nested(field.type) and table.column_names.count(field.name) == 1 and field.name
            and not pa.types.is_binary(field.type) and not pa.types.is_decimal256(field.type) and not pa.types.is_float16(field.type)]
    for _ in range(PREDICATES * 4):
        if not flat or len(kept) == PREDICATES:
            break
        index = source.choice(flat)
        name, column = table.column_names[index], table.column(index)
        quoted = '"' + name.replace('"', '""') + '"'
        sign = source.choice(["=", "<", ">=", "<>", "is null", "is not null"])
        if sign.startswith("is"):
            kept.append((f"{quoted} {sign}", f"{quoted} {sign}", pc.is_null(column) if sign == "is null" else pc.is_valid(column)))
            continue
        if table.num_rows == 0:
            continue
        try:
            value = column[source.randrange(table.num_rows)].as_py()
        except (ValueError, OverflowError):
            continue
        if (texts := literal(value)) is None:
            continue
        way = {"=": pc.equal, "<": pc.less, ">=": pc.greater_equal, "<>": pc.not_equal}[sign]
        kept.append((f"{quoted} {sign} {texts[0]}", f"{quoted} {sign} {texts[1]}", way(column, pa.scalar(value, column.type))))
    return kept


def judge_questions(judge: Judge, lake: Lake, shared: Path) -> None:
    # Peers share the fault of these.
    apart = {"interval", "crc"}
    files = [path for folder in ("data", "cases") for path in sorted((shared / folder).rglob("*.parquet"))
             if "_delta_log" not in path.parts and not apart & set(path.parts) and path.stat().st_size <= BYTES_MAX]
    delta = [path for path in files if "delta" in path.parts]
    chosen = sorted(set(files) - set(delta)) + sorted(random.Random(11).sample(delta, min(DELTA_FILES, len(delta))))
    asked = 0
    duckdb.execute("set timezone = 'UTC'")
    for path in chosen:
        try:
            table = pq.ParquetFile(path, coerce_int96_timestamp_unit="us").read()
        except Exception:  # noqa: BLE001 what pyarrow cannot read is judged elsewhere
            continue
        for ours, theirs, mask in questions(path, table):
            expected = pc.sum(mask).as_py() or 0
            try:
                peer = duckdb.execute(f"select count(*) from read_parquet($1, hive_partitioning = false) where {theirs}", [str(path)]).fetchone()[0]
            except duckdb.Error:
                peer = expected
            done = lake.run("query", path, "-w", ours, "--no-checksum", "--format", "jsonl", "--json", "-o", judge.scratch / "answer", "--force", in_lake=False)
            count = json.loads(done.output.splitlines()[-1]).get("rows") if done.status == 0 else done.talk
            judge.check(count in (peer, expected), f"{path.relative_to(shared)} where {ours}", (count, peer, expected))
            asked += 1
    print(f"{asked} questions to {len(chosen)} files")


# --- Time travel ---------------------------------------------------------------------------------

def normal(value: Any) -> Any:
    """A value in a form that two readers of a table share."""
    if isinstance(value, dict):
        return tuple((key, normal(inner)) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(normal(inner) for inner in value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (date, time)):
        return str(value)
    return "NaN" if value != value else value


def normal_rows(table: pa.Table) -> list[str]:
    names = sorted(table.column_names)
    return sorted(repr([normal(row[name]) for name in names]) for row in table.to_pylist())


def judge_versions(judge: Judge, lake: Lake, shared: Path) -> None:
    out = judge.scratch / "version.parquet"
    logs = sorted((shared / "data/delta").rglob("_delta_log")) + sorted((shared / "cases/formats/delta").glob("*/_delta_log"))
    seen = 0
    for log in logs:
        path = log.parent
        try:
            newest = deltalake.DeltaTable(str(path)).version()
        except Exception:  # noqa: BLE001 whether it is refused for a reason is judged elsewhere
            continue
        used = Replay(path).used_features()
        # No version is without a commit or a checkpoint of its own.
        versions = sorted({int(file.name[:20]) for file in log.iterdir() if file.name[:20].isdigit()} | {newest})
        for version in sorted({version + 1 for version in versions} - set(versions)):
            done = lake.run("query", path, "--version", version, "-o", out, "--force", in_lake=False)
            judge.check(done.status == 2, f"{path.relative_to(shared)} has no version {version}", done.talk)
        for version in versions:
            try:
                table = deltalake.DeltaTable(str(path), version=version)
                # Its query engine applies more features, and its Arrow path has INT96 times right.
                is_newer = table.protocol().min_reader_version > 1
                theirs = peer_table(path, version) if is_newer else table.to_pyarrow_table()
            except Exception:  # noqa: BLE001 as above, or files are gone
                continue
            done = lake.run("query", path, "--version", version, "-o", out, "--force", in_lake=False)
            name = f"version {version} of {path.relative_to(shared)}"
            seen += 1
            if used:
                judge.check(done.status == 2 and any(word in done.talk for word in used), f"{name} is refused for {used}", done.talk)
                continue
            if judge.check(done.status == 0, f"{name} is read", done.talk):
                judge.check(normal_rows(pq.ParquetFile(out).read()) == normal_rows(theirs), f"rows of {name}")
            else:
                judge.check(False, f"rows of {name}")
    print(f"{seen} versions of {len(logs)} tables")


def judge_all(judge: Judge) -> None:
    shared = judge.options.shared.resolve()
    lake = Lake(judge.binary, judge.scratch)
    root = shared / "cases/formats"
    if root.is_dir():
        judge_values(judge, lake, root)
        judge_reading(judge, lake, root)
        judge_rewriting(judge, lake, root)
        for name, count in [("delta-live-table", 0), ("table_with_liquid_clustering", 10), ("vacuum-protocol-check", 100)]:
            judge.check(len(rows_of(lake, root / "delta" / name)) == count, f"rows of {name}")
    else:
        print(f"SKIPPED: no {root}")
    if (shared / "data").is_dir():
        judge_questions(judge, lake, shared)
        judge_versions(judge, lake, shared)
    judge.check(True, "there is something to judge")


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
