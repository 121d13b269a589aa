#!/usr/bin/env python3
"""Files of Massive's pages and flat files, ingested and compared with their source digit by digit.

The source is read by Python's json and csv with every number kept as the digits that stand there.
"""
from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import deltalake
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Lake

BAR = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "vw": "vwap", "n": "transactions"}


def live_files(lake: Lake, table: str) -> list[str]:
    folder = lake.root / table.replace(".", "/")
    return sorted(deltalake.DeltaTable(str(folder)).file_uris()) if folder.exists() else []


def rows(lake: Lake, table: str, index: str) -> dict:
    """The rows of a table by symbol and time, read by another reader."""
    found = {}
    for path in live_files(lake, table):
        for row in pq.read_table(path, partitioning=None).to_pylist():
            key = (row["symbol"], row[index])
            assert key not in found, f"{key} twice in {table}"
            found[key] = row
    return found


def same(row: dict, wanted: dict) -> bool:
    return all(row.get(name) == value if value is not None else row.get(name) is None for name, value in wanted.items())


def compare(judge: Judge, lake: Lake, table: str, index: str, wanted: dict) -> None:
    got = rows(lake, table, index)
    judge.check(got.keys() == wanted.keys(), f"{table}: the rows that are in the source", f"{len(got)} of {len(wanted)}")
    wrong = [key for key in wanted if key in got and not same(got[key], wanted[key])]
    judge.check(not wrong, f"{table}: every value", f"{len(wrong)}, the first {wrong[:1]}")


def bar(result: dict) -> dict:
    return {long: None if short not in result else (int(result[short]) if short == "n" else Decimal(result[short]))
            for short, long in BAR.items()}


def judge_pages(judge: Judge) -> None:
    lake = judge.new_lake()
    files = sorted((judge.data / "derived/massive").rglob("page-*.json"))
    bars: dict = defaultdict(dict)
    contracts: dict = {}
    for path in files:
        page = json.loads(path.read_text(), parse_float=Decimal)
        for result in page["results"]:
            if "strike_price" in result:
                contracts[path.parent.name[-10:], result["ticker"]] = result
                continue
            ticker = page["ticker"]
            market = {"O:": "option", "I:": "index"}.get(ticker[:2], "stock")
            adjusted = "adjusted_" if page.get("adjusted") and market != "index" else ""
            _, count, span, *_ = path.parent.name.split("-")
            table = f"raw.massive_{market}_{adjusted}bars_{count}{span[0]}"
            values = bar(result)
            if market == "index":
                values = {name: values[name] for name in ["open", "high", "low", "close"]}
            bars[table][ticker, datetime.fromtimestamp(result["t"] / 1000, timezone.utc)] = values
    lake.run("ingest", *files).expect(0)
    for table, wanted in bars.items():
        compare(judge, lake, table, "ts_event", wanted)
    got = rows(lake, "raw.massive_option_contracts", "as_of")
    judge.check(len(got) == len(contracts), "every contract", f"{len(got)} of {len(contracts)}")
    for (ticker, as_of), row in got.items():
        day = as_of.astimezone(timezone.utc).date().isoformat()
        source = contracts.get((day, ticker), {})
        judge.check(source and row["strike_price"] == source["strike_price"] and row["underlying"] == source["underlying_ticker"]
                    and row["expiration_date"].isoformat() == source["expiration_date"], f"contract {ticker} as of {day}", row)
    again = lake.run("ingest", *files)
    judge.check(again.status == 0 and len(rows(lake, "raw.massive_option_contracts", "as_of")) == len(got), "the same again adds nothing")


def judge_flat_files(judge: Judge) -> None:
    lake = judge.new_lake()
    folder = judge.folder() / "us_stocks_sip"
    minutes = folder / "minute_aggs_v1/2024/01/2024-01-03.csv.gz"
    minutes.parent.mkdir(parents=True)
    lines, wanted = ["ticker,volume,open,close,high,low,window_start,transactions"], {}
    for place in range(600):
        ticker = ["A", "AA", "BRK.B"][place // 200]
        time = 1704272400 + 60 * (place % 200)
        values = {"volume": f"{place * 7 + 1}.5", "open": f"{place}.0100", "high": "700.123456789", "low": "0.0001",
                  "close": f"{place}.02", "transactions": str(place + 1)}
        lines.append(",".join([ticker, values["volume"], values["open"], values["close"], values["high"], values["low"],
                               f"{time}000000000", values["transactions"]]))
        row = {name: Decimal(value) for name, value in values.items()}
        row["transactions"] = place + 1
        wanted[ticker, datetime.fromtimestamp(time, timezone.utc)] = row
    minutes.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    trades = folder / "trades_v1/2024-01-03.csv.gz"
    trades.parent.mkdir(parents=True)
    head = "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,sip_timestamp,size,tape,trf_id,trf_timestamp"
    body = [f'A,"12,37",0,4,{n},17042724000{n:02d}123456,{130 + n}.02,{n},17042724000{n:02d}128789,{n + 1},1,'
            + (f"201,17042724000{n:02d}125000" if n % 2 else "0,0") for n in range(50)]
    trades.write_bytes(gzip.compress("\n".join([head, *body, ""]).encode()))
    quotes = folder / "2024-01-03-quotes.csv"
    head = "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,conditions,indicators,participant_timestamp,sequence_number,sip_timestamp,tape,trf_timestamp"
    quotes.write_text("\n".join([head, 'A,11,0,0,12,138.64,1,"1,81",,1704272400061239296,3907,1704272400061570600,1,0',
                                 "A,11,138.9,2,12,138.64,1,1,604,1704272400061239297,3908,1704272400061570601,1,0", ""]))
    lake.run("ingest", minutes, trades, quotes).expect(0)
    compare(judge, lake, "raw.massive_stock_bars_1m", "ts_event", wanted)
    got = sorted((row for path in live_files(lake, "raw.massive_stock_trades")
                  for row in pq.read_table(path, partitioning=None).to_pylist()), key=lambda row: row["sequence_number"])
    judge.check([row["price"] for row in got] == [Decimal(f"{130 + n}.02") for n in range(50)], "prices of trades")
    judge.check([row["sip_timestamp_plus_ns"] for row in got] == [789] * 50, "nanoseconds of trades")
    judge.check([row["trf_timestamp"] is None for row in got] == [n % 2 == 0 for n in range(50)], "no time where it is 0")
    judge.check(all(row["conditions"] == "12,37" for row in got), "conditions of trades")
    quoted = [row for path in live_files(lake, "raw.massive_stock_quotes")
              for row in pq.read_table(path, partitioning=None).to_pylist()]
    judge.check([row["ask_price"] for row in quoted] == [Decimal(0), Decimal("138.9")], "quotes", quoted)
    days = folder / "day_aggs_v1/2024-01-03.csv"
    days.parent.mkdir()
    days.write_text("ticker,volume,open,close,high,low,window_start,transactions\nA,10,1,2,3,0.5,1704258000000000000,4\n")
    lake.run("ingest", days).expect(0)
    judge.check(len(rows(lake, "raw.massive_stock_bars_1d", "ts_event")) == 1, "day bars go to a table of their own")


def judge_odd_pages(judge: Judge) -> None:
    lake = judge.new_lake()
    folder = judge.folder()
    good = '{"v":1.0e+06,"vw":1.25,"o":1,"c":1,"h":1,"l":1,"t":1700000040000,"n":2,"otc":true}'
    bad = '{"v":1,"o":1e10,"c":1,"h":1,"l":1,"t":1700000100000}'
    one = folder / "one.json"
    others = ",".join(good.replace("1700000040000", f"{1700000040000 + 60000 * n}") for n in range(10, 40))
    one.write_text(f'{{"adjusted":false,"results":[{good},{bad},{others}],"resultsCount":32,"ticker":"X"}}')
    run = lake.run("ingest", one, "--interval", "1m")
    judge.check(run.status == 1, "a row that does not fit is a finding", run.talk)
    got = rows(lake, "raw.massive_stock_bars_1m", "ts_event")
    judge.check(len(got) == 31, "the other rows are stored", len(got))
    judge.check(all(row["volume"] == 1000000 and row["extra"] == '{"otc":true}' for row in got.values()), "exponents, unknown members")
    adjusted = folder / "adjusted.json"
    adjusted.write_text(one.read_text().replace("false", "true").replace(bad + ",", "").replace("32", "31"))
    run = lake.run("ingest", adjusted, "--table", "raw.massive_stock_bars_1m")
    judge.check(run.status == 2 and "lake.adjusted" in run.talk, "adjusted bars never join raw ones", run.talk)
    for name, text, words in [
        ("cut.json", one.read_text()[:-16], "ends"), ("short.json", one.read_text().replace(":32", ":33"), "33"),
        ("none.json", '{"a":1}', "no rows"), ("refused.json", '{"ticker":"X","resultsCount":0,"status":"NOT_AUTHORIZED"}', "plan"),
        ("error.json", '{"status":"ERROR","request_id":"x","error":"Unknown API Key"}', "Unknown API Key"),
        ("list.json", "[[1364774820000,93.25,93.3]]", "symbol"),
        ("deep.json", '{"ticker":"X","results":' + "[" * 100_000, "deep"),
    ]:
        path = folder / name
        path.write_text(text)
        run = lake.run("ingest", path, "--interval", "1m")
        judge.check(run.status == 2 and words in run.talk, f"{name} is refused", run.talk)
    unsaid = lake.run("ingest", one)
    judge.check(unsaid.status == 2 and "--interval 1m" in unsaid.talk, "bars of no known interval", unsaid.talk)
    news = sorted((judge.data / "polygon/real-news").glob("*.json"))
    lake.run("ingest", *news).expect(0)
    stored = rows(lake, "raw.massive_news", "published_at")
    articles = [article for path in news for article in json.loads(path.read_text())["results"]]
    judge.check(len(stored) == sum(len(article["tickers"]) for article in articles), "news by ticker", len(stored))
    judge.check(all(row["sentiment"] for row in stored.values()), "sentiment")


CONTRACT = {"contract_type": "call", "exercise_style": "american", "expiration_date": "2024-01-05", "shares_per_contract": 100,
            "strike_price": 470, "ticker": "O:SPY240105C00470000", "underlying_ticker": "SPY"}
ARTICLE = {"id": "n1", "title": "t", "published_utc": "2024-03-01T15:00:00Z", "article_url": "u", "publisher": {"name": "P"},
           "tickers": ["AAPL"]}
ONE_BAR = {"v": 100, "vw": 1.5, "o": 1.1, "c": 1.2, "h": 2, "l": 1, "t": 1704205800000, "n": 3}


def judge_no_pages(judge: Judge) -> None:
    """Objects without results come to no rows: they are refused, and nothing is made."""
    lines = lambda *objects: "".join(json.dumps(one) + "\n" for one in objects)
    other = CONTRACT | {"strike_price": 471, "ticker": "O:SPY240105C00471000"}
    page = {"results": [CONTRACT], "status": "OK"}
    cases = {
        "contracts one a line": lines(CONTRACT, other), "one contract": lines(CONTRACT), "one article": lines(ARTICLE),
        "articles one a line": lines(ARTICLE, ARTICLE), "bars one a line": lines(ONE_BAR, ONE_BAR),
        "a member of a contract": lines({"strike_price": 1}), "a page and a contract": lines(page, other),
        "a page and any object": lines(page, {"a": 1}), "results that are null": lines({"results": None, "strike_price": 1}),
        "results that are a text": lines({"results": "none", "strike_price": 1}),
        "rows as lake query writes them": lines({"ts_event": "2024-01-02T14:30:00Z", "symbol": "ESH4", "expiration_date": None}),
        "only a status": lines({"status": "OK", "strike_price": None}),
    }
    for case, text in cases.items():
        lake = judge.new_lake()
        path = judge.folder() / "saved-2024-01-02.json"
        path.write_text(text)
        done = lake.run("ingest", path, "--interval", "1m", "--symbol", "SPY") if "bars" in case else lake.run("ingest", path)
        judge.check(done.status == 2 and lake.tables("raw") == [], f"{case}: refused, and no table is made", done.talk)
        if "one" in case and "page" not in case:
            paged = judge.folder() / "paged-2024-01-02.json"
            paged.write_text(json.dumps({"results": [json.loads(line) for line in text.splitlines()]}))
            flags = ["--interval", "1m", "--symbol", "SPY"] if "bars" in case else []
            judge.check("results" in done.talk and lake.run("ingest", paged, *flags).status == 0, f"{case}: the remedy works", done.talk)
    for case, text in {"an empty list": '{"results":[],"status":"OK","queryCount":0}', "a count of none":
                       '{"ticker":"SPY","queryCount":0,"resultsCount":0,"adjusted":true,"status":"OK"}'}.items():
        path = judge.folder() / "empty.json"
        path.write_text(text)
        done = judge.new_lake().run("ingest", path, "--interval", "1m", "--symbol", "SPY")
        judge.check(done.status == 0, f"{case} is an empty page", done.talk)


def judge_contradictions(judge: Judge) -> None:
    """What flags, names and members say of a page must go together."""
    def page(adjusted: str = "false", more: str = "", time: int = ONE_BAR["t"]) -> Path:
        path = judge.folder() / "page.json"
        path.write_text('{"ticker":"SPY","queryCount":1,"resultsCount":1,"adjusted":' + adjusted + "," + more
                        + '"results":[' + json.dumps(ONE_BAR | {"t": time}) + '],"status":"OK"}')
        return path

    minute = ["--interval", "1m"]
    for case, path, flags, says in [
        *((f"adjusted is {word}", page(word), minute, "true or false") for word in ('"true"', "1", "null")),
        ("a ticker that is a number", page(more='"next_url":5,'), minute, "a text"),
        ("another symbol", page(), [*minute, "--symbol", "QQQ"], "leave out --symbol"),
        ("a mapping", page(), [*minute, "--map", "o=close"], "leave out --map"),
        ("names of columns", page(), [*minute, "--columns", "a,b"], "leave out --columns"),
        ("another kind", page(), [*minute, "--schema", "trades"], "leave out --schema"),
        ("adjusted bars under the name of others", page("true"), [*minute, "--table", "raw.massive_stock_bars_1m"], "leave out --as"),
        ("others under the name of adjusted bars", page(), [*minute, "--table", "raw.massive_stock_adjusted_bars_1m"], "leave out --as"),
        ("minutes under the name of days", page(), [*minute, "--table", "raw.massive_stock_bars_1d"], "_1m"),
        ("minutes under a name of days", page(), [*minute, "--table", "raw.spy_ohlcv_1d"], "_1m"),
    ]:
        lake = judge.new_lake()
        done = lake.run("ingest", path, *flags)
        judge.check(done.status == 2 and says in done.talk and lake.tables("raw") == [], f"{case}: refused by name", done.talk)
    lake = judge.new_lake()
    done = lake.run("ingest", page(), page("true", time=ONE_BAR["t"] + 60000), *minute, "--table", "raw.spy")
    judge.check(done.status == 2 and len(rows(lake, "raw.spy", "ts_event")) == 1, "adjusted bars never join others of the same command",
                done.talk)
    lake = judge.new_lake()
    days = judge.folder() / "range/1/day/a.json"
    days.parent.mkdir(parents=True)
    days.write_text(page().read_text())
    minutes = judge.folder() / "range/1/minute/a.json"
    minutes.parent.mkdir(parents=True)
    minutes.write_text(page(time=ONE_BAR["t"] + 60000).read_text())
    done = lake.run("ingest", days, minutes, "--table", "raw.spy")
    judge.check(done.status == 2 and len(rows(lake, "raw.spy", "ts_event")) == 1, "nor do bars of another length", done.talk)
    lake = judge.new_lake()
    marked = judge.folder() / "marked.json"
    marked.write_bytes(b"\xef\xbb\xbf" + page().read_bytes())
    done = lake.run("ingest", marked, *minute, "--symbol", "SPY")
    judge.check(done.status == 0 and len(rows(lake, "raw.massive_stock_bars_1m", "ts_event")) == 1, "a mark of the byte order", done.talk)
    marked.write_bytes(b"\xef\xbb\xbf[[1]]")
    done = lake.run("ingest", marked, *minute)
    judge.check(done.status == 2 and "try:" in done.talk, "a mark of the byte order before a list", done.talk)
    minute_bars = judge.folder() / "minutes.csv"
    minute_bars.write_text("ts_event,symbol,open,high,low,close,volume\n2024-01-02T10:00:00Z,A,1,2,1,1.5,3\n")
    lake = judge.new_lake()
    done = lake.run("ingest", minute_bars, *minute, "--table", "raw.b_ohlcv_1d")
    judge.check(done.status == 2 and "1d" in done.talk and lake.tables("raw") == [], "rows of CSV under a name of days", done.talk)


def judge_all(judge: Judge) -> None:
    judge_pages(judge)
    judge_no_pages(judge)
    judge_contradictions(judge)
    judge_flat_files(judge)
    judge_odd_pages(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
