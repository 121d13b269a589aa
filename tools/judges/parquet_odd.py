#!/usr/bin/env python3
"""Parquet that nobody tuned to: random tables by several writers, and footers that writers really leave behind.

pyarrow, polars, duckdb, fastparquet and arro3 write; pyarrow reads beside `lake parquet --rows` and `lake query`. Footers
are then changed one field at a time: the answer must be the peer's or a clear error.
"""
from __future__ import annotations

import io
import json
import math
import random
import struct
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import arro3.io  # noqa: E402
import duckdb  # noqa: E402
import fastparquet  # noqa: E402
import parquet_read  # noqa: E402
import polars  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge  # noqa: E402

STRUCT, LIST, BINARY, I32, I64, TRUE = 12, 9, 8, 5, 6, 1


# --- Thrift's compact form, as plain values: a struct is {field: (type, value)} ------------------

class Thrift:
    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def number(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def value(self, kind: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.number()
        if kind == BINARY:
            count = self.varint()
            self.at += count
            return self.data[self.at - count:self.at]
        if kind == LIST:
            head = self.byte()
            count = self.varint() if head >> 4 == 15 else head >> 4
            return (head & 15, [self.byte() == 1 if head & 15 in (1, 2) else self.value(head & 15)
                                for _ in range(count)])
        if kind == STRUCT:
            return self.struct()
        raise ValueError(kind)

    def struct(self) -> dict[int, tuple[int, Any]]:
        found: dict[int, tuple[int, Any]] = {}
        field = 0
        while head := self.byte():
            field = field + (head >> 4) if head >> 4 else self.number()
            found[field] = (head & 15, self.value(head & 15))
        return found


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def written(kind: int, value: Any) -> bytes:
    if kind in (1, 2):
        return b""
    if kind == 3:
        return bytes([value & 255])
    if kind in (4, 5, 6):
        return varint(value << 1 if value >= 0 else (-value << 1) - 1)
    if kind == BINARY:
        return varint(len(value)) + value
    if kind == LIST:
        element, values = value
        head = bytes([len(values) << 4 | element]) if len(values) < 15 \
            else bytes([0xF0 | element]) + varint(len(values))
        return head + b"".join(bytes([1 if v else 2]) if element in (1, 2) else written(element, v)
                               for v in values)
    out, last = b"", 0
    for field, (kind, item) in sorted(value.items()):
        kind = (1 if item else 2) if kind in (1, 2) else kind
        step = field - last
        out += bytes([step << 4 | kind]) if step < 16 else bytes([kind]) + written(I32, field)
        out += written(kind, item)
        last = field
    return out + b"\0"


def refooted(data: bytes, change: Callable[[dict[int, Any]], None]) -> bytes:
    start = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
    footer = Thrift(data, start).struct()
    change(footer)
    text = written(STRUCT, footer)
    return data[:start] + text + struct.pack("<I", len(text)) + b"PAR1"


# --- Random tables -------------------------------------------------------------------------------

FLAT = [pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(),
        pa.float32(), pa.float64(), pa.string(), pa.binary(), pa.date32(), pa.timestamp("us"), pa.timestamp("ms", "UTC"),
        pa.timestamp("ns")]
RARE = [pa.float16(), pa.decimal128(9, 2), pa.decimal128(18, 9), pa.decimal128(38, 18), pa.decimal256(76, 38),
        pa.decimal256(39, 0), pa.time32("ms"), pa.time64("us"), pa.time64("ns"), pa.binary(5), pa.binary(16), pa.null()]
NESTED = [pa.list_(pa.int32()), pa.list_(pa.list_(pa.string())), pa.map_(pa.string(), pa.int64()),
          pa.struct([("a", pa.string()), ("b", pa.list_(pa.float64()))]), pa.list_(pa.struct([("x", pa.int8())]))]
TEXTS = ["", "SPY", "é", "日本", "😀 x", 'a"b', "\\", "\n\t", "\x00", "common/prefix/1", "common/prefix/22"]
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def whole(rng: random.Random, low: int, high: int) -> int:
    return rng.choice([low, high, 0, min(high, 7), rng.randint(low, high), rng.randint(max(low, -99), min(high, 99))])


def value(rng: random.Random, kind: pa.DataType, nulls: float) -> Any:
    t = pa.types
    if rng.random() < nulls or t.is_null(kind):
        return None
    if t.is_boolean(kind):
        return rng.random() < 0.5
    if t.is_integer(kind):
        width = kind.bit_width
        return whole(rng, -(1 << width - 1), (1 << width - 1) - 1) if t.is_signed_integer(kind) \
            else whole(rng, 0, (1 << width) - 1)
    if t.is_floating(kind):
        number = rng.choice([0.0, -0.0, math.nan, math.inf, -math.inf, 1.5, -0.25, 1e-5, 65504.0])
        return number
    if t.is_decimal(kind):
        unscaled = whole(rng, 1 - 10**kind.precision, 10**kind.precision - 1)
        return Decimal((0 if unscaled >= 0 else 1, tuple(map(int, str(abs(unscaled)))), -kind.scale))
    if t.is_date32(kind):
        return rng.randint(-100_000, 100_000)
    if t.is_time(kind):
        return rng.randrange(86_400 * UNITS[kind.unit])
    if t.is_timestamp(kind):
        return whole(rng, -(2**52), 2**52)
    if t.is_string(kind):
        return rng.choice(TEXTS)
    if t.is_fixed_size_binary(kind):
        return rng.randbytes(kind.byte_width)
    if t.is_binary(kind):
        return rng.choice([b"", b"\0", rng.randbytes(9)])
    if t.is_struct(kind):
        return {field.name: value(rng, field.type, nulls) for field in kind}
    if t.is_map(kind):
        return [(f"k{i}", value(rng, kind.item_type, nulls)) for i in range(rng.choice([0, 1, 3]))]
    return [value(rng, kind.value_type, nulls) for _ in range(rng.choice([0, 0, 1, 3]))]


def table(rng: random.Random, kinds: list[pa.DataType], rows: int) -> pa.Table:
    columns = []
    for _ in range(rng.randint(1, 5)):
        kind, nulls = rng.choice(kinds), rng.choice([0, 0.1, 0.5, 1.0])
        pool = [value(rng, kind, nulls) for _ in range(rng.choice([1, 3, 50]))]
        values = [rng.choice(pool) for _ in range(rows)]
        counted = pa.types.is_date32(kind) or pa.types.is_time32(kind)
        storage = pa.int32() if counted else pa.int64() if pa.types.is_temporal(kind) else kind
        array = pa.array(values, storage)
        columns.append(array.view(kind) if storage != kind else array)
    return pa.table(columns, names=[f"c{i}" if rng.random() < 0.8 else f"c {i}.é" for i in range(len(columns))])


def by_pyarrow(rng: random.Random, path: Path, rows: int) -> None:
    made = table(rng, FLAT + RARE + NESTED, rows)
    pq.write_table(
        made, path, version=rng.choice(["1.0", "2.4", "2.6"]), data_page_version=rng.choice(["1.0", "2.0"]),
        compression=rng.choice(["none", "snappy", "gzip", "brotli", "lz4", "zstd"]), use_dictionary=rng.random() < 0.6,
        data_page_size=rng.choice([1, 100, 1 << 20]), row_group_size=rng.choice([1 + rows // 3, 1 << 20]),
        dictionary_pagesize_limit=rng.choice([1, 1 << 20]), write_page_index=rng.random() < 0.5,
        write_page_checksum=rng.random() < 0.5, store_decimal_as_integer=rng.random() < 0.3,
        use_compliant_nested_type=rng.random() < 0.5, store_schema=rng.random() < 0.5,
        use_deprecated_int96_timestamps=rng.random() < 0.2, allow_truncated_timestamps=True)


def by_polars(rng: random.Random, path: Path, rows: int) -> None:
    frame = polars.from_arrow(table(rng, FLAT + NESTED[:2] + NESTED[3:], rows))
    frame.write_parquet(path, compression=rng.choice(["uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd"]),
                        row_group_size=1 + rows // 2, data_page_size=rng.choice([None, 1, 500]))


def by_duckdb(rng: random.Random, path: Path, rows: int) -> None:
    connection = duckdb.connect()
    connection.register("made", table(rng, FLAT + NESTED[:4], rows))
    connection.execute(f"copy made to '{path}' (format parquet, parquet_version {rng.choice(['V1', 'V2'])}, "
                       f"compression {rng.choice(['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4_raw'])})")


def by_fastparquet(rng: random.Random, path: Path, rows: int) -> None:
    frame = table(rng, FLAT[:-3] + FLAT[-2:], rows).to_pandas()
    fastparquet.write(str(path), frame, compression=rng.choice([None, "SNAPPY", "GZIP", "LZ4", "ZSTD"]),
                      times=rng.choice(["int64", "int96"]), has_nulls=rng.choice([True, None]),
                      row_group_offsets=rng.choice([7, 3000]), write_index=rng.choice([None, True, False]))


def by_arro3(rng: random.Random, path: Path, rows: int) -> None:
    arro3.io.write_parquet(
        table(rng, FLAT + NESTED, rows), path, compression=rng.choice(["lz4", "lz4_raw", "snappy", "zstd(3)"]),
        writer_version=rng.choice(["parquet_1_0", "parquet_2_0"]), data_page_row_count_limit=rng.choice([1, 7, 20000]),
        dictionary_enabled=rng.random() < 0.5, bloom_filter_enabled=rng.random() < 0.3)


def judge_random(judge: Judge, reader: parquet_read.Judge) -> None:
    path = judge.folder() / "made.parquet"
    for writer, count in ((by_pyarrow, 160), (by_polars, 30), (by_duckdb, 30), (by_fastparquet, 40), (by_arro3, 30)):
        made = 0
        for seed in range(count):
            rng = random.Random(f"{writer.__name__} {seed}")
            try:
                writer(rng, path, rng.choice([1, 2, 9, 100, 1000]))
                pq.ParquetFile(path).read()
            except Exception:  # What the writer cannot write, or pyarrow not read, judges nobody.
                continue
            made += 1
            name = f"{writer.__name__}, seed {seed}"
            reader.check(path, name)
            judge_query(judge, path, name)
        judge.check(made >= count // 2, f"{writer.__name__} writes", made)


def judge_query(judge: Judge, path: Path, name: str) -> None:
    """Flat columns by `lake query` against those of `lake parquet --rows`, which the peer has judged."""
    rows = subprocess.run([judge.binary, "parquet", path, "--rows"], capture_output=True)
    done = subprocess.run([judge.binary, "query", path, "--format", "jsonl"], capture_output=True)
    if rows.returncode:
        judge.check(done.returncode == 2, f"query of {name} is refused too", rows.stderr.decode()[:300])
        return
    if b"digits, at most 38" in done.stderr:
        judge.check(done.returncode == 2, f"query of {name} says what it cannot", done.stderr.decode())
        return
    try:
        ours = [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError as error:
        judge.check(False, f"query of {name} is JSON", error)
        return
    keys = list(ours[0]) if ours else []
    theirs = [json.loads(line) for line in rows.stdout.splitlines()]
    judge.check(done.returncode == 0 and shown(ours, keys) == shown(theirs, keys), f"query of {name} gives its rows",
                [pair for pair in zip(shown(ours, keys), shown(theirs, keys)) if pair[0] != pair[1]][:1])


def shown(rows: list[dict[str, Any]], keys: list[str]) -> list[str]:
    """The rows as a multiset, where 8.0 is 8, and years of five digits have no sign."""
    def plain(found: Any) -> Any:
        if isinstance(found, str):
            return found.removeprefix("+")
        return int(found) if isinstance(found, float) and found.is_integer() else found
    return sorted(repr([plain(row[key]) for key in keys]) for row in rows)


# --- Footers -------------------------------------------------------------------------------------

def small(array: pa.Array, **options: Any) -> bytes:
    out = io.BytesIO()
    schema = pa.schema([pa.field("x", array.type, nullable=False)])
    pq.write_table(pa.table([array], schema=schema), out, store_schema=False, use_dictionary=False, **options)
    return out.getvalue()


def leaf(footer: dict[int, Any]) -> dict[int, Any]:
    return footer[2][1][1][1]


def chunk(footer: dict[int, Any]) -> dict[int, Any]:
    return footer[4][1][1][0][1][1][1][0]


def judge_footers(judge: Judge, reader: parquet_read.Judge) -> None:
    path = judge.folder() / "odd.parquet"

    def put(data: bytes) -> Path:
        path.write_bytes(data)
        return path

    def refused(data: bytes, name: str, *words: str) -> None:
        for run in (["parquet", put(data), "--rows"], ["query", path]):
            done = subprocess.run([judge.binary, *run], capture_output=True, text=True)
            judge.check(done.returncode == 2 and done.stderr.startswith("error: ")
                        and all(word in done.stderr for word in words), f"{name} is refused", done.stderr[:300])

    numbers = {"INT32": small(pa.array([1, 2], pa.int32())), "INT64": small(pa.array([1, 2])),
               "DOUBLE": small(pa.array([1.0, 2.0])), "BYTE_ARRAY": small(pa.array([b"a", b"b"])),
               "FIXED(12)": small(pa.array([b"a" * 12, b"b" * 12], pa.binary(12)))}
    for physical, data in numbers.items():
        reader.check(put(refooted(data, lambda f: leaf(f).pop(3))), f"{physical} without a repetition")
        for converted in range(22):
            def change(footer: dict[int, Any]) -> None:
                leaf(footer).pop(10, None)
                leaf(footer)[6] = (I32, converted)
                if converted == 5:
                    leaf(footer)[7], leaf(footer)[8] = (I32, 2), (I32, 5)
            put(refooted(data, change))
            # ENUM and INTERVAL are bytes to pyarrow, text and parts to us; 12 bytes are more than 5 digits.
            if converted not in (4, 21) and (converted, physical) != (5, "FIXED(12)"):
                reader.check(path, f"{physical} as converted type {converted}")
    for bad in (b"\xff", b"ok\x80", b"\xed\xa0\x80", b"\xc3"):
        text = small(pa.array([b"fine", bad]))
        refused(refooted(text, lambda f: leaf(f).update({6: (I32, 0)})), f"text {bad!r}", "UTF-8")
    plain = numbers["INT64"]
    refused(refooted(plain, lambda f: chunk(f).update({8: (STRUCT, {1: (STRUCT, {})})})), "an encrypted column",
            "encrypted")
    refused(refooted(plain, lambda f: chunk(f).update({1: (BINARY, b"other.parquet")})), "a chunk elsewhere",
            "another file")
    for count in (3, 1 << 40, -1):
        def recount(footer: dict[int, Any]) -> None:
            footer[4][1][1][0][3] = (I64, count)
        refused(refooted(plain, recount), f"a row group of {count} rows")
    for codec in (3, 8, 99):
        refused(refooted(plain, lambda f: chunk(f)[3][1].update({4: (I32, codec)})), f"codec {codec}", "compressed")


def judge_statistics(judge: Judge) -> None:
    """Bounds that must not be believed: a row that is there is found whatever they say."""
    path = judge.folder() / "bounds.parquet"

    def found(data: bytes, literal: str, name: str) -> None:
        path.write_bytes(data)
        done = subprocess.run([judge.binary, "query", path, "--where", f"x = {literal}"], capture_output=True, text=True)
        judge.check(done.returncode == 0 and len(done.stdout.splitlines()) == 2, name, (done.stdout, done.stderr))

    for array, literal, low, high in (
            (pa.array([5, 7]), "7", struct.pack("<q", 100), struct.pack("<q", 200)),
            (pa.array([5.0, 7.0]), "7", struct.pack("<d", 100), struct.pack("<d", 200)),
            (pa.array(["b", "é"]), "'é'", b"p", b"q")):
        data = small(array, write_page_index=False)

        def bounds(footer: dict[int, Any], first: bytes, last: bytes, orders: bool) -> None:
            statistics = chunk(footer)[3][1][12][1]
            statistics[6], statistics[5] = (BINARY, first), (BINARY, last)
            if not orders:
                footer.pop(7, None)

        found(data, literal, f"{array.type}: sound bounds")
        found(refooted(data, lambda f: bounds(f, low, high, False)), literal, f"{array.type}: bounds of no order")
        found(refooted(data, lambda f: bounds(f, high, low, True)), literal, f"{array.type}: bounds the wrong way round")
        found(refooted(data, lambda f: bounds(f, b"\1", b"\2", array.type != pa.string())), literal,
              f"{array.type}: bounds of another width")


def judge_all(judge: Judge) -> None:
    reader = parquet_read.Judge(str(judge.binary))
    judge_random(judge, reader)
    judge_footers(judge, reader)
    judge_statistics(judge)
    judge.cases += reader.cases
    judge.wrong += len(reader.failures)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
