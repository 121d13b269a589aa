#!/usr/bin/env python3
"""The row hash of a lake, a second time: the Python twin of Sources/Bytes/RowHash.swift.

    tools/rowhash.py TABLE_FOLDER      compare each live file's tags with its rows; print one line a file
    tools/rowhash.py --vectors FILE    check the vectors which the Swift tests read too

The header of RowHash.swift is the definition. Needs pyarrow and numpy.
"""
from __future__ import annotations

import argparse
import decimal
import json
import sys
import urllib.parse
from pathlib import Path
from typing import Any, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

U64 = np.uint64
MASK = (1 << 64) - 1
MASK128 = (1 << 128) - 1
GOLDEN = 0x9E3779B97F4A7C15
NS_SUFFIX = "_plus_ns"
# Where a row came from is no part of what it says.
PROVENANCE = ("requested_symbol", "source_ordinal")


def fnv1a64(data: bytes) -> int:
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def murmur64(h: Any) -> Any:
    """The finaliser of MurmurHash3, of one Python integer or of an array of words."""
    if isinstance(h, int):
        return int(murmur64(np.array([h], U64))[0])
    h = h ^ (h >> U64(33))
    h = h * U64(0xFF51AFD7ED558CCD)
    h = h ^ (h >> U64(33))
    h = h * U64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> U64(33))


def seeds(name: str, kind: str) -> tuple[int, int, int]:
    """k0, k1, k2 of a column."""
    state, out = fnv1a64(f"{name}:{kind}".encode()), []
    for _ in range(3):
        state = (state + GOLDEN) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        out.append(z ^ (z >> 31))
    return out[0], out[1] | 1, out[2] | 1


def multiply(a: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The low and high words of the 128-bit products of an array and one word."""
    half, low32 = U64(32), U64(0xFFFFFFFF)
    a0, a1, k0, k1 = a & low32, a >> half, U64(k & 0xFFFFFFFF), U64(k >> 32)
    p00, p01, p10, p11 = a0 * k0, a0 * k1, a1 * k0, a1 * k1
    middle = (p00 >> half) + (p01 & low32) + (p10 & low32)
    low = (p00 & low32) | ((middle & low32) << half)
    return low, p11 + (p01 >> half) + (p10 >> half) + (middle >> half)


class RowSums:
    """The accumulators of some rows: one 128-bit sum each."""

    def __init__(self, count: int) -> None:
        self.low = np.zeros(count, U64)
        self.high = np.zeros(count, U64)

    def add(self, name: str, kind: str, words: np.ndarray, valid: np.ndarray) -> None:
        k0, k1, k2 = seeds(name, kind)
        t = words + U64(k0)
        low, high = multiply(t, k1)
        low, high = multiply(low ^ high, k2)
        first = low + t
        high = high + (first < low)
        first, high = np.where(valid, first, U64(0)), np.where(valid, high, U64(0))
        total = self.low + first
        self.high = self.high + high + (total < first)
        self.low = total

    def fingerprint(self) -> int:
        low = murmur64(self.low + U64(GOLDEN))
        high = murmur64(self.high ^ ((low << U64(32)) | (low >> U64(32))))
        low = low + murmur64(high)
        halves = [
            int((word & U64(0xFFFFFFFF)).sum()) + (int((word >> U64(32)).sum()) << 32)
            for word in (low, high)
        ]
        return (halves[0] + (halves[1] << 64)) & MASK128


def text_word(data: bytes) -> int:
    return murmur64(fnv1a64(data))


def wide_word(value: int) -> int:
    """An unscaled decimal: itself where it fits in 64 bits."""
    if -(1 << 63) <= value < 1 << 63:
        return value & MASK
    return murmur64(value & MASK) ^ murmur64((((value >> 64) & MASK) + GOLDEN) & MASK)


def by_distinct(column: pa.ChunkedArray, word: Any) -> np.ndarray:
    """Reduces every distinct value once, by a Python function."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    table = np.array([word(value.as_py()) for value in encoded.dictionary] or [0], U64)
    return table[pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)]


def signed(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(column, 0).to_numpy().astype(np.int64)


def canonical(column: pa.ChunkedArray, plus_ns: pa.ChunkedArray | None) -> tuple[str, np.ndarray]:
    """A column's canonical type and its values as 64-bit words (anything where null)."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        scale = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}[kind.unit]
        value = signed(column.cast(pa.int64())) * scale
        return "timestamp", (value + (0 if plus_ns is None else signed(plus_ns))).view(U64)
    if pa.types.is_decimal(kind):
        exact = decimal.Context(prec=80)
        return f"decimal({kind.scale})", by_distinct(
            column, lambda value: wide_word(int(exact.scaleb(value, kind.scale))))
    if pa.types.is_date(kind):
        return "date", signed(column.cast(pa.date32()).cast(pa.int32())).view(U64)
    if pa.types.is_boolean(kind):
        return "boolean", signed(column.cast(pa.int8())).view(U64)
    if pa.types.is_integer(kind):
        return "integer", signed(column).view(U64)
    if pa.types.is_floating(kind):
        value = pc.fill_null(column, 0).to_numpy().astype(np.float64)
        return "double", np.where(value == 0, 0.0, value).view(U64)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return "binary", by_distinct(column, text_word)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "string", by_distinct(column, lambda text: text_word(text.encode()))
    raise SystemExit(f"error: no canonical form of a column of type {kind}")


def fingerprint(table: pa.Table) -> int:
    """The sum of a table's row hashes.

    A column `<name>_plus_ns` beside `<name>` is part of it; the partition column `date` is left out.
    """
    sums = RowSums(table.num_rows)
    names = set(table.column_names)
    for name in table.column_names:
        if name == "date" or (name.endswith(NS_SUFFIX) and name.removesuffix(NS_SUFFIX) in names):
            continue
        column = table.column(name)
        pair = table.column(name + NS_SUFFIX) if name + NS_SUFFIX in names else None
        kind, words = canonical(column, pair)
        sums.add(name, kind, words, pc.is_valid(column).to_numpy())
    return sums.fingerprint()


def without_provenance(table: pa.Table) -> pa.Table:
    return table.drop_columns([name for name in table.column_names if name in PROVENANCE])


def file_fingerprint(path: Path) -> tuple[int, int]:
    """Rows and fingerprint of one Parquet file."""
    file, rows, total = pq.ParquetFile(path), 0, 0
    for group in range(file.num_row_groups):
        table = without_provenance(file.read_row_group(group))
        rows, total = rows + table.num_rows, total + fingerprint(table)
    return rows, total & MASK128


def live_files(table: Path) -> list[dict[str, Any]]:
    """The `add` actions of the newest version, read from the log's own files, by path."""
    log, live, start = table / "_delta_log", {}, 0
    for checkpoint in sorted(log.glob("*.checkpoint.parquet"))[-1:]:
        start = int(checkpoint.name[:20]) + 1
        for row in pq.read_table(checkpoint, columns=["add"]).to_pylist():
            if row["add"]:
                live[row["add"]["path"]] = row["add"] | {"tags": dict(row["add"].get("tags") or [])}
    for commit in sorted(log.glob("[0-9]" * 20 + ".json")):
        if int(commit.stem) < start:
            continue
        for action in map(json.loads, commit.read_text().splitlines()):
            if "remove" in action:
                live.pop(action["remove"]["path"], None)
            if "add" in action:
                live[action["add"]["path"]] = action["add"]
    return [live[path] for path in sorted(live)]


def check_table(table: Path, quiet: bool = False) -> tuple[int, int]:
    """Compares tags and rows of every live file. Returns how many files there are, how many differ."""
    wrong = 0
    adds = live_files(table)
    for add in adds:
        tags = add.get("tags") or {}
        rows, value = file_fingerprint(table / urllib.parse.unquote(add["path"]))
        same = tags.get("lake.rows") == str(rows) and tags.get("lake.rowHash2") == f"{value:032x}"
        wrong += not same
        told = "" if same else f", tags say {tags.get('lake.rows')} rows {tags.get('lake.rowHash2')}"
        if not (same and quiet):
            print(f"{'ok  ' if same else 'FAIL'} {add['path']}: {rows} rows {value:032x}{told}")
    return len(adds), wrong


def vector_word(kind: str, value: str) -> int:
    """One value of the vectors file as its canonical word."""
    if kind == "string":
        return text_word(value.encode())
    if kind == "binary":
        return text_word(bytes.fromhex(value))
    if kind == "double":
        return int(np.array([float(value) or 0.0], np.float64).view(U64)[0])
    return wide_word(int(value))


def check_vectors(path: Path) -> tuple[int, int]:
    cases, wrong = json.loads(path.read_text())["cases"], 0
    for case in cases:
        total = 0
        for row in case["rows"]:
            sums = RowSums(1)
            for column, value in zip(case["columns"], row):
                word = 0 if value is None else vector_word(column["type"], value)
                valid = np.array([value is not None])
                sums.add(column["name"], column["type"], np.array([word], U64), valid)
            total = (total + sums.fingerprint()) & MASK128
        if f"{total:032x}" != case["fingerprint"]:
            wrong += 1
            print(f"FAIL vector '{case['name']}': {total:032x}, not {case['fingerprint']}")
    return len(cases), wrong


def main() -> int:
    parser = argparse.ArgumentParser(description="Row hashes of a lake's tables, by pyarrow and numpy.")
    parser.add_argument("table", nargs="?", type=Path, help="folder of a table")
    parser.add_argument("--vectors", type=Path, help="vectors file to check")
    options = parser.parse_args()
    if (options.table is None) == (options.vectors is None):
        parser.error("give either a table's folder or --vectors FILE")
    check = check_vectors if options.vectors else check_table
    checked, wrong = check(options.vectors or options.table)
    print(f"{checked} cases, {wrong} failed")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
