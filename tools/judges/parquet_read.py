#!/usr/bin/env python3
"""Compares `lake parquet FILE --rows --format jsonl` with pyarrow, value by value.

Files: the shared conformance suites, real data, and a matrix that pyarrow, duckdb and polars write
on the spot (types x encodings x codecs x page versions x nesting). A file that pyarrow refuses must
end in an error of ours too, with exit status 2 and a place.
"""

import argparse
import base64
import json
import math
import os
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Files where a difference is right, and why. They must still pass --verify.
EXCEPTIONS = {
    "large_string_map.brotli.parquet":
        "pyarrow refuses it (a nested column in several chunks); ours reads its two 1 GiB keys",
}

UNIT_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def civil(days):
    """ISO date of days since 1970, for any year (Python's own dates end at 9999)."""
    z = days + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    y = yoe + era * 400
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    d = doy - (153 * mp + 2) // 5 + 1
    m = mp + 3 if mp < 10 else mp - 9
    if m <= 2:
        y += 1
    sign = "-" if y < 0 else ""
    return f"{sign}{abs(y):04d}-{m:02d}-{d:02d}"


def clock(count, unit):
    per = 10 ** UNIT_DIGITS[unit]
    sign = "-" if count < 0 else ""
    seconds, fraction = divmod(abs(count), per)
    text = f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return text + (f".{fraction:0{UNIT_DIGITS[unit]}d}" if UNIT_DIGITS[unit] else "")


def instant(count, unit, zoned):
    day, rest = divmod(count, 86400 * 10 ** UNIT_DIGITS[unit])
    return civil(day) + "T" + clock(rest, unit) + ("Z" if zoned else "")


def leaf_values(array, convert, storage=None):
    raw = array.cast(storage) if storage is not None else array
    return [None if v is None else convert(v) for v in raw.to_pylist()]


def canonical(array):
    """The array's values as our JSON spells them; numbers stay numbers."""
    t = array.type
    if isinstance(array, pa.ChunkedArray):
        return [v for chunk in array.chunks for v in canonical(chunk)]
    if isinstance(t, pa.BaseExtensionType):
        if t.extension_name == "arrow.uuid":
            return [None if v is None else uuid_text(v) for v in array.storage.to_pylist()]
        return canonical(array.storage)
    if pa.types.is_dictionary(t):
        return canonical(array.dictionary_decode())
    if pa.types.is_struct(t):
        children = [canonical(array.field(i)) for i in range(t.num_fields)]
        names = [t.field(i).name for i in range(t.num_fields)]
        return [
            {n: c[i] for n, c in zip(names, children)} if ok else None
            for i, ok in enumerate(array.is_valid().to_pylist())
        ]
    if pa.types.is_map(t):
        keys, items = canonical(array.keys), canonical(array.items)
        return sliced(array, [list(pair) for pair in zip(keys, items)], MapPairs)
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return sliced(array, canonical(array.values), list)
    if pa.types.is_fixed_size_list(t):
        return [None if v is None else canonical(v.values) for v in array]
    if pa.types.is_decimal(t):
        return leaf_values(array, lambda v: Number(v))
    if pa.types.is_timestamp(t):
        zoned = t.tz is not None
        return leaf_values(array, lambda v: instant(v, t.unit, zoned), pa.int64())
    if pa.types.is_date32(t):
        return leaf_values(array, civil, pa.int32())
    if pa.types.is_date64(t):
        return leaf_values(array, lambda v: civil(v // 86400000), pa.int64())
    if pa.types.is_time32(t):
        return leaf_values(array, lambda v: clock(v, t.unit), pa.int32())
    if pa.types.is_time64(t):
        return leaf_values(array, lambda v: clock(v, t.unit), pa.int64())
    if pa.types.is_duration(t):
        return leaf_values(array, int, pa.int64())
    if pa.types.is_float16(t) or pa.types.is_float32(t):
        return leaf_values(array, np.float32)
    if pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_fixed_size_binary(t) \
            or pa.types.is_binary_view(t):
        return leaf_values(array, lambda v: base64.b64encode(v).decode())
    if pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t):
        return array.to_pylist()
    return array.to_pylist()


def widen_julian(path, table, theirs):
    """pyarrow's nanoseconds wrap around for INT96 times outside 1677 to 2262: take microseconds."""
    schema = pq.ParquetFile(path).schema
    names = {schema.column(i).name for i in range(len(schema))
             if schema.column(i).physical_type == "INT96"}
    if not names:
        return
    micro = pq.read_table(path, coerce_int96_timestamp_unit="us")
    for index, field in enumerate(table.schema):
        if field.name in names and pa.types.is_timestamp(field.type):
            counts = micro.column(index).cast(pa.int64()).to_pylist()
            for row, count in enumerate(counts):
                if count is not None and not -(2**63) <= count * 1000 + 999 < 2**63:
                    theirs[index][row] = instant(count, "us", False)


def sliced(array, values, make):
    offsets = array.offsets.to_pylist()
    return [
        make(values[offsets[i] : offsets[i + 1]]) if ok else None
        for i, ok in enumerate(array.is_valid().to_pylist())
    ]


def uuid_text(raw):
    h = raw.hex() if isinstance(raw, (bytes, bytearray)) else str(raw).replace("-", "")
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


class MapPairs(list):
    """A map's entries, to be compared with a JSON object's pairs."""


class Number:
    """A decimal, to be compared digit by digit."""

    def __init__(self, value):
        self.text = format(value, "f")


class Pairs(list):
    """A JSON object as its pairs: keys may repeat."""


class Raw(str):
    """A JSON number as its text."""


def parse_line(line):
    return json.loads(
        line, object_pairs_hook=lambda p: Pairs(p), parse_float=Raw, parse_int=Raw,
        parse_constant=lambda c: (_ for _ in ()).throw(ValueError(f"bare {c} in JSON")))


def key_text(key):
    """A map's key as the name of a JSON member."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return key if isinstance(key, str) else None


def equal(ours, theirs):
    if theirs is None:
        return ours is None
    if isinstance(theirs, bool):
        return ours is theirs
    if isinstance(theirs, Number):
        return isinstance(ours, Raw) and str(ours) == theirs.text
    if isinstance(theirs, (float, np.floating)):
        if math.isnan(theirs):
            return ours == "NaN"
        if math.isinf(theirs):
            return ours == ("Infinity" if theirs > 0 else "-Infinity")
        if not isinstance(ours, Raw):
            return False
        mine = np.float32(ours) if isinstance(theirs, np.float32) else float(ours)
        return mine == theirs and math.copysign(1, mine) == math.copysign(1, theirs)
    if isinstance(theirs, int):
        return isinstance(ours, Raw) and str(ours) == str(theirs)
    if isinstance(theirs, str):
        return isinstance(ours, str) and not isinstance(ours, Raw) and ours == theirs
    if isinstance(theirs, MapPairs):
        if not isinstance(ours, Pairs) or len(ours) != len(theirs):
            return False
        for (name, value), (key, item) in zip(ours, theirs):
            if isinstance(key, (int, float, str)) and not isinstance(key, bool):
                if not equal(Raw(name) if not isinstance(key, str) else name, key):
                    return False
            elif isinstance(key, bool) and name != key_text(key):
                return False
            if not equal(value, item):
                return False
        return True
    if isinstance(theirs, dict):
        return (
            isinstance(ours, Pairs)
            and [k for k, _ in ours] == list(theirs)
            and all(equal(v, theirs[k]) for k, v in ours)
        )
    if isinstance(theirs, list):
        return (
            isinstance(ours, list)
            and not isinstance(ours, Pairs)
            and len(ours) == len(theirs)
            and all(equal(a, b) for a, b in zip(ours, theirs))
        )
    return False


class Judge:
    def __init__(self, lake):
        self.lake = lake
        self.cases = 0
        self.failures = []

    def fail(self, name, what):
        self.failures.append(f"{name}: {what}")
        print(f"FAIL {name}: {what}", file=sys.stderr)

    def run(self, *arguments):
        return subprocess.run(
            [self.lake, "parquet", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def check(self, path, name=None, other=None):
        """Equal values where pyarrow (else `other`) reads the file, an error where none does."""
        name = name or str(path)
        self.cases += 1
        if any(name.endswith(key) for key in EXCEPTIONS):
            verified = self.run(str(path), "--verify")
            if verified.returncode != 0:
                self.fail(name, f"--verify: exit {verified.returncode}")
            return
        try:
            table = pq.ParquetFile(path, page_checksum_verification=True).read()
            theirs = [canonical(c) for c in table.columns]
            widen_julian(path, table, theirs)
        except Exception as error:
            if other is not None:
                table = other()
                self.compare_rows(path, table, [canonical(c) for c in table.columns], name)
                return
            self.expect_error(path, name, f"pyarrow: {str(error)[:100]}")
            return
        self.compare_rows(path, table, theirs, name)

    def compare_rows(self, path, table, theirs, name):
        result = self.run(str(path), "--rows", "--format", "jsonl")
        if result.returncode != 0:
            self.fail(name, f"exit {result.returncode}: {result.stderr.decode()[:300]}")
            return
        self.compare(result.stdout, table.column_names, theirs, table.num_rows, name)
        verified = self.run(str(path), "--verify")
        if verified.returncode != 0:
            self.fail(name, f"--verify: exit {verified.returncode}: {verified.stderr.decode()[:300]}")

    def compare(self, output, names, theirs, count, name):
        lines = output.splitlines()
        if len(lines) != count:
            self.fail(name, f"{len(lines)} rows, pyarrow has {count}")
            return
        for row, line in enumerate(lines):
            try:
                ours = parse_line(line)
            except ValueError as error:
                self.fail(name, f"row {row} is no JSON: {error}")
                return
            if [k for k, _ in ours] != names:
                self.fail(name, f"columns {[k for k, _ in ours]}, pyarrow has {names}")
                return
            for column, (key, value) in enumerate(ours):
                if not equal(value, theirs[column][row]):
                    self.fail(
                        name,
                        f"row {row}, column {key}: {str(value)[:100]!r}, "
                        f"pyarrow has {str(theirs[column][row])[:100]!r}")
                    return

    def expect_error(self, path, name, why):
        result = self.run(str(path), "--rows", "--format", "jsonl")
        text = result.stderr.decode()
        if result.returncode != 2 or not text.startswith("error: ") or "  at: " not in text:
            self.fail(name, f"exit {result.returncode}, expected a clear error ({why}); {text[:200]}")


# --- What is written on the spot -----------------------------------------------------------------


def flat_table(rng, rows, nulls):
    def masked(values, type_):
        if not nulls:
            return pa.array(values, type_)
        keep = rng.random(rows) > 0.3
        return pa.array([v if k else None for v, k in zip(values, keep)], type_)

    ints = rng.integers(-(2**40), 2**40, rows)
    walk = np.cumsum(rng.integers(-50, 50, rows)) + 1_700_000_000_000_000
    words = [f"w{'x' * int(n % 19)}{n % 7}" for n in rng.integers(0, 1000, rows)]
    raw = [bytes(rng.integers(0, 256, int(n % 23), dtype=np.uint8)) for n in range(rows)]
    decimals = [Decimal(int(v)).scaleb(-4) for v in ints]
    wide = [Decimal(int(a) * 10**18 + int(b)).scaleb(-18) for a, b in zip(ints, walk)]
    floats = rng.normal(size=rows)
    if rows > 4:
        floats[:4] = [math.nan, math.inf, -math.inf, -0.0]
    return pa.table({
        "bool": masked((ints % 3 == 0).tolist(), pa.bool_()),
        "i8": masked((ints % 100 - 50).tolist(), pa.int8()),
        "i16": masked((ints % 30000 - 9000).tolist(), pa.int16()),
        "i32": masked((ints % 2**31).tolist(), pa.int32()),
        "i64": masked(ints.tolist(), pa.int64()),
        "walk": masked(walk.tolist(), pa.int64()),
        "u8": masked((ints % 256).tolist(), pa.uint8()),
        "u16": masked((ints % 65536).tolist(), pa.uint16()),
        "u32": masked((ints % 2**32).tolist(), pa.uint32()),
        "u64": masked([int(v) % 2**64 for v in ints], pa.uint64()),
        "f16": masked([np.float16(v) for v in floats], pa.float16()),
        "f32": masked(floats.astype(np.float32).tolist(), pa.float32()),
        "f64": masked(floats.tolist(), pa.float64()),
        "d9": masked([Decimal(int(v) % 10**8).scaleb(-2) for v in ints], pa.decimal128(9, 2)),
        "d18": masked(decimals, pa.decimal128(18, 4)),
        "d38": masked(wide, pa.decimal128(38, 18)),
        "date": masked((ints % 40000 - 20000).tolist(), pa.date32()),
        "t32": masked((ints % 86_400_000).tolist(), pa.time32("ms")),
        "t64us": masked((ints % 86_400_000_000).tolist(), pa.time64("us")),
        "t64ns": masked((ints % 86_400_000_000_000).tolist(), pa.time64("ns")),
        "ms": masked((ints % 2**42).tolist(), pa.timestamp("ms", "UTC")),
        "us": masked(walk.tolist(), pa.timestamp("us", "UTC")),
        "ns": masked((walk * 1000 + 7).tolist(), pa.timestamp("ns")),
        "text": masked(words, pa.string()),
        "bytes": masked(raw, pa.binary()),
        "fixed": masked([bytes(rng.integers(0, 256, 5, dtype=np.uint8)) for _ in range(rows)],
                        pa.binary(5)),
        "same": masked(["SPY"] * rows, pa.string()),
    })


def nested_table(rng, rows):
    def maybe(value, chance=0.2):
        return None if rng.random() < chance else value

    def texts(n):
        return [maybe(f"s{int(v)}") for v in rng.integers(0, 9, n)]

    return pa.table({
        "list": pa.array([maybe(texts(int(rng.integers(0, 4)))) for _ in range(rows)],
                         pa.list_(pa.string())),
        "lists": pa.array(
            [maybe([maybe([int(v) for v in rng.integers(0, 99, int(rng.integers(0, 3)))])
                    for _ in range(int(rng.integers(0, 3)))]) for _ in range(rows)],
            pa.list_(pa.list_(pa.int32()))),
        "struct": pa.array(
            [maybe({"a": maybe(int(rng.integers(0, 9))), "b": maybe(texts(2)),
                    "c": maybe({"d": maybe(1.5)})}) for _ in range(rows)],
            pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string())),
                       ("c", pa.struct([("d", pa.float64())]))])),
        "map": pa.array(
            [maybe([(f"k{i}", maybe(i * 7)) for i in range(int(rng.integers(0, 4)))])
             for _ in range(rows)], pa.map_(pa.string(), pa.int64())),
        "structs": pa.array(
            [maybe([maybe({"x": maybe(i), "y": maybe([maybe(i), i])})
                    for i in range(int(rng.integers(0, 4)))]) for _ in range(rows)],
            pa.list_(pa.struct([("x", pa.int16()), ("y", pa.list_(pa.int8()))]))),
        "nothing": pa.nulls(rows),
    })


ENCODINGS = {
    "DELTA_BINARY_PACKED": ["i8", "i16", "i32", "i64", "walk", "u8", "u16", "u32", "u64", "date",
                            "t32", "t64us", "t64ns", "ms", "us", "ns"],
    "DELTA_LENGTH_BYTE_ARRAY": ["text", "bytes", "same"],
    "DELTA_BYTE_ARRAY": ["text", "bytes", "same", "fixed", "d38"],
    "BYTE_STREAM_SPLIT": ["i32", "i64", "u32", "u64", "f16", "f32", "f64", "fixed", "d38", "d18",
                          "us", "date"],
    "RLE": ["bool"],
}


def write_matrix(judge, folder):
    rng = np.random.default_rng(20240102)
    for rows in (0, 1, 8, 9, 129, 4097):
        for nulls in (False, True):
            table = flat_table(rng, rows, nulls)
            for version in ("1.0", "2.0"):
                path = folder / f"flat-{rows}-{nulls}-{version}.parquet"
                pq.write_table(table, path, data_page_version=version, data_page_size=2048,
                               write_page_checksum=True, write_page_index=True, version="2.6",
                               compression="zstd")
                judge.check(path)
                for encoding, columns in ENCODINGS.items():
                    path = folder / f"{encoding}-{rows}-{nulls}-{version}.parquet"
                    pq.write_table(table.select(columns), path, use_dictionary=False,
                                   column_encoding={c: encoding for c in columns},
                                   data_page_version=version, data_page_size=1500,
                                   compression="lz4")
                    judge.check(path)
    for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd"):
        for version in ("1.0", "2.0"):
            path = folder / f"codec-{codec}-{version}.parquet"
            pq.write_table(flat_table(rng, 3000, True), path, compression=codec,
                           data_page_version=version, use_dictionary=version == "1.0",
                           write_page_checksum=True)
            judge.check(path)
    for rows in (0, 1, 64, 3000):
        for version in ("1.0", "2.0"):
            table = nested_table(rng, rows)
            path = folder / f"nested-{rows}-{version}.parquet"
            pq.write_table(table, path, data_page_version=version, data_page_size=512,
                           row_group_size=1000)
            judge.check(path)
    path = folder / "int96.parquet"
    pq.write_table(flat_table(rng, 500, True).select(["us", "ns"]), path,
                   use_deprecated_int96_timestamps=True)
    judge.check(path)
    path = folder / "decimal-as-integer.parquet"
    pq.write_table(flat_table(rng, 500, True).select(["d9", "d18", "d38"]), path,
                   store_decimal_as_integer=True)
    judge.check(path)


def write_by_others(judge, folder):
    rng = np.random.default_rng(7)
    table = flat_table(rng, 5000, True).drop_columns(["f16"])
    try:
        import duckdb

        connection = duckdb.connect()
        connection.register("t", table)
        for codec in ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"):
            for version in ("V1", "V2"):
                path = folder / f"duckdb-{codec}-{version}.parquet"
                connection.execute(
                    f"copy t to '{path}' (format parquet, compression {codec}, "
                    f"parquet_version {version}, row_group_size 2048)")
                # pyarrow cannot read pages without values that duckdb writes as empty deltas.
                judge.check(path, other=lambda p=path: connection.sql(
                    f"select * from read_parquet('{p}')").to_arrow_table())
    except ImportError:
        print("SKIPPED: duckdb is not installed", file=sys.stderr)
    try:
        import polars

        frame = polars.from_arrow(table)
        for codec in ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4"):
            path = folder / f"polars-{codec}.parquet"
            frame.write_parquet(path, compression=codec, row_group_size=1024, data_page_size=4096)
            judge.check(path)
    except ImportError:
        print("SKIPPED: polars is not installed", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", required=True, help="the lake binary")
    parser.add_argument("--shared", required=True, help="the folder that holds data/")
    parser.add_argument("--only", help="check files whose path has this in it")
    options = parser.parse_args()
    judge = Judge(options.lake)
    data = Path(options.shared) / "data"
    files = sorted((data / "parquet-testing").rglob("*.parquet"))
    files += sorted((data / "delta").rglob("*.parquet"))
    files += sorted((data / "lean" / "ticks").rglob("*.parquet"))
    if not files:
        print("SKIPPED: no shared data", file=sys.stderr)
    for path in files:
        if path.is_file() and (not options.only or options.only in str(path)):
            judge.check(path, os.path.relpath(path, data))
    if not options.only:
        with tempfile.TemporaryDirectory() as folder:
            write_matrix(judge, Path(folder))
            write_by_others(judge, Path(folder))
    print(f"{judge.cases} cases, {len(judge.failures)} failures, {len(EXCEPTIONS)} exceptions")
    sys.exit(1 if judge.failures else 0)


if __name__ == "__main__":
    main()
