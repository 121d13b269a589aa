#!/usr/bin/env python3
"""Every set of Massive's pages in the shared data, downloaded from the stand-in: each member of each result, digit by digit.

Stocks, options and indices by `lake download massive`, lists of contracts by `lake options discover`, and news; the
second time nothing is asked for.
"""
from __future__ import annotations

import json
import shutil
import sys
from collections import defaultdict
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Lake  # noqa: E402
from massive_downloads import KEY, StandIn, quick_lake, words  # noqa: E402
from rowhash import live_files  # noqa: E402

BAR = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "vw": "vwap", "n": "transactions"}
CONTRACT = {"underlying_ticker": "underlying", "strike_price": "strike_price", "contract_type": "contract_type",
            "exercise_style": "exercise_style", "expiration_date": "expiration_date", "cfi": "cfi",
            "primary_exchange": "primary_exchange", "shares_per_contract": "shares_per_contract"}
ARTICLE = {"title": "title", "author": "author", "article_url": "article_url", "image_url": "image_url", "description": "description"}
Rows = dict[tuple, dict[str, Any]]


def pages(folder: Path, pattern: str) -> list[tuple[Path, dict[str, Any]]]:
    return [(path, json.loads(path.read_text(), parse_float=Decimal)) for path in sorted(folder.glob(pattern))]


def stored(judge: Judge, lake: Lake, table: str, index: str) -> Rows:
    """A table's rows by symbol and time; each must be there once."""
    rows: Rows = {}
    count = 0
    for add in live_files(lake.path(table)) if table in lake.tables("raw") else []:
        for row in pq.ParquetFile(lake.path(table) / add["path"]).read().to_pylist():
            count += 1
            rows[row["symbol"], row[index].astimezone(timezone.utc)] = row
    judge.check(count == len(rows), f"{table}: {count - len(rows)} rows are there twice")
    return rows


def judge_members(judge: Judge, case: str, got: Rows, wanted: Rows) -> None:
    judge.check(bool(wanted) and got.keys() == wanted.keys(), f"{case}: rows", (len(got), len(wanted)))
    for name in {name for row in wanted.values() for name in row}:
        wrong = [key for key in got.keys() & wanted.keys() if got[key].get(name) != wanted[key].get(name)]
        judge.check(not wrong, f"{case}: {name}", [(key, got[key].get(name), wanted[key].get(name)) for key in wrong[:2]])


def bought(judge: Judge, lake: Lake, standin: StandIn, case: str, asked: list[str]) -> None:
    """Runs a download, and again: the second time the vendor is not asked."""
    told = lake.run(*asked, env=standin.environment)
    judge.check(told.status == 0, f"{case}: exit status {told.status}", told.talk[-600:])
    count = len(standin.requests())
    again = lake.run(*asked, env=standin.environment)
    judge.check(again.status == 0 and len(standin.requests()) == count, f"{case}: asked for twice",
                [request["path"] for request in standin.requests()[count:]])
    judge.check(KEY not in told.output + told.talk + again.output + again.talk, f"{case}: the key is printed")


def judge_bars(judge: Judge, folder: Path) -> None:
    """All pages of bars, by market, length and range of their folder's name."""
    orders: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    wanted: dict[str, Rows] = defaultdict(dict)
    for path, page in pages(folder, "*/**/range-*/page-*.json"):
        ticker = page["ticker"]
        market, kind = {"O:": ("option", "bars"), "I:": ("index", "indices")}.get(ticker[:2], ("stock", "bars"))
        _, multiplier, span, rest = path.parent.name.split("-", 3)
        interval = multiplier + span[0]
        orders[kind, interval, rest[:10], rest[11:]].add(ticker)
        for result in page["results"]:
            time = datetime.fromtimestamp(result["t"] / 1000, timezone.utc)
            row = {long: Decimal(result[short]) if short in result else None for short, long in BAR.items()}
            if market == "index":
                row = {name: value for name, value in row.items() if name in ("open", "high", "low", "close")}
            wanted[f"raw.massive_{market}_bars_{interval}"][ticker, time] = row
    lake = quick_lake(judge)
    with StandIn(judge, "--page", "300") as standin:
        for (kind, interval, start, end), tickers in sorted(orders.items()):
            asked = words(kind, ",".join(sorted(tickers)), start, end, "--interval", interval)
            bought(judge, lake, standin, f"{kind} {interval} {start}", asked)
    for table, rows in wanted.items():
        judge_members(judge, table, stored(judge, lake, table, "ts_event"), rows)
    judge.check(sorted(lake.tables("raw")) == sorted(wanted), "tables", lake.tables("raw"))


def judge_contracts(judge: Judge, folder: Path) -> None:
    """Both lists of contracts, whole; the opening price that SPY's list needs is given by a page of our own."""
    data = judge.folder() / "data"
    shutil.copytree(folder, data, copy_function=shutil.copyfile)
    bar = data / "stocks/SPY/range-1-minute-2023-08-03-2023-08-03/page-001.json"
    bar.parent.mkdir(parents=True)
    bar.write_text('{"ticker":"SPY","adjusted":false,"resultsCount":1,"results":[{"v":1,"o":450.1,"c":450.1,"h":450.1,"l":450.1,'
                   '"t":1691069400000}]}')
    lake = quick_lake(judge)
    wanted: Rows = {}
    with StandIn(judge, "--page", "40", data=data) as standin:
        for path, page in pages(folder, "options/*/contracts-*/page-*.json"):
            day = path.parent.name[-10:]
            for result in page["results"]:
                row = {long: result.get(short) for short, long in CONTRACT.items()}
                row["strike_price"] = Decimal(result["strike_price"])
                row["expiration_date"] = date.fromisoformat(result["expiration_date"])
                midnight = datetime.fromisoformat(day + "T04:00:00+00:00")  # New York in summer.
                wanted[result["ticker"], midnight] = row
        for underlying, day in [("AAPL", "2014-06-06"), ("SPY", "2023-08-03")]:
            asked = ["options", "discover", "--underlying", underlying, "--date", day, "--range-pct", "100", "--expiry-days", "3660"]
            told = lake.run(*asked, env=standin.environment)
            judge.check(told.status == 0, f"contracts of {underlying}: exit status", told.talk[-600:])
            count = len(standin.requests("/contracts"))
            lake.run(*asked, env=standin.environment).expect(0)
            judge.check(len(standin.requests("/contracts")) == count, f"contracts of {underlying}: asked for twice")
    judge_members(judge, "contracts", stored(judge, lake, "raw.massive_option_contracts", "as_of"), wanted)


def judge_news(judge: Judge) -> None:
    """An article and ticker a row; no sentiment where the vendor has no word on a ticker."""
    data = judge.folder() / "data"
    shutil.copytree(judge.data / "polygon/real-news", data, copy_function=shutil.copyfile)
    (data / "more.json").write_text(json.dumps({"status": "OK", "count": 1, "results": [{
        "id": "made-1", "publisher": {"name": "P"}, "title": "Two, of which one is judged", "article_url": "http://p/1",
        "published_utc": "2024-08-08T20:00:00.123456789Z", "tickers": ["AAPL", "MSFT"],
        "insights": [{"ticker": "MSFT", "sentiment": "positive", "sentiment_reasoning": "why"}]}]}))
    wanted: Rows = {}
    for _, page in pages(data, "*.json"):
        for article in page["results"]:
            said = {insight["ticker"]: insight for insight in article.get("insights", [])}
            time = datetime.fromisoformat(article["published_utc"][:19] + "+00:00")
            digits = (article["published_utc"][19:].strip(".Z") + "000000000")[:9]
            for ticker in article["tickers"]:
                insight = said.get(ticker, {})
                wanted[ticker, time.replace(microsecond=int(digits[:6]))] = {
                    **{long: article.get(short) for short, long in ARTICLE.items()}, "article_id": article["id"],
                    "published_at_plus_ns": int(digits[6:]), "publisher_name": article["publisher"]["name"],
                    "sentiment": insight.get("sentiment"), "sentiment_reasoning": insight.get("sentiment_reasoning")}
    lake = quick_lake(judge)
    with StandIn(judge, data=data) as standin:
        bought(judge, lake, standin, "news", words("news", "AAPL", "2024-08-08", "2024-08-08"))
    judge_members(judge, "news", stored(judge, lake, "raw.massive_news", "published_at"), wanted)


def judge_all(judge: Judge) -> None:
    folder = judge.data / "derived/massive"
    judge_bars(judge, folder)
    judge_contracts(judge, folder)
    judge_news(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
