"""What the stand-in for Massive knows: bars, contracts and news out of a folder, digit for digit as they stand there."""
from __future__ import annotations

import csv
import gzip
import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
RANGE = re.compile(r"range[-/](\d+)[-/](second|minute|hour|day|week|month|quarter|year)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@dataclass
class Result:
    """One result: its text, and its values."""

    text: str
    value: dict


@dataclass
class Bars:
    """Bars of one ticker and length, by time in ms."""

    results: dict[int, Result] = field(default_factory=dict)
    sorted_times: list[int] = field(default_factory=list)


def results_of(text: str) -> tuple[dict, list[Result]]:
    """A page's members, and its results with their own text."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    page, _ = decoder.raw_decode(text, len(text) - len(text.lstrip()))
    results: list[Result] = []
    if isinstance(page, dict) and isinstance(page.get("results"), list):
        at = re.search(r'"results"\s*:\s*\[', text).end()
        for _ in page["results"]:
            at = re.compile(r"[\s,]*").match(text, at).end()
            value, end = decoder.raw_decode(text, at)
            results.append(Result(text[at:end], value))
            at = end
    return page, results


def guessed_length(times: list[int]) -> tuple[int, str]:
    """How long bars are that nothing says: the shortest step between them."""
    steps = sorted(b - a for a, b in zip(sorted(times), sorted(times)[1:]) if b > a)
    seconds = steps[0] // 1000 if steps else 60
    for unit in ["day", "hour", "minute", "second"]:
        if seconds % SECONDS[unit] == 0 or (unit == "day" and seconds in (82800, 90000)):
            return max(1, seconds // SECONDS[unit]), unit
    return 1, "minute"


class Store:
    """All files below a folder that are JSON pages or CSV files of bars, plain or gzip; none without a folder."""

    def __init__(self, folder: Path | None) -> None:
        self.bars: dict[tuple[str, int, str], Bars] = {}
        # Contracts by the date of their list; "" where nothing says it.
        self.contracts: dict[str, dict[str, Result]] = {}
        self.news: dict[str, Result] = {}
        for path in sorted(folder.rglob("*")) if folder else []:
            if not path.is_file():
                continue
            name = path.name.removesuffix(".gz")
            if name.endswith((".json", ".csv")):
                opener = gzip.open if path.suffix == ".gz" else open
                with opener(path, "rt", newline="") as file:
                    (self.add_page if name.endswith(".json") else self.add_csv)(file, path)
        self.sort()

    def sort(self) -> None:
        for bars in self.bars.values():
            bars.sorted_times = sorted(bars.results)

    @property
    def is_empty(self) -> bool:
        return not (self.bars or self.contracts or self.news)

    def add_page(self, file, path: Path) -> None:
        try:
            page, results = results_of(file.read())
        except ValueError:
            return
        self.add_results(page, results, str(path))

    def add_results(self, page: dict, results: list[Result], path: str) -> None:
        """A page's; `path` may say a list's date, or how long bars are."""
        if not results:
            return
        first = results[0].value
        if not isinstance(first, dict):
            return
        if "published_utc" in first:
            self.news.update((result.value["id"], result) for result in results)
        elif "strike_price" in first:
            dates = DAY.findall(path)
            self.contracts.setdefault(dates[-1] if dates else "", {}).update(
                (result.value["ticker"], result) for result in results)
        elif "ticker" in page and "t" in first:
            self.add_bars(page["ticker"], results, path)

    def add_bars(self, ticker: str, results: list[Result], path: str) -> None:
        named = RANGE.search(path)
        length = (int(named[1]), named[2]) if named else guessed_length([int(r.value["t"]) for r in results])
        bars = self.bars.setdefault((ticker, *length), Bars())
        bars.results.update((int(result.value["t"]), result) for result in results)

    def add_csv(self, file, path: Path) -> None:
        """Flat files (`ticker,…,window_start`), and what `lake query` writes (`ts_event,symbol,…`)."""
        rows = csv.DictReader(file)
        names = rows.fieldnames or []
        vendor, other = {"ticker", "window_start", "open"} <= set(names), {"symbol", "ts_event", "open"} <= set(names)
        if not vendor and not other:
            return
        found: dict[str, list[Result]] = {}
        for row in rows:
            if vendor:
                ticker, time = row["ticker"], int(row["window_start"]) // 1_000_000
            else:
                ticker = row["symbol"]
                time = round(datetime.fromisoformat(row["ts_event"].replace("Z", "+00:00")).timestamp() * 1000)
            members = [("v", "volume"), ("vw", "vwap"), ("o", "open"), ("c", "close"), ("h", "high"), ("l", "low")]
            texts = {short: row[long] for short, long in members if row.get(long)}
            texts["t"] = str(time)
            if row.get("transactions"):
                texts["n"] = row["transactions"]
            text = "{" + ",".join(f'"{name}":{value}' for name, value in texts.items()) + "}"
            found.setdefault(ticker, []).append(Result(text, json.loads(text, parse_float=Decimal)))
        for ticker, results in found.items():
            self.add_bars(ticker, results, str(path))

    # --- questions

    def bars_between(self, ticker: str, multiplier: int, timespan: str, first: int, last: int) -> list[Result]:
        """Bars that begin between two times in ms, both included."""
        bars = self.bars.get((ticker, multiplier, timespan), Bars())
        return [bars.results[time] for time in bars.sorted_times if first <= time <= last]

    def open_close(self, ticker: str, day: date) -> dict | None:
        """A day's prices out of its minutes, or of its day's bar."""
        first, last = bounds(day.isoformat(), day.isoformat())
        minutes = self.bars_between(ticker, 1, "minute", first, last)
        days = self.bars_between(ticker, 1, "day", first, last)
        if not minutes and not days:
            return None
        inside = [bar.value for bar in minutes if is_session(int(bar.value["t"]))] or [bar.value for bar in days or minutes]
        answer = {"status": "OK", "from": day.isoformat(), "symbol": ticker, "open": inside[0]["o"],
                  "high": max(bar["h"] for bar in inside), "low": min(bar["l"] for bar in inside), "close": inside[-1]["c"]}
        if "v" in inside[0]:
            answer["volume"] = sum(bar["v"] for bar in inside)
        if minutes:
            answer["afterHours"], answer["preMarket"] = minutes[-1].value["c"], minutes[0].value["o"]
        return answer

    def listed(self, as_of: str | None, includes_expired: bool) -> list[Result]:
        """Contracts as of a date: of that date's list, else all that had not expired by then."""
        if as_of in self.contracts:
            return list(self.contracts[as_of].values())
        day = as_of or date.today().isoformat()
        everything = {ticker: result for listing in self.contracts.values() for ticker, result in listing.items()}
        return [result for result in everything.values()
                if (result.value["expiration_date"] < day) == includes_expired or (includes_expired and as_of is not None)]


def is_session(time: int) -> bool:
    local = datetime.fromtimestamp(time / 1000, NEW_YORK)
    return (9, 30) <= (local.hour, local.minute) < (16, 0)


def bounds(first: str, last: str) -> tuple[int, int]:
    """The range of an address in ms, both ends included: dates of New York, or ms."""
    def start(text: str, days: int) -> int:
        if text.isdigit():
            return int(text) + (1 if days else 0)
        day = date.fromisoformat(text) + timedelta(days=days)
        return round(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp() * 1000)

    return start(first, 0), start(last, 1) - 1


def instant(text: str) -> Decimal:
    """Seconds since 1970 of an ISO time with any number of digits, or of a date."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?", text)
    if not match:
        raise ValueError(text)
    zone = match[4] if match[4] and match[4] != "Z" else "+00:00"
    whole = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00:00'}{zone}").astimezone(timezone.utc)
    return Decimal(round(whole.timestamp())) + Decimal("0" + (match[3] or ""))
