#!/usr/bin/env python3
"""`lake compare` against pandas' outer merges: tables, versions, Parquet and CSV files, tolerances, groups.

Needs no shared data.

Bars that `lake bars` makes of mbp-1 and of trades are compared with those of pandas."""
from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import pandas as pd  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402

COLUMNS = ["open", "high", "low", "close", "volume"]


def bars(rng: random.Random, days: int = 3) -> pd.DataFrame:
    rows = []
    for day in range(days):
        for symbol in ("AAA", "BBB", "C,C"):
            for minute in range(0, 390, rng.randint(1, 3)):
                low = Decimal(rng.randint(10_000, 20_000)) / 100
                rows.append({"ts_event": pd.Timestamp(f"2024-01-{2 + day:02}T14:30:00Z") + pd.Timedelta(minutes=minute), "symbol": symbol,
                             "open": low + 1, "high": low + 3, "low": low, "close": low + 2, "volume": rng.randint(1, 1000)})
    return pd.DataFrame(rows)


def changed(frame: pd.DataFrame, rng: random.Random) -> pd.DataFrame:
    """Some rows gone, some new, some values a little and some much different."""
    rows = frame.drop(index=rng.sample(list(frame.index), 20)).reset_index(drop=True)
    for column in COLUMNS:
        values = rows[column].tolist()
        for at in rng.sample(range(len(rows)), 30):
            values[at] = values[at] + (values[at] // 200 if column != "volume" else 0) + (1 if rng.random() < 0.3 else 0)
        rows[column] = values
    new = rows.sample(15, random_state=1).assign(ts_event=lambda own: own["ts_event"] + pd.Timedelta(seconds=30))
    return pd.concat([rows, new], ignore_index=True).sample(frac=1, random_state=2).reset_index(drop=True)


def write(frame: pd.DataFrame, path: Path) -> Path:
    text = frame.assign(ts_event=frame["ts_event"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    text.to_csv(path, index=False)
    return path


def truth(one: pd.DataFrame, other: pd.DataFrame, tolerance: float) -> dict[str, Any]:
    both = one.merge(other, how="outer", on=["symbol", "ts_event"], suffixes=("_a", "_b"), indicator=True)
    paired = both[both["_merge"] == "both"]
    found: dict[str, Any] = {"missing": int((both["_merge"] == "left_only").sum()), "extra": int((both["_merge"] == "right_only").sum()), "paired": len(paired)}
    beyond_any = pd.Series(False, index=paired.index)
    for column in COLUMNS:
        a, b = paired[column + "_a"], paired[column + "_b"]
        equal = a == b
        share = ((a - b).abs().astype(float) / pd.concat([a.abs().astype(float), b.abs().astype(float)], axis=1).max(axis=1)).fillna(0)
        beyond = ~equal & (share > tolerance)
        found[column] = (int(equal.sum()), int((~equal & ~beyond).sum()), int(beyond.sum()))
        beyond_any |= beyond
    found["beyond"] = int(beyond_any.sum())
    found["groups"] = {}
    days = both["ts_event"].dt.strftime("%Y-%m-%d")
    for (symbol, day), own in both.groupby([both["symbol"], days]):
        found["groups"][symbol, day] = (int((own["_merge"] == "both").sum()), int(beyond_any[own.index.intersection(paired.index)].sum()),
                                        int((own["_merge"] == "left_only").sum()), int((own["_merge"] == "right_only").sum()))
    return found


def told(result: Result) -> dict[str, Any]:
    lines = [json.loads(line) for line in result.output.splitlines()]
    summary = lines[-1]
    found: dict[str, Any] = {name: summary[name] for name in ("missing", "extra", "paired", "beyond")}
    for line in lines:
        if line["type"] == "column" and line["column"] in COLUMNS:
            found[line["column"]] = (line["equal"], line["within"], line["beyond"])
    found["groups"] = {(line["symbol"], line["day"]): (line["paired"], line["beyond"], line["missing"], line["extra"])
                       for line in lines if line["type"] == "group"}
    return found



def judge_pairs(judge: Judge) -> None:
    rng = random.Random(14)
    lake, folder = judge.new_lake(), judge.folder()
    one = bars(rng)
    other = changed(one, rng)
    a, b = write(one, folder / "a.csv"), write(other, folder / "b.csv")
    for path, table in ((a, "raw.a_ohlcv_1m"), (b, "raw.b_ohlcv_1m")):
        lake.run("ingest", path, "--as", table, "--interval", "1m", "-q").expect(0)
        lake.run("query", table, "-o", folder / f"{path.stem}.parquet", "-q").expect(0)
    lake.run("ingest", a, "--as", "raw.wide_ohlcv_1m", "--interval", "1m", "-q").expect(0)
    lake.run("alter", "raw.wide_ohlcv_1m", "--widen", "volume", "-q").expect(0)
    operands = [("raw.a_ohlcv_1m", "raw.b_ohlcv_1m"), (a, b), (folder / "a.parquet", folder / "b.parquet"), ("raw.a_ohlcv_1m", b),
                (folder / "a.parquet", "raw.b_ohlcv_1m"), ("raw.wide_ohlcv_1m", "raw.b_ohlcv_1m")]
    for tolerance, share in (("0", 0.0), ("1%", 0.01), ("0.004", 0.004)):
        wanted = truth(one, other, share)
        for left, right in operands:
            result = lake.run("compare", left, right, "--tolerance", tolerance, "--by", "symbol,day", "--json")
            found = told(result)
            judge.check(found == wanted and result.status == 1, f"{Path(str(left)).name} {Path(str(right)).name} {tolerance}",
                        f"{ {name: (found[name], wanted[name]) for name in wanted if found[name] != wanted[name]} } {result.talk[-300:]}")
    same = lake.run("compare", "raw.a_ohlcv_1m", a, "--json")
    judge.check(same.status == 0 and told(same)["paired"] == len(one), "a table and the file that it was made of", same.output[-300:] + same.talk)
    for words, rows in ((["--symbol", "AAA"], one["symbol"] == "AAA"), (["--start", "2024-01-03", "--end", "2024-01-03"], one["ts_event"].dt.day == 3),
                        (["--where", "volume > 500"], one["volume"] > 500)):
        result = lake.run("compare", "raw.a_ohlcv_1m", a, *words, "--json")
        judge.check(result.status == 0 and told(result)["paired"] == int(rows.sum()), f"{words}", result.output[-300:])
    lake.run("ingest", b, "--as", "raw.a_ohlcv_1m", "--interval", "1m", "-q", "--max-bad", "1").expect(0, 1)
    result = lake.run("compare", "raw.a_ohlcv_1m@0", "raw.a_ohlcv_1m", "--json")
    judge.check(result.status == 1 and told(result)["extra"] == 15 and told(result)["missing"] == 0, "two versions", result.output[-300:])
    within = lake.run("compare", "raw.a_ohlcv_1m", a, "--columns", "close", "--tolerance", "50%", "--start", "2024-01-02", "--end", "2024-01-02", "--json")
    judge.check([line["column"] for line in map(json.loads, within.output.splitlines()) if line["type"] == "column"] == ["close"], "one column", within.output)


def judge_errors(judge: Judge) -> None:
    lake, folder = judge.new_lake(), judge.folder()
    path = write(bars(random.Random(1), 1), folder / "a.csv")
    lake.run("ingest", path, "--as", "raw.a_ohlcv_1m", "--interval", "1m", "-q").expect(0)
    pd.DataFrame({"name": ["x"], "size": [1]}).to_parquet(folder / "none.parquet")
    pd.DataFrame({"ts_event": [pd.Timestamp("2024-01-02T15:00:00Z")], "other": ["x"]}).to_parquet(folder / "apart.parquet")
    (folder / "broken.dbn").write_bytes(b"DBN\x03")
    for words, status, hint in ((["raw.a_ohlcv_1m"], 64, "needs B"), (["raw.a_ohlcv_1m", "raw.none"], 2, "raw.none"),
                                (["raw.a_ohlcv_1m", folder / "none.parquet"], 2, "no column of times"), (["raw.a_ohlcv_1m", folder / "apart.parquet"], 2, "in common"),
                                (["raw.a_ohlcv_1m", folder / "nothing.csv"], 2, "nothing.csv"), (["raw.a_ohlcv_1m", folder / "broken.dbn"], 2, "broken.dbn"),
                                (["raw.a_ohlcv_1m", path, "--tolerance", "much"], 64, "--tolerance"), (["raw.a_ohlcv_1m", path, "--by", "week"], 64, "week"),
                                (["raw.a_ohlcv_1m", path, "--columns", "opne"], 2, "open"), (["raw.a_ohlcv_1m@7", path], 2, "7")):
        result = lake.run("compare", *words)
        judge.check(result.status == status and hint in result.talk, f"{words}", f"{result.status} {result.talk}")


def judge_bars(judge: Judge) -> None:
    """Bars of ticks, of a day and of a month."""
    for days in (1, 31):
        lake = judge.new_lake()
        made = judge.folder() / "made"
        lake.run("simulate", "--schema", "mbp-1,trades", "--symbols", "ESH4,NQH4", "--start", "2024-01-02", "--days", days, "--rows-per-day", 3000,
                 "-o", made, "-q", in_lake=False).expect(0)
        lake.run("ingest", made, "-q").expect(0)
        for table in ("mbp_1", "trades"):
            lake.run("bars", f"raw.glbx_mdp3_{table}", "--to", "1m,1d", "-q").expect(0)
        for table in ("mbp_1", "trades"):
            judge_bars_of(judge, lake, table, days)


def judge_bars_of(judge: Judge, lake: Lake, table: str, days: int) -> None:
    """Minutes and days of a table of ticks, against what pandas makes of its trades."""
    columns = "ts_event,symbol,publisher_id,sequence,price,size"
    where = ["--where", "action = 'T'"] if table == "mbp_1" else []
    text = lake.run("query", f"raw.glbx_mdp3_{table}", "-c", columns, *where).expect(0).output
    trades = pd.read_csv(io.StringIO(text), dtype={"price": str})
    trades["price"] = trades["price"].map(Decimal)
    trades = trades.sort_values(["ts_event", "sequence"], kind="stable")
    for interval, length, rest in (("1m", 16, ":00Z"), ("1d", 10, "T00:00:00Z")):
        trades["start"] = trades["ts_event"].str[:length] + rest
        own = trades.groupby(["start", "symbol", "publisher_id"], as_index=False).agg(
            open=("price", "first"), high=("price", "max"), low=("price", "min"), close=("price", "last"), volume=("size", "sum"))
        path = judge.folder() / "pandas.csv"
        own.rename(columns={"start": "ts_event"}).to_csv(path, index=False)
        result = lake.run("compare", f"bars.glbx_mdp3_{table}_{interval}", path, "--interval", interval, "--columns", ",".join(COLUMNS), "--json")
        judge.check(result.status == 0 and json.loads(result.output.splitlines()[-1])["paired"] == len(own), f"{table}, {days} days of {interval}",
                    result.output[-600:] + result.talk[-300:])


def judge_all(judge: Judge) -> None:
    judge_pairs(judge)
    judge_errors(judge)
    judge_bars(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
