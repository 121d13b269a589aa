#!/usr/bin/env python3
"""What a download notes beside the rows: what the plan does not include, what failed; and asking again just for that."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from downloads import SEED, StandIn, dataset_of, ledger, quick_retries, simulate, stored, words  # noqa: E402
from judging import Judge, Lake  # noqa: E402

COLUMNS = ["symbol", "ts_recv", "sequence", "price", "size"]


class Order:
    """Trades of two symbols on three days, and the rows that an undisturbed download of them leaves."""

    def __init__(self, judge: Judge) -> None:
        self.data = judge.folder()
        simulate(judge, self.data, "2024-01-02", 3, "trades", "AAA,BBB", SEED)
        dataset = dataset_of(self.data)
        self.table = "raw." + dataset.lower().replace(".", "_") + "_trades"
        self.asked = words(dataset, "trades", "AAA,BBB", "2024-01-02", "2024-01-04")
        whole = judge.new_lake()
        with StandIn(judge, self.data) as standin:
            whole.run(*self.asked, env=standin.environment).expect(0)
        self.rows = self.stored(whole)

    def stored(self, lake: Lake) -> list[tuple]:
        return stored(lake, self.table, COLUMNS) if self.table in lake.tables("raw") else []


def judge_entitled(judge: Judge, order: Order) -> None:
    """What the plan does not include is told and noted, and the rest comes; it is asked for again only when that is wanted."""
    second = range(1_704_240_000_000_000, 1_704_326_400_000_000)
    for fault, is_given in [
        ("unentitled:from=2024-01-03,to=2024-01-04", lambda row: row[1] not in second),
        ("unentitled:symbol=BBB", lambda row: row[0] == "AAA"),
    ]:
        lake = judge.new_lake()
        with StandIn(judge, order.data, "--fault", fault) as standin:
            told = lake.run(*order.asked, "--json", env=standin.environment)
            judge.check(told.status == 1, f"{fault}: exit status {told.status}", told.talk[-600:])
            judge.check(order.stored(lake) == [row for row in order.rows if is_given(row)], f"{fault}: rows")
            summary = json.loads(told.output.splitlines()[-1])
            estimate = next(json.loads(line) for line in told.output.splitlines() if '"estimate"' in line)
            judge.check(summary["not_entitled"] > 0 and summary["failed"] == 0, f"{fault}: counts", summary)
            judge.check(estimate["usd"] == summary["usd"] != "0", f"{fault}: the price", (estimate, summary))
            states = {line[6] for line in ledger(lake)}
            judge.check(states == {"complete", "not_entitled"}, f"{fault}: states", states)
            count = len(standin.requests("get_range"))
            again = lake.run(*order.asked, env=standin.environment)
            judge.check(again.status == 0 and len(standin.requests("get_range")) == count, f"{fault}: asked for again", again.talk)
        with StandIn(judge, order.data) as standin:
            lake.run(*order.asked, "--recheck", "empty,not_entitled", env=standin.environment).expect(0)
            judge.check(order.stored(lake) == order.rows, f"{fault}, then with another plan: rows")
            judge.check({line[6] for line in ledger(lake)} == {"complete"}, f"{fault}, then with another plan: states")


def judge_failed(judge: Judge, order: Order) -> None:
    """A day that failed does not stop the others; --retry-failed fetches just that day, and --retry-failed again nothing."""
    lake = quick_retries(judge.new_lake())
    third = "start=17043264"
    with StandIn(judge, order.data, "--fault", f"500:path=get_range,symbol={third},times=0") as standin:
        told = lake.run(*order.asked, env=standin.environment)
        judge.check(told.status == 1 and "error: " in told.talk, "a day fails: exit status", told.talk[-600:])
        judge.check("HTTPError(" not in told.talk and told.talk.count("error: ") == 1, "a day fails: told once, in words", told.talk)
        judge.check(order.stored(lake) == [row for row in order.rows if row[1] < 1_704_326_400_000_000], "a day fails: the others' rows")
        holes = lake.run("gaps", order.table, "--start", "2024-01-02", "--end", "2024-01-04")
        judge.check(holes.status == 1 and "failed" in holes.output, "a day fails: gaps", holes.output)
    with StandIn(judge, order.data) as standin:
        lake.run(*order.asked, "--retry-failed", env=standin.environment).expect(0)
        starts = {"start=" + request["parameters"]["start"][:8] for request in standin.requests("get_range")}
        judge.check(starts == {third}, "--retry-failed: more than what failed is asked for", starts)
        judge.check(order.stored(lake) == order.rows, "--retry-failed: rows")
        count = len(standin.requests("get_range"))
        lake.run(*order.asked, "--retry-failed", env=standin.environment).expect(0)
        judge.check(len(standin.requests("get_range")) == count, "--retry-failed with nothing failed: something is asked for")


def judge_workers(judge: Judge, order: Order) -> None:
    """From another terminal: who works, and stopping; the same command later goes on."""
    lake = judge.new_lake()
    slow = "drip:path=get_range,bytes=20000,every=0.05,at=100000000,times=0"
    with StandIn(judge, order.data, "--fault", slow) as standin:
        running = subprocess.Popen(lake.words(*order.asked, "--jobs", "1", "-q"), env=standin.environment)
        workers: list[dict] = []
        for _ in range(200):
            lines = [json.loads(line) for line in lake.run("workers", "list", "--json").output.splitlines()]
            workers = [line for line in lines if line["type"] == "worker" and line.get("unit") and line["bytes"] > 0]
            if workers or running.poll() is not None:
                break
            time.sleep(0.05)
        judge.check(len(workers) == 1 and workers[0]["symbols"] == ["AAA", "BBB"] and workers[0]["state"] == "fetching",
                    "workers list", workers)
        stopped = lake.run("workers", "stop", workers[0]["id"] if workers else "none")
        judge.check(stopped.status == 0, "workers stop", stopped.talk)
        judge.check(running.wait(120) == 1, "a stopped download: exit status", running.returncode)
        judge.check(0 < len(order.stored(lake)) < len(order.rows), "a stopped download: the unit it was at is stored, and no more",
                    len(order.stored(lake)))
        judge.check(lake.run("workers", "list").output.strip() == "", "workers list when none is at work")
        judge.check(lake.run("workers", "stop", "1.1").status == 64, "workers stop of one that is not there")
    with StandIn(judge, order.data) as standin:
        lake.run(*order.asked, env=standin.environment).expect(0)
        judge.check(order.stored(lake) == order.rows, "stopped and run again: rows")


def judge_interrupted(judge: Judge, order: Order) -> None:
    """Ctrl-C in the middle of a body: exit status 130, nothing half-stored, and the same command goes on."""
    lake = judge.new_lake()
    with StandIn(judge, order.data, "--fault", "stall:path=get_range,at=5000,seconds=60,skip=1") as standin:
        running = subprocess.Popen(lake.words(*order.asked, "--jobs", "1", "-q"), env=standin.environment)
        for _ in range(400):
            if len(lake.tables("raw")) or running.poll() is not None:
                break
            time.sleep(0.05)
        os.kill(running.pid, signal.SIGINT)
        judge.check(running.wait(30) == 130, "Ctrl-C: exit status", running.returncode)
        kept = order.stored(lake)
        judge.check(set(kept) < set(order.rows) and "failed" not in {line[6] for line in ledger(lake)}, "Ctrl-C: what is there", len(kept))
    with StandIn(judge, order.data) as standin:
        lake.run(*order.asked, env=standin.environment).expect(0)
        judge.check(len(standin.requests("get_range")) == 2 and order.stored(lake) == order.rows, "Ctrl-C, then again",
                    len(standin.requests("get_range")))


def judge_jobs(judge: Judge, order: Order) -> None:
    """Downloads that lake.yaml names: all of them, though one has no key, and one by its name."""
    lake = judge.new_lake()
    dataset, schema, symbols = order.asked[3], order.asked[5], order.asked[7]
    with (lake.root / "lake.yaml").open("a") as config:
        config.write("\ndownloads:\n  - name: keyless\n    vendor: massive\n    kind: bars\n    symbols: [SPY]\n    start: 2024-01-02\n"
                     f"  - name: nightly\n    vendor: databento\n    dataset: {dataset}\n    schemas: [{schema}]\n"
                     f"    symbols: [{symbols}]\n    start: 2024-01-02\n    end: 2024-01-04\n")
    with StandIn(judge, order.data) as standin:
        told = lake.run("download", "--all", env=standin.environment)
        judge.check(told.status == 2 and "MASSIVE_API_KEY" in told.talk, "--all, one without a key: exit status", told.talk[-600:])
        judge.check("download keyless" in told.talk and "download nightly" in told.talk, "--all: which one it is at", told.talk[-600:])
        judge.check(order.stored(lake) == order.rows, "--all: the other one's rows")
        count = len(standin.requests("get_range"))
        lake.run("download", "nightly", env=standin.environment).expect(0)
        judge.check(len(standin.requests("get_range")) == count, "a download by its name: bought twice")


def judge_rate_limit(judge: Judge, order: Order) -> None:
    """Where processes cannot share the bucket, that is told once. Needs a mount namespace of its own to try it."""
    lake = judge.new_lake()
    shared = Path(f"/tmp/lake-{os.geteuid()}")
    shared.mkdir(mode=0o700, exist_ok=True)
    script = f'mount -t tmpfs -o mode=0777 tmpfs {shared} && exec "$@"'
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", "true"], capture_output=True).returncode:
        print("SKIPPED: a rate limit that cannot be shared: this machine gives no mount namespace")
        return
    with StandIn(judge, order.data) as standin:
        kept = {name: value for name, value in standin.environment.items() if name != "XDG_RUNTIME_DIR"}
        command = ["unshare", "-m", "sh", "-c", script, "sh", *lake.words(*order.asked, "--rate-limit", "1000/s")]
        done = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=120)
        judge.check(done.returncode == 0 and done.stderr.count("this process alone") == 1, "no shared rate limit: told once", done.stderr)
        judge.check("XDG_RUNTIME_DIR" in done.stderr, "no shared rate limit: what to set", done.stderr)
        told = lake.run(*order.asked, "--rate-limit", "1000/s", env=kept)
        judge.check("this process alone" not in told.talk, "a shared rate limit: a warning", told.talk)


def judge_all(judge: Judge) -> None:
    order = Order(judge)
    judge_entitled(judge, order)
    judge_failed(judge, order)
    judge_workers(judge, order)
    judge_interrupted(judge, order)
    judge_jobs(judge, order)
    judge_rate_limit(judge, order)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
