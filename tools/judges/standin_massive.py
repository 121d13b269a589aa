#!/usr/bin/env python3
"""The stand-in for Massive, judged by the vendor's own client: it must get the rows that are in the files.

A stand-in that speaks the protocol as its authors imagine it would prove nothing about downloads.
"""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge

KEY = "massive-standin"
STANDIN = Path(__file__).resolve().parent.parent / "standin/massive"


class StandIn:
    """The server, and the vendor's client that asks it."""

    def __init__(self, data: Path, *flags: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, STANDIN, "--data", data, "--key", KEY, "--stop-with-stdin", *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().removeprefix("listening on ").strip()
        import massive

        self.client = massive.RESTClient(KEY, base=self.url, retries=3)

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)


def chains(folder: Path) -> dict[tuple[str, int, str, str, str], list[dict]]:
    """The bars of each folder of pages, by ticker, length and range."""
    found: dict = defaultdict(list)
    for path in sorted(folder.rglob("range-*/page-*.json")):
        page = json.loads(path.read_text())
        _, count, span, rest = path.parent.name.split("-", 3)
        found[(page["ticker"], int(count), span, rest[:10], rest[11:])] += page["results"]
    return found


def judge_bars(judge: Judge, folder: Path, flags: list[str]) -> None:
    standin = StandIn(folder, *flags)
    members = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "vw": "vwap", "t": "timestamp",
               "n": "transactions"}
    for (ticker, count, span, first, last), wanted in chains(folder).items():
        bars = list(standin.client.list_aggs(ticker, count, span, first, last, adjusted=False, limit=50000))
        got = [{short: getattr(bar, long) for short, long in members.items() if getattr(bar, long) is not None} for bar in bars]
        judge.check(got == wanted, f"bars of {ticker} {first}, {' '.join(flags)}", f"{len(got)} of {len(wanted)}")
    standin.stop()


def judge_ranges(judge: Judge, client: "massive.RESTClient") -> None:
    first = client.get_aggs("SPY", 1, "minute", "2013-10-07", "2013-10-07", adjusted=False, limit=50000)
    low, high = first[10].timestamp, first[20].timestamp
    inside = client.get_aggs("SPY", 1, "minute", low, high, limit=50000)
    judge.check([bar.timestamp for bar in inside] == [bar.timestamp for bar in first[10:21]], "a range in ms has both its ends")
    back = client.get_aggs("SPY", 1, "minute", low, high, sort="desc", limit=5)
    judge.check([bar.timestamp for bar in back] == [bar.timestamp for bar in first[20:15:-1]], "descending, five")
    judge.check(client.get_aggs("NONE", 1, "minute", low, high) == [], "an unknown ticker has no bars")
    day = client.get_daily_open_close_agg("SPY", "2013-10-07")
    judge.check((day.symbol, day.open, day.from_) == ("SPY", 167.43, "2013-10-07"), "open and close", day)


def judge_contracts(judge: Judge, client: "massive.RESTClient", folder: Path) -> None:
    wanted = []
    for path in sorted(folder.glob("options/AAPL/contracts-2014-06-06/page-*.json")):
        wanted += json.loads(path.read_text())["results"]
    wanted.sort(key=lambda contract: contract["ticker"])
    listed = list(client.list_options_contracts("AAPL", as_of="2014-06-06", limit=1000, order="asc", sort="ticker"))
    judge.check([contract.ticker for contract in listed] == [contract["ticker"] for contract in wanted], "contracts as of a date")
    judge.check([contract.strike_price for contract in listed] == [contract["strike_price"] for contract in wanted], "strikes")
    some = client.list_options_contracts(
        "AAPL", as_of="2014-06-06", contract_type="put", strike_price_gte=640, strike_price_lt=660,
        expiration_date_lte="2014-06-21", limit=1000)
    chosen = {contract["ticker"] for contract in wanted if contract["contract_type"] == "put"
              and 640 <= contract["strike_price"] < 660 and contract["expiration_date"] <= "2014-06-21"}
    judge.check({contract.ticker for contract in some} == chosen and chosen, "contracts by filters")
    one = client.get_options_contract(wanted[0]["ticker"], as_of="2014-06-06")
    judge.check(one.strike_price == wanted[0]["strike_price"], "one contract")


def judge_news(judge: Judge, folder: Path) -> None:
    source = folder.parent.parent / "polygon/real-news"
    wanted = [article for path in sorted(source.glob("*.json")) for article in json.loads(path.read_text())["results"]]
    copy = judge.folder() / "news"
    shutil.copytree(source, copy)
    standin = StandIn(copy)
    got = list(standin.client.list_ticker_news("AAPL", published_utc_gte="2024-08-08", published_utc_lt="2024-08-09", limit=100))
    judge.check([article.id for article in got] == [article["id"] for article in wanted], "news")
    judge.check(list(standin.client.list_ticker_news("AAPL", published_utc_gte="2024-08-09")) == [], "no news of the day after")
    standin.stop()


def judge_keys(judge: Judge, folder: Path) -> None:
    import massive

    standin = StandIn(folder)
    try:
        massive.RESTClient("wrong", base=standin.url, retries=0).get_aggs("SPY", 1, "minute", "2013-10-07", "2013-10-07")
        judge.check(False, "a wrong key is refused")
    except massive.exceptions.BadResponse as error:
        judge.check("Unknown API Key" in str(error), "a wrong key is refused", error)
    standin.stop()


def judge_all(judge: Judge) -> None:
    folder = judge.data / "derived/massive"
    judge_bars(judge, folder, [])
    judge_bars(judge, folder, ["--page", "700"])
    judge_bars(judge, folder, ["--page", "400", "--fault", "429:after=0", "--fault", "503:skip=2"])
    standin = StandIn(folder, "--page", "250")
    judge_ranges(judge, standin.client)
    judge_contracts(judge, standin.client, folder)
    standin.stop()
    judge_news(judge, folder)
    judge_keys(judge, folder)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
