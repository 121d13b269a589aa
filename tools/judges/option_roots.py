#!/usr/bin/env python3
"""Options whose root is not their underlying's ticker, and lists of contracts as of a day, against a small vendor of our own.

BRK.B's contracts are O:BRKB…, SPX has two roots, adjusted contracts end in a digit; 'expired=true' leaves out what has not
expired by today; a choice that finds nothing says so.

Needs no shared data.
"""
from __future__ import annotations

import json
import os
import re
import sys
import threading
from datetime import date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Lake, Result  # noqa: E402

ROOTS = {"SPY": ["SPY", "SPY1"], "BRK.B": ["BRKB", "BRKB2"], "BF.B": ["BFB"], "SPX": ["SPX", "SPXW"], "NDX": ["NDX", "NDXP"],
         "NONE": []}
OPENS = {"SPY": 10.25, "BRK.B": 10.25, "BF.B": 10.25, "I:SPX": 10.25, "I:NDX": 10.25, "NONE": 10.25}
TODAY = datetime.now(timezone.utc).date()


def contracts(parameters: dict[str, str]) -> list[dict[str, Any]]:
    underlying = parameters.get("underlying_ticker", "")
    as_of = parameters.get("as_of", TODAY.isoformat())
    days = [date.fromisoformat(as_of) + timedelta(days=ahead) for ahead in range(10)]
    found = []
    for day in (day.isoformat() for day in days):
        if parameters.get("expired") == "true" and day >= TODAY.isoformat():
            continue
        if not parameters.get("expiration_date.gte", "0") <= day <= parameters.get("expiration_date.lte", "9"):
            continue
        if parameters.get("expiration_date", day) != day:
            continue
        for root in ROOTS.get(underlying, []):
            for letter, kind in (("C", "call"), ("P", "put")):
                for strike in (9, 10, 11, 12):
                    found.append({"ticker": f"O:{root}{day[2:4]}{day[5:7]}{day[8:]}{letter}{strike * 1000:08d}", "contract_type": kind,
                                  "cfi": "OCASPS", "exercise_style": "american", "expiration_date": day, "primary_exchange": "BATO",
                                  "shares_per_contract": 100, "strike_price": strike, "underlying_ticker": underlying})
    return found


class Vendor:
    """Answers as the vendor documents it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802 the server's own name
                asked.append(unquote(self.path))
                parts = urlsplit(self.path)
                parameters = dict(parse_qsl(parts.query))
                path = unquote(parts.path)
                status, answer = 200, {"status": "OK", "request_id": "r"}
                if path == "/v3/reference/options/contracts":
                    answer["results"] = contracts(parameters)
                elif match := re.fullmatch(r"/v1/open-close/([^/]+)/([^/]+)", path):
                    if match[1] in OPENS:
                        answer |= {"symbol": match[1], "from": match[2], "open": OPENS[match[1]], "close": 10, "high": 11, "low": 9,
                                   "volume": 1}
                    else:
                        status, answer = 404, {"status": "NOT_FOUND", "message": "Data not found."}
                else:
                    answer |= {"ticker": path.split("/")[4], "queryCount": 0, "resultsCount": 0, "adjusted": False}
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        kept = {name: text for name, text in os.environ.items() if not name.endswith("_API_KEY")}
        self.environment = {**kept, "MASSIVE_API_KEY": "k", "LAKE_MASSIVE_URL": f"http://127.0.0.1:{self.server.server_port}"}

    def tickers(self) -> list[str]:
        return sorted(path.split("/")[4].removeprefix("O:") for path in self.asked if "/aggs/ticker/O:" in path)

    def lists(self) -> list[str]:
        return [path for path in self.asked if path.startswith("/v3/reference/options/contracts")]


def download(judge: Judge, underlying: str, mode: str, *more: str, day: str = "2025-03-03") -> tuple[Vendor, Result]:
    vendor = Vendor()
    result = judge.new_lake().run("download", "massive", "options", "--underlying", underlying, "--calls", "1", "--puts", "1",
                                  "--increment", "1", "--expiry", "next_trading_day", "--mode", mode, "--start", day, "--end", day,
                                  *more, env=vendor.environment)
    vendor.server.shutdown()
    return vendor, result


def judge_roots(judge: Judge) -> None:
    for underlying, roots in {"SPY": ["SPY"], "BRK.B": ["BRKB"], "BF.B": ["BFB"], "SPX": ["SPX", "SPXW"], "I:SPX": ["SPX", "SPXW"],
                              "NDX": ["NDX", "NDXP"]}.items():
        wanted = sorted(f"{root}250304{tail}" for root in roots for tail in ("C00011000", "P00010000"))
        for mode in ("list", "build"):
            vendor, result = download(judge, underlying, mode)
            judge.check(result.status == 0, f"{underlying}, {mode}: exit status", result.talk[-300:])
            judge.check(vendor.tickers() == wanted, f"{underlying}, {mode}: contracts", vendor.tickers())
            asked = [path for path in vendor.lists() if f"underlying_ticker={underlying.removeprefix('I:')}&" in path]
            judge.check(len(asked) == (1 if mode == "list" else 0) and all("expired" not in path for path in vendor.lists()),
                        f"{underlying}, {mode}: lists", vendor.lists())


def judge_nothing(judge: Judge) -> None:
    """What finds nothing says so, with exit status 1, whatever else is asked."""
    for more in ([], ["--dry-run"], ["--quiet"]):
        vendor, result = download(judge, "NONE", "list", *more)
        judge.check(result.status == 1 and "'NONE'" in result.talk and "2025-03-04" in result.talk and not vendor.tickers(),
                    f"a choice of nothing {more}", (result.status, result.talk[-300:]))
    vendor, result = download(judge, "BRKB", "list")
    judge.check(result.status == 1 and "BRK.B" in result.talk, "the root in place of the ticker", result.talk[-300:])
    vendor = Vendor()
    result = judge.new_lake().run("options", "discover", "--underlying", "NONE", "--date", "2025-03-03", env=vendor.environment)
    judge.check(result.status == 1 and "no contract of 'NONE'" in result.talk, "discovering nothing", result.talk[-300:])
    vendor.server.shutdown()


def judge_today(judge: Judge) -> None:
    """Contracts that expire in the future are on the list of a day of this week."""
    lake: Lake = judge.new_lake()
    days = [line.split()[0] for line in lake.run("calendar", "XNYS", "--start", (TODAY - timedelta(days=9)).isoformat(), "--end",
                                                (TODAY - timedelta(days=1)).isoformat(), in_lake=False).expect(0).output.splitlines()
            if line.startswith("20")]
    for underlying, flags, wanted in (("SPY", [], True), ("BRK.B", [], True), ("SPX", [], True), ("SPY", ["--expired"], False)):
        vendor = Vendor()
        lake = judge.new_lake()
        lake.run("options", "discover", "--underlying", underlying, "--date", days[-1], "--range-pct", "30", "--expiry-days", "7", *flags,
                 env=vendor.environment).expect(0, 1)
        vendor.server.shutdown()
        stored = lake.run("query", "raw.massive_option_contracts", "-c", "expiration_date,symbol").output.splitlines()[1:]
        last = max((line.split(",")[0] for line in stored), default="")
        judge.check((last >= TODAY.isoformat()) == wanted, f"{underlying} {flags}: contracts that expire later", (last, days[-1]))
        judge.check(all(("expired=true" in path) != wanted for path in vendor.lists()), f"{underlying} {flags}: what is asked", vendor.lists())


def judge_all(judge: Judge) -> None:
    judge_roots(judge)
    judge_nothing(judge)
    judge_today(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
