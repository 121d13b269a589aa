#!/usr/bin/env python3
"""Downloads of Databento against its stand-in: the rows that arrive, once, under every fault and any kill -9.

The stand-in is itself judged by the vendor's own client (standin_databento.py). What the lake then holds is compared
with what the vendor's package reads from the very files that were served.
"""
from __future__ import annotations

import fcntl
import json
import os
import pty
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Lake  # noqa: E402
from rowhash import live_files  # noqa: E402

KEY = "db-judge-0123456789abcdef"
STANDIN = Path(__file__).resolve().parent.parent / "standin/databento"
SEED = 20240102
KILLS = 20
Row = tuple[Any, ...]


class StandIn:
    """The server, and the environment in which `lake` asks it."""

    def __init__(self, judge: Judge, data: Path, *flags: str) -> None:
        self.log = judge.folder() / "requests.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, STANDIN, "--data", data, "--key", KEY, "--log", self.log, "--stop-with-stdin", *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        url = self.process.stdout.readline().removeprefix("listening on ").strip()
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.endswith("_API_KEY")},
            "DATABENTO_API_KEY": KEY, "LAKE_DATABENTO_URL": url + "/v0"}

    def requests(self, method: str) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines]
        return [request for request in found if request["path"].endswith(method)]

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()


def words(dataset: str, schema: str, symbols: str, start: str, end: str, *more: str) -> list[str]:
    return ["download", "databento", "--dataset", dataset, "--schema", schema, "--symbols", symbols, "--start", start,
            "--end", end, *more]


def quick_retries(lake: Lake) -> Lake:
    """A lake that does not wait long between attempts."""
    with (lake.root / "lake.yaml").open("a") as config:
        config.write("\nretry:\n  initial_wait: 0.05\n  max_wait: 0.2\n  max_attempts: 4\ntimeouts:\n  stall: 1\n")
    return lake


def stored(lake: Lake, table: str, columns: list[str]) -> list[Row]:
    """A table's rows, sorted; times as microseconds."""
    rows: list[Row] = []
    for add in live_files(lake.path(table)):
        read = pq.ParquetFile(lake.path(table) / add["path"]).read(columns)
        plain = [read.column(name) for name in columns]
        plain = [column.cast("int64") if pa.types.is_timestamp(column.type) else column for column in plain]
        rows += zip(*(column.to_pylist() for column in plain))
    return sorted(rows, key=repr)


BARS = ["symbol", "ts_event", "publisher_id", "instrument_id", "open", "high", "low", "close", "volume"]


def served(files: list[Path], symbols: str = "") -> list[Row]:
    """The bars of DBN files, as the vendor's package reads them, in the columns `BARS`; of some symbols only, or all."""
    import databento

    rows: list[Row] = []
    for path in files:
        store = databento.DBNStore.from_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = store.to_df(price_type="fixed", map_symbols=True, pretty_ts=False).reset_index()
        for bar in frame.itertuples():
            if symbols and bar.symbol not in symbols.split(","):
                continue
            price = [Decimal(int(value)).scaleb(-9) for value in (bar.open, bar.high, bar.low, bar.close)]
            rows.append((bar.symbol, int(bar.ts_event) // 1000, bar.publisher_id, bar.instrument_id, *price,
                         int(bar.volume)))
    return sorted(rows, key=repr)


def ledger(lake: Lake) -> list[tuple[str, ...]]:
    """What the ledger says of each interval, but for when and by which run it was recorded."""
    told = lake.run("ledger", "show", "--json").expect(0).output
    lines = [json.loads(line) for line in told.splitlines()]
    names = ["dataset", "schema", "symbol", "symbol_type", "start", "end", "state"]
    return sorted(tuple(line[name] for name in names) for line in lines if line["type"] == "interval")


def judge_rows(judge: Judge) -> None:
    """Each dataset arrives equal to its source, and the second time nothing is asked for."""
    data = judge.data / "derived/dbn"
    for dataset, schema, symbols, start, end, pattern in [
        ("EQUS.MINI", "ohlcv-1s", "SPY", "2013-10-07", "2013-10-09", "equs-mini-*.ohlcv-1s.dbn*"),
        ("EQUS.MINI", "ohlcv-1m", "SPY", "2013-10-07", "2013-10-09", "equs-mini-*.ohlcv-1m.dbn*"),
        ("GLBX.MDP3", "ohlcv-1m", "ESZ3", "2013-10-06", "2013-10-09", "glbx-mdp3-*.ohlcv-1m.dbn*"),
        ("OPRA.PILLAR", "ohlcv-1m", "ALL_SYMBOLS", "2014-06-06", "2014-06-06", "opra-pillar-*.ohlcv-1m.dbn*"),
    ]:
        with StandIn(judge, data) as standin:
            lake = judge.new_lake()
            told = lake.run(*words(dataset, schema, symbols, start, end), env=standin.environment)
            case, wanted = f"{dataset} {schema}", "" if symbols == "ALL_SYMBOLS" else symbols
            judge.check(told.status == 0, f"{case}: exit status", told.talk)
            table = "raw." + (dataset + "_" + schema).lower().replace(".", "_").replace("-", "_")
            judge.check(stored(lake, table, BARS) == served(sorted(data.glob(pattern)), wanted), f"{case}: rows")
            bought = len(standin.requests("get_range"))
            again = lake.run(*words(dataset, schema, symbols, start, end), env=standin.environment)
            judge.check(again.status == 0 and len(standin.requests("get_range")) == bought, f"{case}: bought twice")
            judge.check(KEY not in told.output + told.talk + again.talk, f"{case}: the key is printed")


def judge_names(judge: Judge) -> None:
    """The same bars bought as ES.c.0, by id and as ESZ3 are there once; a forced download changes nothing."""
    data = judge.data / "derived/dbn"
    files = sorted(data.glob("glbx-mdp3-*.ohlcv-1m.dbn*"))
    front, expected = served(files, "ESZ3"), served(files)
    with StandIn(judge, data) as standin:
        lake = judge.new_lake()
        for symbols, stype, rows in [("ES.c.0", "continuous", front), ("ESZ3", "raw_symbol", front),
                                     (str(front[0][3]), "instrument_id", front), ("ES.FUT", "parent", expected)]:
            lake.run(*words("GLBX.MDP3", "ohlcv-1m", symbols, "2013-10-06", "2013-10-09", "--stype-in", stype),
                     env=standin.environment).expect(0)
            judge.check(stored(lake, "raw.glbx_mdp3_ohlcv_1m", BARS) == rows, f"bought as {stype} too: rows")
        version = len(list((lake.path("raw.glbx_mdp3_ohlcv_1m") / "_delta_log").glob("*.json")))
        told = lake.run(*words("GLBX.MDP3", "ohlcv-1m", "ESZ3", "2013-10-07", "2013-10-08", "--force", "--json"),
                        env=standin.environment).expect(0)
        summary = json.loads(told.output.splitlines()[-1])
        judge.check(summary["rows_added"] == summary["rows_changed"] == summary["rows_gone"] == 0
                    and summary["rows_same"] > 0, "forced, nothing changed: counts", summary)
        judge.check(len(list((lake.path("raw.glbx_mdp3_ohlcv_1m") / "_delta_log").glob("*.json"))) == version,
                    "forced, nothing changed: a commit was made")
        judge.check(stored(lake, "raw.glbx_mdp3_ohlcv_1m", BARS) == expected, "forced: rows")


def judge_force(judge: Judge) -> None:
    """A forced download takes over what the vendor changed, in its interval and of its symbols only."""
    judge_data = judge.folder()
    simulate(judge, judge_data, "2024-01-02", 4, "ohlcv-1m", "AAA,BBB", SEED)
    other = judge.folder()
    simulate(judge, other, "2024-01-02", 4, "ohlcv-1m", "AAA,BBB", SEED + 1)
    lake = judge.new_lake()
    dataset = dataset_of(judge_data)
    table = "raw." + dataset.lower().replace(".", "_") + "_ohlcv_1m"
    with StandIn(judge, judge_data) as standin:
        lake.run(*words(dataset, "ohlcv-1m", "AAA,BBB", "2024-01-02", "2024-01-05"), env=standin.environment).expect(0)
    before = stored(lake, table, BARS)
    with StandIn(judge, other) as standin:
        told = lake.run(*words(dataset, "ohlcv-1m", "AAA", "2024-01-03", "2024-01-03", "--force", "--json"),
                        env=standin.environment).expect(0)
    summary = json.loads(told.output.splitlines()[-1])
    after = stored(lake, table, BARS)

    def inside(row: Row) -> bool:
        return row[0] == "AAA" and row[1] // 86_400_000_000 == 19_725  # 2024-01-03

    expected = [row for row in served(sorted(other.rglob("*.dbn*"))) if inside(row)]
    judge.check([row for row in after if not inside(row)] == [row for row in before if not inside(row)],
                "forced: rows outside its interval and symbols changed")
    judge.check([row for row in after if inside(row)] == expected, "forced: rows inside are not the vendor's")
    old = {row[:3]: row for row in before if inside(row)}
    new = {row[:3]: row for row in expected}
    counts = (len(new.keys() - old.keys()), sum(old.get(key) == row for key, row in new.items()),
              sum(key in old and old[key] != row for key, row in new.items()), len(old.keys() - new.keys()))
    told_counts = tuple(summary[name] for name in ("rows_added", "rows_same", "rows_changed", "rows_gone"))
    judge.check(told_counts == counts, "forced: counts", (told_counts, counts))


def judge_faults(judge: Judge) -> None:
    """Under each fault, then again without: exactly the rows, once; a single fault is got over in one go."""
    data = judge.data / "derived/dbn"
    expected = served(sorted(data.glob("equs-mini-*.ohlcv-1s.dbn*")), "SPY")
    asked = words("EQUS.MINI", "ohlcv-1s", "SPY", "2013-10-07", "2013-10-09")
    for fault, statuses in [
        ("429:path=get_range,after=1", (0,)), ("429:path=get_range,after=1,date=1", (0,)),
        ("500:path=get_range,times=2", (0,)), ("503:path=get_cost", (0,)), ("500:path=get_range,times=0", (1, 2)),
        ("cut:path=get_range,at=100000", (0,)), ("cut:path=get_range,at=0,times=2", (0,)),
        ("stall:path=get_range,at=5000", (0,)), ("truncate:path=get_range,at=70000", (0, 1)),
        ("drip:path=get_range,bytes=40000,every=0.02,at=400000", (0,)), ("html:path=get_range", (1, 2)),
        ("html:path=get_cost", (2,)), ("redirect:path=get_range,to=http://127.0.0.2:9/", (1, 2)),
        ("401:path=get_range", (2,)), ("403:path=get_range", (1,)),
    ]:
        with StandIn(judge, data, "--fault", fault) as standin:
            lake = quick_retries(judge.new_lake())
            first = lake.run(*asked, env=standin.environment)
            judge.check(first.status in statuses, f"{fault}: exit status {first.status}", first.talk[-600:])
            if first.status == 0:
                judge.check(stored(lake, "raw.equs_mini_ohlcv_1s", BARS) == expected, f"{fault}: rows")
            else:
                judge.check("error:" in first.talk or "not entitled" in first.talk, f"{fault}: no error is told")
                judge.check(not lake.tables("raw") or stored(lake, "raw.equs_mini_ohlcv_1s", BARS) in ([], expected),
                            f"{fault}: something half is there")
            judge.check(KEY not in first.output + first.talk, f"{fault}: the key is printed")
        with StandIn(judge, data) as standin:
            lake.run(*asked, "--recheck", "not_entitled", env=standin.environment).expect(0)
            judge.check(stored(lake, "raw.equs_mini_ohlcv_1s", BARS) == expected, f"{fault}, then again: rows")


def judge_batch(judge: Judge) -> None:
    """Files that the vendor prepares: equal rows, half a file gone on with, a wrong hash never stored."""
    data = judge.data / "derived/dbn"
    expected = served(sorted(data.glob("equs-mini-*.ohlcv-1s.dbn*")), "SPY")
    asked = words("EQUS.MINI", "ohlcv-1s", "SPY", "2013-10-07", "2013-10-09", "--batch", "always")
    for fault, status in [("", 0), ("cut:path=/batch/download,at=50000", 0), ("hash:path=list_files", 0),
                          ("hash:path=list_files,times=0", 1)]:
        with StandIn(judge, data, *(["--fault", fault] if fault else [])) as standin:
            lake = quick_retries(judge.new_lake())
            first = lake.run(*asked, env=standin.environment)
            rows = stored(lake, "raw.equs_mini_ohlcv_1s", BARS) if lake.tables("raw") else []
            case = f"batch {fault}"
            # A hash that is wrong for good stores nothing; wrong once, the file is asked for again or fails.
            judge.check(first.status == status or fault.startswith("hash"), f"{case}: exit status", first.talk[-600:])
            judge.check(rows == expected if first.status == 0 else len(rows) < len(expected), f"{case}: rows")
            judge.check("batch" in first.talk, f"{case}: it is not told that files are prepared")
            if not fault:
                lake.run(*asked, "--force", env=standin.environment).expect(0)
                judge.check(len(standin.requests("submit_job")) == 2, "forced: an older job's files are taken for new")
            if fault == "hash:path=list_files,times=0":
                # As after a kill right behind the order: the vendor itself knows the job.
                shutil.rmtree(lake.root / "staging/batch")
                told = lake.run(*asked, env=standin.environment)
                judge.check(len(standin.requests("submit_job")) == 1, f"{case}: files are ordered, and paid, twice")
                judge.check("has not the sha256" in told.talk, f"{case}: another error than the hash", told.talk[-600:])
        with StandIn(judge, data) as standin:
            lake.run(*asked, env=standin.environment).expect(0)
            judge.check(stored(lake, "raw.equs_mini_ohlcv_1s", BARS) == expected, f"{case}, then again: rows")


def simulate(judge: Judge, folder: Path, start: str, days: int, schema: str, symbols: str, seed: int) -> None:
    subprocess.run([judge.binary, "simulate", "--start", start, "--days", str(days), "--schema", schema, "--symbols",
                    symbols, "--seed", str(seed), "-o", folder, "-q"], check=True, timeout=300)


def dataset_of(folder: Path) -> str:
    import databento

    return databento.DBNStore.from_file(sorted(folder.rglob("*.dbn*"))[0]).dataset


def covered(lake: Lake, table: str) -> list[tuple[int, int]]:
    """The intervals whose rows are committed, by the commits themselves."""
    found: list[tuple[int, int]] = []
    for path in sorted((lake.path(table) / "_delta_log").glob("*.json")):
        for line in path.read_text().splitlines():
            told = json.loads(line).get("commitInfo", {}).get("operationParameters", {}).get("coverage")
            found += [(event["interval_start"], event["interval_end"]) for event in json.loads(told or "[]")]
    return found


def judge_kills(judge: Judge) -> None:
    """kill -9 at twenty random moments of a download of 30 days and 5 symbols; what is committed is not bought again."""
    data = judge.folder()
    simulate(judge, data, "2024-01-02", 30, "trades", "AAA,BBB,CCC,DDD,EEE", SEED)
    dataset = dataset_of(data)
    table = "raw." + dataset.lower().replace(".", "_") + "_trades"
    columns = ["symbol", "ts_recv", "sequence", "price", "size", "source_ordinal"]
    asked = words(dataset, "trades", "AAA,BBB,CCC,DDD,EEE", "2024-01-02", "2024-02-12")
    whole = judge.new_lake()
    with StandIn(judge, data) as standin:
        began = time.monotonic()
        whole.run(*asked, env=standin.environment).expect(0)
        seconds = time.monotonic() - began
    expected = stored(whole, table, columns[:5])
    chance = random.Random(SEED)
    lake = judge.new_lake()
    kills = 0
    done: list[tuple[int, int]] = []
    with StandIn(judge, data) as standin:
        for number in range(KILLS + 1):
            mark = len(standin.requests("get_range"))
            running = subprocess.Popen(lake.words(*asked), env=standin.environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                # The last one runs to its end.
                running.wait(chance.uniform(0.1, 1.0) * max(seconds / 6, 0.4) if number < KILLS else 300)
            except subprocess.TimeoutExpired:
                os.kill(running.pid, signal.SIGKILL)
                kills += 1
            running.wait()
            # One case a run: how many requests a run makes before it is killed depends on the machine.
            twice = [request["parameters"] for request in standin.requests("get_range")[mark:]
                     if any(low < int(request["parameters"]["end"]) and int(request["parameters"]["start"]) < high
                            for low, high in done)]
            judge.check(not twice, f"run {number}: what was committed is bought again", twice)
            done = covered(lake, table) if lake.tables("raw") else []
        judge.check(running.returncode == 0, "the last run failed", running.returncode)
    judge.check(kills > 0, "no kill came in time")
    judge.check(stored(lake, table, columns[:5]) == expected, "killed and run again: rows")
    judge.check(ledger(lake) == ledger(whole), "killed and run again: ledger")
    truth = ledger(lake)
    shutil.rmtree(lake.root / "ledger")
    lake.run("ledger", "rebuild").expect(0)
    judge.check(ledger(lake) == truth, "the rebuilt ledger is another")
    folders = [path.name for path in (lake.root / "staging").iterdir() if path.name not in ("batch", "claims")]
    judge.check(not folders, "dead runs left something", folders)


def drawn_on_terminal(process_words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Runs a command whose standard error is a terminal of 160 columns; its exit status, and all that was drawn."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
    process = subprocess.Popen(process_words, stdout=subprocess.DEVNULL, stderr=theirs, env={**environment, "TERM": "xterm"})
    os.close(theirs)
    drawn = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # how a terminal says that nobody writes any more
            break
        if not piece:
            break
        drawn += piece
    os.close(ours)
    return process.wait(60), drawn.decode()


def judge_progress(judge: Judge) -> None:
    """The progress line counts the records fetched and stored of those that the vendor announced."""
    data = judge.folder()
    simulate(judge, data, "2024-01-02", 2, "ohlcv-1s", "AAA,BBB", SEED)
    count = len(served(sorted(data.rglob("*.dbn*"))))
    dataset = dataset_of(data)
    with StandIn(judge, data, "--fault", "drip:path=get_range,bytes=20000,every=0.05,at=100000000") as standin:
        lake = judge.new_lake()
        asked = words(dataset, "ohlcv-1s", "AAA,BBB", "2024-01-02", "2024-01-03", "--jobs", "1")
        status, drawn = drawn_on_terminal(lake.words(*asked), standin.environment)
        judge.check(status == 0, "progress: exit status", drawn[-500:])
        told = [tuple(int(number.replace(",", "")) for number in found)
                for found in re.findall(r"([\d,]+) fetched, ([\d,]+) stored of ([\d,]+) rows", drawn)]
        judge.check(len(told) >= 3, "progress: it is drawn again and again", drawn[-500:])
        judge.check(told != [] and {announced for _, _, announced in told} == {count}, "progress: what was announced", (count, told[-3:]))
        judge.check(all(stored <= fetched <= count for fetched, stored, _ in told), "progress: never more than was announced", told)
        judge.check(told == sorted(told), "progress: no figure falls", told)
        judge.check(any(0 < fetched < count for fetched, _, _ in told), "progress: what is fetched is told while more comes", told)
        judge.check(status == 0 and len(stored(lake, f"raw.{dataset.lower().replace('.', '_')}_ohlcv_1s", BARS)) == count, "progress: all rows are there")
        last = drawn.split("\x1b[J")[-1]
        judge.check("fetched" not in last, "progress: the line is gone at the end", last)
        # Where standard error is no terminal nothing is drawn.
        silent = judge.new_lake().run(*asked, env=standin.environment)
        judge.check(silent.status == 0 and "fetched," not in silent.talk and "\x1b" not in silent.talk, "progress: on a terminal alone", silent.talk)


def judge_two(judge: Judge) -> None:
    """Three downloads of the same at once: the rows are there once, and no interval is bought twice."""
    data = judge.folder()
    simulate(judge, data, "2024-01-02", 8, "trades", "AAA,BBB", SEED)
    dataset = dataset_of(data)
    table = "raw." + dataset.lower().replace(".", "_") + "_trades"
    asked = words(dataset, "trades", "AAA,BBB", "2024-01-02", "2024-01-11")
    columns = ["symbol", "ts_recv", "sequence", "price", "size"]
    whole, lake = judge.new_lake(), judge.new_lake()
    with StandIn(judge, data) as standin:
        whole.run(*asked, env=standin.environment).expect(0)
    with StandIn(judge, data, "--fault", "drip:path=get_range,bytes=20000,every=0.02,at=100000,times=0") as standin:
        running = [subprocess.Popen(lake.words(*asked, "-q"), env=standin.environment) for _ in range(3)]
        judge.check([one.wait(120) for one in running] == [0, 0, 0], "three at once: exit status")
        bought = [(request["parameters"]["start"], request["parameters"]["end"])
                  for request in standin.requests("get_range")]
        judge.check(len(bought) == len(set(bought)), "three at once: bought twice", len(bought) - len(set(bought)))
    judge.check(stored(lake, table, columns) == stored(whole, table, columns), "three at once: rows")


def judge_bad_input(judge: Judge) -> None:
    """Clear errors, and nothing is made."""
    data = judge.data / "derived/dbn"
    good = ("EQUS.MINI", "ohlcv-1s", "SPY", "2013-10-07", "2013-10-09")
    with StandIn(judge, data) as standin:
        lake = judge.new_lake()
        without = {name: text for name, text in standin.environment.items() if name != "DATABENTO_API_KEY"}
        for case, given, environment, told in [
            ("no key", good, without, "DATABENTO_API_KEY"),
            ("empty key", good, {**without, "DATABENTO_API_KEY": ""}, "DATABENTO_API_KEY"),
            ("wrong key", good, {**without, "DATABENTO_API_KEY": "db-wrong-key-123"}, "DATABENTO_API_KEY"),
            ("unknown dataset", ("EQUS.MINY", *good[1:]), standin.environment, "EQUS.MINI"),
            ("unknown schema", (good[0], "ohlcv-1x", *good[2:]), standin.environment, "ohlcv-1"),
            ("unknown symbol", (*good[:2], "NOPE", *good[3:]), standin.environment, "NOPE"),
            ("start after end", (*good[:3], "2013-10-09", "2013-10-07"), standin.environment, "not before"),
            ("before the dataset", (*good[:3], "2001-01-01", "2001-01-02"), standin.environment, "begins"),
            ("in the future", (*good[:3], "2090-01-01", "2090-01-02"), standin.environment, "ends"),
            ("no time", (*good[:3], "yesterday", "2013-10-07"), standin.environment, "yesterday"),
        ]:
            ran = lake.run(*words(*given), env=environment)
            judge.check(ran.status in (2, 64), f"{case}: exit status {ran.status}", ran.talk)
            judge.check(told in ran.talk and "try:" in ran.talk, f"{case}: message", ran.talk)
            judge.check(not lake.tables(), f"{case}: tables were made")
            judge.check("db-wrong-key" not in ran.talk and KEY not in ran.talk, f"{case}: the key is printed")
        wrong = lake.run(*words("GLBX.MDP3", "ohlcv-1m", "ES.c.0", "2013-10-06", "2013-10-09"), env=standin.environment)
        judge.check("--stype-in continuous" in wrong.talk, "the type that resolves is not named", wrong.talk)
        dear = lake.run(*words(*good), "--max-usd", "0.000001", env=standin.environment)
        judge.check(dear.status == 64 and not standin.requests("get_range"), "--max-usd does not refuse", dear.talk)
        dry = lake.run(*words(*good), "--dry-run", env=standin.environment)
        judge.check(dry.status == 0 and not standin.requests("get_range") and "2013-10-10" in dry.output,
                    "--dry-run buys, or does not show the range", dry.output)


def judge_all(judge: Judge) -> None:
    judge_bad_input(judge)
    judge_rows(judge)
    judge_names(judge)
    judge_force(judge)
    judge_faults(judge)
    judge_batch(judge)
    judge_progress(judge)
    judge_two(judge)
    judge_kills(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
