#!/usr/bin/env python3
"""What others may do to a lake: planted intents, links and pipes, two writers to one output file, several users in a group.

Needs no shared data. Cases of several users need root, to be somebody else by setpriv: elsewhere they are skipped, loudly.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402
from rowhash import live_files  # noqa: E402

STANDIN = Path(__file__).resolve().parent.parent / "standin/databento"
KEY = "db-judge-0123456789abcdef"
DEAD = "staging/20200101T000000Z-1-1"
GROUP, ANNA, BEN = 4242, 4001, 4002


def bars(path: Path, seconds: int = 1, symbol: str = "") -> Path:
    """A CSV of one-second bars."""
    lines = ["ts_event,open,high,low,close,volume" + (",symbol" if symbol else "")]
    for second in range(seconds):
        time_ = f"2024-01-02T{10 + second // 3600}:{second // 60 % 60:02}:{second % 60:02}Z"
        lines.append(f"{time_},1,2,1,1.5,{second + 1}" + (f",{symbol}" if symbol else ""))
    path.write_text("\n".join(lines) + "\n")
    return path


def ingest(lake: Lake, source: Path, table: str = "raw.a_ohlcv_1s", **options: Any) -> Result:
    return lake.run("ingest", source, "--table", table, "--symbol", "X", "--interval", "1s", **options)


def row_count(lake: Lake, table: str) -> int:
    return sum(pq.ParquetFile(lake.path(table) / add["path"]).metadata.num_rows for add in live_files(lake.path(table)))


# MARK: intents

def planted(judge: Judge, name: str, plant: Any, warns: str | None, kept: list[str], gone: list[str] = ()) -> None:
    """With something planted in staging a command that writes still does, tells what is odd, and deletes nothing but `gone`."""
    lake = judge.new_lake()
    outside = lake.root.parent / "outside"
    (outside / "date=2024-01-02").mkdir(parents=True)
    for path in [outside / "thesis.parquet", outside / "lock", outside / "date=2024-01-02/part-1.parquet"]:
        path.write_text("precious")
    (lake.root / "schemas/x").mkdir(parents=True)
    (lake.root / "schemas/x/notes.txt").write_text("keep")
    (lake.root / "raw/t/date=2024-01-02").mkdir(parents=True)
    (lake.root / "raw/t/date=2024-01-02/orphan.parquet").write_text("x")
    (lake.root / "staging").mkdir()
    plant(lake.root, outside)
    result = ingest(lake, bars(lake.root.parent / "a.csv"))
    judge.check(result.status == 0 and row_count(lake, "raw.a_ohlcv_1s") == 1, f"{name}: the command does its work", result.talk)
    told = "warning:" in result.talk
    judge.check(told == (warns is not None) and (warns or "") in result.talk, f"{name}: says what is odd", result.talk)
    always = ["../outside/thesis.parquet", "../outside/lock", "../outside/date=2024-01-02/part-1.parquet",
              "schemas/x/notes.txt", "lake.yaml"]
    lost = [path for path in always + kept if not os.path.lexists(lake.root / path)]
    judge.check(not lost, f"{name}: nothing else is deleted", lost)
    left = [path for path in gone if os.path.lexists(lake.root / path)]
    judge.check(not left, f"{name}: what a dead run left is cleaned", left)


def intent(*lines: str) -> Any:
    def plant(root: Path, outside: Path) -> None:
        (root / DEAD).mkdir()
        (root / DEAD / "lock").touch()
        text = "".join(line.replace("OUTSIDE", str(outside)) + "\n" for line in lines)
        (root / DEAD / "intent").write_text(text)
    return plant


def judge_intents(judge: Judge) -> None:
    orphan = "raw/t/date=2024-01-02/orphan.parquet"
    planted(judge, "a dead run", intent(orphan), None, [], [orphan, DEAD])
    for line in ["raw/x/../../../outside/thesis.parquet", "../outside/thesis.parquet", "OUTSIDE/thesis.parquet",
                 "schemas/x/notes.txt", "lake.yaml", "raw/t/_delta_log/00000000000000000000.json", "raw/t",
                 "raw/t/date=2024-01-02/../date=2024-01-02/orphan.parquet", "x" * 3_000_000, "\x00\x1b[31m"]:
        planted(judge, f"an intent of '{line[:40]!r}'", intent(line), "intends", [orphan, DEAD])
    planted(judge, "a bad line among good ones", intent("../x", orphan), "intends", [DEAD], [orphan])

    def link_as_table(root: Path, outside: Path) -> None:
        (root / "raw/evil").symlink_to(outside)
        intent("raw/evil/date=2024-01-02/part-1.parquet")(root, outside)

    def link_as_partition(root: Path, outside: Path) -> None:
        (root / "raw/t/date=2024-01-03").symlink_to(outside)
        intent("raw/t/date=2024-01-03/thesis.parquet")(root, outside)

    def link_as_run(root: Path, outside: Path) -> None:
        (root / DEAD).symlink_to(outside)

    def link_as_intent(root: Path, outside: Path) -> None:
        intent()(root, outside)
        (root / DEAD / "intent").unlink()
        (outside / "list").write_text(orphan + "\n")
        (root / DEAD / "intent").symlink_to(outside / "list")

    def pipe_as_intent(root: Path, outside: Path) -> None:
        intent()(root, outside)
        (root / DEAD / "intent").unlink()
        os.mkfifo(root / DEAD / "intent")

    def half_removed(root: Path, _: Path) -> None:
        (root / DEAD).mkdir()
        (root / DEAD / "part-1.parquet").write_text("x")
        (root / (DEAD + "2")).mkdir()

    planted(judge, "a link as a table", link_as_table, "link", ["raw/evil"])
    planted(judge, "a link as a partition", link_as_partition, "link", ["raw/t/date=2024-01-03"])
    planted(judge, "a link as a run", link_as_run, "link", [DEAD])
    planted(judge, "a link as an intent", link_as_intent, "intent", [orphan])
    planted(judge, "a pipe as an intent", pipe_as_intent, "intent", [DEAD])
    planted(judge, "a removal that was cut short", half_removed, None, [], [DEAD, DEAD + "2"])


# MARK: output files

def judge_outputs(judge: Judge) -> None:
    lake = judge.new_lake()
    folder = judge.folder()
    lines = ["ts_event,open,high,low,close,volume,symbol"]
    for second in range(30_000):
        time_ = f"2024-01-02T{10 + second // 3600}:{second // 60 % 60:02}:{second % 60:02}Z"
        lines += [f"{time_},1,2,1,1.5,{second + 1},{symbol}" for symbol in ("AA", "BB")]
    (folder / "bars.csv").write_text("\n".join(lines) + "\n")
    table = "raw.b_ohlcv_1s"
    lake.run("ingest", folder / "bars.csv", "--table", table, "--interval", "1s").expect(0)
    source = next(lake.path(table).glob("date=*/*.parquet"))
    victim = folder / "victim"
    writers = {
        "query": (["query", table, "-o"], ["--symbol", "AA"], True),
        "query of Parquet": (["query", table, "--format", "parquet", "-o"], ["--symbol", "AA"], True),
        "compressed query": (["query", table, "-o"], ["--symbol", "AA"], True),
        "export": (["export", "dbn", table, "--symbol", "AA", "-o"], ["--start", "2024-01-02T15:00:00Z"], True),
        "rewriting": (["parquet", str(source), "--rewrite"], [], False),
    }
    for name, (words, other, can_force) in writers.items():
        inside = folder / name.replace(" ", "-")
        inside.mkdir()
        target = inside / ("x.csv.zst" if name.startswith("compressed") else "x")
        in_lake = words[0] != "parquet"
        force = ["--force"] if can_force else []

        def run(*more: str, **options: Any) -> Result:
            return lake.run(*words, target, *more, "-q", in_lake=in_lake, **options)

        # Links with every name that can be guessed.
        victim.write_text("precious")
        guesses = [f"{target.name}.part", f".{target.name}.tmp", f"{target.name}.tmp", f"{target.name}.new"]
        for guess in guesses:
            (inside / guess).symlink_to(victim)
        run().expect(0)
        whole = target.read_bytes()
        judge.check(victim.read_text() == "precious" and len(whole) > 100, f"{name}: planted links are not followed")
        for guess in guesses:
            (inside / guess).unlink()
        refused = run()
        judge.check(refused.status == 2 and "exists" in refused.talk and target.read_bytes() == whole,
                    f"{name}: an existing file stays", refused.talk)
        judge.check(os.listdir(inside) == [target.name], f"{name}: nothing else is left", os.listdir(inside))
        target.unlink()
        target.symlink_to(victim)
        refused = run()
        judge.check(refused.status == 2 and target.is_symlink() and victim.read_text() == "precious",
                    f"{name}: a link of that name is one that exists", refused.talk)
        if can_force:
            run(*force).expect(0)
            judge.check(not target.is_symlink() and victim.read_text() == "precious", f"{name}: --force replaces the link itself")
        target.unlink()
        old = os.umask(0o077)
        run().expect(0)
        os.umask(old)
        judge.check(target.stat().st_mode & 0o777 == 0o600, f"{name}: the mode is what the umask says", oct(target.stat().st_mode))
        target.unlink()
        # Two at once: whole, one or the other; without --force one is told that it exists.
        wholes = set()
        for more in {tuple(other), ()}:
            run(*more).expect(0)
            wholes.add(target.read_bytes())
            target.unlink()
        mixed, statuses = 0, set()
        for number in range(8):
            flags = force if number % 2 else []
            both = [subprocess.Popen(lake.words(*words, target, *more, *flags, "-q", in_lake=in_lake),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for more in (other, [])]
            ends = sorted(process.wait(120) for process in both)
            statuses.add((bool(flags), *ends))
            mixed += target.read_bytes() not in wholes
            target.unlink()
        judge.check(mixed == 0, f"{name}: two at once never mix", mixed)
        judge.check(statuses <= {(True, 0, 0), (False, 0, 2), (False, 0, 0)}, f"{name}: both end well, or one is refused", statuses)
        judge.check(not os.listdir(inside), f"{name}: two at once leave nothing", os.listdir(inside))


# MARK: runs that are being born

def judge_births(judge: Judge) -> None:
    """A run whose folder is cleaned between its making and its locking, and one that dies while it removes its folder."""
    strace = shutil.which("strace")
    if not strace:
        print("SKIPPED births: no strace")
        return
    lake = judge.new_lake()
    folder = judge.folder()
    slow = [strace, "-f", "-o", "/dev/null", "-e", "trace=flock", "-e", "inject=flock:delay_enter=1500000:when=1"]
    words = lake.words("ingest", bars(folder / "1.csv"), "--table", "raw.a_ohlcv_1s", "--symbol", "X", "--interval", "1s", "-q")
    born = subprocess.Popen([*slow, *words], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(lake.root.glob("staging/*/lock")) and time.monotonic() < deadline:
        time.sleep(0.01)
    judge.check(ingest(lake, bars(folder / "2.csv"), "raw.b_ohlcv_1s").status == 0, "a cleaner during a birth is done")
    told = born.communicate(timeout=120)[1].decode()
    judge.check(born.returncode == 0 and row_count(lake, "raw.a_ohlcv_1s") == 1, "a run that is cleaned while it is born is done", told)
    judge.check(not os.listdir(lake.root / "staging"), "births leave nothing", os.listdir(lake.root / "staging"))
    for call in ["rmdir", "unlink", "unlinkat"]:
        for when in range(1, 5):
            kill = [strace, "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={when}"]
            source = bars(folder / f"{call}{when}.csv", 2 + when)
            subprocess.run([*kill, *lake.words("ingest", source, "--table", f"raw.{call}{when}_ohlcv_1s", "--symbol", "X",
                                               "--interval", "1s", "-q")], stderr=subprocess.DEVNULL, timeout=120)
            ingest(lake, bars(folder / "3.csv", 3), f"raw.c{call}{when}_ohlcv_1s").expect(0)
            judge.check(not os.listdir(lake.root / "staging"), f"killed at {call} {when}: the next command cleans up",
                        os.listdir(lake.root / "staging"))


# MARK: several users

class Person:
    """Somebody of a group, with a umask, who runs the program."""

    def __init__(self, lake: Lake, user: int, umask: int = 0o002, **environment: str) -> None:
        self.lake, self.user, self.umask = lake, user, umask
        self.environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent", **environment}

    def words(self, *arguments: Any) -> list[str]:
        return ["setpriv", f"--reuid={self.user}", f"--regid={GROUP}", "--clear-groups", *self.lake.words(*arguments)]

    def start(self, *arguments: Any, prefix: list[str] | tuple = ()) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*self.words()[:4], *prefix, *self.lake.words(*arguments)], env=self.environment, umask=self.umask,
                                cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments: Any, prefix: list[str] | tuple = ()) -> Result:
        process = self.start(*arguments, prefix=prefix)
        output, talk = process.communicate(timeout=300)
        return Result([*map(str, arguments)], subprocess.CompletedProcess([], process.returncode, output, talk))

    def ingest(self, source: Path, table: str, **options: Any) -> Result:
        return self.run("ingest", source, "--table", table, "--symbol", "X", "--interval", "1s", **options)


def group_lake(judge: Judge, umask: int) -> tuple[Lake, Path]:
    """A lake in a folder of the group that others cannot see into but by it, and a copy of the program that they can run."""
    folder = Path(tempfile.mkdtemp(prefix="lake-group-", dir=judge.scratch))
    os.chown(folder, 0, GROUP)
    folder.chmod(0o2775)
    judge.scratch.chmod(0o755)
    lake = Lake(judge.scratch / "lake-for-all", folder / "lake")
    if not lake.binary.exists():
        shutil.copy(judge.binary, lake.binary)
        lake.binary.chmod(0o755)
    Person(lake, ANNA, 0o002).run("init", lake.root, "-q").expect(0)
    return lake, folder


def judge_group(judge: Judge, umask: int) -> None:
    lake, folder = group_lake(judge, umask)
    anna, ben = Person(lake, ANNA, umask), Person(lake, BEN, umask)
    name = f"umask {umask:03o}: "
    one, two = bars(folder / "1.csv"), bars(folder / "2.csv", 2)
    anna.ingest(one, "raw.a_ohlcv_1s").expect(0)
    result = ben.ingest(two, "raw.a_ohlcv_1s")
    judge.check(result.status == 0, name + "Ben adds to Anna's table", result.talk)
    result = ben.run("resample", "raw.a_ohlcv_1s", "--to", "1m")
    judge.check(result.status == 0, name + "Ben resamples it", result.talk)
    result = anna.ingest(bars(folder / "3.csv", 3), "raw.a_ohlcv_1s")
    judge.check(result.status == 0 and row_count(lake, "raw.a_ohlcv_1s") == 3, name + "Anna goes on", result.talk)
    narrow = [str(path.relative_to(lake.root)) for path in lake.root.rglob("*")
              if not path.is_symlink() and path.name != "lake.yaml" and not path.stat().st_mode & 0o020]
    judge.check(not narrow, name + "all that is made has the group's right", narrow[:5])
    out = folder / "out.csv"
    anna.run("query", "raw.a_ohlcv_1s", "-o", out).expect(0)
    judge.check(out.stat().st_mode & 0o777 == 0o666 & ~umask, name + "an output file has the umask's", oct(out.stat().st_mode))
    strace = shutil.which("strace")
    if not strace:
        print("SKIPPED runs of others that are alive or dead: no strace")
        return
    slow = [strace, "-f", "-o", "/dev/null", "-e", "trace=link", "-e", "inject=link:delay_enter=4000000:when=1"]
    living = anna.start("ingest", bars(folder / "4.csv", 4), "--table", "raw.c_ohlcv_1s", "--symbol", "X", "--interval", "1s",
                        prefix=slow)
    deadline = time.monotonic() + 60
    while not list(lake.root.glob("staging/*/intent")) and time.monotonic() < deadline:
        time.sleep(0.01)
    runs = os.listdir(lake.root / "staging")
    result = ben.ingest(bars(folder / "5.csv", 5), "raw.d_ohlcv_1s")
    judge.check(result.status == 0, name + "Ben writes beside Anna's run", result.talk)
    judge.check(set(runs) <= set(os.listdir(lake.root / "staging")), name + "Anna's run is left alone")
    told = living.communicate(timeout=120)[1].decode()
    judge.check(living.returncode == 0 and row_count(lake, "raw.c_ohlcv_1s") == 4, name + "Anna's run is done", told)
    dead = [strace, "-f", "-o", "/dev/null", "-e", "trace=link", "-e", "inject=link:signal=SIGKILL:when=1"]
    anna.ingest(bars(folder / "6.csv", 6), "raw.e_ohlcv_1s", prefix=dead)
    judge.check(bool(list(lake.root.glob("staging/*/intent"))), name + "a killed run leaves something")
    result = ben.ingest(bars(folder / "7.csv", 7), "raw.d_ohlcv_1s")
    left = [path for path in os.listdir(lake.root / "staging") if path != "claims"]
    judge.check(result.status == 0 and not left, name + "Ben cleans up after Anna's dead run", (result.talk, left))


def judge_strangers(judge: Judge) -> None:
    """Locks that Ben may not even open are of runs that may be alive."""
    lake, folder = group_lake(judge, 0o002)
    anna, ben = Person(lake, ANNA), Person(lake, BEN)
    anna.ingest(bars(folder / "1.csv"), "raw.a_ohlcv_1s").expect(0)
    run = lake.root / "staging/20200101T000000Z-1-1"
    journal = lake.root / "ledger/journal"
    for name, mode, folder_mode in [("a lock that Ben may not read", 0o600, 0o2775), ("a folder that Ben may not enter", 0o600, 0o700)]:
        run.mkdir()
        (run / "lock").touch()
        (run / "lock").chmod(mode)
        journal.mkdir(exist_ok=True)
        (journal / f"{run.name}.jsonl").write_text("")
        for path in [run / "lock", journal, journal / f"{run.name}.jsonl", run]:
            os.chown(path, ANNA, GROUP)
        journal.chmod(0o2775)
        run.chmod(folder_mode)
        result = ben.ingest(bars(folder / f"{folder_mode}.csv", folder_mode % 7 + 2), "raw.b_ohlcv_1s")
        judge.check(result.status == 0, f"{name}: Ben writes", result.talk)
        judge.check((run / "lock").exists() and (journal / f"{run.name}.jsonl").exists(), f"{name}: it counts as alive")
        shutil.rmtree(run)
        (journal / f"{run.name}.jsonl").unlink()


def judge_claims(judge: Judge) -> None:
    """After Anna has downloaded once, Ben can too; while Anna's download runs its journal stays."""
    made = judge.folder()
    Lake(judge.binary, made).run("simulate", "--schema", "trades", "--symbols", "SPY,QQQ", "--days", "2", "--intensity", "0.02",
                                 "-o", made, "-q", in_lake=False).expect(0)
    days = sorted(set(re.findall(r"\d{8}", " ".join(os.listdir(made)))))
    start, end = (f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in (days[0], days[-1]))
    standin = subprocess.Popen([sys.executable, STANDIN, "--data", made, "--key", KEY, "--stop-with-stdin", "--fault",
                                "drip:path=get_range,bytes=4000,every=0.3,times=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = standin.stdout.readline().removeprefix("listening on ").strip() + "/v0"
    lake, folder = group_lake(judge, 0o002)
    anna, ben = (Person(lake, user, umask, DATABENTO_API_KEY=KEY, LAKE_DATABENTO_URL=url)
                 for user, umask in [(ANNA, 0o022), (BEN, 0o002)])
    asked = ["download", "databento", "--dataset", "EQUS.MINI", "--schema", "trades", "--start", start, "--end", end, "--jobs", "1", "-q"]
    living = anna.start(*asked, "--symbols", "SPY")
    deadline = time.monotonic() + 60
    while not list(lake.root.glob("staging/*/body-*")) and living.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    before = {path.name for path in lake.root.glob("staging/*/lock")} and os.listdir(lake.root / "staging")
    result = ben.ingest(bars(folder / "1.csv"), "raw.b_ohlcv_1s")
    judge.check(result.status == 0, "Ben ingests while Anna downloads", result.talk)
    judge.check(bool(before) and (living.poll() is not None or set(before) <= set(os.listdir(lake.root / "staging"))),
                "Anna's download is left alone")
    told = living.communicate(timeout=120)[1].decode()
    judge.check(living.returncode == 0, "Anna's download is done", told)
    result = ben.run(*asked, "--symbols", "QQQ")
    judge.check(result.status == 0, "Ben downloads after Anna", result.talk)
    standin.stdin.close()
    standin.wait(10)


def judge_all(judge: Judge) -> None:
    judge_intents(judge)
    judge_outputs(judge)
    judge_births(judge)
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        print("SKIPPED several users: they need root and setpriv")
        return
    for umask in (0o002, 0o022):
        judge_group(judge, umask)
    judge_strangers(judge)
    judge_claims(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
