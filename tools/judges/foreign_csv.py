"""Text files of many vendors, as they are found: each goes in at the first try, or after the one command line that the
first refusal prints, and then equals what pandas reads, or is refused for what is wrong with it.

Held against pandas' reading of each file: the number of rows, the exact sums of prices and volumes (as decimals, from the
digits), the first and the last time.

Cases: 210
"""
from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable

import pandas as pd
from deltalake import DeltaTable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Lake  # noqa: E402

REFUSED = {"21_ariva_broken_commas.csv": "commas separate the columns, and stand for the decimal point"}


def number(text: Any, decimal: str = ".") -> Decimal | None:
    """The exact value of a number as vendors write it; None for none."""
    if text is None or (isinstance(text, float) and pd.isna(text)):
        return None
    plain = str(text).strip().replace("$", "")
    if decimal == ",":
        plain = plain.replace(".", "").replace(",", ".")
    plain = plain.replace(",", "")
    if plain in ("", "-", ".", "NaN", "nan", "null"):
        return None
    power = {"K": 3, "M": 6, "B": 9}.get(plain[-1])
    return Decimal(plain[:-1]).scaleb(power) if power else Decimal(plain)


@dataclass
class Reading:
    """How pandas is told to read a file: its columns of numbers by ours, and its times."""
    columns: dict[str, str | int]
    time: Callable[[pd.DataFrame], pd.Series] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    drop: Callable[[pd.DataFrame], pd.DataFrame] | None = None


def column(name: str | int, form: str | None = None, zone: str = "UTC", unit: str | None = None
           ) -> Callable[[pd.DataFrame], pd.Series]:
    def read(frame: pd.DataFrame) -> pd.Series:
        texts = frame[name]
        if unit:
            return pd.to_datetime(texts.astype("int64"), unit=unit, utc=True)
        times = pd.to_datetime(texts, format=form) if form else pd.to_datetime(texts, format="ISO8601")
        return times.dt.tz_localize(zone).dt.tz_convert("UTC") if times.dt.tz is None else times.dt.tz_convert("UTC")
    return read


def two(date: str, clock: str, form: str = "%Y.%m.%d %H:%M", zone: str = "UTC") -> Callable[[pd.DataFrame], pd.Series]:
    def read(frame: pd.DataFrame) -> pd.Series:
        return pd.to_datetime(frame[date] + " " + frame[clock], format=form).dt.tz_localize(zone).dt.tz_convert("UTC")
    return read


BARS = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}
SMALL = {"open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"}
PLACES = {"open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
BARE = {"header": None}

READINGS: dict[str, Reading] = {
    "01_yahoo_nvda.csv": Reading(BARS, column("Date")),
    "02_yahoo_crlf_longfloat_aapl.csv": Reading(BARS, column("Date")),
    "03_stooq_aapl.us.txt": Reading(
        {"open": "<OPEN>", "high": "<HIGH>", "low": "<LOW>", "close": "<CLOSE>", "volume": "<VOL>"},
        column("<DATE>", "%Y%m%d")),
    "04_stooq_pl_dax.csv": Reading(
        {"open": "Otwarcie", "high": "Najwyzszy", "low": "Najnizszy", "close": "Zamkniecie", "volume": "Wolumen"},
        column("Data"), {"sep": ";"}),
    "06_binance_klines_ADABTC-1m-2021-11-27.csv": Reading(PLACES, column(0, unit="ms"), BARE),
    "08_kraken_trades_BCHEUR.csv": Reading({"price": 1, "size": 2}, column(0, unit="s"), BARE),
    "09_bitstamp_trades.csv": Reading({"price": 1, "size": 2}, column(0, unit="s"), BARE),
    "11_ninjatrader_spy.csv": Reading(PLACES, column(0, "%Y%m%d %H%M%S"), {"header": None, "sep": ";"}),
    "12_histdata_ticks.csv": Reading(
        {"bid_px_00": 1, "ask_px_00": 2}, column(0, "%Y%m%d %H%M%S%f", "Etc/GMT+5"), BARE),
    "13_quandl_wiki_aapl.csv": Reading(BARS, column("Date")),
    "15_nasdaq_dollar.csv": Reading(
        {"open": "Open", "high": "High", "low": "Low", "close": "Close/Last", "volume": "Volume"},
        column("Date", "%m/%d/%Y"), {"skipinitialspace": True}),
    "18_investing_btc_bom_K.csv": Reading(
        {"open": "Open", "high": "High", "low": "Low", "close": "Price", "volume": "Vol."}, column("Date", "%m/%d/%Y")),
    "22_cdd_url_ampm.csv": Reading(
        {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume BTC"},
        column("Date", "%Y-%m-%d %I-%p"), {"skiprows": 1}),
    "24_cdd_unixms.csv": Reading({**SMALL, "volume": "Volume BNB"}, column("unix", unit="ms")),
    "25_tradingview_offset_dupcols.csv": Reading({**SMALL, "volume": "Volume"}, column("time")),
    "26_tradingview_nan.csv": Reading({"value": "close"}, column("time")),
    "27_mt4_comma_dots.csv": Reading(BARS, two("Date", "Time")),
    "29_fxpro_noheader.csv": Reading(PLACES, column(0, "%Y-%m-%d %H:%M"), BARE),
    "30_mt_tab_trailing.csv": Reading(BARS, column("Timestamp"), {"sep": "\t", "index_col": False}),
    "32_mt5_15m_dots.csv": Reading({**BARS, "volume": "Tickvol"}, column("Date", "%Y.%m.%d %H:%M:%S")),
    "33_tushare_000001.csv": Reading({**SMALL, "volume": "vol"}, column("trade_date", "%Y%m%d")),
    "35_163_gbk_000938.csv": Reading(
        {"open": "开盘价", "high": "最高价", "low": "最低价", "close": "收盘价", "volume": "成交量"},
        column("日期", "%Y/%m/%d"), {"encoding": "gb18030"}),
    "37_nse_bhavcopy.csv": Reading(
        {"open": "OPEN", "high": "HIGH", "low": "LOW", "close": "CLOSE", "volume": "TOTTRDQTY"},
        column("TIMESTAMP", "%d-%b-%Y"), {"index_col": False}),
    "38_cboe_vix.csv": Reading(
        {"open": "OPEN", "high": "HIGH", "low": "LOW", "close": "CLOSE"}, column("DATE", "%m/%d/%Y")),
    "40_fred_dgs10.csv": Reading({"value": "DGS10"}, column("DATE")),
    "42_alphavantage_csv.csv": Reading(SMALL, column("timestamp")),
    "43_alphavantage_json.json": Reading(SMALL, column("time", zone="US/Eastern")),
    "44_cboe_chain.csv": Reading({"bid": "bid", "ask": "ask", "strike": "strike", "open_interest": "oi"}),
    "45_polygon_aggs.json": Reading({"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}, column("t", unit="ms")),
    "47_ccxt_ohlcv_array.json": Reading(PLACES, column(0, unit="ms")),
    "48_wide_eikon.csv": Reading({"value": "value"}, column("Date")),
    "50_fxcm_bidask_bars.csv": Reading(
        {"open": "BidOpen", "high": "BidHigh", "low": "BidLow", "close": "BidClose"}, column("Unnamed: 0")),
    "51_fxcm_offset_novol.csv": Reading({key: key for key in ("open", "high", "low", "close")}, column("timestamp")),
    "53_eikon_ticks.csv": Reading({"price": "VALUE", "size": "VOLUME"}, column("Date")),
    "54_tardis_bitmex_trades.csv": Reading({"price": "price", "size": "amount"}, column("local_timestamp", unit="us")),
    "55_tardis_options_chain.csv": Reading(
        {"strike": "strike_price", "bid": "bid_price", "ask": "ask_price", "open_interest": "open_interest"},
        column("timestamp", unit="us")),
    "56_xcme_semicolon.csv": Reading(SMALL, column("timestamp_utc"), {"sep": ";"}),
    "58_lean_optuniverse.csv": Reading({"close": "close", "strike": "strike", "volume": "volume"}),
    "59_backtrader_ragged.txt": Reading(
        PLACES | {"open": 2, "high": 3, "low": 4, "close": 5, "volume": 6},
        two(0, 1, "%Y-%m-%d %H:%M:%S"), {"header": None, "skiprows": 1}),
    "60_vchart_date_time.txt": Reading(BARS, two("Date", "Time", "%Y-%m-%d %H:%M:%S")),
    "61_bt_tick.csv": Reading({"price": "Close", "size": "Volume"}, column("Datetime")),
    "63_unnamed_index_goog.csv": Reading(BARS, column("Unnamed: 0")),
    "65_ns_trades.csv": Reading(
        {"price": "price", "size": "volume"}, column("ts"), drop=lambda frame: frame[(frame.price != "") & (frame.volume != "")]),
    "66_xau_offset.csv": Reading({**SMALL, "volume": "tick_volume"}, column("time")),
    "67_binance_header_offset.zip": Reading(PLACES),
    "68_xcme.csv.gz": Reading(SMALL, column("timestamp_utc")),
    "69_je_gbpusd_bom.csv": Reading({"value": "price"}, column("date", "%Y-%m-%d %H:%M")),
    "71_investing_dash_eth.csv": Reading(
        {"open": "Open", "high": "High", "low": "Low", "close": "Price", "volume": "Vol."}, column("Date", "%m-%d-%Y")),
    "72_optchain_sample.csv": Reading({"strike": "strikePrice", "last": "lastPrice", "open_interest": "openInterest"}, column("timestamp")),
    "74_sbb_nordic.csv": Reading(
        {"open": "Opening Price", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}, column("Date")),
    "75_polygon_trades.json": Reading({"open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"}),
    "77_dukascopy_eet.csv": Reading(
        {**BARS, "volume": "Volume "}, column("Time (EET)", "%Y.%m.%d %H:%M:%S", "EET")),
    "78_mt5_dupdate_thai.csv": Reading(
        {"open": "<OPEN>", "high": "<HIGH>", "low": "<LOW>", "close": "<CLOSE>", "volume": "<TICKVOL>"},
        two("<DATE>", "<TIME>", "%Y.%m.%d %H:%M:%S"), {"encoding": "cp874"}),
}


def frame(path: Path, reading: Reading) -> pd.DataFrame:
    """What pandas reads: every field as text, so that the digits are the file's."""
    name = path.name
    if name.startswith("43_"):
        series = json.loads(path.read_text())["Time Series (Daily)"]
        return pd.DataFrame([{"time": day, **{key.split(". ")[1]: value for key, value in bar.items()}}
                             for day, bar in series.items()])
    if name.startswith("45_"):
        return pd.DataFrame(json.loads(path.read_text(), parse_float=str, parse_int=str)["results"])
    if name.startswith("75_"):
        return pd.DataFrame([json.loads(path.read_text(), parse_float=str, parse_int=str)])
    if name.startswith("47_"):
        return pd.DataFrame(json.loads(path.read_text(), parse_float=str, parse_int=str))
    if name.startswith("44_"):
        board = pd.read_csv(path, skiprows=3, dtype=str, keep_default_na=False)
        halves = []
        names = list(board.columns)
        calls, strike, puts = names.index("Calls"), names.index("Strike"), names.index("Puts")
        for start in (calls, puts):
            halves.append(pd.DataFrame({
                "bid": board.iloc[:, start + 3], "ask": board.iloc[:, start + 4], "strike": board.iloc[:, strike],
                "oi": board.iloc[:, start + 9]}))
        return pd.concat(halves)
    source: Any = path
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            source = io.BytesIO(archive.read(archive.namelist()[0]))
        return pd.read_csv(source, header=None, dtype=str, keep_default_na=False)
    read = pd.read_csv(source, **{"dtype": str, "keep_default_na": False, **reading.options})
    if name.startswith("48_"):
        read = read.melt(id_vars=["Date"])
        read = read[read["value"] != ""]
    return reading.drop(read) if reading.drop else read


def judge_file(judge: Judge, path: Path) -> None:
    name = path.name
    lake = judge.new_lake()
    run = lake.run("ingest", path)
    if name in REFUSED:
        judge.check(run.status == 2 and REFUSED[name] in run.talk, f"{name}: is refused by name", run.talk)
        judge.check(not lake.tables("raw"), f"{name}: nothing of it is stored")
        return
    line = re.search(r"^  try: (lake ingest .*)$", run.talk, re.MULTILINE)
    if run.status != 0 and line:
        words = shlex.split(line[1])[1:]
        done = subprocess.run([str(judge.binary), *words], capture_output=True, timeout=120)
        status, talk = done.returncode, done.stderr.decode(errors="replace")
    else:
        status, talk = run.status, run.talk
    tables = lake.tables("raw")
    if not judge.check(status in (0, 1) and len(tables) == 1, f"{name}: is in after one printed line", talk):
        for case in ("rows", "sums", "times") if READINGS[name].time else ("rows", "sums"):
            judge.check(False, f"{name}: {case}", "not stored")
        return
    stored = DeltaTable(lake.path(tables[0])).to_pyarrow_table()
    reading = READINGS[name]
    expected = frame(path, reading)
    judge.check(stored.num_rows == len(expected), f"{name}: rows", f"{stored.num_rows} for {len(expected)}")
    wrong = []
    for ours, theirs in reading.columns.items():
        wanted = sum((value for value in map(number, expected[theirs]) if value is not None), Decimal(0))
        found = sum((Decimal(str(value)) for value in stored.column(ours).to_pylist() if value is not None), Decimal(0))
        if wanted != found:
            wrong.append((ours, str(found), str(wanted)))
    judge.check(not wrong, f"{name}: sums", wrong)
    index = "ts_recv" if "ts_recv" in stored.column_names else "ts_event" if "ts_event" in stored.column_names else None
    if reading.time:
        times = reading.time(expected)
        found = pd.Series(stored.column(index).to_pandas()) if index else pd.Series([None])
        wanted_bounds = (times.min().floor("us"), times.max().floor("us"))
        judge.check((found.min(), found.max()) == wanted_bounds, f"{name}: times",
                    f"{found.min()} … {found.max()} for {wanted_bounds}")


def judge_all(judge: Judge) -> None:
    folder = judge.data / "csv-foreign"
    for path in sorted(folder.iterdir()):
        if path.name != "SOURCES.tsv":
            judge_file(judge, path)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
