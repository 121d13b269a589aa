#!/usr/bin/env python3
"""Signals: any call of the system may be cut short (EINTR), and the first Ctrl-C ends a command that waits for others.

Needs no shared data. The calls are cut short by interrupted_calls.c, preloaded into the program: every call of every kind
once. What a command then leaves must be what an undisturbed one leaves.
"""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402
from rowhash import live_files  # noqa: E402

KINDS = ["open", "openat", "read", "write", "pread", "pwrite", "close", "fsync", "ftruncate", "flock", "fchmod", "mkdir", "rmdir",
         "unlink", "unlinkat", "link", "rename", "access", "stat", "lstat", "fstat", "fstatat", "opendir", "readdir", "fopen"]
CSV = ["--table", "raw.a_ohlcv_1s", "--symbol", "X", "--interval", "1s"]


def bars(path: Path, start: int, count: int) -> Path:
    lines = ["ts_event,open,high,low,close,volume"]
    for second in range(start, start + count):
        lines.append(f"2024-01-02T{10 + second // 3600}:{second // 60 % 60:02}:{second % 60:02}Z,1,2,1,1.5,{second + 1}")
    path.write_text("\n".join(lines) + "\n")
    return path


def rows(lake: Lake) -> dict[str, list[tuple]]:
    """The rows of every table but the ledgers'."""
    found: dict[str, list[tuple]] = {}
    for table in lake.tables():
        tables = [pq.ParquetFile(lake.path(table) / add["path"]).read() for add in live_files(lake.path(table))]
        found[table] = sorted(tuple(map(str, row.values())) for read in tables for row in read.to_pylist())
    return found


def compiled(judge: Judge) -> Path:
    compiler = shutil.which("clang") or shutil.which("cc") or shutil.which("gcc")
    if swift := shutil.which("swiftc"):
        beside = Path(swift).resolve().parent / "clang"
        compiler = str(beside) if beside.exists() else compiler
    made = judge.folder() / "interrupted_calls.so"
    source = Path(__file__).resolve().with_name("interrupted_calls.c")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True, timeout=120)
    return made


def environment(library: Path, every: int, calls: str = "", tally: Path | None = None) -> dict[str, str]:
    found = {**os.environ, "LD_PRELOAD": str(library), "EINTR_EVERY": str(every), "EINTR_CALLS": calls}
    return found | ({"EINTR_TALLY": str(tally)} if tally else {})


def judge_calls(judge: Judge) -> None:
    library, folder = compiled(judge), judge.folder()
    dbn = folder / "dbn"
    Lake(judge.binary, folder).run("simulate", "--schema", "ohlcv-1s,trades", "--symbols", "SPY", "--days", "1", "--intensity", "0.02",
                                   "-o", dbn, "-q", in_lake=False).expect(0)
    first, second = bars(folder / "1.csv", 0, 200), bars(folder / "2.csv", 100, 300)
    steps: list[tuple[str, list[Any]]] = [
        ("ingest of CSV", ["ingest", first, *CSV]), ("a second ingest", ["ingest", second, *CSV]),
        ("ingest of DBN", ["ingest", *sorted(dbn.iterdir())]), ("resample", ["resample", "raw.a_ohlcv_1s", "--to", "1m"]),
        ("tables", ["tables"]), ("gaps", ["gaps", "raw.a_ohlcv_1s", "--calendar", "XNYS"]), ("ledger", ["ledger", "show"]),
        ("query", ["query", "raw.a_ohlcv_1s"]), ("describe", ["describe", "raw.a_ohlcv_1s"]), ("history", ["history", "raw.a_ohlcv_1s"]),
        ("config", ["config", "show"]), ("workers", ["workers", "list"]), ("rebuild", ["ledger", "rebuild"]),
    ]

    def data(result: Result) -> list[list[str]]:
        """What it printed, but for the ledger: how long a run took decides how many bytes its row takes."""
        return [line.split() for line in result.output.splitlines() if not line.startswith("ledger.runs")]

    def run_all(lake: Lake, env: dict[str, str] | None, name: str, expected: dict[str, Result] | None) -> dict[str, Result]:
        results: dict[str, Result] = {}
        for step, words in steps:
            result = results[step] = lake.run(*words, **({"env": env} if env else {}))
            if expected is None:
                continue
            wanted = expected[step]
            same = result.status == wanted.status and (step not in ("query", "gaps", "tables") or data(result) == data(wanted))
            judge.check(same, f"{name}: {step}", (result.status, result.talk[-300:]))
        out = lake.root.parent / "out.csv"
        for flags in ([], ["--force"]):
            result = lake.run("query", "raw.a_ohlcv_1s", "-o", out, *flags, "-q", **({"env": env} if env else {}))
            judge.check(result.status == 0, f"{name}: an output file {flags}", result.talk)
        export = lake.run("export", "dbn", "raw.equs_mini_trades", "-o", out.with_suffix(".dbn"), "-q", **({"env": env} if env else {}))
        judge.check(export.status == 0, f"{name}: export", export.talk)
        left = [path for path in lake.root.glob("staging/*") if path.name != "claims"]
        judge.check(not left and sorted(os.listdir(lake.root.parent)) == ["lake", "out.csv", "out.dbn"],
                    f"{name}: nothing is left over", (left, os.listdir(lake.root.parent)))
        return results

    calm = judge.new_lake()
    wanted = run_all(calm, None, "undisturbed", None)
    kept = rows(calm)
    unseen = []
    for kind in ["", *KINDS]:
        for every in (2, 3) if not kind else (2,):
            lake, tally = judge.new_lake(), judge.folder() / "tally"
            name = f"one of {every} calls of {kind or 'all kinds'} is cut short"
            run_all(lake, environment(library, every, kind, tally), name, wanted)
            judge.check(rows(lake) == kept, f"{name}: the tables hold the same rows")
            if not tally.exists():
                unseen.append(kind)
    judge.check(len(unseen) < len(KINDS) // 3, "most kinds of calls are made at all", unseen)


# MARK: asked to end

def wait_for(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def is_waiting(process: "subprocess.Popen[bytes]") -> bool:
    """Whether all threads of a process sleep, and have done so for a while."""
    def ticks() -> int:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    try:
        before = ticks()
        time.sleep(0.3)
        return ticks() == before
    except OSError:
        return True


def ended(judge: Judge, name: str, lake: Lake, words: list[Any], sent: int, feed: Callable[[Path], Any] | None = None, **options: Any) -> None:
    """A command that waits ends at the first signal with status 130, and has committed nothing."""
    before = rows(lake)
    default = ["env", f"--default-signal={signal.Signals(sent).name[3:]}"]
    process = subprocess.Popen([*default, *lake.words(*words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    writer = feed(process) if feed else None
    wait_for(lambda: is_waiting(process))
    process.send_signal(sent)
    try:
        talk = process.communicate(timeout=10)[1].decode()
        status: Any = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        status, talk = "none: it waits for ever", ""
        process.communicate()
    judge.check(status == 130, f"{name}: exit status 130", (status, talk))
    judge.check(rows(lake) == before, f"{name}: nothing is committed")
    left = [path.name for path in lake.root.glob("staging/*") if path.name not in ("claims",)]
    judge.check(not left, f"{name}: staging is clean", left)
    if writer:
        writer.close()


def judge_waiting(judge: Judge) -> None:
    lake, folder = judge.new_lake(), judge.folder()
    lake.run("ingest", bars(folder / "first.csv", 0, 5), *CSV).expect(0)
    header = b"ts_event,open,high,low,close,volume\n2024-01-02T15:00:00Z,1,1,1,1,1\n"
    dbn = folder / "dbn"
    lake.run("simulate", "--schema", "trades", "--symbols", "SPY", "--days", "1", "--intensity", "0.02", "-o", dbn, "-q",
             in_lake=False).expect(0)
    begun = next(dbn.iterdir()).read_bytes()[:3000]
    number = 0
    for sent in (signal.SIGINT, signal.SIGTERM):
        told = signal.Signals(sent).name
        for suffix, start in {"csv": header, "dbn.zst": begun, "csv.gz": b"\x1f\x8b\x08", "json": b'{"results":[', "": b""}.items():
            number += 1
            pipe = folder / f"{number}.{suffix or 'csv'}"
            os.mkfifo(pipe)
            table = CSV if "csv" in pipe.name else ["--interval", "1m"] if "json" in pipe.name else []

            def feed(process: Any) -> Any:
                if not start:
                    return None
                stream = os.fdopen(os.open(pipe, os.O_RDWR), "wb", buffering=0)
                stream.write(start)
                return stream
            ended(judge, f"{told} while a pipe {'of ' + suffix if start else 'without a writer'} is read", lake,
                  ["ingest", pipe, *table], sent, feed)

        def talk(process: Any) -> Any:
            process.stdin.write(header)
            process.stdin.flush()
            return None
        ended(judge, f"{told} while standard input is read", lake, ["ingest", "-", *CSV], sent, talk, stdin=subprocess.PIPE)
        ended(judge, f"{told} while standard input says nothing", lake, ["ingest", "-", *CSV], sent, stdin=subprocess.PIPE)
        ended(judge, f"{told} while dbn reads", lake, ["dbn", "-"], sent, stdin=subprocess.PIPE)
        number += 1
        pipe = folder / f"{number}.out"
        os.mkfifo(pipe)
        ended(judge, f"{told} while an output pipe has no reader", lake, ["query", "raw.a_ohlcv_1s", "-o", pipe], sent)
    pipe = folder / "whole.csv"
    os.mkfifo(pipe)
    reader = subprocess.Popen(lake.words("ingest", pipe, *CSV), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(0.3)
    with open(pipe, "wb", buffering=0) as stream:
        for piece in (header[:50], header[50:], b"2024-01-02T15:00:01Z,1,1,1,1,1\n"):
            stream.write(piece)
            time.sleep(0.2)
    talk_ = reader.communicate(timeout=60)[1].decode()
    judge.check(reader.returncode == 0 and len(rows(lake)["raw.a_ohlcv_1s"]) == 7, "a pipe that comes in pieces is read whole", talk_)


def judge_all(judge: Judge) -> None:
    judge_waiting(judge)
    judge_calls(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
