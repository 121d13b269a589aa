#!/usr/bin/env python3
"""Bars made of ticks, against pandas over the same records as the vendor's package decodes them.

Simulated futures and stocks over both changes of the clocks, a half day and Sunday evenings go into a lake as trades,
tbbo and mbp-1. Every interval and session must equal pandas' own grouping of the trades in every field, the three
record kinds must agree, and so must the vendor's bars of the same days. Sessions are exchange_calendars'.
"""
from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import databento  # noqa: E402
import exchange_calendars  # noqa: E402
import pandas as pd  # noqa: E402
from judging import Judge, Lake  # noqa: E402

warnings.filterwarnings("ignore", category=DeprecationWarning, module="pandas")
INTERVALS = {"1s": 1, "1m": 60, "15m": 900, "4h": 14_400}
KEYS = ["symbol", "publisher_id", "ts_event"]
FIELDS = ["open", "high", "low", "close", "volume", "count"]
WEEKS = [("2024-03-08", 3, ["ESH4", "NQH4"]), ("2024-11-01", 3, ["ESZ4"]), ("2024-11-27", 3, ["SPY", "QQQ"])]


def trades_of(folder: Path, schema: str) -> pd.DataFrame:
    """The trades of DBN files as the vendor's package decodes them, in their order."""
    parts = []
    for path in sorted(folder.glob(f"*.{schema}.dbn.zst")):
        store = databento.DBNStore.from_file(path)
        frame = pd.DataFrame(store.to_ndarray())
        names = {int(spans[0]["symbol"]): symbol for symbol, spans in store.mappings.items()}
        parts.append(frame.assign(symbol=frame["instrument_id"].map(names)))
    rows = pd.concat(parts)
    rows = rows[rows["action"] == b"T"]
    columns = ["ts_event", "ts_recv", "sequence", "price", "size", "publisher_id"]
    return rows.astype({name: "int64" for name in columns})[["symbol", *columns]]


def grouped(trades: pd.DataFrame, starts: pd.Series) -> pd.DataFrame:
    """pandas' own bars: the first and last by (ts_event, sequence)."""
    order = trades.assign(start=starts).sort_values(
        ["symbol", "publisher_id", "ts_event", "sequence"], kind="stable")
    order["notional"] = [int(price) * int(size) for price, size in zip(order["price"], order["size"])]
    keys = ["symbol", "publisher_id", "start"]
    bars = order.groupby(keys).agg(
        open=("price", "first"), high=("price", "max"), low=("price", "min"), close=("price", "last"),
        volume=("size", "sum"), count=("price", "size"), notional=("notional", "sum")).reset_index()
    return bars.rename(columns={"start": "ts_event"})


def bars_of(text: str) -> pd.DataFrame:
    frame = pd.read_csv(io.StringIO(text), dtype={name: str for name in ("open", "high", "low", "close")})
    frame["ts_event"] = pd.to_datetime(frame["ts_event"], utc=True).dt.as_unit("ns").astype("int64")
    for price in ["open", "high", "low", "close"]:
        frame[price] = frame[price].map(lambda value: round(float(value) * 1e9))
    return frame


def table(lake: Lake, name: str) -> pd.DataFrame:
    return bars_of(lake.run("query", name).expect(0).output)


def same(judge: Judge, case: str, mine: pd.DataFrame, true: pd.DataFrame) -> None:
    a, b = (frame.sort_values(KEYS).reset_index(drop=True) for frame in (mine, true))
    if not judge.check(len(a) == len(b) and len(a) > 0, f"{case}: bars", f"{len(a)}, expected {len(b)}"):
        return
    fields = [name for name in KEYS + FIELDS if name in b]
    wrong = (a[fields] != b[fields]).any(axis=1)
    judge.check(not wrong.any(), f"{case}: values", f"{a[wrong].head(2).to_dict()} {b[wrong].head(2).to_dict()}")
    if "notional" in b and "vwap" in a:
        far = (a["vwap"] - b["notional"] / b["volume"] / 1e9).abs() > 1e-9 * a["vwap"].abs()
        judge.check(not far.any(), f"{case}: vwap", a[far].head(2).to_dict())


def new_york(times: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Minutes of the day in New York, and midnight UTC of that date."""
    local = pd.to_datetime(times, utc=True).dt.tz_convert("America/New_York")
    date = local.dt.tz_localize(None).dt.normalize().dt.as_unit("ns").astype("int64")
    return local.dt.hour * 60 + local.dt.minute, date


def sessions(name: str, trades: pd.DataFrame, whole_dates: bool) -> pd.Series:
    """Midnight UTC of each trade's session by exchange_calendars; -1 outside."""
    calendar = exchange_calendars.get_calendar(name, start="2024-01-01", end="2024-12-31")
    starts = pd.Series(-1, index=trades.index, dtype="int64")
    for date, row in calendar.schedule.iterrows():
        opens, closes = (pd.Timestamp(row[part]) for part in ("open", "close"))
        if whole_dates and name == "XNYS":
            opens = pd.Timestamp(date).tz_localize("America/New_York")
            closes = (pd.Timestamp(date) + pd.Timedelta(days=1)).tz_localize("America/New_York")
        inside = (trades["ts_event"] >= opens.as_unit("ns").value) & (trades["ts_event"] < closes.as_unit("ns").value)
        starts[inside] = pd.Timestamp(date).as_unit("ns").value
    return starts


def judge_week(judge: Judge, start: str, days: int, symbols: list[str]) -> None:
    folder = judge.folder()
    lake = judge.new_lake()
    lake.run("simulate", "--start", start, "--days", days, "--symbols", ",".join(symbols), "--rows-per-day", 40_000,
             "--schema", "mbp-1,tbbo,trades,ohlcv-1m,ohlcv-1d", "-o", folder, in_lake=False).expect(0)
    lake.run("ingest", folder).expect(0)
    raw = {name.removeprefix("raw."): name for name in lake.tables("raw")}
    dataset = next(name for name in raw if name.endswith("_trades")).removesuffix("_trades")
    trades = trades_of(folder, "trades").reset_index(drop=True)
    case = f"{start} {symbols[0]}"

    # All hours: every interval, of each record kind; and the vendor's own bars.
    words = ",".join(INTERVALS) + ",1d"
    for kind in ["trades", "tbbo", "mbp_1"]:
        lake.run("bars", f"raw.{dataset}_{kind}", "--to", words).expect(0)
        for name, seconds in (INTERVALS | {"1d": 86_400}).items():
            length = seconds * 1_000_000_000
            true = grouped(trades, trades["ts_event"] // length * length)
            same(judge, f"{case} {kind} {name}", table(lake, f"bars.{dataset}_{kind}_{name}"), true)
    for name in ["1m", "1d"]:
        vendor = table(lake, f"raw.{dataset}_ohlcv_{name}")
        same(judge, f"{case} vendor {name}", table(lake, f"bars.{dataset}_mbp_1_{name}"), vendor)

    # Straight from the files: the rows of the table.
    for kind in ["trades", "tbbo", "mbp-1"]:
        files = sorted(folder.glob(f"*.{kind}.dbn.zst"))
        lake.run("bars", *files, "--to", "1m", "-o", folder / f"{kind}.csv", in_lake=False).expect(0)
        told = lake.run("compare", f"bars.{dataset}_{kind.replace('-', '_')}_1m", folder / f"{kind}.csv")
        judge.check(told.status == 0, f"{case}: bars of the files of {kind}", told.output + told.talk)

    # Regular hours: by the clock of New York, or the sessions of the stock exchanges.
    is_stocks = dataset == "equs_mini"
    lake.run("bars", f"raw.{dataset}_mbp_1", "--to", "1m,1d", "--session", "rth").expect(0)
    if is_stocks:
        dates = sessions("XNYS", trades, whole_dates=False)
        inside = dates >= 0
    else:
        minutes, dates = new_york(trades["ts_event"])
        inside = (minutes >= 570) & (minutes < 960)
    regular = trades[inside]
    same(judge, f"{case} rth 1m", table(lake, f"bars.{dataset}_mbp_1_1m_rth"),
         grouped(regular, regular["ts_event"] // 60_000_000_000 * 60_000_000_000))
    same(judge, f"{case} rth 1d", table(lake, f"bars.{dataset}_mbp_1_1d_rth"), grouped(regular, dates[inside]))

    # Whole trading dates: a Sunday evening belongs to Monday.
    name = "XNYS" if is_stocks else "CMES"
    lake.run("bars", f"raw.{dataset}_trades", "--to", "1d", "--session", "eth").expect(0)
    dates = sessions(name, trades, whole_dates=True)
    same(judge, f"{case} eth 1d", table(lake, f"bars.{dataset}_trades_1d_eth"),
         grouped(trades[dates >= 0], dates[dates >= 0]))

    for kind, interval, session in [("mbp-1", "1m", "rth"), ("mbp-1", "1d", "rth"), ("trades", "1d", "eth")]:
        files, out = sorted(folder.glob(f"*.{kind}.dbn.zst")), folder / f"{kind}-{session}.csv"
        lake.run("bars", *files, "--to", interval, "--session", session, "-o", out, "--force", in_lake=False).expect(0)
        told = lake.run("compare", f"bars.{dataset}_{kind.replace('-', '_')}_{interval}_{session}", out, "--interval", interval)
        judge.check(told.status == 0, f"{case}: {interval} of {session} of the files of {kind}", told.output + told.talk)
    whole = sorted(folder.glob("*.trades.dbn.zst"))[0].read_bytes()
    (folder / "cut.trades.dbn.zst").write_bytes(whole[:len(whole) // 2])
    told = lake.run("bars", folder / "cut.trades.dbn.zst", "--to", "1m", "-o", folder / "cut.csv", in_lake=False)
    judge.check(told.status == 2 and "cut.trades" in told.talk and not (folder / "cut.csv").exists(), f"{case}: a file that is cut off", told.talk)
    told = lake.run("bars", *sorted(folder.glob("*.ohlcv-1m.dbn.zst")), "--to", "1h", "-o", folder / "cut.csv", in_lake=False)
    judge.check(told.status == 2 and "no trades" in told.talk, f"{case}: files without trades", told.talk)

    # A minute made of seconds is the minute made of trades, and nothing is made twice.
    lake.run("resample", f"bars.{dataset}_trades_1s", "--to", "1m", "--as", "bars.again").expect(0)
    same(judge, f"{case} 1s to 1m", table(lake, "bars.again"),
         table(lake, f"bars.{dataset}_trades_1m").drop(columns="count"))
    again = lake.run("bars", f"raw.{dataset}_mbp_1", "--to", "1m,1d", "--session", "rth", "--plan").expect(0)
    told = again.output + again.talk
    judge.check(told.count(" 0 of ") == 2, f"{case}: nothing is due", told)


def judge_all(judge: Judge) -> None:
    for start, days, symbols in WEEKS:
        judge_week(judge, start, days, symbols)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
