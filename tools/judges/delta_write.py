#!/usr/bin/env python3
"""The log that lake writes, in the hands of other engines.

Twelve files go into one table by twelve commits, so that a checkpoint is written. deltalake, polars and duckdb must see
what lake sees: by the commits, by the checkpoint alone (the commits before it deleted), and at every version. Then
deltalake changes the table (append, compact, delete, checkpoint, its own clean-up), and lake must see what it sees.

A table with a long log has a hint that spares lake the listing of it. deltalake and lake write there by turns and at once, lake is
killed, the folder is copied, cleaned and put back from a copy: nobody may miss a commit.
"""
from __future__ import annotations

import json
import os
import shutil
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
# Commits of a log that has a hint, and more.
LONG = 300
HINT = "_delta_log/.lake_listing"
ONE_ROW = ["--table", "raw.made_ohlcv_1s", "--symbol", "X", "--interval", "1s"]


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


class LongTable:
    """A table whose log has many commits, and one row for each file that lake or deltalake put there."""

    def __init__(self, judge: Judge) -> None:
        self.judge, self.lake, self.data = judge, judge.new_lake(), judge.folder()
        self.rows = self.files = 0
        self.ingest()
        self.path = self.lake.path("raw.made_ohlcv_1s")
        for path in (self.path, self.lake.root / "ledger" / "coverage"):
            for version in range(1, LONG):
                commit = path / "_delta_log" / f"{version:020}.json"
                if not commit.exists():
                    commit.write_text('{"commitInfo":{"timestamp":1700000000000,"operation":"WRITE"}}\n')

    def file(self) -> Path:
        self.files += 1
        file = self.data / f"{self.files}.csv"
        file.write_text("ts_event,open,high,low,close,volume\n"
                        f"2024-01-{self.files % 28 + 1:02}T10:00:{self.files // 28:02}Z,1,2,1,1.5,{self.files}\n")
        self.rows += 1
        return file

    def words(self) -> list[str]:
        return self.lake.words("ingest", self.file(), *ONE_ROW)

    def ingest(self) -> None:
        self.lake.run("ingest", self.file(), *ONE_ROW).expect(0)

    def table(self) -> deltalake.DeltaTable:
        return deltalake.DeltaTable(str(self.path))

    def append(self) -> None:
        deltalake.write_deltalake(str(self.path), pa.table(self.table().to_pyarrow_dataset().head(1)), mode="append")
        self.rows += 1

    def vacuum(self) -> None:
        self.table().vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)

    def clean(self) -> None:
        """What is older than the newest checkpoint goes, as a clean-up of expired commits does it."""
        self.table().create_checkpoint()
        self.table().cleanup_metadata()
        newest = self.table().version()
        for commit in (self.path / "_delta_log").glob("*.json"):
            if int(commit.name[:20]) < newest - 2:
                commit.unlink()

    def agree(self, case: str) -> int:
        ours, theirs = by_lake(self.lake, self.path), by_deltalake(self.path)
        self.judge.check(ours == theirs, f"long log: deltalake, {case}", (ours[:3], theirs[:3]))
        self.judge.check(ours[2] == self.rows, f"long log: rows, {case}", (ours[2], self.rows))
        versions = sorted(int(one.stem) for one in (self.path / "_delta_log").glob("*.json"))
        self.judge.check(versions == list(range(versions[0], ours[0] + 1)), f"long log: versions, {case}", versions[-9:])
        return ours[0]


def judge_long_log(judge: Judge) -> None:
    long = LongTable(judge)
    judge.check(not (long.path / HINT).exists(), "a short log has no hint")
    before = long.agree("when it grew long")
    judge.check(not (long.path / HINT).exists(), "reading writes no hint")
    long.ingest()
    judge.check((long.path / HINT).exists(), "a commit writes the hint")
    judge.check((long.lake.root / "ledger" / "coverage" / HINT).exists(), "the ledger has one too")
    version = long.agree("after a commit of lake")
    judge.check(version == before + 1, "one commit, one version", (before, version))
    for name, change in [
        ("append", long.append), ("two appends", lambda: (long.append(), long.append())),
        ("checkpoint", lambda: long.table().create_checkpoint()), ("compaction", lambda: long.table().optimize.compact()),
        ("vacuum", long.vacuum), ("clean-up", lambda: long.table().cleanup_metadata()), ("clean-up of old commits", long.clean),
    ]:
        change()
        long.agree(f"after its {name}")
        long.ingest()
        long.agree(f"after its {name} and a commit of lake")
        long.ingest()
        long.agree(f"after its {name} and two commits of lake")


def judge_long_log_in_races(judge: Judge) -> None:
    long = LongTable(judge)
    long.ingest()
    for _ in range(3):
        writers = [subprocess.Popen(long.words(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
        long.append()
        while any(writer.poll() is None for writer in writers):
            long.append()
        for writer in writers:
            talk = writer.communicate()[1].decode(errors="replace")
            judge.check(writer.returncode == 0, "long log: an ingest among others", talk[-500:])
        long.agree("after races")
    for delay in range(0, 100, 5):
        words = long.words()
        killed = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            killed.wait(delay / 1000)
        except subprocess.TimeoutExpired:
            killed.kill()
            killed.wait()
        # What was done is not done twice.
        subprocess.run(words, capture_output=True, check=False)
    long.agree("after kills")


def judge_long_log_copied(judge: Judge) -> None:
    long = LongTable(judge)
    long.ingest()
    place, backup, rows = long.path, judge.folder() / "copy", long.rows
    subprocess.run(["cp", "-a", place, backup], check=True)
    long.path = backup
    long.append()
    long.agree("in a copy with all times, after an append")
    # What lay there before the append is the backup.
    shutil.rmtree(backup)
    subprocess.run(["cp", "-a", place, backup], check=True)
    long.path, long.rows = place, rows
    long.ingest()
    long.append()
    for there, here in ((backup / "_delta_log", place / "_delta_log"), (backup, place)):
        for file in here.iterdir():
            if not (there / file.name).exists() and file.is_file():
                file.unlink()
        for file in there.iterdir():
            if file.is_file():
                shutil.copy2(file, here / file.name)
        status = there.stat()
        os.utime(here, ns=(status.st_atime_ns, status.st_mtime_ns))
    long.rows = rows
    long.agree("put back in place with all times")


def judge_all(judge: Judge) -> None:
    judge_long_log(judge)
    judge_long_log_in_races(judge)
    judge_long_log_copied(judge)
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
