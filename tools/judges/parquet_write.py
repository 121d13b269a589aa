#!/usr/bin/env python3
"""Parquet files that lake writes, read by pyarrow, DuckDB and Polars.

Files of random columns (every type, every pattern of nulls, extremes, runs, noise; nested ones too) are written by
pyarrow, written anew by `lake parquet FILE --rewrite OUT`, and read by all three: same values, same nulls, same types.
What the footer, the page headers and the page index say is checked against the values: bounds, null counts, boundary
order, encodings, codecs, page lengths, checksums.
"""
from __future__ import annotations

import decimal
import random
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import duckdb  # noqa: E402
import polars  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake  # noqa: E402

SEED = 20240102
ENCODINGS = {"PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED", "RLE"}
SIZES = [0, 1, 7, 8, 9, 127, 128, 129, 1_000, 20_001, 131_072, 140_000]
NULLS = ["none", "all", "some", "first page", "runs"]


class Thrift:
    """The compact protocol, as structs of field id to value."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def integer(self) -> int:
        raw = self.varint()
        return (raw >> 1) ^ -(raw & 1)

    def binary(self) -> bytes:
        length = self.varint()
        self.at += length
        return self.data[self.at - length:self.at]

    def value(self, kind: int) -> Any:
        if kind in (4, 5, 6):
            return self.integer()
        if kind == 3:
            self.at += 1
            return self.data[self.at - 1]
        if kind == 8:
            return self.binary()
        if kind in (9, 10):
            head = self.data[self.at]
            self.at += 1
            count = self.varint() if head >> 4 == 15 else head >> 4
            return [self.element(head & 15) for _ in range(count)]
        if kind == 12:
            return self.struct()
        raise ValueError(f"thrift type {kind}")

    def element(self, kind: int) -> Any:
        if kind in (1, 2):
            self.at += 1
            return self.data[self.at - 1] == 1
        return self.value(kind)

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        last = 0
        while True:
            head = self.data[self.at]
            self.at += 1
            if head == 0:
                return fields
            last = last + (head >> 4) if head >> 4 else self.integer()
            kind = head & 15
            fields[last] = kind == 1 if kind in (1, 2) else self.value(kind)


def stretches(chance: random.Random, count: int, extremes: list, noise) -> list:
    """Extremes, runs, a few values in turn, and noise."""
    values: list = []
    while len(values) < count:
        length = chance.randint(1, 3_000)
        few = [noise() for _ in range(3)]
        form = chance.randrange(4)
        if form == 0:
            values += [chance.choice(extremes) for _ in range(length)]
        elif form == 1:
            values += [few[0]] * length
        elif form == 2:
            values += [chance.choice(few) for _ in range(length)]
        else:
            values += [noise() for _ in range(length)]
    return values[:count]


def with_nulls(values: list, nulls: str, chance: random.Random) -> list:
    keep = {
        "none": lambda at: True, "all": lambda at: False, "some": lambda at: chance.random() < 0.5,
        "first page": lambda at: at >= 20_000, "runs": lambda at: at // 300 % 2 == 0,
    }[nulls]
    return [value if keep(at) else None for at, value in enumerate(values)]


def integers(bits: int, signed: bool):
    least, greatest = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return lambda chance, n: stretches(
        chance, n, [least, greatest, 0, 1], lambda: chance.randint(least, greatest))


def decimals(precision: int, scale: int):
    most = 10**precision - 1
    exact = decimal.Context(prec=60)

    def make(chance: random.Random, n: int) -> list:
        return [decimal.Decimal(v).scaleb(-scale, exact) for v in stretches(
            chance, n, [-most, most, 0, -1], lambda: chance.randint(-most, most))]
    return make


def ticks(chance: random.Random, n: int) -> list:
    """A price on a grid, as a market moves it."""
    price, out = 400_000, []
    for _ in range(n):
        price += chance.choice((-2, -1, 0, 0, 1, 2))
        out.append(decimal.Decimal(price * 25).scaleb(-2))
    return out


def texts(chance: random.Random, n: int) -> list:
    words = ["", "ESZ5", "é€𝄞", "\U0010ffff" * 40, "a" * 200]
    return stretches(chance, n, words, lambda: "é€𝄞x" * chance.randint(0, 30) + str(chance.randint(0, 9_999)))


def binaries(length: int | None):
    return lambda chance, n: stretches(
        chance, n, [b"\xff" * (length or 90), b"\0" * (length or 0)],
        lambda: chance.randbytes(length if length else chance.randint(0, 90)))


def floats(width: int):
    def noise(chance: random.Random) -> float:
        value = chance.uniform(-1e9, 1e9)
        return struct.unpack("<f", struct.pack("<f", value))[0] if width == 32 else value
    return lambda chance, n: stretches(
        chance, n, [0.0, -0.0, float("inf"), -1.5], lambda: noise(chance))


COLUMNS: dict[str, tuple[pa.DataType, Any]] = {
    "boolean": (pa.bool_(), lambda chance, n: stretches(chance, n, [True, False], lambda: chance.random() < 0.5)),
    **{f"int{bits}": (getattr(pa, f"int{bits}")(), integers(bits, True)) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (getattr(pa, f"uint{bits}")(), integers(bits, False)) for bits in (8, 16, 32, 64)},
    "float": (pa.float32(), floats(32)), "double": (pa.float64(), floats(64)),
    "price": (pa.decimal128(18, 9), ticks), "wide_price": (pa.decimal128(38, 18), ticks),
    **{f"decimal_{p}_{s}": (pa.decimal128(p, s), decimals(p, s)) for p, s in ((9, 2), (18, 9), (20, 9), (38, 18))},
    "string": (pa.string(), texts), "binary": (pa.binary(), binaries(None)), "fixed": (pa.binary(7), binaries(7)),
    "symbol": (pa.string(), lambda chance, n: [f"S{at * 3 // max(n, 1)}" for at in range(n)]),
    "constant": (pa.int64(), lambda chance, n: [7] * n),
    "sorted": (pa.timestamp("us", "UTC"), lambda chance, n: [1_700_000_000_000_000 + at * 1_000_000 for at in range(n)]),
    "date": (pa.date32(), integers(21, True)), "time_ms": (pa.time32("ms"), integers(26, False)),
    "time_us": (pa.time64("us"), integers(36, False)),
    # DuckDB turns milliseconds into microseconds.
    **{f"timestamp_{unit}": (pa.timestamp(unit, zone), integers(bits, True))
       for unit, zone, bits in (("us", "UTC", 60), ("ms", "UTC", 48), ("ns", None, 60))},
}


def arrow(values: list, kind: pa.DataType) -> pa.Array:
    if pa.types.is_temporal(kind):
        storage = pa.int32() if kind.bit_width == 32 else pa.int64()
        return pa.array(values, storage).cast(kind)
    return pa.array(values, kind)


def decoded(stored: bytes, kind: pa.DataType, physical: str) -> Any:
    """A stored bound as the number or bytes that it stands for."""
    if physical == "BOOLEAN":
        return bool(stored[0])
    if physical in ("INT32", "INT64"):
        return int.from_bytes(stored, "little", signed=not pa.types.is_unsigned_integer(kind))
    if physical in ("FLOAT", "DOUBLE"):
        return struct.unpack("<f" if physical == "FLOAT" else "<d", stored)[0]
    if physical == "FIXED_LEN_BYTE_ARRAY" and pa.types.is_decimal(kind):
        return int.from_bytes(stored, "big", signed=True)
    return stored


def plain(array: pa.Array, kind: pa.DataType) -> list:
    """An array as what `decoded` gives."""
    if pa.types.is_decimal(kind):
        return [None if v is None else int(v.scaleb(kind.scale, decimal.Context(prec=60))) for v in array.to_pylist()]
    if pa.types.is_temporal(kind):
        return array.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).to_pylist()
    if pa.types.is_string(kind):
        return [None if v is None else v.encode() for v in array.to_pylist()]
    return array.to_pylist()


def check_bounds(stored: tuple, values: list, kind: pa.DataType, physical: str, exact: bool) -> str:
    """What is wrong with bounds; empty where nothing is."""
    present = [v for v in values if v is not None]
    if not present:
        return "" if stored[0] in (None, b"") else "bounds of nothing"
    if stored[0] is None:
        # No text follows one that begins with the last character only.
        return "" if max(present) > b"\xf4\x8f\xbf\xbf" * 16 or max(present) >= b"\xff" * 64 else "no bounds"
    least, greatest = (decoded(bound, kind, physical) for bound in stored)
    if exact and (least, greatest) != (min(present), max(present)):
        return f"{least}…{greatest}, expected {min(present)}…{max(present)}"
    return "" if least <= min(present) and max(present) <= greatest else f"{least}…{greatest} do not hold all"


def judge_pages(judge: Judge, path: Path, table: pa.Table, case: str) -> None:
    """The footer, page headers and page index against the values."""
    data = path.read_bytes()
    footer = Thrift(data, len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]).struct()
    physical_names = ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"]
    judge.check(len(footer[7]) == len(table.column_names), f"{case}: an order for each column")
    first_row, wrong, cuts = 0, [], set()
    for group in footer[4]:
        rows = group[3]
        for name, chunk in zip(table.column_names, group[1]):
            kind = table.schema.field(name).type
            values = plain(table[name].slice(first_row, rows).combine_chunks(), kind)
            meta = chunk[3]
            physical = physical_names[meta[1]]
            statistics = meta[12]
            exact = statistics.get(7, True) and statistics.get(8, True)
            said = check_bounds((statistics.get(6), statistics.get(5)), values, kind, physical, exact)
            if said:
                wrong.append(f"{name}: statistics: {said}")
            if statistics[3] != sum(v is None for v in values):
                wrong.append(f"{name}: {statistics[3]} nulls")
            places = [(place[1], place[2], place[3]) for place in Thrift(data, chunk[4]).struct()[1]]
            cuts.add((first_row, tuple(place[2] for place in places)))
            index = Thrift(data, chunk[6]).struct() if 6 in chunk else None
            ends = [place[2] for place in places[1:]] + [rows]
            for number, ((offset, length, start), end) in enumerate(zip(places, ends)):
                header = Thrift(data, offset)
                page = header.struct()
                body = data[header.at:header.at + page[3]]
                if page[1] != 0 or page[5][1] != end - start or header.at + page[3] - offset != length:
                    wrong.append(f"{name}: page {number} is not what its place says")
                if page[4] & 0xFFFFFFFF != zlib.crc32(body):
                    wrong.append(f"{name}: page {number}: CRC")
                if index:
                    inside = values[start:end]
                    if index[1][number] != all(v is None for v in inside):
                        wrong.append(f"{name}: page {number}: null page")
                    if index[5][number] != sum(v is None for v in inside):
                        wrong.append(f"{name}: page {number}: null count")
                    said = check_bounds((index[2][number], index[3][number]), inside, kind, physical, False)
                    if said:
                        wrong.append(f"{name}: page {number}: {said}")
            if index and index[4] in (1, 2):
                pairs = [(decoded(a, kind, physical), decoded(b, kind, physical))
                         for a, b, empty in zip(index[2], index[3], index[1]) if not empty]
                pairs = pairs if index[4] == 1 else pairs[::-1]
                if any(a[0] > b[0] or a[1] > b[1] for a, b in zip(pairs, pairs[1:])):
                    wrong.append(f"{name}: pages are not in the order that is told")
        first_row += rows
    judge.check(not wrong, f"{case}: footer, page headers, page index", wrong[:5])
    judge.check(len(cuts) == len(footer[4]), f"{case}: pages of all columns are cut at the same rows")
    lengths = [b - a for _, cut in cuts for a, b in zip(cut, cut[1:])]
    judge.check(all(length <= 20_000 for length in lengths), f"{case}: page lengths", lengths)


def rewrite(judge: Judge, lake: Lake, table: pa.Table, case: str, **options: Any) -> Path | None:
    folder = judge.folder()
    pq.write_table(table, folder / "in.parquet", **options)
    done = lake.run("parquet", folder / "in.parquet", "--rewrite", folder / "out.parquet", in_lake=False)
    return folder if judge.check(done.status == 0, f"{case}: rewrite", done.talk.strip()) else None


def judge_readers(judge: Judge, folder: Path, table: pa.Table, case: str) -> None:
    mine = pq.read_table(folder / "out.parquet", page_checksum_verification=True)
    judge.check(mine.schema.equals(table.schema), f"{case}: pyarrow's types", mine.schema)
    differ = [name for name in table.column_names if not mine[name].equals(table[name])]
    judge.check(not differ, f"{case}: pyarrow's values", differ)
    query = "(from read_parquet($1) except all from read_parquet($2))"
    paths = [str(folder / "in.parquet"), str(folder / "out.parquet")]
    for pair in (paths, paths[::-1]):
        left = duckdb.execute(f"select count(*) from {query}", pair).fetchone()[0]
        judge.check(left == 0, f"{case}: DuckDB's values", f"{left} rows only in {Path(pair[0]).name}")
    types = [duckdb.execute("describe from read_parquet($1)", [path]).fetchall() for path in paths]
    judge.check(types[0] == types[1], f"{case}: DuckDB's types", types[1])
    frames = [polars.read_parquet(path) for path in paths]
    judge.check(frames[0].equals(frames[1]), f"{case}: Polars' values")
    judge.check(frames[0].schema == frames[1].schema, f"{case}: Polars' types", frames[1].schema)


def judge_layout(judge: Judge, path: Path, case: str) -> None:
    meta = pq.read_metadata(path)
    chunks = [meta.row_group(group).column(column)
              for group in range(meta.num_row_groups) for column in range(meta.num_columns)]
    judge.check(all(set(chunk.encodings) <= ENCODINGS for chunk in chunks), f"{case}: encodings")
    judge.check(all(chunk.compression in ("ZSTD", "UNCOMPRESSED") for chunk in chunks), f"{case}: codecs")
    judge.check(all(meta.row_group(group).num_rows <= 131_072 for group in range(meta.num_row_groups)),
                f"{case}: row groups")


def judge_flat(judge: Judge, lake: Lake) -> None:
    chance = random.Random(SEED)
    for size in SIZES:
        for nulls in NULLS if size < 10_000 else [chance.choice(NULLS[:1] + NULLS[2:])]:
            names = list(COLUMNS) if size < 10_000 else chance.sample(list(COLUMNS), 12)
            table = pa.table({
                name: arrow(with_nulls(COLUMNS[name][1](chance, size), nulls, chance), COLUMNS[name][0])
                for name in names})
            case = f"{size} rows, nulls: {nulls}"
            folder = rewrite(judge, lake, table, case, row_group_size=1 << 20, compression="zstd")
            if folder:
                judge_readers(judge, folder, table, case)
                judge_layout(judge, folder / "out.parquet", case)
                judge_pages(judge, folder / "out.parquet", table, case)


def nested(chance: random.Random, kind: pa.DataType) -> Any:
    if chance.random() < 0.15:
        return None
    if pa.types.is_struct(kind):
        return {field.name: nested(chance, field.type) for field in kind}
    if pa.types.is_map(kind):
        return [(f"k{at}", nested(chance, kind.item_type)) for at in range(chance.randint(0, 3))]
    if pa.types.is_list(kind):
        return [nested(chance, kind.value_type) for _ in range(chance.randint(0, 3))]
    return chance.randint(-99, 99) if pa.types.is_integer(kind) else f"s{chance.randint(0, 99)}"


def judge_nested(judge: Judge, lake: Lake) -> None:
    chance = random.Random(SEED)
    leaf = pa.struct([("x", pa.int32()), ("y", pa.list_(pa.list_(pa.string())))])
    schema = pa.schema([
        ("id", pa.int64()), ("tags", pa.map_(pa.string(), pa.string())), ("deep", pa.list_(leaf)),
        ("both", pa.struct([("m", pa.map_(pa.string(), pa.list_(pa.int64()))), ("s", leaf)]))])
    for size in (1, 9, 1_000, 30_000):
        rows = [{field.name: nested(chance, field.type) for field in schema} for _ in range(size)]
        table = pa.Table.from_pylist(rows, schema)
        case = f"{size} nested rows"
        folder = rewrite(judge, lake, table, case)
        if not folder:
            continue
        mine = pq.read_table(folder / "out.parquet", page_checksum_verification=True)
        judge.check(mine.to_pylist() == table.to_pylist(), f"{case}: pyarrow's values")
        paths = [str(folder / "in.parquet"), str(folder / "out.parquet")]
        answers = [duckdb.execute("from read_parquet($1)", [path]).fetchall() for path in paths]
        judge.check(answers[0] == answers[1], f"{case}: DuckDB's values")
        frames = [polars.read_parquet(path) for path in paths]
        judge.check(frames[0].equals(frames[1]), f"{case}: Polars' values")
        judge_layout(judge, folder / "out.parquet", case)


def judge_nan(judge: Judge, lake: Lake) -> None:
    folder = judge.folder()
    pq.write_table(pa.table({"x": [1.0, float("nan")]}), folder / "in.parquet")
    done = lake.run("parquet", folder / "in.parquet", "--rewrite", folder / "out.parquet", in_lake=False)
    if judge.check(done.status == 0, "NaN is written", done.talk):
        values = pq.read_table(folder / "out.parquet")["x"].to_pylist()
        judge.check(values[0] == 1.0 and values[1] != values[1], "NaN is kept", values)
        chunk = pq.ParquetFile(folder / "out.parquet").metadata.row_group(0).column(0)
        judge.check(not chunk.statistics.has_min_max, "a column with a NaN has no bounds", chunk.statistics)


def judge_all(judge: Judge) -> None:
    lake = Lake(judge.binary, judge.folder())
    judge_flat(judge, lake)
    judge_nested(judge, lake)
    judge_nan(judge, lake)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
