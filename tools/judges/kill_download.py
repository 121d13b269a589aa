#!/usr/bin/env python3
"""kill -9 before the system calls of a download of two schemas: what it costs is known to the last digit.

A download is killed right before its n-th call that concerns a file or the network, of all its threads together (see
kill_at.c), and run again to its end. What `lake spend` then tells, what a ledger tells that was thrown away and rebuilt
from the tables' commits, and what the vendor's stand-in was asked for agree: what is stored was paid for once, and what
the killed download was answered besides is told as perhaps billed. Nothing is bought a third time, and no event stands in
the ledger twice. 24 calls, evenly spread; --long: every call, in 200 stretches that are a case each.

Needs no shared data.
"""
from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections import Counter
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pyarrow.parquet as pq  # noqa: E402
from downloads import KEY, SEED, StandIn, dataset_of, stored, words  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from rowhash import live_files  # noqa: E402

MOMENTS, STRETCHES = 24, 200
COLUMNS = {"trades": ["symbol", "ts_recv", "sequence", "price", "size"], "ohlcv_1s": ["symbol", "ts_event", "close", "volume"]}
# What every kill is judged by.
CLAIMS = ["the lake is sound after the kill", "run again, it completes", "rows", "what is stored was paid for once",
          "what was asked for was billed or perhaps billed", "the rebuilt ledger tells the same",
          "nothing is bought again", "no event twice"]


def compiled(judge: Judge) -> Path:
    compiler = shutil.which("clang") or shutil.which("cc")
    if swift := shutil.which("swiftc"):
        beside = Path(swift).resolve().parent / "clang"
        compiler = str(beside) if beside.exists() else compiler
    made = judge.folder() / "kill_at"
    subprocess.run([compiler, "-O1", "-o", made, Path(__file__).resolve().with_name("kill_at.c")], check=True, timeout=120)
    return made


class Vendor:
    """The stand-in, and what it charges."""

    def __init__(self, standin: StandIn) -> None:
        self.standin, self.prices, self.seen = standin, {}, 0

    def price(self, asked: dict[str, str]) -> Decimal:
        """What a request costs, as the vendor says itself; a broken nano-dollar counts as a whole one."""
        key = json.dumps(asked, sort_keys=True)
        if key not in self.prices:
            names = ["dataset", "schema", "symbols", "stype_in", "start", "end"]
            query = urllib.parse.urlencode({name: asked[name] for name in names if name in asked})
            request = urllib.request.Request(
                self.standin.environment["LAKE_DATABENTO_URL"] + "/metadata.get_cost?" + query,
                headers={"Authorization": "Basic " + self.token()})
            digits = urllib.request.urlopen(request, timeout=30).read().decode()
            self.prices[key] = Decimal(digits).quantize(Decimal("1e-9"), rounding=ROUND_CEILING)
        return self.prices[key]

    @staticmethod
    def token() -> str:
        return base64.b64encode((KEY + ":").encode()).decode()

    def billed(self) -> "Counter[Decimal]":
        """Prices of the requests since this was asked last."""
        requests = self.standin.requests("get_range")
        new, self.seen = requests[self.seen:], len(requests)
        return Counter(self.price(request["parameters"]) for request in new)


def spend(lake: Lake) -> tuple[Decimal, Decimal]:
    """What is confirmed, and what is perhaps billed."""
    told = json.loads(lake.run("spend", "--json").expect(0).output.splitlines()[-1])
    return Decimal(told["usd"]), Decimal(told.get("usd_unconfirmed", "0"))


def events(lake: Lake) -> "Counter[tuple]":
    rows: Counter[tuple] = Counter()
    for add in live_files(lake.path("ledger.coverage")):
        read = pq.ParquetFile(lake.path("ledger.coverage") / add["path"]).read()
        rows.update(zip(*(read[name].to_pylist() for name in sorted(read.column_names))))
    return rows


class Sweep:
    def __init__(self, judge: Judge, standin: StandIn, asked: list[str], dataset: str) -> None:
        self.judge, self.vendor, self.asked = judge, Vendor(standin), asked
        self.environment = standin.environment
        self.tables = {f"raw.{dataset}_{name}": columns for name, columns in COLUMNS.items()}
        self.killer, self.base = compiled(judge), judge.new_lake()
        self.tally = judge.folder() / "tally"
        whole = self.copy()
        self.kill(whole, 0)
        self.rows, self.price = self.stored(whole), sum(self.vendor.billed().elements())
        self.count = int(self.tally.read_text().split()[0])

    def copy(self) -> Lake:
        shutil.rmtree(self.judge.scratch / "killed", ignore_errors=True)
        return self.base.copy(self.judge.scratch / "killed")

    def kill(self, lake: Lake, call: int) -> int:
        """Downloads, and is killed before a call; the exit status."""
        done = subprocess.run([self.killer, str(call), self.tally, *lake.words(*self.asked)], capture_output=True, timeout=300,
                              env={**self.environment, "KILL_AT_ROOT": str(lake.root)})
        return done.returncode

    def stored(self, lake: Lake) -> dict[str, Any]:
        return {table: stored(lake, table, columns) for table, columns in self.tables.items() if table in lake.tables("raw")}

    def findings(self, call: int) -> dict[str, str]:
        """What does not hold after a kill, by claim."""
        lake, found = self.copy(), {}

        def claim(number: int, holds: bool, told: Any) -> None:
            if not holds:
                found[CLAIMS[number]] = f"call {call}, {name}: {told}"

        self.kill(lake, call)
        name = self.tally.read_text().split()[1]
        partial = self.stored(lake)
        claim(0, all(set(rows) <= set(self.rows[table]) for table, rows in partial.items())
              and lake.run("spend").status == 0, "rows that were never served, or a ledger that cannot be read")
        again = lake.run(*self.asked, env=self.environment)
        claim(1, again.status == 0, (again.status, again.talk[-300:]))
        claim(2, self.stored(lake) == self.rows, "other rows")
        billed = sum(self.vendor.billed().elements())
        confirmed, perhaps = spend(lake)
        claim(3, confirmed == self.price, (confirmed, self.price))
        # A request that was written down and not sent before the kill is the only one that is told too much.
        claim(4, confirmed <= billed <= confirmed + perhaps, (confirmed, perhaps, billed))
        self.exact += billed == confirmed + perhaps
        claim(6, self.bought_nothing(lake), "bought again")
        claim(7, max(events(lake).values()) == 1, [row for row, count in events(lake).items() if count > 1][:1])
        shutil.rmtree(lake.root / "ledger")
        lake.run("ledger", "rebuild").expect(0)
        claim(5, spend(lake) == (confirmed, perhaps), (spend(lake), confirmed, perhaps))
        return found

    exact = 0

    def bought_nothing(self, lake: Lake) -> bool:
        lake.run(*self.asked, env=self.environment)
        return not self.vendor.billed()

    def run(self, parts: int, is_whole: bool) -> None:
        self.judge.check(self.price > 0 and all(self.rows.values()) and len(self.rows) == 2, "the undisturbed download", self.rows.keys())
        kills = 0
        for part in range(parts):
            first, end = (1 + self.count * part // parts, 1 + self.count * (part + 1) // parts)
            calls = range(first, end) if is_whole else [first]
            found: dict[str, str] = {}
            for call in calls:
                kills += 1
                found = {**self.findings(call), **found}
            for claim in CLAIMS:
                self.judge.check(claim not in found, f"stretch {part + 1} of {parts}, {claim}", found.get(claim, ""))
        print(f"{kills} kills of {self.count} calls; in {self.exact} what was billed and what is told agree without a rest")


def judge_all(judge: Judge) -> None:
    data = judge.folder()
    subprocess.run([judge.binary, "simulate", "--start", "2024-01-02", "--days", "2", "--schema", "trades,ohlcv-1s", "--symbols",
                    "AAA,BBB", "--seed", str(SEED), "--intensity", "0.02", "-o", data, "-q"], check=True, timeout=300)
    name = dataset_of(data)
    asked = words(name, "trades,ohlcv-1s", "AAA,BBB", "2024-01-02", "2024-01-03", "--jobs", "2", "-q")
    with StandIn(judge, data) as standin:
        sweep = Sweep(judge, standin, asked, name.lower().replace(".", "_"))
        sweep.run(STRETCHES if judge.options.long else MOMENTS, judge.options.long)


if __name__ == "__main__":
    sys.exit(Judge(__doc__, ("--long", "every call")).run(judge_all))
