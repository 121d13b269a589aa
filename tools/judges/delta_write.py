#!/usr/bin/env python3
"""The log that lake writes, in the hands of other engines.

Twelve files go into one table by twelve commits, so that a checkpoint is written. deltalake, polars and duckdb must see
what lake sees: by the commits, by the checkpoint alone (the commits before it deleted), and at every version. Then
deltalake changes the table (append, compact, delete, checkpoint, its own clean-up), and lake must see what it sees.
"""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import deltalake  # noqa: E402
import polars  # noqa: E402
import pyarrow as pa  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from rowhash import live_files  # noqa: E402

DAYS = 12


def by_lake(lake: Lake, path: Path, *flags: str) -> tuple[int, int, int, set[str]]:
    """Version, files, rows and the files' names."""
    result = lake.run("files", path, "--json", *flags, in_lake=False).expect(0)
    *files, summary = map(json.loads, result.output.splitlines())
    return summary["version"], len(files), summary["rows"], {Path(file["path"]).name for file in files}


def by_deltalake(path: Path, version: int | None = None) -> tuple[int, int, int, set[str]]:
    table = deltalake.DeltaTable(str(path), version=version)
    names = {Path(name).name for name in table.file_uris()}
    return table.version(), len(names), table.to_pyarrow_dataset().count_rows(), names


def judge_readers(judge: Judge, lake: Lake, path: Path, case: str) -> None:
    ours = by_lake(lake, path)
    judge.check(by_deltalake(path) == ours, f"deltalake, {case}", ours[:3])
    rows = polars.scan_delta(str(path)).select(polars.len()).collect().item()
    judge.check(rows == ours[2], f"polars, {case}", (rows, ours[:3]))
    told = {Path(unquote(add["path"])).name for add in live_files(path)}
    judge.check(told == ours[3], f"the log's twin in Python, {case}", len(told ^ ours[3]))


def judge_checkpoints(judge: Judge, lake: Lake, path: Path) -> None:
    log = path / "_delta_log"
    checkpoints = sorted(log.glob("*.checkpoint.parquet"))
    if not judge.check(len(checkpoints) >= 1, "a checkpoint is written", [one.name for one in log.iterdir()]):
        return
    version = int(checkpoints[-1].name[:20])
    hint = json.loads((log / "_last_checkpoint").read_text())
    judge.check(hint["version"] == version, "the hint points at the newest checkpoint", hint)
    judge.check(not list(log.glob(".*")), "no temporary file is left", list(log.glob(".*")))
    for number in range(by_lake(lake, path)[0] + 1):
        ours = by_lake(lake, path, "--version", str(number)) if number else None
        if ours:
            judge.check(by_deltalake(path, number) == ours, f"version {number}", ours[:3])
    for commit in log.glob("*.json"):
        if int(commit.name[:20]) <= version:
            commit.unlink()


def judge_foreign_writer(judge: Judge, lake: Lake, path: Path) -> None:
    """deltalake writes where lake wrote."""
    def agree(case: str) -> None:
        judge_readers(judge, lake, path, case)

    def table() -> deltalake.DeltaTable:
        return deltalake.DeltaTable(str(path))

    rows = by_lake(lake, path)[2]
    table().optimize.compact()
    judge.check(by_lake(lake, path)[2] == rows, "compaction by deltalake keeps the rows", rows)
    agree("after its compaction")
    some = table().to_pyarrow_dataset().head(100)
    deltalake.write_deltalake(str(path), pa.table(some), mode="append")
    judge.check(by_lake(lake, path)[2] == rows + some.num_rows, "lake sees its append", rows)
    agree("after its append")
    table().create_checkpoint()
    agree("after its checkpoint")
    table().delete("symbol = 'SPY'")
    agree("after its delete")
    table().restore(table().version() - 1)
    agree("after its restore")
    table().cleanup_metadata()
    agree("after its clean-up of the log")


def judge_races(judge: Judge, files: list[Path], rows: int) -> None:
    """Processes that ingest into one table at once, and deltalake that appends to it meanwhile."""
    lake = judge.new_lake()
    lake.run("ingest", files[0]).expect(0)
    path = lake.path(lake.tables("raw")[0])
    batch = pa.table(deltalake.DeltaTable(str(path)).to_pyarrow_dataset().head(10))
    writers = [subprocess.Popen(lake.words("ingest", str(file)), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for file in files[1:]]
    appended = 0
    while any(writer.poll() is None for writer in writers):
        deltalake.write_deltalake(str(path), batch, mode="append")
        appended += batch.num_rows
    for writer in writers:
        talk = writer.communicate()[1].decode(errors="replace")
        judge.check(writer.returncode == 0, "an ingest among others", talk[-500:])
    version, count, found, _ = by_lake(lake, path)
    judge.check(found == rows + appended, "no row is lost or doubled in races", (found, rows, appended, count))
    judge.check(by_deltalake(path) == by_lake(lake, path), "deltalake, after races", version)
    commits = {int(one.stem) for one in (path / "_delta_log").glob("*.json")}
    judge.check(commits == set(range(version + 1)), "every version has its commit", sorted(commits))


def judge_all(judge: Judge) -> None:
    lake = judge.new_lake()
    data = judge.folder()
    lake.run("simulate", "--start", "2024-01-02", "--days", DAYS, "--schema", "ohlcv-1m", "--symbols", "SPY,QQQ",
             "--seed", "7", "-o", data, in_lake=False).expect(0)
    files = sorted(data.iterdir())
    judge.check(len(files) == DAYS, "files made up", len(files))
    for file in files:
        lake.run("ingest", file).expect(0)
    table, *others = lake.tables("raw")
    judge.check(not others, "one table", others)
    path = lake.path(table)
    judge_readers(judge, lake, path, "by commits")
    first = 0 if by_lake(lake, path, "--version", "0")[1] else 1
    judge_races(judge, files[:6], by_lake(lake, path, "--version", str(first + 5))[2])
    judge_checkpoints(judge, lake, path)
    judge_readers(judge, lake, path, "by the checkpoint alone")
    copy = lake.copy(judge.folder() / "copy")
    judge_foreign_writer(judge, copy, copy.path(table))
    again = lake.run("ingest", files[0]).expect(0, 1)
    judge.check(by_lake(lake, path)[2] == by_deltalake(path)[2], "a repeat stores nothing", again.talk[-500:])


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
