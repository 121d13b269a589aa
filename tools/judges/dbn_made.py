#!/usr/bin/env python3
"""Made-up DBN files beside the vendor's own package.

Files of every kind and version, with values at their limits, undefined ones, odd texts, sending times, several
instruments and publishers of one instant, and times out of order, raw or in zstd frames: `lake dbn` prints them as the
vendor's transcoder does; `lake export dbn` gives every record back in the source's order; once more is a no-op.
Streams of a live feed fill a table a kind. Symbols follow mappings that have gaps, overlaps and other names later.
"""
from __future__ import annotations

import csv
import datetime
import io
import random
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import databento_dbn as dbn  # noqa: E402
import numpy as np  # noqa: E402
import zstandard  # noqa: E402
from dbn import run, transcode  # noqa: E402
from judging import Judge  # noqa: E402
from roundtrip import RECORDS, difference, raw_records  # noqa: E402

SECOND = 10**9
DAY = 86_400 * SECOND
START = 1_710_028_200 * SECOND  # 2024-03-09T23:50:00Z
FIRST = datetime.date(2024, 3, 9)
VERSIONS = {1: dbn.v1, 2: dbn.v2, 3: dbn.v3}
RTYPES = {"mbo": 0xA0, "trades": 0, "mbp-1": 1, "tbbo": 1, "mbp-10": 10, "bbo-1s": 0xC3, "bbo-1m": 0xC4, "cmbp-1": 0xB1,
          "cbbo-1s": 0xC0, "cbbo-1m": 0xC1, "tcbbo": 0xC2, "ohlcv-1s": 32, "ohlcv-1m": 33, "ohlcv-1h": 34, "ohlcv-1d": 35,
          "ohlcv-eod": 36, "definition": 19, "statistics": 24, "status": 18, "imbalance": 20}
MESSAGES = {"symbol-mapping": (dbn.SymbolMappingMsg, 0x16), "system": (dbn.SystemMsg, 0x17), "error": (dbn.ErrorMsg, 0x15)}
INSTRUMENTS = [1, 7, 118, 4358, 183748, 2**31, 2**32 - 1]
PUBLISHERS = [1, 2, 39, 65535]
TEXT = "".join(map(chr, range(32, 127)))


def dtype(record: type, version: int) -> "np.dtype":
    return np.dtype(getattr(VERSIONS[version], record.__name__, record)._dtypes)


def empty(record: type, rtype: int, version: int, **values: Any) -> bytes:
    made = np.zeros(1, dtype(record, version))
    made[0]["length"], made[0]["rtype"] = made.dtype.itemsize // 4, rtype
    for name, value in values.items():
        made[0][name] = value
    return made.tobytes()


def number(rng: random.Random, form: "np.dtype") -> int:
    limits = np.iinfo(form)
    if rng.random() < 0.6:
        return rng.randint(0, min(int(limits.max), 100_000))
    if form.itemsize == 8:  # Prices have 18 digits, or are undefined; times are undefined, or lie before 2262.
        return rng.choice([10**18 - 1, 1 - 10**18, -1, 0, 2**63 - 1] if form.kind == "i" else [2**64 - 1, 0, 1, 2**63 - 1])
    return int(rng.choice([limits.min, limits.max, limits.max - 1, 0]))


def records(rng: random.Random, kind: str, version: int, count: int, instruments: list[int], in_order: bool) -> "np.ndarray":
    made = np.zeros(count, dtype(RECORDS[kind], version))
    index = "ts_event" if kind.startswith("ohlcv") else "ts_recv"
    time = START
    for record in made:
        for name in made.dtype.names:
            form = made.dtype[name]
            if name.startswith("_"):
                continue
            if form.kind in "ui":
                record[name] = number(rng, form)
            elif form.itemsize == 1:
                record[name] = rng.choice([b"A", b"B", b"N", b"T", b"~", b",", b"\0"])
            else:
                record[name] = "".join(rng.choice(TEXT) for _ in range(rng.choice([0, 1, form.itemsize - 1]))).encode()
        record["length"], record["rtype"] = made.dtype.itemsize // 4, RTYPES[kind]
        record["instrument_id"], record["publisher_id"] = rng.choice(instruments), rng.choice(PUBLISHERS)
        time += rng.choice([0, 0, 1, 60, 1800]) * SECOND
        record[index] = time if in_order else max(START, time - rng.choice([0, 0, 600 * SECOND]))
        if index == "ts_recv":
            record[index] += rng.choice([0, 1, 999, 1000])
            record["ts_event"] = rng.choice([int(record[index]), 2**64 - 1, 0])
        else:
            record["low"], record["open"], record["close"], record["high"] = sorted(rng.randint(-10**12, 10**15) for _ in range(4))
            record["volume"] = rng.choice([0, 1, 2**63 - 1])
        if kind == "trades":
            record["price"] = rng.choice([0, -1, 10**18 - 1])
        if kind == "definition":
            record["raw_symbol"] = b"ES/X"
            if version == 3:  # Without a leg it is no side, never NUL.
                record["leg_side"] = rng.choice([b"A", b"B", b"N"])
    return made


def metadata(kind: str | None, version: int, mappings: dict[str, list[tuple[int, int, str]]], **values: Any) -> bytes:
    listed = [SimpleNamespace(raw_symbol=symbol, intervals=[
        SimpleNamespace(start_date=FIRST + datetime.timedelta(first), end_date=FIRST + datetime.timedelta(end), symbol=meaning)
        for first, end, meaning in intervals]) for symbol, intervals in mappings.items()]
    fields = {"stype_in": dbn.SType.RAW_SYMBOL, "stype_out": dbn.SType.INSTRUMENT_ID, "symbols": list(mappings), **values}
    return dbn.Metadata(dataset="GLBX.MDP3", start=START, schema=kind and dbn.Schema.from_str(kind), partial=[], not_found=[],
                        mappings=listed, version=version, **fields).encode()


def in_frames(rng: random.Random, content: bytes) -> bytes:
    """The content in several zstd frames, with skippable and empty ones between them."""
    cuts = sorted({0, len(content), *(rng.randrange(len(content)) for _ in range(4))})
    frames = b""
    for start, end in zip(cuts, cuts[1:]):
        frames += zstandard.ZstdCompressor(write_content_size=rng.random() < 0.5).compress(content[start:end])
        frames += rng.choice([b"", struct.pack("<II", 0x184D2A50 + rng.randrange(16), 3) + b"abc", zstandard.compress(b"")])
    return frames


def judge_text(judge: Judge, path: Path, content: bytes, case: str, *forms: str) -> None:
    for form in forms:
        for is_raw in (True, False):
            theirs = transcode(content, dbn.Encoding.CSV if form == "csv" else dbn.Encoding.JSON, is_raw)
            done = run(judge, "dbn", path, "--format", form, *(["--raw"] if is_raw else []))
            judge.check(done.returncode == 0 and done.stdout == theirs, f"{case}: {form}, raw {is_raw}", done.stderr.decode()[:300])


def judge_kind(judge: Judge, rng: random.Random, kind: str, version: int) -> None:
    instruments = rng.sample(INSTRUMENTS, 3)
    made = records(rng, kind, version, 60, instruments, in_order=rng.random() < 0.5)
    body, size = made.tobytes(), made.dtype.itemsize
    sends = rng.random() < 0.3
    if sends:
        body = b"".join(bytes([body[at] + 2]) + body[at + 1:at + size] + struct.pack("<Q", rng.choice([START, 0, 2**64 - 1]))
                        for at in range(0, len(body), size))
    names = {f"S/{number}": [(0, 9, str(number))] for number in instruments}
    content = metadata(kind, version, names, ts_out=sends) + body
    path = judge.folder() / "made.dbn.zst"
    path.write_bytes(in_frames(rng, content))
    case = f"{kind} of version {version}"
    judge_text(judge, path, content, case, "csv", "jsonl")
    lake = judge.new_lake()
    done = lake.run("ingest", path, "--max-bad", "1")
    tables = lake.tables("raw")
    if not judge.check(done.status in (0, 1) and len(tables) == 1, f"{case}: ingest", done.talk[:300]):
        return
    target = judge.folder() / "out.dbn"
    lake.run("export", "dbn", tables[0], "-o", target).expect(0)
    strip = lambda record: tuple(pair for pair in record if len(pair) != 2 or pair[0] != "ts_out")  # noqa: E731
    index = "ts_event" if kind.startswith("ohlcv") else "ts_recv"
    stored = [strip(record) for record in raw_records(content)]
    if done.status == 1 or " repeats skipped " in " ".join(done.talk.split()):
        # Quarantined rows, and bars that came twice, are gone; what is left keeps its order.
        left = [strip(record) for record in raw_records(target.read_bytes())]
        stored = [record for record in dict.fromkeys(stored) if record in set(left)]
    stored.sort(key=lambda record: int(dict(pair for pair in record[1:] if len(pair) == 2)[index]) // DAY)
    mine = [strip(record) for record in raw_records(target.read_bytes())]
    wrong = [(one, other) for one, other in zip(mine, stored) if one != other]
    judge.check(len(mine) == len(stored) and not wrong, f"{case}: exported", wrong and difference(*wrong[0])[:300])
    again = lake.run("ingest", path, "--max-bad", "1")
    judge.check(again.status == 0 and "files already done 1" in " ".join(again.talk.split()), f"{case}: again", again.talk[:200])


def judge_live(judge: Judge, rng: random.Random, version: int) -> None:
    """Records of all kinds in one stream; mapping records name the instruments from there on."""
    stream, counts, time, names = b"", dict[str, int](), START, dict[int, str]()
    bars: list[tuple[str, str]] = []
    for place in range(80):
        time += rng.choice([0, 1, SECOND, 3600 * SECOND])
        kind = rng.choice(["symbol-mapping", "symbol-mapping", "system", "error", "trades", "mbo", "ohlcv-1s", "statistics"])
        instrument = rng.choice([1, 2, 2**32 - 1])
        if kind == "symbol-mapping":
            names[instrument] = f"N{instrument}_{rng.randrange(3)}"
            stream += empty(*MESSAGES[kind], version, ts_event=time, instrument_id=instrument,
                            stype_out_symbol=names[instrument].encode(), start_ts=2**64 - 1, end_ts=2**64 - 1,
                            **({"stype_in": 255, "stype_out": 255} if version > 1 else {}))
        elif kind in MESSAGES:
            stream += empty(*MESSAGES[kind], version, ts_event=time, **{{"system": "msg", "error": "err"}[kind]: b'say "x", y'})
        else:
            index = {"ts_event": time // SECOND * SECOND} if kind == "ohlcv-1s" else {"ts_event": time, "ts_recv": time}
            stream += empty(RECORDS[kind], RTYPES[kind], version, instrument_id=instrument, publisher_id=place, **index)
            if kind == "ohlcv-1s":
                bars.append((str(place), names.get(instrument, f"INSTRUMENT_{instrument}")))
        counts[kind] = counts.get(kind, 0) + 1
    content = metadata(None, version, {}, stype_in=None) + stream
    path = judge.folder() / "live.dbn"
    path.write_bytes(content)
    case = f"live stream of version {version}"
    judge_text(judge, path, content, case, "jsonl")
    lake = judge.new_lake()
    done = lake.run("ingest", path)
    judge.check(done.status == 0, f"{case}: ingest", done.talk[:300])
    for kind, count in counts.items():
        table = "raw.glbx_mdp3_" + kind.replace("-", "_")
        rows = list(csv.DictReader(io.StringIO(lake.run("query", table).output)))
        judge.check(len(rows) == count, f"{case}: {kind}", f"{len(rows)} rows, expected {count}")
        if kind == "ohlcv-1s":
            found = sorted((row["publisher_id"], row["symbol"]) for row in rows)
            judge.check(found == sorted(bars), f"{case}: symbols of bars", sorted(set(found) ^ set(bars))[:3])


def judge_mappings(judge: Judge, rng: random.Random, case: str) -> None:
    """Names with gaps, overlaps and changes: one name is the symbol, none or several are not guessed."""
    names: dict[str, list[tuple[int, int, str]]] = {}
    for symbol in ["A", "B", "C", "D/E"]:
        for _ in range(rng.choice([1, 1, 2])):
            first = rng.randint(0, 4)
            names.setdefault(symbol, []).append((first, rng.randint(first, 6), str(rng.randint(1, 3))))
    made = np.zeros(40, dtype(dbn.TradeMsg, 3))
    for place, record in enumerate(made):
        record["length"], record["instrument_id"], record["sequence"] = 12, rng.randint(1, 3), place
        record["ts_recv"] = record["ts_event"] = START // DAY * DAY + rng.randint(0, 5) * DAY + rng.choice([0, 1, DAY - 1])
    made.sort(order="ts_recv")
    content = metadata("trades", 3, names) + made.tobytes()
    path = judge.folder() / "names.dbn"
    path.write_bytes(content)
    judge_text(judge, path, content, case, "csv", "jsonl")
    lake = judge.new_lake()
    lake.run("ingest", path).expect(0)
    rows = csv.DictReader(io.StringIO(lake.run("query", "raw.glbx_mdp3_trades", "--columns", "sequence,symbol").output))
    found = {int(row["sequence"]): row["symbol"] for row in rows}
    for record in made:
        day, instrument = int(record["ts_recv"]) // DAY - START // DAY, str(record["instrument_id"])
        known = {symbol for symbol, intervals in names.items() if any(
            first <= day < end and meaning == instrument for first, end, meaning in intervals)}
        expected = known.pop() if len(known) == 1 else f"INSTRUMENT_{instrument}"
        judge.check(found.get(int(record["sequence"])) == expected, f"{case}: day {day}, instrument {instrument}",
                    f"{found.get(int(record['sequence']))}, expected {expected}")


def judge_all(judge: Judge) -> None:
    for kind in RTYPES:
        for version in VERSIONS:
            judge_kind(judge, random.Random(f"{kind} {version}"), kind, version)
    for version in VERSIONS:
        judge_live(judge, random.Random(version), version)
    for seed in range(6):
        judge_mappings(judge, random.Random(seed), f"mappings {seed}")


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
