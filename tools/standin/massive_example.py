"""Made-up data for the stand-in of Massive: five days of SPY in minutes, its options, and some news."""
from __future__ import annotations

import random
from datetime import date, datetime, timedelta, timezone

from massive_store import NEW_YORK, Store, results_of

DAYS = [date(2025, 3, day) for day in range(3, 8)]
MINUTES = 390
OPEN = 594_18  # Cents.
STRIKES_EACH_SIDE = 6
Bar = tuple[int, int, int, int, int, int]


def minutes(day: date, first: int, step: int, seed: str) -> list[Bar]:
    """A walk in cents: ms, open, high, low, close, volume."""
    chance = random.Random(seed + day.isoformat())
    start = int(datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK).timestamp())
    bars, price = [], first
    for minute in range(MINUTES):
        ends = [max(1, price + chance.randint(-step, step)) for _ in range(3)]
        bars.append(((start + 60 * minute) * 1000, price, max(price, *ends), min(price, *ends), ends[2], chance.randint(1, 900)))
        price = ends[2]
    return bars


def page(ticker: str, bars: list[Bar]) -> str:
    results = ",".join(f'{{"v":{volume},"o":{o / 100:.2f},"c":{c / 100:.2f},"h":{h / 100:.2f},"l":{low / 100:.2f},"t":{time},"n":{1 + volume // 9}}}'
                       for time, o, h, low, c, volume in bars)
    return f'{{"ticker":"{ticker}","results":[{results}]}}'


def expiries(day: date) -> list[date]:
    """The weekdays of the week after a day."""
    return [day + timedelta(days=step) for step in range(8) if (day + timedelta(days=step)).weekday() < 5]


def fill(store: Store) -> None:
    """Adds the example to what a store knows."""
    price = OPEN
    for day in DAYS:
        stock = minutes(day, price, 12, "SPY")
        add(store, day, page("SPY", stock))
        listed = []
        for expiry in expiries(day):
            for step in range(-STRIKES_EACH_SIDE, STRIKES_EACH_SIDE + 1):
                strike = price // 50 * 50 + 50 * step  # Every half dollar.
                for letter, kind in [("C", "call"), ("P", "put")]:
                    ticker = f"O:SPY{expiry:%y%m%d}{letter}{strike * 10:08}"
                    listed.append(f'{{"cfi":"O{letter}ASPS","contract_type":"{kind}","exercise_style":"american","expiration_date":"{expiry}",'
                                  f'"primary_exchange":"BATO","shares_per_contract":100,"strike_price":{strike / 100:g},'
                                  f'"ticker":"{ticker}","underlying_ticker":"SPY"}}')
                    worth = max(0, price - strike if letter == "C" else strike - price) + 90 + 40 * (expiry - day).days
                    bars = minutes(day, worth, 3, ticker)
                    add(store, day, page(ticker, random.Random(ticker).sample(bars, MINUTES // 3)))
        add(store, day, '{"results":[' + ",".join(listed) + "]}")
        price = stock[-1][4]
    add(store, DAYS[0], '{"results":[' + ",".join(articles()) + "]}")


def add(store: Store, day: date, text: str) -> None:
    store.add_results(*results_of(text), f"made-up/range-1-minute/{day}")


def articles() -> list[str]:
    """Three; the last speaks of a ticker without judging it."""
    told = [("Stocks rise as rates fall", ["SPY"], "positive"), ("Tariffs weigh on the market", ["SPY", "QQQ"], "negative"),
            ("What funds hold", ["SPY", "QQQ"], None)]
    texts = []
    for number, (title, tickers, sentiment) in enumerate(told):
        time = datetime(2025, 3, 3 + number, 14, 5, 6 * number, tzinfo=timezone.utc)
        insights = ",".join(f'{{"ticker":"{ticker}","sentiment":"{sentiment}","sentiment_reasoning":"made up"}}'
                            for ticker in tickers[:1] if sentiment)
        names = ",".join(f'"{ticker}"' for ticker in tickers)
        texts.append(f'{{"id":"example-{number}","publisher":{{"name":"The Example"}},"title":"{title}","author":"Nobody",'
                     f'"published_utc":"{time:%Y-%m-%dT%H:%M:%S}Z","article_url":"https://example.com/{number}","tickers":[{names}],'
                     f'"description":"Made up.","insights":[{insights}]}}')
    return texts
