"""DBN files: their metadata, and their records as bytes. Spec: databento/dbn."""
from __future__ import annotations

import datetime
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import zstd

SCHEMAS = ["mbo", "mbp-1", "mbp-10", "tbbo", "trades", "ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d", "definition",
           "statistics", "status", "imbalance", "ohlcv-eod", "cmbp-1", "cbbo-1s", "cbbo-1m", "tcbbo", "bbo-1s", "bbo-1m"]
STYPES = ["instrument_id", "raw_symbol", "smart", "continuous", "parent", "nasdaq_symbol", "cms_symbol", "isin", "us_code",
          "bbg_comp_id", "bbg_comp_ticker", "figi", "figi_ticker"]
NO_TIME = 0xFFFF_FFFF_FFFF_FFFF
DAY = 86_400_000_000_000
# Offset of the index timestamp in a record, in 8-byte words: ts_event is the second; where there is a ts_recv, it is here.
TS_EVENT_WORD = 1
TS_RECV_WORDS = {"mbo": 5, "trades": 4, "tbbo": 4, "mbp-1": 4, "mbp-10": 4, "cmbp-1": 4, "tcbbo": 4, "bbo-1s": 4, "bbo-1m": 4,
                 "cbbo-1s": 4, "cbbo-1m": 4, "definition": 2, "statistics": 2, "status": 2, "imbalance": 2}
# Kinds whose records have changed between versions: files of one version only go into one answer.
CHANGED_KINDS = {"definition", "statistics"}


@dataclass
class Metadata:
    version: int
    dataset: str
    schema: str
    start: int
    end: int
    limit: int = 0
    stype_in: str = "raw_symbol"
    stype_out: str = "instrument_id"
    symbols: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    not_found: list[str] = field(default_factory=list)
    # Name, and [first day, day after the last, name of the other kind], days as dates.
    mappings: dict[str, list[tuple[datetime.date, datetime.date, str]]] = field(default_factory=dict)

    def encode(self) -> bytes:
        width = 22 if self.version == 1 else 71
        body = bytearray(text(self.dataset, 16))
        body += struct.pack("<HQQQ", SCHEMAS.index(self.schema), self.start, self.end, self.limit)
        if self.version == 1:
            body += struct.pack("<Q", NO_TIME)
        body += struct.pack("<BBB", STYPES.index(self.stype_in), STYPES.index(self.stype_out), 0)
        if self.version > 1:
            body += struct.pack("<H", width)
        body += bytes(47 if self.version == 1 else 53) + bytes(4)
        for names in [self.symbols, self.partial, self.not_found]:
            body += struct.pack("<I", len(names)) + b"".join(text(name, width) for name in names)
        body += struct.pack("<I", len(self.mappings))
        for name, intervals in self.mappings.items():
            body += text(name, width) + struct.pack("<I", len(intervals))
            for first, last, other in intervals:
                body += struct.pack("<II", number(first), number(last)) + text(other, width)
        if self.version > 2:
            body += bytes(-len(body) % 8)
        return b"DBN" + struct.pack("<BI", self.version, len(body)) + bytes(body)


def text(value: str, width: int) -> bytes:
    raw = value.encode("ascii")
    if len(raw) >= width:
        raise ValueError(f"'{value}' has more than {width - 1} characters")
    return raw.ljust(width, b"\0")


def number(date: datetime.date) -> int:
    return date.year * 10_000 + date.month * 100 + date.day


def date_of(value: int) -> datetime.date:
    return datetime.date(value // 10_000, value // 100 % 100, value % 100)


def midnight(date: datetime.date) -> int:
    """Nanoseconds since 1970."""
    return (date - datetime.date(1970, 1, 1)).days * DAY


def parse_metadata(version: int, body: bytes) -> Metadata:
    schema, start, end, limit = struct.unpack_from("<HQQQ", body, 16)
    at = 42 + (8 if version == 1 else 0)
    stype_in, stype_out = body[at], body[at + 1]
    width = 22 if version == 1 else struct.unpack_from("<H", body, at + 3)[0]
    at += 3 + (47 if version == 1 else 2 + 53) + 4

    def integer() -> int:
        nonlocal at
        at += 4
        return struct.unpack_from("<I", body, at - 4)[0]

    def name() -> str:
        nonlocal at
        at += width
        return body[at - width:at].split(b"\0")[0].decode("ascii")

    lists = [[name() for _ in range(integer())] for _ in range(3)]
    mappings = {}
    for _ in range(integer()):
        key = name()
        mappings[key] = [(date_of(integer()), date_of(integer()), name()) for _ in range(integer())]
    return Metadata(
        version, body[:16].split(b"\0")[0].decode("ascii"), SCHEMAS[schema] if schema < len(SCHEMAS) else "", start, end,
        limit, STYPES[stype_in] if stype_in < len(STYPES) else "raw_symbol",
        STYPES[stype_out] if stype_out < len(STYPES) else "instrument_id", *lists, mappings)


def raw_pieces(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(size):
            yield piece


class File:
    """A DBN file, compressed or not. Only its head is kept in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts: list[BlockFacts] | None = None
        self.is_compressed = path.suffix == ".zst"
        pieces = self._pieces(64 << 10)
        head = b""
        while len(head) < 8:
            head += next(pieces, b"") or self._refuse("it ends in its head")
        if head[:3] != b"DBN" or not 1 <= head[3] <= 3:
            self._refuse("it is no DBN of version 1 to 3")
        length = struct.unpack_from("<I", head, 4)[0]
        while len(head) < 8 + length:
            head += next(pieces, b"") or self._refuse("it ends in its metadata")
        self.metadata = parse_metadata(head[3], head[8:8 + length])
        self.head_size = 8 + length
        if not self.metadata.schema:
            self._refuse("it holds several schemas")

    def _refuse(self, reason: str) -> bytes:
        raise ValueError(f"{self.path}: {reason}")

    def _pieces(self, size: int = 1 << 20) -> Iterator[bytes]:
        pieces = raw_pieces(self.path, size)
        return zstd.decompress(pieces) if self.is_compressed else pieces

    def blocks(self) -> Iterator[bytes]:
        """The records, in blocks of whole ones of equal length."""
        skip, rest, size = self.head_size, b"", 0
        for piece in self._pieces():
            if skip:
                cut = min(skip, len(piece))
                skip -= cut
                piece = piece[cut:]
            piece = rest + piece if rest else piece
            if not size and piece:
                size = piece[0] * 4
                if size < 16:
                    self._refuse("a record of fewer than 16 bytes")
            whole = len(piece) - len(piece) % size if size else 0
            # A file of one schema has records of one length: the first byte of each says so.
            if whole and piece[:whole:size] != bytes([size // 4]) * (whole // size):
                yield from self._mixed(piece)
                rest = b""
                continue
            if whole:
                yield piece[:whole]
            rest = piece[whole:]
        if rest:
            self._refuse("it ends in a record")

    def _mixed(self, piece: bytes) -> Iterator[bytes]:
        raise ValueError(f"{self.path}: records of several lengths")


def identifiers(block: bytes) -> list[int]:
    words = block[0]
    return memoryview(block).cast("I")[1::words].tolist()


def timestamps(block: bytes, schema: str) -> list[int]:
    words = block[0] // 2
    return memoryview(block).cast("Q")[TS_RECV_WORDS.get(schema, TS_EVENT_WORD)::words].tolist()


# [from, to), and the instruments wanted then; None is all.
Segment = tuple[int, int, set[int] | None]


@dataclass
class BlockFacts:
    first: int
    last: int
    ids: frozenset[int]

    @staticmethod
    def of(block: bytes, schema: str) -> "BlockFacts":
        times = timestamps(block, schema)
        return BlockFacts(min(times), max(times), frozenset(identifiers(block)))

    def touches(self, segments: list[Segment]) -> bool:
        return any(start <= self.last and self.first < end and (wanted is None or not wanted.isdisjoint(self.ids))
                   for start, end, wanted in segments)


def selected(file: File, schema: str, segments: list[Segment]) -> Iterator[bytes]:
    """The records of a file that lie in one of the segments. What its blocks hold is remembered for the next question."""
    known, facts = file.facts, []
    wanted_to = max((index for index, item in enumerate(known or []) if item.touches(segments)), default=-1)
    for index, block in enumerate(file.blocks()):
        if known and index > wanted_to:
            return
        item = known[index] if known else BlockFacts.of(block, schema)
        facts.append(item)
        if item.touches(segments):
            yield from_block(block, schema, segments, item)
    file.facts = facts


def from_block(block: bytes, schema: str, segments: list[Segment], facts: BlockFacts) -> bytes:
    size = block[0] * 4
    for start, end, wanted in segments:
        if start <= facts.first and facts.last < end:
            if wanted is None or facts.ids <= wanted:
                return block
            ids = identifiers(block)
            return b"".join([block[i * size:i * size + size] for i, id in enumerate(ids) if id in wanted])
    times, ids, kept = timestamps(block, schema), identifiers(block), []
    for index, time in enumerate(times):
        for start, end, wanted in segments:
            if start <= time < end and (wanted is None or ids[index] in wanted):
                kept.append(block[index * size:index * size + size])
    return b"".join(kept)


def merged(streams: list[Iterable[bytes]], schema: str) -> Iterator[bytes]:
    """Records of several streams in the order of their times; a stream alone goes through in blocks."""
    import heapq

    if len(streams) == 1:
        yield from streams[0]
        return

    def single(stream: Iterable[bytes], place: int) -> Iterator[tuple[int, int, bytes]]:
        for block in stream:
            if block:
                size = block[0] * 4
                for index, time in enumerate(timestamps(block, schema)):
                    yield time, place, block[index * size:index * size + size]

    batch: list[bytes] = []
    for _, _, record in heapq.merge(*[single(stream, place) for place, stream in enumerate(streams)], key=lambda item: item[:2]):
        batch.append(record)
        if len(batch) == 65_536:
            yield b"".join(batch)
            batch = []
    if batch:
        yield b"".join(batch)
