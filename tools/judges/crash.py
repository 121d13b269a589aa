#!/usr/bin/env python3
"""kill -9 at random moments of ingest and resample, between data and ledger, and two ingests at once.

After each kill the same commands are run again to their end. The tables must then hold what an undisturbed run
holds, partition by partition, with no row twice; quarantine each bad row once, the ledger each input once; and the
tags must tell the truth. 12 moments; --long: 200.
"""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pyarrow.parquet as pq  # noqa: E402
import zstandard  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from rowhash import MASK128, check_table, file_fingerprint, live_files  # noqa: E402

SEED = 20240102
TO = "15s,30s,1m"
Partitions = dict[tuple[str, str], tuple[int, int]]


def partitions(lake: Lake) -> Partitions:
    """Rows and fingerprint of each date of each table, from the rows themselves."""
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for table in lake.tables("raw", "bars"):
        for add in live_files(lake.path(table)):
            rows, value = file_fingerprint(lake.path(table) / add["path"])
            total = totals[table, add["partitionValues"]["date"]]
            total[0], total[1] = total[0] + rows, (total[1] + value) & MASK128
    return {key: (rows, value) for key, (rows, value) in totals.items()}


def rows_of(lake: Lake, layer: str, columns: list[str]) -> "Counter[tuple]":
    """How often each row stands in the tables of a layer, by some of its columns."""
    rows: Counter[tuple] = Counter()
    for table in lake.tables(layer):
        if table == "ledger.runs":
            continue
        for add in live_files(lake.path(table)):
            read = pq.ParquetFile(lake.path(table) / add["path"]).read(columns=columns)
            rows.update((table, *row) for row in zip(*(read[name].to_pylist() for name in columns)))
    return rows


def set_aside(lake: Lake) -> "Counter[tuple]":
    """The rows in quarantine: the run and the time are left out, which differ from run to run."""
    return rows_of(lake, "quarantine", ["source_sha256", "source_position", "rule", "original"])


def covered(lake: Lake) -> "Counter[tuple]":
    """The events of the coverage ledger, by input and table."""
    return rows_of(lake, "ledger", ["source_sha256", "table", "row_count"])


def damaged(source: Path, to: Path) -> Path:
    """A DBN file of bars, in which the time of every 40th record is undefined."""
    content = bytearray(zstandard.ZstdDecompressor().stream_reader(source.read_bytes()).read())
    first = 8 + int.from_bytes(content[4:8], "little")
    stride = content[first] * 4
    for record in range(first, len(content), 40 * stride):
        content[record + 8:record + 16] = b"\xff" * 8
    to.write_bytes(content)
    return to


def typo_bars(to: Path) -> Path:
    """A CSV file of bars, of which every 40th has no number where its price should be."""
    lines = ["ts_event,symbol,open,high,low,close,volume"]
    for row in range(20_000):
        clock = f"2024-01-{2 + row // 4000:02d}T{14 + row % 4000 // 3600:02d}:{row % 3600 // 60:02d}:{row % 60:02d}Z"
        lines.append(f"{clock},TYPO,{'n/a' if row % 40 == 7 else '100.25'},101,100,100.5,{row}")
    to.write_text("\n".join(lines) + "\n")
    return to


def commands(lake: Lake, files: list[Path], typos: Path) -> list[list[str]]:
    return [lake.words("ingest", *map(str, files)), lake.words("resample", "raw.equs_mini_ohlcv_1s", "--to", TO),
            lake.words("ingest", str(typos), "--table", "raw.typo_ohlcv_1s", "--interval", "1s")]


def run_all(lake: Lake, files: list[Path], typos: Path) -> list[float]:
    """Runs the commands to their end; the seconds that each took."""
    seconds = []
    for words in commands(lake, files, typos):
        began = time.monotonic()
        run = subprocess.run(words, capture_output=True, timeout=300)
        # 1: done, and rows were quarantined.
        if run.returncode not in (0, 1):
            raise subprocess.CalledProcessError(run.returncode, words, run.stdout, run.stderr)
        seconds.append(time.monotonic() - began)
    return seconds


def kill_after(words: list[str], seconds: float) -> float | None:
    """Starts a command and kills it; how long it took where it came to its end before."""
    began = time.monotonic()
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        running.wait(seconds)
        return time.monotonic() - began
    except subprocess.TimeoutExpired:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        return None


def check_same(judge: Judge, case: str, found: dict, expected: dict) -> None:
    wrong = {key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}
    judge.check(not wrong, case, {key: (found.get(key), expected.get(key)) for key in sorted(wrong, key=str)[:3]})


def judge_again(judge: Judge, case: str, lake: Lake, whole: Lake, files: list[Path], typos: Path) -> None:
    """Runs everything again in a lake in which something was killed: it must become like a whole one."""
    try:
        run_all(lake, files, typos)
    except subprocess.CalledProcessError as error:
        judge.check(False, case, error.stderr.decode(errors="replace").strip()[-500:])
        return
    check_same(judge, case, partitions(lake), partitions(whole))
    check_same(judge, f"{case}: quarantine", set_aside(lake), set_aside(whole))
    check_same(judge, f"{case}: ledger", covered(lake), covered(whole))
    lies = [table for table in lake.tables("raw", "bars") if check_table(lake.path(table), quiet=True)[1]]
    judge.check(not lies, f"{case}: tags", lies)
    left = [path for path in lake.root.glob("staging/*/**/*") if path.is_file()]
    judge.check(not left, f"{case}: staging is clean", left[:3])
    subprocess.run(["rm", "-rf", str(lake.root)], check=True)


def judge_kills(judge: Judge, base: Lake, files: list[Path], typos: Path, moments: int) -> None:
    whole = base.copy(judge.folder() / "lake")
    durations = run_all(whole, files, typos)
    stored = sum(rows for (table, _), (rows, _) in partitions(whole).items() if table.startswith("raw."))
    judge.check(stored > 100_000, "the undisturbed run stored the rows")
    for table in ("quarantine.equs_mini_ohlcv_1s", "quarantine.typo_ohlcv_1s"):
        rows = [count for row, count in set_aside(whole).items() if row[0] == table]
        judge.check(len(rows) >= 400 and set(rows) == {1}, f"{table}: each bad row once", (len(rows), set(rows)))
    chance, killed = random.Random(SEED), 0
    for moment in range(moments):
        lake = base.copy(judge.folder() / "lake")
        step = moment % 3  # Each command in turn.
        words = commands(lake, files, typos)
        if step == 1:
            subprocess.run(words[0], capture_output=True)
        seconds = chance.uniform(0, durations[step])
        ended = kill_after(words[step], seconds)
        killed += ended is None
        # A machine that other programs use too is faster at times, and slower at others.
        durations[step] = durations[step] * 1.1 if ended is None else min(ended, durations[step])
        judge_again(judge, f"moment {moment}: {words[step][1]} killed after {seconds:.4f} s", lake, whole, files,
                    typos)
    judge.check(killed >= moments // 2, "most moments were before the end", f"{killed} of {moments}")
    judge_before_ledger(judge, base, whole, files, typos)


def judge_before_ledger(judge: Judge, base: Lake, whole: Lake, files: list[Path], typos: Path) -> None:
    """Ends an ingest after the commit of its rows, before its ledger hears of them."""
    for step, table in ((0, "raw.equs_mini_ohlcv_1s"), (2, "raw.typo_ohlcv_1s")):
        lake = base.copy(judge.folder() / "lake")
        case = f"ended between {table} and the ledger"
        words = commands(lake, files, typos)[step]
        # Where the journal belongs there is a file: the next thing after the commit fails.
        journal = lake.root / "ledger/journal"
        journal.parent.mkdir(exist_ok=True)
        journal.write_text("")
        judge.check(subprocess.run(words, capture_output=True).returncode == 1, f"{case}: the command says so")
        journal.unlink()
        judge.check(live_files(lake.path(table)) != [], f"{case}: the rows are in")
        judge.check(not covered(lake), f"{case}: the ledger knows nothing")
        judge_again(judge, case, lake, whole, files, typos)
    # The same by kill -9, as soon as the commit is there to see.
    hits = 0
    for turn in range(20 if judge.options.long else 3):
        lake = base.copy(judge.folder() / "lake")
        log = lake.path("raw.typo_ohlcv_1s") / "_delta_log/00000000000000000000.json"
        running = subprocess.Popen(commands(lake, files, typos)[2], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while running.poll() is None and not log.exists():
            pass
        running.kill()
        running.wait()
        hits += log.exists() and not covered(lake)
        judge_again(judge, f"killed at the commit, {turn}", lake, whole, files, typos)
    print(f"{hits} kills were between data and ledger")


def judge_two_at_once(judge: Judge, base: Lake, files: list[Path], typos: Path, rounds: int) -> None:
    alone = base.copy(judge.folder() / "lake")
    run_all(alone, files, typos)
    expected = {key: value for key, value in partitions(alone).items() if key[0] == "raw.equs_mini_ohlcv_1s"}
    for turn in range(rounds):
        lake = base.copy(judge.folder() / "lake")
        # One of the files in both: its rows must still be there once.
        pair = [subprocess.Popen(lake.words("ingest", *map(str, part)), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE) for part in (files[:2], files[1:])]
        told = [process.communicate(timeout=300)[1].decode(errors="replace") for process in pair]
        judge.check([process.returncode for process in pair] == [0, 0], f"two at once, {turn}: both complete", told)
        found = {key: value for key, value in partitions(lake).items() if key[0].startswith("raw.")}
        judge.check(found == expected, f"two at once, {turn}: every row once",
                    {key: (found.get(key), expected.get(key)) for key in expected.keys() | found.keys()
                     if expected.get(key) != found.get(key)})


def judge_all(judge: Judge) -> None:
    files = sorted((judge.data / "derived/dbn").glob("equs-mini-*.ohlcv-1s.dbn.zst"))
    inputs = judge.folder()
    typos = typo_bars(inputs / "typos.csv")
    base = judge.new_lake()
    print(f"seed {SEED}")
    bad = damaged(files[0], inputs / "damaged.dbn")
    judge_kills(judge, base, [bad, *files[1:]], typos, 200 if judge.options.long else 12)
    judge_two_at_once(judge, base, files, typos, 20 if judge.options.long else 3)


if __name__ == "__main__":
    sys.exit(Judge(__doc__, ("--long", "200 moments")).run(judge_all))
