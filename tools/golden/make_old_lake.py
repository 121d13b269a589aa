#!/usr/bin/env python3
"""Makes Tests/Golden/old-lake.tar.xz: a small lake as lake 0.1.0 (commit c40b41d) writes it, and what that program says of it.

    tools/golden/make_old_lake.py --lake BINARY -o Tests/Golden/old-lake.tar.xz

The archive holds inputs/ (files, and vendor/ for the stand-ins), lake/ (what the commands made of them), commands.json
and expected.json. It is made once: a newer binary would only show that it can read itself.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STANDINS = ROOT / "tools/standin"
KEYS = {"DATABENTO_API_KEY": "db-made-up", "MASSIVE_API_KEY": "made-up"}

# Each with the exit status that it had. {in} stands for the inputs' folder.
COMMANDS: list[tuple[int, list[str]]] = [
    (1, ["ingest", "{in}/bars.csv", "--table", "raw.plain_ohlcv_1m"]),
    (1, ["ingest", "{in}/bars-overlap.csv", "--table", "raw.plain_ohlcv_1m"]),
    (0, ["ingest", "{in}/local.csv", "--table", "raw.flagged_ohlcv_1m", "--symbol", "ESH1", "--interval", "1m",
         "--timezone", "America/New_York", "--map", "first=open", "--map", "note=-"]),
    (0, ["ingest", "{in}/equs-mini-20240102.trades.dbn.zst", "{in}/equs-mini-20240103.trades.dbn.zst"]),
    (0, ["ingest", "{in}/equs-mini-20240102.mbp-1.dbn.zst"]),
    (0, ["ingest", "{in}/equs-mini-20240102.definition.dbn.zst", "{in}/equs-mini-20240103.definition.dbn.zst"]),
    (0, ["ingest", "{in}/equs-mini-20240102.ohlcv-1s.dbn.zst", "{in}/equs-mini-20240103.ohlcv-1s.dbn.zst"]),
    (0, ["ingest", "{in}/trades.csv", "--table", "raw.own_trades", "--schema", "trades", "--symbol", "ABC"]),
    (0, ["ingest", "{in}/pages/bars-1.json", "{in}/pages/bars-2.json", "--interval", "1m"]),
    (0, ["resample", "raw.equs_mini_ohlcv_1s", "--to", "1m"]),
    (0, ["resample", "raw.plain_ohlcv_1m", "--to", "5m"]),
    (0, ["download", "databento", "--dataset", "EQUS.MINI", "--schema", "ohlcv-1m,tbbo", "--symbols", "SPY,QQQ",
         "--start", "2024-01-02", "--end", "2024-01-03"]),
    (0, ["download", "massive", "bars", "--symbols", "SPY", "--start", "2025-03-03", "--end", "2025-03-03"]),
    (0, ["download", "massive", "news", "--symbols", "SPY", "--start", "2025-03-03", "--end", "2025-03-04"]),
]


def bars(day: str, first: int, count: int, step: int = 0) -> list[str]:
    """Minutes of two symbols; `step` changes every fifth close."""
    lines = []
    for number in range(first, first + count):
        for symbol, price in [("AAA", 100_00), ("BBB", 55_00)]:
            low = price + number
            close = low + 3 + (step if number % 5 == 0 else 0)
            lines.append(f"{day}T14:{number:02}:00Z,{symbol},{low / 100:.2f},{(low + 9) / 100:.2f},{low / 100:.2f},"
                         f"{close / 100:.2f},{number * 7 + 1}")
    return lines


def write_inputs(to: Path, lake: Path) -> None:
    head = "ts_event,symbol,open,high,low,close,volume"
    bad = ["2024-01-02T14:59:00Z,AAA,1,2,1,abc,5", "yesterday,AAA,1,2,1,1,5"]
    (to / "bars.csv").write_text("\n".join([head, *bars("2024-01-02", 0, 20), *bad, ""]))
    # Ten minutes again, with two other closes a symbol; ten new ones.
    (to / "bars-overlap.csv").write_text("\n".join([head, *bars("2024-01-02", 10, 20, 1), ""]))
    (to / "bars-next.csv").write_text("\n".join([head, *bars("2024-01-03", 0, 20), ""]))
    local = [f"2024-01-04 10:{minute:02}:00,{4800 + minute}.25,{4801 + minute}.00,{4800 + minute}.00,{4800 + minute}.50,{minute + 1},x"
             for minute in range(30)]
    (to / "local.csv").write_text("\n".join(["ts_event,first,high,low,close,volume,note", *local, ""]))
    trades = [f"2024-01-02T15:{number // 4:02}:00.{number % 4 // 2:03}Z,{200 + number % 3}.5,{number % 2 + 1},{number // 2}"
              for number in range(120)]
    # Genuine duplicates: an exchange repeats itself.
    (to / "trades.csv").write_text("\n".join(["ts_recv,price,size,sequence", *trades, *trades[-2:], ""]))
    pages = to / "pages"
    pages.mkdir()
    for page in [1, 2]:
        results = [{"v": 100 + place, "vw": 10.5, "o": 10 + place, "c": 11 + place, "h": 12 + place, "l": 9 + place,
                    "t": 1704205800000 + 60_000 * (20 * page + place), "n": place + 1} for place in range(20)]
        (pages / f"bars-{page}.json").write_text(json.dumps(
            {"ticker": "XYZ", "queryCount": 20, "resultsCount": 20, "adjusted": False, "status": "OK", "results": results}))

    def simulate(folder: Path, schemas: str, days: int) -> None:
        subprocess.run([lake, "simulate", "--schema", schemas, "--symbols", "SPY,QQQ", "--days", str(days), "--intensity", "0.003",
                        "-o", folder, "-q"], check=True)

    simulate(to, "trades,definition,ohlcv-1s", 3)
    simulate(to, "mbp-1", 1)
    (to / "vendor").mkdir()
    simulate(to / "vendor", "ohlcv-1m,tbbo", 3)


class StandIns:
    """The stand-ins of both vendors, and the environment in which `lake` asks them."""

    def __init__(self, data: Path, log: Path) -> None:
        """`log` takes a line of JSON a request."""
        self.log = log
        self.environment = {name: text for name, text in os.environ.items() if not name.endswith("_API_KEY")} | KEYS
        self.processes = []
        for name, flags, end in [("databento", ["--data", data], "/v0"), ("massive", ["--example"], "")]:
            words = [sys.executable, STANDINS / name, *flags, "--log", log, "--stop-with-stdin"]
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            url = process.stdout.readline().removeprefix("listening on ").strip()
            self.environment[f"LAKE_{name.upper()}_URL"] = url + end
            self.processes.append(process)

    def requests(self) -> list[dict[str, object]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def __enter__(self) -> "StandIns":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.stdin.close()
            process.wait(10)


def tables(lake: Path) -> list[str]:
    found = sorted(log.parent.relative_to(lake).parts for log in lake.glob("*/*/_delta_log"))
    return [".".join(parts) for parts in found]


def make(binary: Path, folder: Path) -> None:
    inputs, lake = folder / "inputs", folder / "lake"
    inputs.mkdir()
    write_inputs(inputs, binary)
    subprocess.run([binary, "init", lake, "-q"], check=True)

    def run(words: list[str], status: int) -> str:
        done = subprocess.run([binary, *words, "--lake", lake], capture_output=True, text=True, cwd=folder,
                              env=standins.environment)
        if done.returncode != status:
            raise SystemExit(f"exit status {done.returncode} of {words}\n{done.stderr}")
        return done.stdout

    expected: dict[str, object] = {}
    with StandIns(inputs / "vendor", folder.parent / "requests.jsonl") as standins:
        for status, words in COMMANDS:
            run([word.replace("{in}", "inputs") for word in words] + ["-q"], status)
        expected["rows"] = {table: run(["query", table], 0) for table in tables(lake) if not table.startswith("ledger.")}
        expected["ledger"] = run(["ledger", "show", "--json"], 0)
        expected["spend"] = run(["spend", "--json"], 0)
        for table, status in [("raw.equs_mini_ohlcv_1m", 0), ("raw.equs_mini_ohlcv_1s", 0), ("raw.massive_stock_bars_1m", 0)]:
            expected[f"gaps {table}"] = run(["gaps", table, "--json"], status)
    (folder / "commands.json").write_text(json.dumps(COMMANDS, indent=1))
    (folder / "expected.json").write_text(json.dumps(expected, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lake", type=Path, required=True, help="the binary of the old program")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "old-lake"
        folder.mkdir()
        make(options.lake.resolve(), folder)
        for leftover in [folder / "lake/staging", folder / "lake/logs"]:
            shutil.rmtree(leftover, ignore_errors=True)
        with tarfile.open(options.output, "w:xz", preset=9) as archive:
            archive.add(folder, "old-lake", filter=anonymous)
    print(f"{options.output}: {options.output.stat().st_size:,} bytes")


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main()
