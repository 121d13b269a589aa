#!/usr/bin/env python3
"""Inputs that ask for more memory than there is: each run under a limit of address space (ulimit -v) and of processor
time must end with its rows stored or quarantined, or with an error that names the limit, never by being out of memory.
What stands for hundreds of megabytes is a file of some kilobytes. To add a case, append to COMMANDS or INPUTS.

Needs no shared data.
"""
from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import deltalake  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake  # noqa: E402

DONE, FINDINGS, FAILED = 0, 1, 2
MIB = 1 << 20
GIB = 1 << 30
SECONDS_MAX = 60


# MARK: Running under limits

# A process's peak counts what it was forked from: that must be small.
LAUNCHER = """
import os, resource, sys
answer, space, seconds = map(int, sys.argv[1:4])
child = os.fork()
if child == 0:
    os.close(answer)
    for what, limit in ((resource.RLIMIT_AS, space), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (limit, limit))
    os.execv(sys.argv[4], sys.argv[4:])
_, status, usage = os.wait4(child, 0)
os.write(answer, b"%d %d" % (os.waitstatus_to_exitcode(status), usage.ru_maxrss))
"""


@dataclass
class Outcome:
    status: int
    lines: int
    talk: str
    peak: int


def run_limited(words: list[Any], space: int, seconds: int = SECONDS_MAX, **options: Any) -> Outcome:
    """Runs a command under limits; its data is counted as it comes, its talk is cut, its peak is in MiB."""
    told, keep = os.pipe()
    result, answer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, *map(str, (answer, space, seconds, *words))],
        stdout=subprocess.PIPE, stderr=keep, stdin=subprocess.DEVNULL, pass_fds=[answer], **options)
    os.close(keep)
    os.close(answer)
    talk = bytearray()

    def listen() -> None:
        while piece := os.read(told, 1 << 16):
            talk.extend(piece[: max(0, 8192 - len(talk))])

    listener = threading.Thread(target=listen)
    listener.start()
    lines = 0
    assert process.stdout
    while block := process.stdout.read(MIB):
        lines += block.count(b"\n")
    process.wait()
    listener.join()
    process.stdout.close()
    os.close(told)
    with os.fdopen(result) as file:
        status, peak = map(int, file.read().split())
    return Outcome(status, lines, talk.decode(errors="replace"), peak >> 10)


# MARK: Commands on Parquet files and logs

@dataclass
class Command:
    """A command on an input that `make` puts into a folder.

    `make` answers the words of the command; `status` are the statuses that are right, `says` what is in its talk
    where it failed. `space` is the address space in bytes, `rows` the lines that are printed where it did not fail.
    """

    name: str
    make: Callable[[Judge, Path], list[Any]]
    status: tuple[int, ...] = (DONE, FAILED)
    says: tuple[str, ...] = ()
    space: int = 2 * GIB
    rows: int | None = None
    seconds: int = SECONDS_MAX


def written(folder: Path, table: pa.Table, **options: Any) -> Path:
    path = folder / "made.parquet"
    pq.write_table(table, path, compression="zstd", write_statistics=False, **options)
    return path


def zeros(folder: Path) -> Path:
    """100 million equal numbers in some hundred kilobytes."""
    path, part = folder / "zeros.parquet", pa.table({"a": np.zeros(20_000_000, np.int64)})
    with pq.ParquetWriter(path, part.schema, compression="zstd") as writer:
        for _ in range(5):
            writer.write_table(part, row_group_size=20_000_000)
    return path


def one_text(folder: Path, mebibytes: int) -> Path:
    return written(folder, pa.table({"s": ["x" * (mebibytes << 20)]}), use_dictionary=False)


def one_page_of_texts(folder: Path) -> Path:
    return written(folder, pa.table({"s": ["x" * (9 << 20)] * 200}), use_dictionary=False, row_group_size=200)


def shared_text(folder: Path, rows: int, length: int) -> Path:
    """One text that every row shares by its code: 7 kB that stand for terabytes."""
    codes = pa.array(np.zeros(rows, np.int32))
    return written(folder, pa.table({"s": pa.DictionaryArray.from_arrays(codes, pa.array(["x" * length]))}))


def long_texts(folder: Path, rows: int, length: int) -> Path:
    tail = "abcdefghij" * (length // 10)
    return written(folder, pa.table({"s": [f"{row}" + tail for row in range(rows)], "i": list(range(rows))}),
                   use_dictionary=False)


def bars(folder: Path, rows: int, notes: list[str]) -> Path:
    """Bars with a column of texts that the schema does not know."""
    times = pa.array([1_704_153_600_000_000 + 1_000_000 * row for row in range(rows)], pa.timestamp("us", "UTC"))
    codes = pa.array([row % len(notes) for row in range(rows)], pa.int32())
    one = [1.0] * rows
    return written(folder, pa.table({
        "ts_event": times, "open": one, "high": one, "low": one, "close": one, "volume": [1] * rows,
        "note": pa.DictionaryArray.from_arrays(codes, pa.array(notes))}))


def many_columns(folder: Path, count: int) -> Path:
    return written(folder, pa.table({f"a_rather_long_name_{number}": [number] for number in range(count)}))


def many_groups(folder: Path, count: int) -> Path:
    return written(folder, pa.table({"a": list(range(count))}), row_group_size=1)


def ingest(judge: Judge, path: Path) -> list[Any]:
    lake = judge.new_lake()
    return ["ingest", path, "--table", "raw.made_ohlcv_1s", "--schema", "ohlcv", "--interval", "1s", "--symbol", "X",
            "--lake", lake.root, "-q", "--memory", "64MB"]


def many_files(judge: Judge, folder: Path, count: int) -> list[Any]:
    """A minute of bars in each file."""
    for number in range(count):
        (folder / f"{number}.csv").write_bytes(
            BARS + b"2024-01-02T%02d:%02d:%02dZ,1,1,1,1,1\n" % (number // 3600, number // 60 % 60, number % 60))
    lake = judge.new_lake()
    return ["ingest", *(folder / f"{number}.csv" for number in range(count)), *ONE, "--lake", lake.root, "-q",
            "--memory", "64MB"]


def log_of(folder: Path, action: Iterable[bytes]) -> list[Any]:
    """A table whose second commit is `action`."""
    table = folder / "table"
    (table / "_delta_log").mkdir(parents=True)
    schema = json.dumps({"type": "struct", "fields": [{"name": "a", "type": "long", "nullable": True, "metadata": {}}]})
    (table / "_delta_log/00000000000000000000.json").write_text("\n".join(map(json.dumps, [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "x", "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
                      "partitionColumns": [], "configuration": {}}}])))
    with (table / "_delta_log/00000000000000000001.json").open("wb") as file:
        for piece in action:
            file.write(piece)
    return ["query", table, "-n", "1"]


def sparse_log(folder: Path, byte_count: int) -> list[Any]:
    words = log_of(folder, [b"\n"])
    os.truncate(folder / "table/_delta_log/00000000000000000001.json", byte_count)
    return words


COMMANDS = [
    Command("100 million rows, few of them wanted", lambda _, f: ["query", zeros(f), "-n", "5"], (DONE,), rows=6),
    Command("100 million rows, none of them wanted", lambda _, f: ["query", zeros(f), "-w", "a = 1"], (DONE,), rows=1),
    Command("a text of 900 MB, queried", lambda _, f: ["query", one_text(f, 900)], (FAILED,), ("memory",)),
    Command("a text of 900 MB, verified", lambda _, f: ["parquet", one_text(f, 900), "--verify"], (FINDINGS,), ("memory",)),
    Command("a text of 900 MB, printed", lambda _, f: ["parquet", one_text(f, 900), "--rows"], (FAILED,), ("memory",)),
    Command("a text of 900 MB, rewritten", lambda _, f: ["parquet", one_text(f, 900), "--rewrite", f / "new.parquet"],
            (FAILED,), ("memory",)),
    Command("a page of 1.8 GB of texts, queried", lambda _, f: ["query", one_page_of_texts(f)], (FAILED,), ("memory",)),
    Command("3 million times one text of 1 MB, few wanted",
            lambda _, f: ["query", shared_text(f, 3_000_000, 1 << 20), "-n", "3"], (DONE,), rows=4),
    Command("3 million times one text of 1 MB, none wanted",
            lambda _, f: ["query", shared_text(f, 3_000_000, 1 << 20), "-w", "s = 'y'"], (DONE,), rows=1),
    Command("2,000 times one text of 1 MB, all wanted", lambda _, f: ["query", shared_text(f, 2_000, 1 << 20)], (DONE,),
            rows=2_001),
    Command("2,000 times one text of 1 MB, as Parquet",
            lambda _, f: ["query", shared_text(f, 2_000, 1 << 20), "-o", f / "out.parquet"], (DONE,)),
    Command("20,000 texts of 20 kB", lambda _, f: ["query", long_texts(f, 20_000, 20_000)], (DONE,), rows=20_001),
    Command("20,000 texts of 20 kB as JSON lines",
            lambda _, f: ["query", long_texts(f, 20_000, 20_000), "--format", "jsonl"], (DONE,), rows=20_000),
    Command("20,000 texts of 20 kB as Parquet",
            lambda _, f: ["query", long_texts(f, 20_000, 20_000), "-o", f / "out.parquet"], (DONE,)),
    Command("20,000 texts of 20 kB, rewritten",
            lambda _, f: ["parquet", long_texts(f, 20_000, 20_000), "--rewrite", f / "new.parquet"], (DONE,)),
    Command("bars with one note of 1 MB", lambda j, f: ingest(j, bars(f, 2_000, ["x" * (1 << 20)])), (DONE,)),
    Command("bars with 80,000 notes of 1 kB",
            lambda j, f: ingest(j, bars(f, 80_000, [f"{n}" * 200 for n in range(80_000)])), (DONE, FAILED), ("MiB",)),
    Command("a file of 30,000 columns", lambda _, f: ["query", many_columns(f, 30_000), "-n", "1"], (DONE,), rows=2,
            seconds=10),
    Command("a file of 30,000 row groups", lambda _, f: ["query", many_groups(f, 30_000), "-w", "a >= 29999"], (DONE,),
            rows=2, seconds=10),
    Command("1,000 files in one command", lambda j, f: many_files(j, f, 1_000), (DONE,), space=768 * MIB),
    Command("a line of a commit of 100 MB", lambda _, f: log_of(f, [b'{"add":{"path":"', b"x" * (100 * MIB), b'","size":1}}']),
            (FAILED,), ("a line of more than 32 MiB", "line 1"), space=768 * MIB),
    Command("a line of a commit that nests", lambda _, f: log_of(f, [b'{"cdc":', b"[" * (30 * MIB)]), (FAILED,), ("nested deeper",),
            space=768 * MIB),
    Command("a commit of a terabyte", lambda _, f: sparse_log(f, 1 << 40), (FAILED,), ("a commit of", "are read")),
    Command("a commit of 200 MB", lambda _, f: log_of(
        f, [b'{"remove":{"path":"%d","size":1,"tags":{"x":"%s"}}}\n' % (n, b"y" * 20_000) for n in range(10_000)]),
        (DONE, FAILED), (), space=768 * MIB),
]


def judge_command(judge: Judge, case: Command) -> None:
    folder = judge.folder()
    found = run_limited([judge.binary, *case.make(judge, folder)], case.space, case.seconds)
    judge.check(found.status in case.status, f"{case.name}: exit status {case.status}", f"{found.status}: {found.talk[:300]}")
    if found.status in (FINDINGS, FAILED):
        missing = [word for word in case.says if word not in found.talk]
        judge.check("error: " in found.talk and not missing, f"{case.name}: says {case.says}", found.talk[:300])
    elif case.rows is not None:
        judge.check(found.lines == case.rows, f"{case.name}: {case.rows} lines", found.lines)
    for made in folder.rglob("*"):
        if made.is_file():
            made.unlink()


# MARK: Inputs of ingest

BARS = b"ts_event,open,high,low,close,volume\n"
SYMBOL_BARS = b"ts_event,symbol,open,high,low,close,volume\n"
INTO = ["--table", "raw.b_ohlcv_1s", "--interval", "1s"]
ONE = [*INTO, "--symbol", "X"]
PAGE = b'{"ticker":"SPY","queryCount":1,"adjusted":false,"status":"OK","request_id":"x","results":['
RESULT = b'{"v":1,"vw":1.5,"o":1,"c":1,"h":2,"l":1,"t":1704205800000,"n":3'
LOW = RESULT.replace(b'"h":2', b'"h":0')
ARTICLE = b'{"id":"a","publisher":{"name":"x"},"title":"t","author":"n","published_utc":"2024-01-02T15:00:00Z","article_url":"u",'
BAD = b"2024-01-02T15:00:00Z," + b"a" * 1_000_000 + b",1,1,1,1\n"
ALL = ["--max-bad", "1"]

Pieces = Iterable[tuple[bytes, int]]


@dataclass
class Input:
    """An input that stands for much more than it is: `pieces`, each so many times.

    `status` and `said` are what `lake ingest` answers; `peak` the most memory that it may take, in MiB.
    """

    name: str
    pieces: Callable[[], Pieces]
    words: list[str]
    status: int
    said: str = ""
    peak: int = 320
    suffix: str = "csv.gz"
    rows: int | None = None
    quarantined: int | None = None
    seconds: int = SECONDS_MAX
    more: list[str] = field(default_factory=list)


def lines(head: bytes, make: Callable[[int], bytes], count: int) -> Pieces:
    yield head, 1
    for start in range(0, count, 50_000):
        yield b"".join(make(number) for number in range(start, min(start + 50_000, count))), 1


def texts(head: bytes, unit: bytes, mebibytes: int, tail: bytes = b"") -> Pieces:
    return [(head, 1), (unit, max(1, (mebibytes << 20) // len(unit))), (tail, 1)]


def dbn(mebibytes: int) -> Pieces:
    return texts(b"DBN\x03" + (mebibytes << 20).to_bytes(4, "little"), bytes(MIB), mebibytes)


def article(tickers: int, insights: bool) -> bytes:
    names = [f"T{number:05d}" for number in range(tickers)]
    told = [{"ticker": name, "sentiment": "positive", "sentiment_reasoning": "x"} for name in names] if insights else []
    return ARTICLE + json.dumps({"tickers": names, "insights": told}).encode()[1:]


def numbered(n: int) -> bytes:
    return b"2024-01-02T15:00:00Z,S%07d,1,1,1,1,1\n" % n


def dated(n: int) -> bytes:
    n = n * 7919 % 150_001
    return b"%04d-%02d-%02dT00:00:00Z,1,1,1,1,1\n" % (1700 + n // 336, 1 + n % 336 // 28, 1 + n % 28)


INPUTS = [
    Input("bad rows of 1 MB", lambda: texts(BARS, BAD, 300), ONE, FINDINGS, peak=224, quarantined=314, more=ALL),
    Input("bad rows, very many", lambda: texts(BARS, b"2024-01-02T15:00:00Z,a,1,1,1,1\n" * 1000, 10), ONE, FAILED,
          "more than 100000 rows are bad", more=ALL),
    Input("67,000 bad rows", lambda: texts(BARS, b"2024-01-02T15:00:00Z,a,1,1,1,1\n" * 1000, 2), ONE, FINDINGS,
          peak=256, quarantined=67_000, more=ALL),
    Input("bad rows with symbols of 1 MB", lambda: texts(
        SYMBOL_BARS, b"2024-01-02T15:00:00Z," + b"s" * 900_000 + b",a,1,1,1,1\n", 200), INTO, FAILED, "rows are bad",
        more=["--max-bad", "0.5"]),
    Input("equal rows, 3 million", lambda: texts(BARS, b"2024-01-02T15:00:00Z,1,1,1,1,1\n" * 10_000, 90), ONE, DONE,
          peak=224, rows=1),
    Input("a DBN header of 400 MB", lambda: dbn(400), [], FAILED, "metadata length", suffix="dbn.gz", peak=96),
    Input("a DBN header of 250 MB of nothing", lambda: dbn(250), [], FAILED, suffix="dbn.gz", peak=640),
    Input("a JSON page without end", lambda: texts(PAGE, (RESULT + b"},") * 20_000, 100), ["--interval", "1m"], FAILED,
          "longer than 64 MiB", suffix="json.gz", peak=400),
    Input("a JSON text without end", lambda: texts(PAGE + RESULT + b',"zz":"', b"x" * MIB, 600), ["--interval", "1m"],
          FAILED, "longer than 64 MiB", suffix="json.gz"),
    Input("JSON that nests without end", lambda: texts(PAGE + RESULT + b',"zz":', b"[" * MIB, 200), ["--interval", "1m"],
          FAILED, "nested deeper", suffix="json.gz", peak=128),
    Input("a JSON record of 500,000 members", lambda: [
        (PAGE + RESULT + b"".join(b',"k%d":%d' % (n, n) for n in range(500_000)) + b"}]}", 1)], ["--interval", "1m"], DONE,
        suffix="json.gz", rows=1),
    Input("80,000 results that break a rule", lambda: texts(PAGE, (LOW + b"},") * 10_000, 5, RESULT + b"}]}"),
          ["--interval", "1m"], FINDINGS, suffix="json.gz", seconds=20, rows=1, quarantined=80_000, more=ALL),
    Input("210,000 results that break a rule", lambda: texts(PAGE, (LOW + b"},") * 10_000, 13, RESULT + b"}]}"),
          ["--interval", "1m"], FAILED, "results of a page are bad", suffix="json.gz", more=ALL),
    Input("100 articles, each about 5,000 tickers", lambda: [
        (b'{"results":[', 1), (article(5000, True) + b",", 99), (article(5000, True) + b"]}", 1)], [], DONE, suffix="json.gz",
        rows=5_000, peak=640, seconds=20),
    Input("articles about ever so many tickers", lambda: [
        (b'{"results":[', 1), (article(9_999, False) + b",", 600), (article(1, False) + b"]}", 1)], [], FAILED,
        "rows take more than 256 MiB", suffix="json.gz", peak=1024),
    Input("an article of 40 MB", lambda: texts(
        b'{"results":[' + ARTICLE + b'"tickers":["SPY"],"description":"', b"x" * MIB, 40, b'"}]}'), [], DONE, suffix="json.gz",
        peak=1024, rows=1),
    Input("a line of 1 GB", lambda: texts(BARS, b"x" * MIB, 1024), ONE, FAILED, "a record is longer than", peak=128),
    Input("a line of 1 GB, zstd", lambda: texts(BARS, b"x" * MIB, 1024), ONE, FAILED, "a record is longer than", peak=128,
          suffix="csv.zst"),
    Input("a field without end", lambda: texts(BARS + b'"', b"x\n" * (MIB // 2), 600), ONE, FAILED,
          "a record is longer than", peak=128),
    Input("zeros", lambda: texts(BARS, bytes(MIB), 600), ONE, FAILED, "a record is longer than", peak=128),
    Input("empty lines", lambda: texts(BARS, b"\n" * MIB, 200), ONE, DONE, peak=128),
    Input("a header without end", lambda: texts(b"a,", b"a," * MIB, 100), ONE, FAILED, "a record is longer than", peak=128),
    Input("5,000 columns", lambda: [(b",".join(b"c%d" % n for n in range(5000)) + b"\n1\n", 1)], ONE, FAILED,
          "more than 4096 fields", peak=128),
    Input("texts without end", lambda: lines(
        SYMBOL_BARS, lambda n: b"2024-01-02T15:00:00Z,S%d%s,1,1,1,1,1\n" % (n, b"y" * 100_000), 1000), INTO, FAILED,
        "distinct texts take more than"),
    Input("2.2 million symbols", lambda: lines(SYMBOL_BARS, numbered, 2_200_000), INTO, FAILED,
          "more than 2000000 symbols", peak=1200),
    Input("200,000 symbols", lambda: lines(SYMBOL_BARS, numbered, 200_000), INTO, DONE, peak=400, rows=200_000),
    Input("150,000 dates in no order", lambda: lines(BARS, dated, 150_000), ["--table", "raw.b_ohlcv_1h", "--interval", "1h", "--symbol", "X"],
          FAILED, "more than 65536 dates", peak=700),
    Input("447 years in no order", lambda: lines(BARS, dated, 150_000), ["--table", "raw.b_ohlcv_1d", "--interval", "1d", "--symbol", "X"],
          DONE, peak=700, rows=150_000),
]


def write(path: Path, pieces: Pieces) -> None:
    """Each piece is compressed once, however often it stands in the file: frames follow one another."""
    isZstd = path.suffix == ".zst"
    with path.open("wb") as file:
        for piece, count in pieces:
            packed = pa.compress(piece, codec="zstd", asbytes=True) if isZstd else gzip.compress(piece, 1, mtime=0)
            for _ in range(count):
                file.write(packed)


def count(lake: Lake, layer: str) -> int:
    tables = [log.parent for log in (lake.root / layer).glob("*/_delta_log")]
    return sum(pq.ParquetFile(path).metadata.num_rows for table in tables for path in deltalake.DeltaTable(str(table)).file_uris())


def judge_input(judge: Judge, case: Input) -> None:
    lake = judge.new_lake()
    path = lake.root.parent / f"input.{case.suffix}"
    write(path, case.pieces())
    found = run_limited(
        lake.words("ingest", path, *case.words, *case.more, "--memory", "64MB", "--jobs", "2", "-q"), 3 * GIB // 2, case.seconds)
    judge.check(found.status == case.status and case.said in found.talk, f"{case.name}: exit status {found.status}",
                found.talk[:400])
    judge.check(found.peak <= case.peak, f"{case.name}: memory", f"{found.peak} MiB, at most {case.peak}")
    if case.rows is not None:
        judge.check(count(lake, "raw") == case.rows, f"{case.name}: rows", count(lake, "raw"))
    if case.quarantined is not None:
        judge.check(count(lake, "quarantine") == case.quarantined, f"{case.name}: quarantined", count(lake, "quarantine"))
    if case.name == "bad rows of 1 MB":
        originals = {text for file in (lake.root / "quarantine").rglob("*.parquet")
                     for text in pq.read_table(file, columns=["original"])["original"].to_pylist()}
        judge.check(originals == {BAD.decode().strip()}, f"{case.name}: originals", {len(text) for text in originals})
    judge.check(not list((lake.root / "staging").glob("*/*")), f"{case.name}: leftovers")
    path.unlink()


# MARK: Servers and configurations

class Endless(BaseHTTPRequestHandler):
    """Answers everything with a page that never ends."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            self.wfile.write(b'{"status":"OK","results":[')
            while True:
                self.wfile.write((ARTICLE + b'"tickers":["SPY"]},') * 1000)
        except OSError:
            pass

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def judge_server(judge: Judge) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lake = judge.new_lake()
    (lake.root / "lake.yaml").write_text("retry:\n  initial_wait: 0.05\n  max_wait: 0.1\n  max_attempts: 2\n")
    environment = {**os.environ, "MASSIVE_API_KEY": "k" * 32, "LAKE_MASSIVE_URL": f"http://127.0.0.1:{server.server_port}"}
    found = run_limited(lake.words("download", "massive", "news", "--symbols", "SPY", "--start", "2024-01-02",
                                   "--end", "2024-01-03", "-q"), 3 * GIB // 2, env=environment)
    server.shutdown()
    judge.check(found.status == FINDINGS and "longer than 67108864" in found.talk, f"a page without end: exit status {found.status}", found.talk[:400])
    judge.check(found.peak <= 320, "a page without end: memory", f"{found.peak} MiB")


ALIASES = 'a: &a ["x","x","x","x","x","x","x","x","x"]\n' + "".join(
    f'{name}: &{name} [{",".join(["*" + chr(ord(name) - 1)] * 9)}]\n' for name in "bcdefghij")
CONFIGURATIONS = [
    ("aliases of aliases", ALIASES, "anchors"),
    ("brackets without end", "[" * 100_000, "nested deeper"),
    ("blocks without end", "\n".join(" " * depth + "a:" for depth in range(1000)), "nested deeper"),
    ("a long text", "a: " + "x" * (20 * MIB), "are read"),
    ("comments without end", "# x\n" * (5 * MIB), "are read"),
    ("keys without end", "".join(f"k{number}: 1\n" for number in range(60_000)), "unknown key"),
]


def judge_no_memory(judge: Judge) -> None:
    """Whatever the limit of address space: all rows are in, or none and an error says what is missing."""
    path = judge.folder() / "bars.csv.gz"
    write(path, lines(BARS, lambda n: b"2024-01-%02dT%02d:%02d:%02dZ,1,1,1,1,%d\n" % (
        2 + n // 50_000, n // 3600 % 14, n // 60 % 60, n % 60, n), 200_000))
    refused, odd = 0, []
    for mebibytes in (64, 80, 96, 112, 128, 160, 192):
        lake = judge.new_lake()
        words = lake.words("ingest", path, *ONE, "--jobs", "8", "-q")
        found = run_limited(words, mebibytes * MIB)
        rows = count(lake, "raw") if (lake.root / "raw").exists() else 0
        refused += found.status == FAILED
        told = "no more memory" in found.talk or "memory" in found.talk and "error:" in found.talk
        if (found.status, rows) != (DONE, 200_000) and not (found.status == FAILED and rows == 0 and told):
            odd.append((mebibytes, found.status, rows, found.talk[-300:]))
        again = run_limited(words, 2 * GIB)
        if again.status != DONE or count(lake, "raw") != 200_000 or list((lake.root / "staging").glob("*/*")):
            odd.append((mebibytes, "again", again.status, again.talk[-300:]))
    judge.check(not odd, "too little address space: nothing or all, and an error", odd)
    judge.check(refused > 0, "too little address space: some limits are too tight", refused)


def judge_all(judge: Judge) -> None:
    judge_no_memory(judge)
    for command in COMMANDS:
        judge_command(judge, command)
    for case in INPUTS:
        judge_input(judge, case)
    judge_server(judge)
    for name, text, told in CONFIGURATIONS:
        lake = judge.new_lake()
        (lake.root / "lake.yaml").write_text(text)
        found = run_limited(lake.words("config", "check"), 3 * GIB // 2)
        judge.check(found.status in (FINDINGS, FAILED) and told in found.talk,
                    f"configuration, {name}: exit status {found.status}", found.talk[:300])
        judge.check(found.peak <= 128, f"configuration, {name}: memory", f"{found.peak} MiB")


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
