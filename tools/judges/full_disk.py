#!/usr/bin/env python3
"""A disk that fills up while a download is stored, at every kind of file and at moments spread over the whole run.

Each time: a clear error and exit status 2, nothing half-committed, nothing counted as covered that is not in a table,
nothing left in staging or beside the tables' files. With space again the same command completes, and nothing that was
committed is bought again. The disk is that of full_disk.c, preloaded into the program.
"""
from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import massive_downloads  # noqa: E402
from downloads import StandIn, covered, dataset_of, ledger, simulate, stored, words  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from rowhash import live_files  # noqa: E402

MOMENTS = 9
# Folders of staging that outlive a run.
KEPT = {"batch", "claims"}


@dataclass
class Case:
    """A download that is disturbed, and what an undisturbed one leaves."""

    name: str
    asked: list[str]
    table: str
    columns: list[str]
    standin: Any
    # What is bought: the requests whose log says so.
    method: str
    rows: list[tuple] = field(default_factory=list)
    told: list[tuple[str, ...]] = field(default_factory=list)
    byte_count: int = 0


def compiled(judge: Judge) -> Path:
    """The library that fills the disk."""
    compiler = shutil.which("clang") or shutil.which("cc")
    if swift := shutil.which("swiftc"):
        beside = Path(swift).resolve().parent / "clang"
        compiler = str(beside) if beside.exists() else compiler
    made = judge.folder() / "full_disk.so"
    source = Path(__file__).resolve().with_suffix(".c")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True, timeout=120)
    return made


def disk(library: Path, lake: Lake, byte_count: int | None = None, only: str = "", tally: Path | None = None) -> dict[str, str]:
    """The environment of a process whose disk has so many bytes left."""
    found = {"LD_PRELOAD": str(library), "FULL_DISK_ROOT": str(lake.root)}
    if byte_count is not None:
        found["FULL_DISK_BYTES"] = str(byte_count)
    if only:
        found["FULL_DISK_ONLY"] = only
    if tally:
        found["FULL_DISK_TALLY"] = str(tally)
    return found


def leftovers(lake: Lake) -> list[str]:
    """Files that no table knows and no run needs."""
    found = [f"staging/{path.name}" for path in (lake.root / "staging").iterdir() if path.name not in KEPT]
    for table in [*lake.tables(), *lake.tables("ledger")]:
        known = {add["path"] for add in live_files(lake.path(table))}
        for path in lake.path(table).rglob("*"):
            name = path.relative_to(lake.path(table)).as_posix()
            if path.is_file() and ("_delta_log" in name and ".tmp" in name or "_delta_log" not in name and name not in known):
                found.append(f"{table}/{name}")
    return found


def judge_claims(judge: Judge, lake: Lake, case: Case, at: str) -> None:
    """What the ledger calls complete is in the table, whole, and nothing else is."""
    held = set(stored(lake, case.table, case.columns)) if case.table in lake.tables("raw") else set()
    judge.check(held <= set(case.rows), f"{at}: rows that were never served")
    # By symbol and µs: a row's first two columns.
    complete = [line for line in ledger(lake) if line[6] in ("complete", "degraded")]

    def is_covered(row: tuple) -> bool:
        return any(line[2] in (row[0], "ALL_SYMBOLS") and micros(line[4]) <= row[1] < micros(line[5]) for line in complete)

    missing = [row for row in case.rows if is_covered(row) and row not in held]
    judge.check(not missing, f"{at}: counted as covered but not stored", missing[:2])
    beyond = [row for row in held if not is_covered(row)]
    judge.check(not beyond, f"{at}: stored but not known as covered", beyond[:2])


def micros(text: str) -> int:
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1_000_000)


def judge_one(judge: Judge, case: Case, library: Path, at: str, byte_count: int, only: str = "") -> bool:
    """One disk that fills up, and the same command once there is space. Whether the disk was felt."""
    lake = judge.new_lake()
    full = lake.run(*case.asked, env={**case.standin.environment, **disk(library, lake, byte_count, only)})
    case_at = f"{case.name}, {at}"
    # The same number of cases whether the disk was felt or not: where it was not, what was refused was not
    # needed, such as a checkpoint.
    done = full.status == 0
    judge.check(full.status in (0, 2), f"{case_at}: exit status {full.status}", full.talk[-800:])
    judge.check(not done or stored(lake, case.table, case.columns) == case.rows, f"{case_at}: done, but not all rows")
    error = full.talk[full.talk.find("error: "):]
    judge.check(done or "error: " in full.talk and "no space left on device" in error.lower(), f"{case_at}: what", full.talk[-800:])
    judge.check(done or "  at: " in error and str(lake.root) in error, f"{case_at}: where", full.talk[-800:])
    judge.check(done or "  try: " in error and "space" in error.partition("  try: ")[2], f"{case_at}: what to try",
                full.talk[-800:])
    judge.check("fatal" not in full.talk.lower(), f"{case_at}: a crash", full.talk[-800:])
    judge.check(not leftovers(lake), f"{case_at}: left behind", leftovers(lake))
    judge_claims(judge, lake, case, case_at)
    committed = covered(lake, case.table) if case.table in lake.tables("raw") else []
    mark = len(case.standin.requests(case.method))
    again = lake.run(*case.asked, env=case.standin.environment)
    judge.check(again.status == 0, f"{case_at}, then space: exit status {again.status}", again.talk[-800:])
    judge.check(stored(lake, case.table, case.columns) == case.rows, f"{case_at}, then space: rows")
    judge.check(ledger(lake) == case.told, f"{case_at}, then space: ledger")
    judge.check(not leftovers(lake), f"{case_at}, then space: left behind", leftovers(lake))
    twice = []
    for request in case.standin.requests(case.method)[mark:]:
        asked = request["parameters"]
        if "start" not in asked:
            twice += [request["path"]] if committed else []
        elif any(low < int(asked["end"]) and int(asked["start"]) < high for low, high in committed):
            twice.append(asked)
    judge.check(not twice, f"{case_at}: what was committed is bought again", twice)
    return full.status != 0


def judge_case(judge: Judge, case: Case, library: Path, moments: int) -> None:
    whole = judge.new_lake()
    tally = judge.folder() / "tally"
    whole.run(*case.asked, env={**case.standin.environment, **disk(library, whole, tally=tally)}).expect(0)
    case.rows, case.told, case.byte_count = stored(whole, case.table, case.columns), ledger(whole), int(tally.read_text())
    judge.check(bool(case.rows), f"{case.name}: nothing was served")
    table = case.table.replace(".", "/", 1)
    for at, only, byte_count in [
        ("a body's first byte", "/body-", 0), ("the middle of a body", "/body-", case.byte_count // 4),
        ("a segment", "part-", 0), ("a later segment", "part-", 5000),
        ("the commit", f"{table}/_delta_log", 0), ("a later commit", f"{table}/_delta_log", 4000),
        ("the journal", "ledger/journal", 0), ("the middle of the journal", "ledger/journal", 200),
        ("the ledger's rows", "ledger_coverage", 0), ("the ledger's commit", "ledger/coverage/_delta_log", 0),
        ("the intent", "intent", 0), ("the board of workers", "workers.json", 0),
    ]:
        judge_one(judge, case, library, at, byte_count, only)
    felt = sum(judge_one(judge, case, library, f"after {case.byte_count * step // moments} bytes",
                         case.byte_count * step // moments) for step in range(moments))
    judge.check(felt >= moments // 2, f"{case.name}: the disk was hardly ever full", felt)


def judge_all(judge: Judge) -> None:
    library = compiled(judge)
    data = judge.folder()
    simulate(judge, data, "2024-01-02", 6, "trades", "AAA,BBB", 7)
    dataset = dataset_of(data)
    table = "raw." + dataset.lower().replace(".", "_") + "_trades"
    columns = ["symbol", "ts_recv", "sequence", "price", "size", "source_ordinal"]
    asked = words(dataset, "trades", "AAA,BBB", "2024-01-02", "2024-01-09")
    # The fourth day is late: the first three are committed before it comes.
    with StandIn(judge, data, "--fault", "stall:path=get_range,at=0,seconds=1.3,times=0,symbol=17044128") as standin:
        judge_case(judge, Case("Databento", asked, table, columns, standin, "get_range"), library, MOMENTS)
    with StandIn(judge, data) as standin:
        judge_case(judge, Case("Databento's batch", [*asked, "--batch", "always"], table, columns, standin, "submit_job"),
                   library, MOMENTS // 3)
    with massive_downloads.StandIn(judge, "--page", "500") as standin:
        judge_case(judge, Case("Massive", massive_downloads.SPY[2], massive_downloads.SPY[0], ["symbol", "ts_event", "open", "close"],
                               standin, "/aggs/"), library, MOMENTS // 3)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
