#!/usr/bin/env python3
"""kill -9 at random moments of ingest and resample, and two ingests at once.

After each kill the same commands are run again to their end. The tables must then hold what an undisturbed run
holds, partition by partition, with no row twice, and the tags must tell the truth. 10 moments; --long: 200.
"""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Lake  # noqa: E402
from rowhash import MASK128, check_table, file_fingerprint, live_files  # noqa: E402

SEED = 20240102
TO = "15s,30s,1m"
Partitions = dict[tuple[str, str], tuple[int, int]]


def partitions(lake: Lake) -> Partitions:
    """Rows and fingerprint of each date of each table, from the rows themselves."""
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for table in lake.tables("raw", "bars", "quarantine"):
        for add in live_files(lake.path(table)):
            rows, value = file_fingerprint(lake.path(table) / add["path"])
            total = totals[table, add["partitionValues"]["date"]]
            total[0], total[1] = total[0] + rows, (total[1] + value) & MASK128
    return {key: (rows, value) for key, (rows, value) in totals.items()}


def commands(lake: Lake, files: list[Path]) -> list[list[str]]:
    return [lake.words("ingest", *map(str, files)), lake.words("resample", "raw.equs_mini_ohlcv_1s", "--to", TO)]


def run_all(lake: Lake, files: list[Path]) -> list[float]:
    """Runs the commands to their end; the seconds that each took."""
    seconds = []
    for words in commands(lake, files):
        began = time.monotonic()
        subprocess.run(words, check=True, capture_output=True, timeout=300)
        seconds.append(time.monotonic() - began)
    return seconds


def kill_after(words: list[str], seconds: float) -> bool:
    """Starts a command and kills it; whether it was still running."""
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        running.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        return True


def judge_kills(judge: Judge, base: Lake, files: list[Path], moments: int) -> None:
    undisturbed = base.copy(judge.folder() / "lake")
    durations = run_all(undisturbed, files)
    expected = partitions(undisturbed)
    judge.check(sum(rows for (table, _), (rows, _) in expected.items() if table.startswith("raw.")) > 100_000,
                "the undisturbed run stored the rows")
    chance, killed = random.Random(SEED), 0
    for moment in range(moments):
        lake = base.copy(judge.folder() / "lake")
        step = moment % 2  # Ingest and resample in turn.
        words = commands(lake, files)
        if step == 1:
            subprocess.run(words[0], check=True, capture_output=True)
        seconds = chance.uniform(0, durations[step])
        killed += kill_after(words[step], seconds)
        case = f"moment {moment}: {words[step][1]} killed after {seconds:.4f} s"
        try:
            run_all(lake, files)
        except subprocess.CalledProcessError as error:
            judge.check(False, case, error.stderr.decode(errors="replace").strip()[-500:])
            continue
        found = partitions(lake)
        wrong = {key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}
        judge.check(not wrong, case, {key: (found.get(key), expected.get(key)) for key in sorted(wrong)[:3]})
        lies = [table for table in lake.tables("raw", "bars") if check_table(lake.path(table), quiet=True)[1]]
        judge.check(not lies, f"{case}: tags", lies)
        left = [path for path in lake.root.glob("staging/*/**/*") if path.is_file()]
        judge.check(not left, f"{case}: staging is clean", left[:3])
        subprocess.run(["rm", "-rf", str(lake.root)], check=True)
    judge.check(killed >= moments // 2, "most moments were before the end", f"{killed} of {moments}")


def judge_two_at_once(judge: Judge, base: Lake, files: list[Path], rounds: int) -> None:
    alone = base.copy(judge.folder() / "lake")
    run_all(alone, files)
    expected = {key: value for key, value in partitions(alone).items() if key[0].startswith("raw.")}
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
    base = judge.new_lake()
    print(f"seed {SEED}")
    judge_kills(judge, base, files, 200 if judge.options.long else 10)
    judge_two_at_once(judge, base, files, 20 if judge.options.long else 3)


if __name__ == "__main__":
    sys.exit(Judge(__doc__, ("--long", "200 moments")).run(judge_all))
