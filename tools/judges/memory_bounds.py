#!/usr/bin/env python3
"""Inputs that ask for more memory than there is: each run under a limit of address space (ulimit -v) must end with an
answer or with an error that names the limit, never by being out of memory. Needs no shared data."""
from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge  # noqa: E402

DONE, FINDINGS, FAILED = 0, 1, 2
LIMIT = 2 << 30
SECONDS_MAX = 240


@dataclass
class Case:
    """A command on an input that `make` puts into a folder.

    `make` answers the words of the command; `status` are the statuses that are right, `says` what is in its talk
    where it failed. `limit` is the address space in bytes, `rows` the lines that are printed where it did not fail.
    """

    name: str
    make: Callable[[Judge, Path], list[Any]]
    status: tuple[int, ...] = (DONE, FAILED)
    says: tuple[str, ...] = ()
    limit: int = LIMIT
    rows: int | None = None


# MARK: Parquet

def written(folder: Path, table: pa.Table, **options: Any) -> Path:
    path = folder / "made.parquet"
    pq.write_table(table, path, compression="zstd", write_statistics=False, **options)
    return path


def zeros(folder: Path) -> Path:
    """100 million equal numbers in some hundred kilobytes."""
    path, part = folder / "zeros.parquet", pa.table({"a": np.zeros(20_000_000, np.int64)})
    with pq.ParquetWriter(path, part.schema, compression="zstd") as writer:
        for _ in range(5):
            writer.write_table(part, row_group_size=20_000_000)
    return path


def one_text(folder: Path, mebibytes: int) -> Path:
    return written(folder, pa.table({"s": ["x" * (mebibytes << 20)]}), use_dictionary=False)


def one_page_of_texts(folder: Path) -> Path:
    return written(folder, pa.table({"s": ["x" * (9 << 20)] * 200}), use_dictionary=False, row_group_size=200)


def shared_text(folder: Path, rows: int, length: int) -> Path:
    """One text that every row shares by its code: 7 kB that stand for terabytes."""
    codes = pa.array(np.zeros(rows, np.int32))
    return written(folder, pa.table({"s": pa.DictionaryArray.from_arrays(codes, pa.array(["x" * length]))}))


def long_texts(folder: Path, rows: int, length: int) -> Path:
    tail = "abcdefghij" * (length // 10)
    return written(folder, pa.table({"s": [f"{row}" + tail for row in range(rows)], "i": list(range(rows))}),
                   use_dictionary=False)


def bars(folder: Path, rows: int, notes: list[str]) -> Path:
    """Bars with a column of texts that the schema does not know."""
    times = pa.array([1_704_153_600_000_000 + 1_000_000 * row for row in range(rows)], pa.timestamp("us", "UTC"))
    codes = pa.array([row % len(notes) for row in range(rows)], pa.int32())
    one = [1.0] * rows
    return written(folder, pa.table({
        "ts_event": times, "open": one, "high": one, "low": one, "close": one, "volume": [1] * rows,
        "note": pa.DictionaryArray.from_arrays(codes, pa.array(notes))}))


def ingest(judge: Judge, path: Path) -> list[Any]:
    lake = judge.new_lake()
    return ["ingest", path, "--table", "raw.made_ohlcv_1s", "--schema", "ohlcv", "--interval", "1s", "--symbol", "X",
            "--lake", lake.root, "-q", "--memory", "64MB"]


PARQUET = [
    Case("100 million rows, few of them wanted", lambda _, f: ["query", zeros(f), "-n", "5"], (DONE,), rows=6),
    Case("100 million rows, none of them wanted", lambda _, f: ["query", zeros(f), "-w", "a = 1"], (DONE,), rows=1),
    Case("a text of 900 MB, queried", lambda _, f: ["query", one_text(f, 900)], (FAILED,), ("memory",)),
    Case("a text of 900 MB, verified", lambda _, f: ["parquet", one_text(f, 900), "--verify"], (FINDINGS,), ("memory",)),
    Case("a text of 900 MB, printed", lambda _, f: ["parquet", one_text(f, 900), "--rows"], (FAILED,), ("memory",)),
    Case("a text of 900 MB, rewritten", lambda _, f: ["parquet", one_text(f, 900), "--rewrite", f / "new.parquet"],
         (FAILED,), ("memory",)),
    Case("a page of 1.8 GB of texts, queried", lambda _, f: ["query", one_page_of_texts(f)], (FAILED,), ("memory",)),
    Case("3 million times one text of 1 MB, few wanted",
         lambda _, f: ["query", shared_text(f, 3_000_000, 1 << 20), "-n", "3"], (DONE,), rows=4),
    Case("3 million times one text of 1 MB, none wanted",
         lambda _, f: ["query", shared_text(f, 3_000_000, 1 << 20), "-w", "s = 'y'"], (DONE,), rows=1),
    Case("2,000 times one text of 1 MB, all wanted", lambda _, f: ["query", shared_text(f, 2_000, 1 << 20)], (DONE,),
         rows=2_001),
    Case("2,000 times one text of 1 MB, as Parquet",
         lambda _, f: ["query", shared_text(f, 2_000, 1 << 20), "-o", f / "out.parquet"], (DONE,)),
    Case("20,000 texts of 20 kB", lambda _, f: ["query", long_texts(f, 20_000, 20_000)], (DONE,), rows=20_001),
    Case("20,000 texts of 20 kB as JSON lines",
         lambda _, f: ["query", long_texts(f, 20_000, 20_000), "--format", "jsonl"], (DONE,), rows=20_000),
    Case("20,000 texts of 20 kB as Parquet",
         lambda _, f: ["query", long_texts(f, 20_000, 20_000), "-o", f / "out.parquet"], (DONE,)),
    Case("20,000 texts of 20 kB, rewritten",
         lambda _, f: ["parquet", long_texts(f, 20_000, 20_000), "--rewrite", f / "new.parquet"], (DONE,)),
    Case("bars with one note of 1 MB", lambda j, f: ingest(j, bars(f, 2_000, ["x" * (1 << 20)])), (DONE,)),
    Case("bars with 80,000 notes of 1 kB",
         lambda j, f: ingest(j, bars(f, 80_000, [f"{n}" * 200 for n in range(80_000)])), (DONE, FAILED), ("MiB",)),
]

CASES: list[Case] = [*PARQUET]


def judge_case(judge: Judge, case: Case) -> None:
    folder = judge.folder()
    words = [str(judge.binary), *map(str, case.make(judge, folder))]
    # Data may be larger than memory: its lines are counted as they come.
    talk = (folder / "talk").open("w+b")
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=talk, stdin=subprocess.DEVNULL,
        preexec_fn=lambda: (resource.setrlimit(resource.RLIMIT_AS, (case.limit, case.limit)),
                            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX)),
                            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))))
    lines = 0
    assert process.stdout
    while block := process.stdout.read(1 << 20):
        lines += block.count(b"\n")
    status = process.wait()
    talk.seek(0)
    told = talk.read(4096).decode(errors="replace")
    talk.close()
    judge.check(status in case.status, f"{case.name}: exit status {case.status}", f"{status}: {told[:300]}")
    if status in (FINDINGS, FAILED):
        missing = [word for word in case.says if word not in told]
        judge.check("error: " in told and not missing, f"{case.name}: says {case.says}", told[:300])
    elif case.rows is not None:
        judge.check(lines == case.rows, f"{case.name}: {case.rows} lines", lines)
    for made in folder.iterdir():
        made.unlink()


def judge_all(judge: Judge) -> None:
    for case in CASES:
        judge_case(judge, case)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
