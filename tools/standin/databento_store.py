"""What the stand-in for Databento knows: the files of a folder, and what a question to them means."""
from __future__ import annotations

import datetime
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import dbn
import zstd
from serving import Refusal

MONTHS = "FGHJKMNQUVXZ"
# Days without a file over which a symbol keeps its number: a weekend with a holiday on both sides.
BRIDGED_DAYS = 5
Interval = tuple[datetime.date, datetime.date, str]


def refuse(status: int, case: str, message: str) -> NoReturn:
    raise Refusal(status, {"detail": {"case": case, "message": message, "status_code": status,
                                      "docs": "https://databento.com/docs/api-reference-historical", "payload": None}})


def instant(text: str) -> int:
    """Nanoseconds of a date, a time or a number of nanoseconds."""
    if re.fullmatch(r"-?\d{9,}", text):
        return int(text)
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?", text)
    if not match:
        refuse(422, "data_time_invalid", f"'{text}' is no time")
    day, hour, minute, second, fraction, zone = match.groups()
    time = dbn.midnight(datetime.date.fromisoformat(day)) + (int(hour or 0) * 3600 + int(minute or 0) * 60 + int(second or 0)) * 10**9
    time += int((fraction or "0").ljust(9, "0"))
    if zone and zone != "Z":
        sign = -1 if zone[0] == "+" else 1
        time += sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60) * 10**9
    return time


def date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text[:10])
    except ValueError:
        refuse(422, "data_time_invalid", f"'{text}' is no date")


def day_of(nanoseconds: int) -> datetime.date:
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=nanoseconds // dbn.DAY)


def iso(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09}Z"


class Store:
    """Files by dataset and schema, and the symbols of their metadata."""

    def __init__(self, folder: Path) -> None:
        self.datasets: dict[str, dict[str, list[dbn.File]]] = {}
        self.counts: dict[object, tuple[int, int]] = {}
        self.lock = threading.Lock()
        paths = [folder] if folder.is_file() else sorted(folder.rglob("*.dbn")) + sorted(folder.rglob("*.dbn.zst"))
        for path in paths:
            try:
                file = dbn.File(path)
            except (OSError, ValueError, StopIteration) as error:
                print(f"left out: {path}: {error}", file=sys.stderr)
                continue
            self.datasets.setdefault(file.metadata.dataset, {}).setdefault(file.metadata.schema, []).append(file)
        self.symbols = {name: self._symbols(schemas) for name, schemas in self.datasets.items()}

    @staticmethod
    def _symbols(schemas: dict[str, list[dbn.File]]) -> dict[str, list[Interval]]:
        """Raw symbols with the days of their numbers, sorted; days that touch, or nearly, are one interval."""
        found: dict[str, set[Interval]] = {}
        for files in schemas.values():
            for meta in [file.metadata for file in files]:
                for name, intervals in meta.mappings.items():
                    for first, last, other in intervals:
                        if meta.stype_out == "instrument_id" and meta.stype_in in {"raw_symbol", "parent"}:
                            found.setdefault(name, set()).add((first, last, other))
                        elif meta.stype_in == "instrument_id" and meta.stype_out == "raw_symbol":
                            found.setdefault(other, set()).add((first, last, name))
        merged: dict[str, list[Interval]] = {}
        for name in sorted(found):
            kept: list[Interval] = []
            for first, last, other in sorted(found[name]):
                if kept and kept[-1][2] == other and (first - kept[-1][1]).days <= BRIDGED_DAYS:
                    kept[-1] = (kept[-1][0], max(last, kept[-1][1]), other)
                elif other:
                    kept.append((first, last, other))
            merged[name] = kept
        return merged

    def schemas(self, dataset: str) -> dict[str, list[dbn.File]]:
        if dataset not in self.datasets:
            refuse(422, "dataset_not_found", f"Dataset '{dataset}' is not supported.")
        return self.datasets[dataset]

    def range_of(self, files: list[dbn.File]) -> tuple[int, int]:
        ends = [file.metadata.end for file in files if file.metadata.end != dbn.NO_TIME]
        starts = [file.metadata.start for file in files]
        return min(starts), max(ends, default=max(starts) + dbn.DAY)

    def dataset_range(self, dataset: str) -> object:
        schemas = self.schemas(dataset)
        ranges = {name: self.range_of(files) for name, files in schemas.items()}
        whole = min(first for first, _ in ranges.values()), max(last for _, last in ranges.values())
        shown = {name: {"start": iso(first), "end": iso(last)} for name, (first, last) in ranges.items()}
        return {"start": iso(whole[0]), "end": iso(whole[1]), "schema": shown}

    def conditions(self, parameters: dict[str, str], degraded: set[str], modified: dict[str, str]) -> object:
        days: set[datetime.date] = set()
        for files in self.schemas(parameters.get("dataset", "")).values():
            for file in files:
                first, last = self.range_of([file])
                span = (day_of(last - 1) - day_of(first)).days + 1
                days.update(day_of(first) + datetime.timedelta(days=step) for step in range(min(span, 40_000)))
        start = date(parameters["start_date"]) if parameters.get("start_date") else min(days)
        end = date(parameters["end_date"]) if parameters.get("end_date") else max(days)
        return [{"date": str(day), "condition": "degraded" if str(day) in degraded else "available",
                 "last_modified_date": modified.get(str(day), str(day + datetime.timedelta(days=1)))}
                for day in sorted(days) if start <= day <= end]

    # --- symbology

    def resolve(self, dataset: str, symbols: list[str], stype: str, first: datetime.date, last: datetime.date
                ) -> dict[str, list[tuple[datetime.date, datetime.date, str, str]]]:
        """By symbol: days, raw symbol, number. Empty where it does not resolve."""
        known = self.symbols[dataset]

        def clipped(names: list[str]) -> list[tuple[datetime.date, datetime.date, str, str]]:
            return sorted((max(start, first), min(end, last), name, number) for name in names
                          for start, end, number in known[name] if start < last and first < end)

        result = {}
        for symbol in symbols:
            if stype == "raw_symbol":
                result[symbol] = clipped([symbol]) if symbol in known else []
            elif stype == "instrument_id":
                names = [name for name, intervals in known.items() if any(number == symbol for _, _, number in intervals)]
                result[symbol] = [item for item in clipped(names) if item[3] == symbol]
            elif stype == "parent":
                result[symbol] = clipped([name for name in known if is_child(name, symbol)])
            elif stype == "continuous":
                result[symbol] = self.continuous(dataset, symbol, first, last)
            else:
                refuse(422, "symbology_invalid_request", f"The stand-in knows no stype_in '{stype}'.")
        return result

    def continuous(self, dataset: str, symbol: str, first: datetime.date, last: datetime.date
                   ) -> list[tuple[datetime.date, datetime.date, str, str]]:
        match = re.fullmatch(r"(.+)\.([cnv])\.(\d+)", symbol)
        if not match:
            return []
        root, rank = match[1], int(match[3])
        names = [name for name in self.symbols[dataset] if is_child(name, root + ".FUT")]
        days: list[tuple[datetime.date, str, str]] = []
        day = max(first, min((self.symbols[dataset][name][0][0] for name in names), default=last))
        while day < last:
            live = [(expiry(name, day), name, number) for name in names for start, end, number in self.symbols[dataset][name]
                    if start <= day < end and expiry(name, day) >= day]
            if rank < len(live):
                _, name, number = sorted(live)[rank]
                days.append((day, name, number))
            day += datetime.timedelta(days=1)
        joined: list[tuple[datetime.date, datetime.date, str, str]] = []
        for day, name, number in days:
            next_day = day + datetime.timedelta(days=1)
            if joined and joined[-1][1] == day and joined[-1][2:] == (name, number):
                joined[-1] = (joined[-1][0], next_day, name, number)
            else:
                joined.append((day, next_day, name, number))
        return joined

    def resolution(self, parameters: dict[str, str]) -> object:
        dataset, stype_in, stype_out = (parameters.get(name, "") for name in ["dataset", "stype_in", "stype_out"])
        self.schemas(dataset)
        first = date(parameters.get("start_date", ""))
        last = date(parameters["end_date"]) if parameters.get("end_date") else first + datetime.timedelta(days=1)
        if first >= last:
            refuse(422, "symbology_invalid_request", "'start_date' must be before 'end_date'")
        symbols = [symbol for symbol in parameters.get("symbols", "").split(",") if symbol]
        found = self.resolve(dataset, symbols, stype_in, first, last)
        result = {symbol: [{"d0": str(start), "d1": str(end), "s": name if stype_out == "raw_symbol" else number}
                           for start, end, name, number in items] for symbol, items in found.items() if items}
        missing = [symbol for symbol, items in found.items() if not items]
        partial = [symbol for symbol, items in found.items() if items and not covers(items, first, last)]
        return {"result": result, "symbols": symbols, "stype_in": stype_in, "stype_out": stype_out, "start_date": str(first),
                "end_date": str(last), "partial": partial, "not_found": missing,
                "message": "Not found" if missing else "Partially resolved" if partial else "OK",
                "status": 2 if missing else 1 if partial else 0}


def covers(items: list[tuple[datetime.date, datetime.date, str, str]], first: datetime.date, last: datetime.date) -> bool:
    for start, end, _, _ in items:
        if start > first:
            return False
        first = max(first, end)
    return first >= last


def is_child(name: str, parent: str) -> bool:
    root, _, kind = parent.rpartition(".")
    if kind == "FUT":
        return re.fullmatch(re.escape(root) + f"[{MONTHS}]\\d{{1,2}}", name) is not None
    if kind == "OPT":
        return name.split(" ")[0] == root or re.fullmatch(re.escape(root) + f"[{MONTHS}]\\d{{1,2}} [CP]\\S+", name) is not None
    return False


def expiry(name: str, day: datetime.date) -> datetime.date:
    """The third Friday of the month that a future's name says, in the decade around a day."""
    digits = re.search(r"\d+$", name)[0]
    year = int(digits) + (day.year // 10 * 10 if len(digits) == 1 else day.year // 100 * 100)
    if len(digits) == 1 and year < day.year - 4:
        year += 10
    first = datetime.date(year, MONTHS.index(name[-len(digits) - 1]) + 1, 1)
    return first + datetime.timedelta(days=(4 - first.weekday()) % 7 + 14)


class Query:
    """What records are wanted, checked as the vendor checks it."""

    def __init__(self, store: Store, parameters: dict[str, str]) -> None:
        self.store = store
        self.dataset = parameters.get("dataset", "")
        self.schema = parameters.get("schema", "trades")
        self.stype_in = parameters.get("stype_in", "raw_symbol")
        self.stype_out = parameters.get("stype_out", "instrument_id")
        self.limit = int(parameters.get("limit") or 0)
        self.encoding, self.compression = parameters.get("encoding", "dbn"), parameters.get("compression", "zstd")
        schemas = store.schemas(self.dataset)
        if self.schema not in schemas:
            refuse(422, "data_schema_not_supported", f"Schema '{self.schema}' is not supported for {self.dataset}.")
        if self.encoding != "dbn" or self.compression not in {"zstd", "none", ""}:
            refuse(422, "data_encoding_not_supported", "The stand-in serves DBN, zstd or none.")
        self.files = schemas[self.schema]
        self.start = instant(parameters.get("start", ""))
        self.end = instant(parameters["end"]) if parameters.get("end") else self.start + dbn.DAY
        self.check_range(*store.range_of(self.files))
        self.asked = [symbol.strip() for symbol in parameters.get("symbols", "ALL_SYMBOLS").split(",") if symbol.strip()]
        self.is_all = not self.asked or self.asked == ["ALL_SYMBOLS"]
        self.resolved, self.partial, self.not_found = {}, [], []
        if not self.is_all:
            self.resolve()

    def check_range(self, first: int, last: int) -> None:
        if self.start >= self.end:
            refuse(422, "data_time_range_start_on_or_after_end", "The `start` must be before the `end`.")
        if self.start < first // dbn.DAY * dbn.DAY:
            refuse(422, "data_start_before_available_start",
                   f"The dataset {self.dataset} has data available from '{iso(first)}'. The `start` in the query is before that.")
        if self.end > -(-last // dbn.DAY) * dbn.DAY:
            refuse(422, "data_end_after_available_end",
                   f"The dataset {self.dataset} has data available up to '{iso(last)}'. The `end` in the query is after that.")

    def overlaps(self, first: str | None, last: str | None) -> bool:
        return self.start < (instant(last) if last else 2**63) and (instant(first) if first else 0) < self.end

    def resolve(self) -> None:
        first, last = day_of(self.start), day_of(self.end - 1) + datetime.timedelta(days=1)
        self.resolved = self.store.resolve(self.dataset, self.asked, self.stype_in, first, last)
        self.not_found = [symbol for symbol, items in self.resolved.items() if not items]
        self.partial = [symbol for symbol, items in self.resolved.items() if items and not covers(items, first, last)]
        if len(self.not_found) == len(self.asked):
            refuse(422, "symbology_invalid_request", "None of the symbols could be resolved")
        # The children of a parent in one interval each may well be listed on some days only.
        if self.stype_in == "parent":
            self.partial = []

    def segments(self) -> list[tuple[int, int, set[int] | None]]:
        """Times, and the numbers that are wanted then."""
        if self.is_all:
            return [(self.start, self.end, None)]
        items = [(max(self.start, dbn.midnight(first)), min(self.end, dbn.midnight(last)), int(number))
                 for found in self.resolved.values() for first, last, _, number in found]
        edges = sorted({edge for first, last, _ in items for edge in (first, last)})
        segments: list[tuple[int, int, set[int] | None]] = []
        for first, last in zip(edges, edges[1:]):
            wanted = {number for start, end, number in items if start <= first and last <= end}
            if segments and segments[-1][1] == first and segments[-1][2] == wanted:
                segments[-1] = (segments[-1][0], last, wanted)
            elif wanted:
                segments.append((first, last, wanted))
        return segments

    def metadata(self) -> dbn.Metadata:
        mappings: dict[str, list[Interval]] = {}
        for symbol, items in self.resolved.items():
            for first, last, name, number in items:
                key = name if self.stype_in == "parent" else symbol
                mappings.setdefault(key, []).append((first, last, name if self.stype_out == "raw_symbol" else number))
        if self.is_all:
            first, last = day_of(self.start), day_of(self.end - 1) + datetime.timedelta(days=1)
            mappings = {name: [(max(start, first), min(end, last), number) for start, end, number in items if start < last and first < end]
                        for name, items in self.store.symbols[self.dataset].items()}
            mappings = {name: items for name, items in mappings.items() if items}
        return dbn.Metadata(max(file.metadata.version for file in self.files), self.dataset, self.schema, self.start, self.end,
                            self.limit, self.stype_in, self.stype_out, self.asked, self.partial, self.not_found, mappings)

    def chosen(self) -> list[list[dbn.File]]:
        """The files that may hold something, in order; those that overlap in time are together."""
        wanted = None if self.is_all else {number for _, _, ids in self.segments() for number in ids or []}
        files = []
        for file in sorted(self.files, key=lambda file: file.metadata.start):
            meta = file.metadata
            if meta.start >= self.end or (meta.end != dbn.NO_TIME and meta.end <= self.start):
                continue
            if meta.version != self.metadata_version and self.schema in dbn.CHANGED_KINDS:
                continue
            held = {int(other) for items in meta.mappings.values() for _, _, other in items if other.isdigit()}
            if wanted is not None and held and meta.stype_out == "instrument_id" and not held & wanted:
                continue
            files.append(file)
        groups: list[list[dbn.File]] = []
        reach = 0
        for file in files:
            if groups and file.metadata.start < reach:
                groups[-1].append(file)
            else:
                groups.append([file])
            reach = max(reach, file.metadata.end)
        return groups

    @property
    def metadata_version(self) -> int:
        return max(file.metadata.version for file in self.files)

    def records(self) -> Iterator[bytes]:
        """All that are wanted, in blocks of whole ones."""
        segments, left = self.segments(), self.limit or sys.maxsize
        for group in self.chosen():
            streams = [dbn.selected(file, self.schema, segments) for file in group]
            for block in dbn.merged(streams, self.schema):
                if block:
                    size = block[0] * 4
                    block = block[:left * size]
                    left -= len(block) // size
                    yield block
                    if left == 0:
                        return

    def count(self) -> tuple[int, int]:
        """Records, and their bytes."""
        key = (self.dataset, self.schema, self.stype_in, tuple(self.asked), self.start, self.end, self.limit)
        with self.store.lock:
            if key in self.store.counts:
                return self.store.counts[key]
        count = size = 0
        for block in self.records():
            count += len(block) // (block[0] * 4)
            size += len(block)
        with self.store.lock:
            self.store.counts[key] = count, size
        return count, size

    def whole_file(self) -> dbn.File | None:
        """The file that is the answer as it lies there."""
        groups = self.chosen()
        if len(groups) != 1 or len(groups[0]) != 1 or self.limit or self.compression != "zstd":
            return None
        file = groups[0][0]
        meta = file.metadata
        is_same = (meta.start, meta.end, meta.stype_in, meta.stype_out, sorted(meta.symbols)) == (
            self.start, self.end, self.stype_in, self.stype_out, sorted(self.asked))
        return file if is_same and file.is_compressed and not meta.limit else None

    def answer(self, drop: int = 0) -> Iterator[bytes]:
        """The answer's bytes, without the last records where some are to be dropped."""
        file = self.whole_file()
        if file and not drop:
            return dbn.raw_pieces(file.path)

        def pieces() -> Iterator[bytes]:
            yield self.metadata().encode()
            if drop:
                data = b"".join(self.records())
                yield data[:max(0, len(data) - drop * (data[0] * 4 if data else 0))]
            else:
                yield from self.records()

        return zstd.compress(pieces()) if self.compression == "zstd" else pieces()
