#!/usr/bin/env python3
"""Bad input: each case has a message that says what, where and what to try, its exit status, and changes no table."""
from __future__ import annotations

import io
import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pyarrow.parquet as pq  # noqa: E402
import zstandard  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402
from rowhash import live_files  # noqa: E402

FAILED, USAGE = 2, 64
TABLE = "raw.equs_mini_ohlcv_1s"
HEADER = "ts_event,symbol,open,high,low,close,volume\n"
# Damaged files of the shared data that still hold true rows: how many.
STILL_GOOD = {"metadata_only.dbn": 0, "skippable_frame_appended.dbn.zst": 60, "wrong_rtype_for_schema.dbn": 2}


def state(lake: Lake) -> dict[str, list[str]]:
    """The live files of every table but the ledger's."""
    return {table: [add["path"] for add in live_files(lake.path(table))] for table in lake.tables()}


def row_count(lake: Lake, table: str) -> int:
    return sum(pq.ParquetFile(lake.path(table) / add["path"]).metadata.num_rows for add in live_files(lake.path(table)))


def said(result: Result) -> str:
    """The status and the lines of an error, without the summary's figures."""
    lines = [line for line in result.talk.splitlines() if line.startswith(("error: ", "warning: ", "  at: ", "  try: "))]
    return f"status {result.status}, " + (" | ".join(lines) or repr(result.talk[-300:]))


def refused(judge: Judge, lake: Lake, case: str, words: list[Any], status: int, says: list[str],
            remedy: bool = True, **options: Any) -> None:
    """The command must fail with its status, say these words, offer a remedy, and change no table."""
    before = state(lake)
    result = lake.run(*words, **options)
    told = said(result)
    judge.check(result.status == status, f"{case}: exit status {status}", told)
    judge.check(result.talk.startswith("error: ") or "\nerror: " in result.talk, f"{case}: an error is printed", told)
    missing = [word for word in says if word not in result.talk]
    judge.check(not missing, f"{case}: says {missing or says}", told)
    if remedy:
        judge.check("  try: " in result.talk, f"{case}: says what to try", told)
    judge.check(state(lake) == before, f"{case}: no table changed")


def judge_files(judge: Judge, lake: Lake, good: Path) -> None:
    folder, content = judge.folder(), good.read_bytes()

    def made(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True).read()
    flipped = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(raw))
    flipped[len(flipped) // 2] ^= 0x10
    longer = bytearray(raw)
    longer[8 + int.from_bytes(raw[4:8], "little") + 56 * 1000] ^= 0x40  # The length of the thousandth record.
    cases = {
        "a missing file": folder / "nowhere.dbn.zst", "a folder": folder,
        "an empty file": made("empty.dbn", b""), "a wrong magic": made("magic.dbn", b"NOPE" + b"\0" * 200),
        "a truncated file": made("short.dbn.zst", content[: len(content) // 2]),
        "a bit-flipped compressed file": made("flipped.dbn.zst", bytes(flipped)),
        "a bit-flipped record length": made("longer.dbn", bytes(longer)),
        "text that is no CSV": made("words.txt", b"these are only words\n"),
    }
    for case, path in cases.items():
        refused(judge, lake, case, ["ingest", path], FAILED, [path.name])
    other = judge.data / "derived/dbn/equs-mini-20131008.ohlcv-1s.dbn.zst"
    result = lake.run("ingest", cases["a truncated file"], other)
    judge.check(result.status == FAILED, "one bad and one good file: exit status 2", result.talk)
    days = {add["partitionValues"]["date"] for add in live_files(lake.path(TABLE))}
    judge.check("2013-10-08" in days, "one bad and one good file: the good one is stored", days)


def judge_damaged(judge: Judge) -> None:
    """The damaged files of the shared data, each into a lake of its own."""
    folder = judge.data / "dbn/corrupt"
    for name in json.loads((folder / "PEER.json").read_text()):
        lake = judge.new_lake()
        result = lake.run("ingest", folder / name)
        told = said(result)
        rows = sum(row_count(lake, table) for table in lake.tables("raw"))
        if name in STILL_GOOD:
            judge.check(result.status in (0, 1) and rows == STILL_GOOD[name], f"{name}: its true rows", f"{rows}, {told}")
        elif result.status == FAILED:
            judge.check("error: " in result.talk and name in result.talk, f"{name}: a clear error", told)
            judge.check(rows == 0, f"{name}: nothing is committed", rows)
        else:
            judge.check(result.status == 1 and "quarantine" in result.talk, f"{name}: found and told", told)


def judge_csv(judge: Judge, lake: Lake) -> None:
    folder = judge.folder()

    def made(name: str, text: str) -> Path:
        (folder / name).write_text(text)
        return folder / name

    bare = made("bare.csv", HEADER + "2013-10-07T14:00:00Z,SPY,1,2,1,2,3\n")
    to = ["--table", "raw.mine_ohlcv_1s", "--interval", "1s"]
    refused(judge, lake, "a CSV without a table", ["ingest", bare], FAILED, ["--interval"])
    refused(judge, lake, "a CSV without a table or dataset", ["ingest", bare, "--interval", "1s"], FAILED, ["--as"])
    refused(judge, lake, "a CSV with a missing column",
            ["ingest", made("thin.csv", "ts_event,symbol,open,high,low,volume\n2013-10-07T14:00:00Z,SPY,1,2,1,3\n"), *to,
             "--schema", "ohlcv-1s"],
            FAILED, ["close"])
    refused(judge, lake, "an unknown schema", ["ingest", bare, "--dataset", "X.Y", "--schema", "ohlcv-1q"], USAGE,
            ["--schema", "ohlcv-1q", "did you mean 'ohlcv-1"])
    good = [f"2013-10-07T14:{minute:02}:00Z,SPY,1.5,2.5,1.25,2.000000001,30" for minute in range(60)]
    bad = {"no number": "2013-10-07T15:00:00Z,SPY,1,x,1,1,3", "time out of range": "9999-13-99T15:00:01Z,SPY,1,1,1,1,3",
           "a price that does not fit": "2013-10-07T15:00:02Z,SPY,1,1,1,12345678901.5,3"}
    for number, (case, row) in enumerate(bad.items()):
        result = lake.run("ingest", made(f"bad{number}.csv", HEADER + "\n".join([*good, row]) + "\n"),
                          "--table", f"raw.bad{number}_ohlcv_1s", "--interval", "1s")
        judge.check(result.status == 1, f"{case}: exit status 1", said(result))
        judge.check(row_count(lake, f"raw.bad{number}_ohlcv_1s") == len(good), f"{case}: the other rows are stored")
        quarantined = [record for table in lake.tables("quarantine") for add in live_files(lake.path(table))
                       for record in pq.ParquetFile(lake.path(table) / add["path"]).read().to_pylist()
                       if row in str(record.get("original"))]
        judge.check(len(quarantined) == 1, f"{case}: the row is in quarantine", len(quarantined))
        judge.check(bool(quarantined and quarantined[0].get("reason")), f"{case}: with its reason", quarantined)


def judge_queries(judge: Judge, lake: Lake) -> None:
    query = ["query", TABLE]
    refused(judge, lake, "an unknown table", ["query", "raw.equs_mini_ohlcv_1x"], FAILED, [TABLE])
    refused(judge, lake, "an unknown column", [*query, "--columns", "ts_event,clsoe"], FAILED, ["clsoe", "close"])
    refused(judge, lake, "a condition on an unknown column", [*query, "--where", "volum > 3"], FAILED, ["volum", "volume"])
    refused(judge, lake, "start after end", [*query, "--start", "2013-10-09", "--end", "2013-10-07"], USAGE,
            ["--start '2013-10-09'", "--end '2013-10-07'"])
    refused(judge, lake, "a full disk", [*query, "-o", "/dev/full"], FAILED, ["/dev/full"], remedy=False)
    refused(judge, lake, "a folder that is not there", [*query, "-o", judge.scratch / "no/such/out.csv"], FAILED,
            ["out.csv"], remedy=False)
    refused(judge, lake, "an unknown command", ["qurey", TABLE], USAGE, ["qurey", "query"])
    refused(judge, lake, "an unknown flag", [*query, "--colums", "close"], USAGE, ["--colums", "--columns"])
    nobody = lake.run(*query, "--symbol", "SPX", "--format", "csv")
    judge.check(nobody.status in (0, 1) and "SPX" in nobody.talk and "SPY" in nobody.talk,
                "an unknown symbol: nearest names are offered", f"{nobody.status} {nobody.talk}")
    stranger = Lake(lake.binary, judge.folder())
    for words in (["tables"], ["query", TABLE], ["ingest", judge.data / "derived/dbn/equs-mini-20131009.ohlcv-1s.dbn.zst"]):
        refused(judge, stranger, f"a folder that is no lake: {words[0]}", words, FAILED, [str(stranger.root)])
    judge.check(not any(stranger.root.iterdir()), "a folder that is no lake: nothing was made in it")


def judge_remedies(judge: Judge) -> None:
    """What a message tells to do must be about that file, and be possible."""
    lake, folder = judge.new_lake(), judge.folder()
    bars = folder / "a.csv"
    bars.write_text(HEADER + "2024-01-02T10:00:00Z,AA,1,2,1,1.5,3\n")
    table, flags = "raw.x_ohlcv_1m", ["--table", "raw.x_ohlcv_1m", "--interval", "1m"]
    lake.run("ingest", bars, *flags).expect(0)
    part = next(lake.path(table).glob("date=*"))
    segment = next(part.glob("*.parquet"))
    content = segment.read_bytes()

    def told(case: str, says: list[str], not_says: list[str], *words: Any) -> None:
        done = lake.run(*words)
        missing, wrong = [w for w in says if w not in done.talk], [w for w in not_says if w in done.talk]
        judge.check(done.status == FAILED and not missing and not wrong, f"{case}: says {says}, not {not_says}", said(done))

    segment.unlink()
    told("a live file is gone", ["lake restore"], ["working directory"], "query", table)
    offset = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0).column(0).data_page_offset
    segment.write_bytes(content[:offset + 1] + b"\x08" + content[offset + 2:])
    told("bit rot in a segment", ["the file is damaged", "a copy of the table"], ["another program"], "query", table)
    segment.write_bytes(content[:-20])
    told("a segment is cut off", ["  try: "], ["another program"], "query", table)
    segment.write_bytes(content)
    part.rename(folder / "moved")
    part.symlink_to(folder / "moved")
    bars.write_text(HEADER + "2024-01-02T11:00:00Z,AA,1,2,1,1.5,3\n")
    told("a partition that is a link", ["back into the table"], ["if you trust"], "ingest", bars, *flags)
    bars.write_text(HEADER + "2024-01-02T10:00:00.000000001Z,AA,1,2,1,1.5,3\n")
    told("nanoseconds of a bar", ["microseconds that the table keeps"], ["--timezone"], "ingest", bars, "--table", "raw.y_ohlcv_1m",
         "--interval", "1m")
    told("a query of CSV", ["lake ingest"], ["--verify"], "query", bars)
    told("a query of DBN", ["lake ingest"], ["--verify"], "query", judge.data / "derived/dbn/equs-mini-20131009.ohlcv-1s.dbn.zst")
    told("a description of CSV", ["lake ingest"], ["--verify"], "parquet", bars)


def limit_file_size() -> None:
    """Every write beyond some kilobytes fails, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def judge_all(judge: Judge) -> None:
    lake = judge.new_lake()
    good = judge.data / "derived/dbn/equs-mini-20131007.ohlcv-1s.dbn.zst"
    lake.run("ingest", good).expect(0)
    judge_files(judge, lake, good)
    judge_damaged(judge)
    judge_csv(judge, lake)
    judge_queries(judge, lake)
    judge_remedies(judge)
    refused(judge, lake, "a disk that fills up", ["ingest", judge.data / "derived/dbn/equs-mini-20131009.ohlcv-1s.dbn.zst"],
            FAILED, [], remedy=False, preexec_fn=limit_file_size)
    after: Result = lake.run("ingest", judge.data / "derived/dbn/equs-mini-20131009.ohlcv-1s.dbn.zst")
    judge.check(after.status == 0, "after a full disk the same command succeeds", after.talk)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
