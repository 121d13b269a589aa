#!/usr/bin/env python3
"""`lake validate`: planted faults of each kind in tables and files, counted by pandas too; nothing on clean data.

Sessions by exchange_calendars. With the shared data, real bars as well."""
from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import databento_dbn as dbn  # noqa: E402
import deltalake  # noqa: E402
import exchange_calendars  # noqa: E402
import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402
from judging import Judge, Result  # noqa: E402

# Both changes of the clocks, a half day, and days beside them.
DAYS = ["2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04", "2024-11-29"]


def clean() -> pd.DataFrame:
    """Every minute of the sessions of New York, of two symbols, in the order of time."""
    calendar = exchange_calendars.get_calendar("XNYS", start="2024-01-01", end="2024-12-31")
    times = [minute for day in DAYS for minute in calendar.session_minutes(day)]
    frame = pd.DataFrame({"ts_event": times}).merge(pd.DataFrame({"symbol": ["AAA", "BBB"]}), how="cross")
    frame["ts_event"] = frame["ts_event"].dt.as_unit("ns")
    wave = pd.Series(range(len(frame))) % 50
    frame["open"] = 100 + wave / 100
    frame["close"] = frame["open"] + 0.05
    frame["high"] = frame["close"] + 0.02
    frame["low"] = frame["open"] - 0.03
    frame["volume"] = wave + 1
    return frame


def counts(frame: pd.DataFrame) -> dict[str, int]:
    """What pandas finds, of the rules that need no look at other rows but by sorting."""
    time = frame.groupby("symbol")["ts_event"]
    found = {
        "duplicate_timestamps": int(frame.duplicated(["symbol", "ts_event"]).sum()),
        "times_going_backwards": int((frame["ts_event"] < time.shift()).sum()),
        "high_below_open_or_close": int(((frame["high"] < frame["open"]) | (frame["high"] < frame["close"])).sum()),
        "low_above_open_or_close": int(((frame["low"] > frame["open"]) | (frame["low"] > frame["close"])).sum()),
        "high_below_low": int((frame["high"] < frame["low"]).sum()),
        "negative_volumes": int((frame["volume"] < 0).sum()),
        "unaligned_timestamps": int((frame["ts_event"].dt.floor("min") != frame["ts_event"]).sum()),
    }
    return {rule: count for rule, count in found.items() if count}


def plant(frame: pd.DataFrame, row: int, **values: Any) -> pd.DataFrame:
    changed = frame.copy()
    for name, value in values.items():
        column = changed[name].tolist()
        column[row] = value
        changed[name] = column
    changed["ts_event"] = pd.to_datetime(changed["ts_event"], utc=True).dt.as_unit("ns")
    return changed


def faults(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame, dict[str, int]]]:
    """Names, frames, and what must be found beside what pandas counts."""
    at = 301
    price = frame.loc[at, "open"]
    swapped = list(frame.index)
    swapped[400:404] = [402, 403, 400, 401]
    far = {name: frame.loc[at, name] * 10 for name in ("open", "high", "low", "close")}
    hole = frame[~((frame["symbol"] == "AAA") & (frame.index >= 200) & (frame.index < 260))].reset_index(drop=True)
    saturday = plant(frame.loc[[at]].reset_index(drop=True), 0, ts_event=pd.Timestamp("2024-11-30T15:00:00Z"))
    return [
        ("nothing", frame, {}),
        ("a row twice", pd.concat([frame.iloc[:at], frame.iloc[at - 2:at], frame.iloc[at:]], ignore_index=True), {}),
        ("a row again at the end", pd.concat([frame, frame.iloc[[5]]], ignore_index=True), {}),
        ("rows out of order", frame.loc[swapped].reset_index(drop=True), {}),
        ("high below open", plant(frame, at, high=price - 0.01), {}),
        ("low above close", plant(frame, at, low=price + 0.06), {}),
        ("high below low", plant(frame, at, high=price - 0.5), {}),
        ("negative volume", plant(frame, at, volume=-1), {}),
        ("seven seconds late", plant(frame, at, ts_event=frame.loc[at, "ts_event"] + pd.Timedelta(seconds=7)), {}),
        ("half a second late", plant(frame, at, ts_event=frame.loc[at, "ts_event"] + pd.Timedelta(milliseconds=500)), {}),
        ("ten times the price", plant(frame, at, **far), {"prices_far_from_neighbours": 1}),
        ("a low of nearly nothing", plant(frame, at, low=0.01), {"prices_far_from_neighbours": 1}),
        ("a hole of half an hour", hole, {"gaps": 1}),
        ("a row of a Saturday", pd.concat([frame, saturday], ignore_index=True), {"rows_outside_sessions": 1}),
    ]


def validate(judge: Judge, *words: Any) -> Result:
    """Outside of every lake."""
    line = [str(judge.binary), "validate", *map(str, words)]
    return Result(line, subprocess.run(line, capture_output=True, timeout=600, cwd=judge.scratch))


def findings(result: Result) -> dict[str, int]:
    lines = [json.loads(line) for line in result.output.splitlines()]
    found: dict[str, int] = {}
    for line in lines:
        if line["type"] == "finding":
            found[line["rule"]] = found.get(line["rule"], 0) + line["count"]
    return found


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    text = frame.assign(ts_event=frame["ts_event"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    text.to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def write_parquet(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_parquet(path.with_suffix(".parquet"), index=False)
    return path.with_suffix(".parquet")


def write_dbn(frame: pd.DataFrame, path: Path) -> Path:
    ids = {"AAA": 1, "BBB": 2}
    begin, end = date(2024, 1, 1), date(2024, 12, 31)
    metadata = dbn.Metadata(
        dataset="EQUS.MINI", schema=dbn.Schema.OHLCV_1M, start=int(frame["ts_event"].min().value), end=int(frame["ts_event"].max().value) + 1,
        stype_in=dbn.SType.RAW_SYMBOL, stype_out=dbn.SType.INSTRUMENT_ID, symbols=list(ids), partial=[], not_found=[],
        mappings=[SimpleNamespace(raw_symbol=symbol, intervals=[SimpleNamespace(start_date=begin, end_date=end, symbol=str(number))])
                  for symbol, number in ids.items()])
    records = metadata.encode()
    for row in frame.itertuples():
        price = [round(value * 10**9) for value in (row.open, row.high, row.low, row.close)]
        records += bytes(dbn.OHLCVMsg(rtype=33, publisher_id=95, instrument_id=ids[row.symbol], ts_event=row.ts_event.value,
                                      open=price[0], high=price[1], low=price[2], close=price[3], volume=max(row.volume, 0)))
    path.with_suffix(".dbn").write_bytes(records)
    return path.with_suffix(".dbn")


def judge_files(judge: Judge) -> None:
    for name, frame, more in faults(clean()):
        expected = {**counts(frame), **more}
        for write in (write_csv, write_parquet, write_dbn):
            wanted = dict(expected)
            if write is write_dbn:
                wanted.pop("negative_volumes", None)  # Volumes of DBN have no sign.
            path = write(frame, judge.folder() / "bars")
            told = validate(judge, path, "--interval", "1m", "--calendar", "XNYS", "--json")
            judge.check(findings(told) == wanted and told.status == (1 if wanted else 0), f"{name}: {path.suffix}",
                        f"{findings(told)}, expected {wanted}; {told.talk}")


def judge_tables(judge: Judge) -> None:
    """Tables into which another program put rows: lake's own would not be let in."""
    for name, frame, more in faults(clean()):
        lake = judge.new_lake()
        lake.run("ingest", write_csv(clean().iloc[:10], judge.folder() / "first"), "--as", "raw.x_ohlcv_1m", "--interval", "1m", "-q").expect(0)
        path = str(lake.path("raw.x_ohlcv_1m"))
        schema = deltalake.DeltaTable(path).to_pyarrow_table().schema
        rows = {field.name: pa.nulls(len(frame), field.type) for field in schema}
        rows["date"] = pa.array([time.date() if schema.field("date").type == pa.date32() else str(time.date()) for time in frame["ts_event"]], schema.field("date").type)
        rows["symbol"] = pa.array(frame["symbol"], pa.string()).cast(schema.field("symbol").type)
        rows["ts_event"] = pa.array(frame["ts_event"].dt.as_unit("us")).cast(schema.field("ts_event").type)
        for column in ("open", "high", "low", "close"):
            rows[column] = pa.array([f"{value:.4f}" for value in frame[column]]).cast(schema.field(column).type)
        rows["volume"] = pa.array(frame["volume"].astype("int64")).cast(schema.field("volume").type)
        deltalake.write_deltalake(path, pa.table(rows, schema=schema), mode="overwrite")
        expected = {**counts(frame), **more}
        # Files in no order are put in order before they are looked at.
        expected.pop("times_going_backwards", None)
        told = lake.run("validate", "raw.x_ohlcv_1m", "--calendar", "XNYS", "--json")
        judge.check(findings(told) == expected and told.status == (1 if expected else 0), f"table, {name}",
                    f"{findings(told)}, expected {expected}; {told.talk}")


def judge_report(judge: Judge) -> None:
    folder = judge.folder()
    frame = clean()
    write_csv(frame, folder / "good")
    write_csv(plant(frame, 9, high=99.0), folder / "wrong")
    told = validate(judge, folder, "--interval", "1m", "--report", folder / "report.txt")
    text = (folder / "report.txt").read_text()
    judge.check(told.status == 1 and text.startswith("OHLCV VALIDATION REPORT\nGenerated: "), "the report's beginning", text[:200])
    judge.check("ERRORS FOUND: 2\n  - 1 row where high < open or close\n  - 1 row where high < low\n" in text, "its errors", text)
    judge.check("WARNINGS: 0\n" in text and "passed: 1" in text and "failed: 1" in text and "row 10" in text, "its figures and examples", text)
    (folder / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    told = validate(judge, folder, "--interval", "1m", "--report", folder / "report.txt", "--json")
    judge.check(told.status == 2 and findings(told) == {"high_below_open_or_close": 1, "high_below_low": 1},
                "a file that cannot be read does not stop the others", told.output + told.talk)
    empty = judge.folder()
    told = validate(judge, empty, "--report", folder / "r.txt")
    judge.check(told.status == 0 and "warning" in told.talk, "an empty folder is warned of", told.talk)
    told = validate(judge, folder / "none", "--report", folder / "r.txt")
    judge.check(told.status == 2, "a missing folder is an error", told.talk)
    lacking = frame.drop(columns=["close"])
    told = validate(judge, write_csv(lacking, judge.folder() / "lacking"), "--interval", "1m", "--report", folder / "r.txt", "--json")
    judge.check(told.status == 1 and findings(told) == {"missing_columns": 1}, "a missing column", told.output + told.talk)
    bad = frame.head(5).astype({"open": str})
    bad.loc[2, "open"] = "n/a"
    told = validate(judge, write_csv(bad, judge.folder() / "bad"), "--interval", "1m", "--report", folder / "r.txt", "--json")
    judge.check(told.status == 1 and sum(findings(told).values()) == 1, "a value that is no number", told.output + told.talk)


def judge_negative(judge: Judge) -> None:
    """Legal for spreads and oil, not for shares."""
    frame = clean()
    for name in ("open", "high", "low", "close"):
        frame[name] -= 101
    told = validate(judge, write_csv(frame, judge.folder() / "spread"), "--interval", "1m", "--json")
    judge.check(told.status == 0, "a series that is below zero", told.output)
    told = validate(judge, write_dbn(frame, judge.folder() / "share"), "--json")
    negative = int((frame[["open", "high", "low", "close"]].min(axis=1) < 0).sum())
    judge.check(findings(told).get("negative_prices") == negative, "shares below zero", told.output[-300:])


def judge_derived(judge: Judge) -> None:
    lake = judge.new_lake()
    source, made = "raw.x_ohlcv_1m", "bars.x_ohlcv_5m"
    lake.run("ingest", write_csv(clean(), judge.folder() / "bars"), "--as", source, "--interval", "1m", "-q").expect(0)
    lake.run("resample", source, "--to", "5m", "-q").expect(0)
    told = lake.run("validate", source, made, "--calendar", "XNYS").expect(0)
    table = deltalake.DeltaTable(str(lake.path(made)))
    rows = table.to_pyarrow_table()
    volume = rows["volume"].to_pylist()
    volume[3] += 1
    changed = rows.set_column(rows.schema.get_field_index("volume"), rows.schema.field("volume"), pa.array(volume, rows.schema.field("volume").type))
    deltalake.write_deltalake(str(lake.path(made)), changed, mode="overwrite")
    told = lake.run("validate", made, "--json")
    judge.check(findings(told) == {"volume_differs_from_source": 1}, "a volume that is not its source's", told.output + told.talk)
    config = lake.root / "lake.yaml"
    for action, status in (("flag", 1), ("fail", 2)):
        config.write_text(f"passes:\n- {{pass: validate, table: {made}, action: {action}}}\n")
        told = lake.run("run")
        judge.check(told.status == status, f"action {action}: exit status {status}", f"{told.status} {told.output} {told.talk}")
    told = lake.run("validate", "raw.nothing")
    judge.check(told.status == 2 and "raw.nothing" in told.talk, "a table that is not there", told.talk)


def judge_shared(judge: Judge) -> None:
    """Real bars without a known fault. AAPL's daily and hourly bars, and Bitfinex's of 2013, have absurd prices in truth."""
    data = judge.data
    cases: list[tuple[Path, list[str]]] = [(path, []) for path in sorted((data / "derived/dbn").glob("*ohlcv*"))]
    cases += [(data / "market", [])]
    cases += [(data / "lean/csv" / name, ["--calendar", "XNYS"]) for name in ("equity_trade_1min", "equity_trade_1s", "index_trade_1min", "option_trade_1min")]
    cases += [(data / "lean/csv/future_trade_1min", ["--calendar", "CMES", "--map", "symbol=-", "--map", "contract_month=symbol"])]
    cases += [(data / "derived/massive" / name, []) for name in ("stocks", "indices")]
    for path, words in cases:
        told = validate(judge, path, *words, "--report", judge.folder() / "r.txt")
        judge.check(told.status == 0, f"clean: {path.name}", told.output[-400:] + told.talk[-400:])
    told = validate(judge, data / "lean/csv/equity_trade_1d", "--json", "--report", judge.folder() / "r.txt")
    judge.check(findings(told) == {"prices_far_from_neighbours": 3}, "the three wrong lows of AAPL", told.output[:400])


def judge_all(judge: Judge) -> None:
    judge_files(judge)
    judge_tables(judge)
    judge_report(judge)
    judge_negative(judge)
    judge_derived(judge)
    if judge.data:
        judge_shared(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
