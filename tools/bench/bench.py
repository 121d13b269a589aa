"""lake beside its peers on the same simulated rows, each run a whole process.

Data are made by `lake simulate`; the peers read a Parquet copy in the form they write and read by habit. Run 0 of a
tool warms the page cache and its output is checked against sums taken from the DBN bytes; then the median of --repeat
runs. lake's queries and resample read its own table, made by the ingest job. Everything stays under --folder.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parent))
import peers  # noqa: E402

HERE = Path(__file__).resolve().parent
DUCKDB_CLI = Path(sys.executable).with_name("duckdb")
START, SYMBOLS, SEED = "2024-01-02", "ESH4,NQH4,CLG4,GCG4", 7
# About 260,000 bars and 1,000,000 quotes a day.
VOLUME = {"ohlcv-1s": ["--intensity", 20], "mbp-1": ["--rows-per-day", 1_000_000]}
SECONDS_MAX = 600
BAR_COLUMNS = ",".join(peers.BAR_COLUMNS)


@dataclasses.dataclass
class Bench:
    lake: Path
    launch: Path
    folder: Path
    repeat: int
    expected: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def table(self, rows: str) -> str:
        kind = peers.KINDS[rows].replace("-", "_")
        return f"raw.glbx_mdp3_{kind}"

    def home(self, rows: str) -> Path:
        return self.data / f"lake-{rows}"

    def run(self, *words: Any) -> None:
        subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)

    # Data ---------------------------------------------------------------------------------------

    def make_data(self, days: int) -> None:
        """Simulates once for each number of days; the peers' copies and lake's tables with it."""
        made = self.data / "made.json"
        if made.exists() and json.loads(made.read_text())["days"] == days:
            self.expected = json.loads(made.read_text())
            return
        print(f"making {days} days of data in {self.data} (once)", flush=True)
        shutil.rmtree(self.data, ignore_errors=True)
        (self.data / "dbn").mkdir(parents=True)
        for kind in VOLUME:
            self.run(self.lake, "simulate", "--quiet", "--start", START, "--days", days, "--schema", kind, *VOLUME[kind],
                     "--symbols", SYMBOLS, "--seed", SEED, "-o", self.data / "dbn")
        for rows in peers.KINDS:
            (self.data / rows).mkdir()
            self.run(sys.executable, HERE / "peers.py", f"prepare-{rows}", "numpy", self.data, self.data / rows, "-", "-")
            self.run(self.lake, "init", "--quiet", self.home(rows))
            self.run(self.lake, "ingest", "--quiet", "--lake", self.home(rows), *peers.files(self.data, rows))
        self.expected = {"days": days, **self.count()}
        made.write_text(json.dumps(self.expected))

    def count(self) -> dict[str, Any]:
        """Rows and sums straight from the records, by the vendor's package and numpy."""
        import databento
        import numpy as np
        bars, quotes = (np.concatenate([databento.DBNStore.from_file(path).to_ndarray() for path in peers.files(self.data, rows)])
                        for rows in peers.KINDS)
        store = databento.DBNStore.from_file(peers.files(self.data, "bars")[0])
        number, symbol = min((int(spans[0]["symbol"]), symbol) for symbol, spans in store.mappings.items())
        day = int(bars["ts_event"][0] // peers.NANOSECONDS_PER_DAY)
        mine = bars["instrument_id"] == number
        today = {rows: times // peers.NANOSECONDS_PER_DAY == day
                 for rows, times in (("bars", bars["ts_event"]), ("quotes", quotes["ts_recv"]))}

        def sums(rows: Any, volume: str, price: str) -> list[float]:
            priced = rows[price] != 2**63 - 1
            return [len(rows), int(rows[volume].astype("i8").sum()), float((rows[price][priced] / 1e9).sum())]

        ticks = quotes[(quotes["instrument_id"] == number) & today["quotes"]]
        buckets = {interval: len(np.unique(np.stack([bars["instrument_id"], bars["ts_event"] // (seconds * 10**9)]), axis=1).T)
                   for interval, seconds in peers.INTERVALS.items()}
        return {"symbol": symbol, "day": str(np.datetime64(day, "D")), "resample": buckets, "csv-tick": sums(ticks, "size", "price"),
                "csv-tiny": sums(bars[mine & today["bars"]], "volume", "close"), "csv-symbol": sums(bars[mine], "volume", "close"),
                "csv-full": sums(bars, "volume", "close"), "ingest-bars": sums(bars, "volume", "close"),
                "ingest-quotes": sums(quotes, "size", "price")}

    # Jobs ---------------------------------------------------------------------------------------

    def peer(self, job: str, tool: str, out: Path) -> list[str]:
        return [sys.executable, str(HERE / "peers.py"), job, tool, str(self.data), str(out), self.expected["symbol"], self.expected["day"]]

    def lake_words(self, job: str, out: Path) -> list[str]:
        rows = "quotes" if job in ("csv-tick", "ingest-quotes") else "bars"
        if job == "startup":
            return [str(self.lake), "--version"]
        if job.startswith("ingest"):
            return [str(self.lake), "ingest", "--quiet", "--lake", str(out), *map(str, peers.files(self.data, rows))]
        if job == "resample":
            return [str(self.lake), "resample", "--quiet", "--lake", str(out), self.table("bars"), "--to", ",".join(peers.INTERVALS)]
        words = [str(self.lake), "query", "--quiet", "--lake", str(self.home(rows)), self.table(rows), "-o", str(out / "out.csv")]
        words += [] if job == "csv-tick" else ["--columns", BAR_COLUMNS]
        words += [] if job == "csv-full" else ["--symbol", self.expected["symbol"]]
        day = self.expected["day"]
        return words + (["--start", day, "--end", day] if job in ("csv-tiny", "csv-tick") else [])

    def duckdb_words(self, job: str, out: Path) -> list[str]:
        if job == "startup":
            return [str(DUCKDB_CLI), "-c", "select 1"]
        if job == "resample":
            return [str(DUCKDB_CLI), "-c", peers.resample_sql(self.data, out)]
        query = peers.csv_query(job, self.data, self.expected["symbol"], self.expected["day"])
        query = query.format(read="read_parquet", more=", hive_partitioning = true")
        return [str(DUCKDB_CLI), "-c", f"copy ({query}) to '{out}/out.csv' (header)"]

    def tools(self, job: str) -> dict[str, Callable[[Path], list[str]]]:
        named = {"lake": lambda out: self.lake_words(job, out)}
        others = ["databento-ndarray", "databento-to_parquet"] if job.startswith("ingest") else []
        if job.startswith("csv") or job in ("resample", "startup"):
            named["duckdb-cli"] = lambda out: self.duckdb_words(job, out)
            others = {"c": ["polars", "chdb"], "r": ["polars", "numpy"]}.get(job[0], [])
        return named | {tool: lambda out, tool=tool: self.peer(job, tool, out) for tool in others}

    def prepare(self, job: str, tool: str, out: Path) -> None:
        shutil.rmtree(out, ignore_errors=True)
        if tool == "lake" and job == "resample":
            shutil.copytree(self.home("bars"), out)
        elif tool == "lake" and job.startswith("ingest"):
            self.run(self.lake, "init", "--quiet", out)
        else:
            out.mkdir(parents=True)

    # Checks -------------------------------------------------------------------------------------

    def sums(self, job: str, out: Path) -> list[float]:
        import duckdb
        volume, price = ("size", "price") if job in ("csv-tick", "ingest-quotes") else ("volume", "close")
        source = f"read_csv('{out}/out.csv', header = true)"
        if job.startswith("ingest"):
            parquet = "raw/*/date=*/*.parquet" if (out / "raw").exists() else "**/*.parquet"
            source = f"read_parquet('{out}/{parquet}', hive_partitioning = false)"
        return list(duckdb.sql(f"select count(*), sum({volume}), sum({price}) from {source}").fetchall()[0])

    def problem(self, job: str, out: Path) -> str:
        """What is wrong with an output; empty if nothing is."""
        import duckdb
        if job == "startup":
            return ""
        if job != "resample":
            found = self.sums(job, out)
            near = all(abs(float(a) - b) <= 1e-9 * abs(b) + 1e-6 for a, b in zip(found, self.expected[job]))
            return "" if near else f"{found}, expected {self.expected[job]}"
        for interval, rows in self.expected["resample"].items():
            parquet = f"{out}/bars/*_{interval}" if (out / "bars").exists() else f"{out}/{interval}"
            source = f"read_parquet('{parquet}/date=*/*.parquet', hive_partitioning = false)"
            found = duckdb.sql(f"select count(*), sum(volume) from {source}").fetchall()[0]
            if list(map(int, found)) != [rows, self.expected["csv-full"][1]]:
                return f"{interval}: {found}, expected {rows} rows"
        return ""

    # Measuring ----------------------------------------------------------------------------------

    def measure(self, words: list[str]) -> dict[str, float]:
        result = self.folder / "result.json"
        log = self.folder / "last.log"
        with log.open("wb") as told:
            subprocess.run([self.launch, str(SECONDS_MAX), result, *words], check=True, stdout=told, stderr=told)
        measured = json.loads(result.read_text())
        if measured["status"]:
            raise RuntimeError(f"exit status {measured['status']}: {log.read_text(errors='replace')[-400:]}")
        return measured

    def time(self, job: str, tool: str) -> dict[str, Any]:
        out, words = self.folder / "out", self.tools(job)[tool]
        runs = []
        for turn in range(self.repeat + 1):
            self.prepare(job, tool, out)
            measured = self.measure(words(out))
            if turn:
                runs.append(measured)
            elif problem := self.problem(job, out):
                raise RuntimeError(problem)
        shutil.rmtree(out)
        middle = {name: statistics.median(run[name] for run in runs) for name in ("wall", "cpu", "memory")}
        return {"job": job, "tool": tool, **middle, "least": min(run["wall"] for run in runs), "most": max(run["wall"] for run in runs)}


JOBS = ["startup", "ingest-bars", "ingest-quotes", "csv-tiny", "csv-symbol", "csv-tick", "csv-full", "resample"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench/run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lake", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--launch", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--days", type=int, default=5, help="trading days of data (default 5)")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs of each tool (default 5)")
    parser.add_argument("--jobs", default=",".join(JOBS), help=f"of {','.join(JOBS)}")
    parser.add_argument("--folder", type=Path, default=Path(".build/bench"), help="where data and results go")
    options = parser.parse_args()
    bench = Bench(options.lake.resolve(), options.launch.resolve(), options.folder.resolve(), options.repeat)
    bench.make_data(options.days)
    wrong, results = 0, bench.folder / "results.jsonl"
    print(f"{'job':<14}{'tool':<22}{'seconds':>9}{'(least–most)':>18}{'CPU s':>8}{'MB':>7}{'× lake':>8}")
    for job in options.jobs.split(","):
        base = 0.0
        for tool in bench.tools(job):
            try:
                row = bench.time(job, tool)
            except RuntimeError as error:
                wrong += 1
                print(f"{job:<14}{tool:<22} FAILED: {error}", flush=True)
                continue
            base = row["wall"] if tool == "lake" else base
            spread, ratio = f"({row['least']:.3f}–{row['most']:.3f})", f"{row['wall'] / base:.1f}" if base else "-"
            print(f"{job:<14}{tool:<22}{row['wall']:>9.3f}{spread:>18}{row['cpu']:>8.2f}{row['memory'] / 1e6:>7.0f}{ratio:>8}", flush=True)
            with results.open("a") as lines:
                lines.write(json.dumps(row | {"days": options.days}) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
