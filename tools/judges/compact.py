#!/usr/bin/env python3
"""lake compact: the table is the same before and after, as deltalake, duckdb and pyarrow read it, whatever dies or runs beside it.

Needs no shared data.

Cases: 235
"""
from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import deltalake
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from judging import Judge, Lake  # noqa: E402

BARS, TICKS = "raw.x_ohlcv_1m", "raw.x_trades"
SEED = 12
DAYS, FILES, KILLS = 4, 12, 24


def bars_csv(path: Path, number: int, chance: random.Random) -> Path:
    lines = ["ts_event,symbol,open,high,low,close,volume"]
    for day in range(DAYS):
        for symbol in chance.sample(["SPY", "AAPL", "QQQ", "IBM", "Ä"], 3):
            for minute in range(number, 390, FILES):
                at = datetime(2024, 1, 2 + day, 14, 30) + timedelta(minutes=minute)
                lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{symbol},1.{number},2,0.5,1.5,{minute + 1}")
    path.write_text("\n".join([*lines, ""]))
    return path


def ticks_csv(path: Path, number: int, chance: random.Random) -> Path:
    """Trades of one second each, many at one instant and many alike: nothing identifies one."""
    lines = ["ts_recv,ts_event,symbol,price,size,side"]
    for step in range(400):
        nanoseconds = step // 7 * 1_000_003
        at = f"2024-01-0{2 + step % 2}T15:00:{number:02}.{nanoseconds:09}Z"
        lines.append(f"{at},{at},{chance.choice('ABC')},1.{chance.randrange(3)},{chance.randrange(3)},{chance.choice('ABN')}")
    path.write_text("\n".join([*lines, ""]))
    return path


def rows(lake: Lake, table: str, version: int | None = None) -> list[tuple]:
    """All rows in some order, by duckdb, of the files that deltalake finds."""
    files = deltalake.DeltaTable(str(lake.path(table)), version=version).file_uris()
    return duckdb.sql(f"select * exclude (filename, date) from read_parquet({files}, filename=true, union_by_name=true) order by all").fetchall()


def newest(lake: Lake, table: str) -> int:
    return deltalake.DeltaTable(str(lake.path(table))).version()


def actions(lake: Lake, table: str, version: int) -> list[dict]:
    return [json.loads(line) for line in (lake.path(table) / f"_delta_log/{version:020}.json").read_text().splitlines()]


def files_by_date(lake: Lake, table: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for uri in deltalake.DeltaTable(str(lake.path(table))).file_uris():
        date = uri.split("date=")[1].split("/")[0]
        counts[date] = counts.get(date, 0) + 1
    return counts


def is_sorted(path: str, names: list[str]) -> bool:
    read = pq.ParquetFile(path).read(columns=names).to_pydict()
    keys = list(zip(*(read[name] for name in names)))
    keys = [(key[0].encode(), *key[1:]) for key in keys]
    return keys == sorted(keys)


def fill(judge: Judge, make=bars_csv, table: str = BARS, count: int = FILES) -> Lake:
    lake, folder, chance = judge.new_lake(), judge.folder(), random.Random(SEED)
    flags = ["--interval", "1m"] if table == BARS else []
    for number in range(count):
        lake.run("ingest", make(folder / f"{number}.csv", number, chance), "--table", table, *flags, "-q").expect(0, 1)
    return lake


def judge_same(judge: Judge, table: str, make, order: list[str]) -> None:
    lake = fill(judge, make, table)
    before, last = rows(lake, table), newest(lake, table)
    planned = lake.run("compact", table, "--plan", "--json").expect(0)
    merges = [json.loads(line) for line in planned.output.splitlines() if '"type":"merge"' in line]
    judge.check(newest(lake, table) == last, f"{table}: a plan commits nothing")
    judge.check(sum(merge["files"] for merge in merges) == sum(files_by_date(lake, table).values()), f"{table}: the plan names all files")
    told = json.loads(lake.run("compact", table, "--json").expect(0).output.splitlines()[-1])
    judge.check(told["files_written"] == len(merges) and told["rows"] == len(before), f"{table}: what is told", told)
    judge.check(rows(lake, table) == before, f"{table}: the same rows")
    judge.check(set(files_by_date(lake, table).values()) == {1}, f"{table}: one file a date", files_by_date(lake, table))
    for uri in deltalake.DeltaTable(str(lake.path(table))).file_uris()[:2]:
        judge.check(is_sorted(uri, order), f"{table}: in order", uri)
    changed = [action for action in actions(lake, table, last + 1) for action in [action.get("add") or action.get("remove")] if action]
    judge.check(bool(changed) and not any(action["dataChange"] for action in changed), f"{table}: no data changes")
    judge.check(rows(lake, table, last) == before, f"{table}: the version before it is still there")
    lake.run("compact", table).expect(0)
    judge.check(newest(lake, table) == last + 1, f"{table}: a second run commits nothing")
    again = lake.run("ingest", make(judge.folder() / "0.csv", 0, random.Random(SEED)), "--table", table,
                     *(["--interval", "1m"] if table == BARS else []), "--json")
    judge.check(rows(lake, table) == before, f"{table}: a file that is in adds nothing", again.output)


def judge_foreign(judge: Judge) -> None:
    """Files that deltalake added, unsorted and without tags; and its own compaction."""
    lake = fill(judge, count=3)
    path = str(lake.path(BARS))
    table = deltalake.DeltaTable(path)
    data = table.to_pyarrow_table()
    chance = random.Random(SEED)
    order = list(range(data.num_rows))
    chance.shuffle(order)
    moved = data.take(pa.array(order))
    where = moved.schema.get_field_index("open")
    moved = moved.set_column(where, moved.schema.field(where), pa.compute.add(moved["open"], moved["open"]).cast(moved.schema.field(where).type))
    deltalake.write_deltalake(path, moved, mode="append")
    before, last = rows(lake, BARS), newest(lake, BARS)
    lake.run("compact", BARS).expect(0)
    judge.check(rows(lake, BARS) == before, "files of deltalake: the same rows")
    judge.check(newest(lake, BARS) > last, "files of deltalake are merged")
    for uri in deltalake.DeltaTable(path).file_uris():
        judge.check(is_sorted(uri, ["symbol", "ts_event"]), "files of deltalake: in order", uri)
    lake = fill(judge, count=4)
    before = rows(lake, BARS)
    deltalake.DeltaTable(str(lake.path(BARS))).optimize.compact()
    judge.check(rows(lake, BARS) == before, "deltalake's compaction is one")
    lake.run("compact", BARS).expect(0)
    judge.check(rows(lake, BARS) == before, "compaction after deltalake's: the same rows")
    for number in range(4):
        lake.run("ingest", bars_csv(judge.folder() / "again.csv", number, random.Random(SEED)), "--table", BARS, "--interval", "1m").expect(0, 1)
    judge.check(len(rows(lake, BARS)) >= len(before), "ingest after it works")


def judge_kills(judge: Judge) -> None:
    """kill -9 at any moment: the table is the same, and the next run does what is left."""
    lake = fill(judge)
    before = rows(lake, BARS)
    chance = random.Random(SEED)
    began = time.monotonic()
    lake.run("compact", BARS, "--plan").expect(0)
    span = 3 * (time.monotonic() - began)
    for number in range(KILLS):
        # New files, so that there is something to merge each time.
        extra = bars_csv(judge.folder() / "more.csv", number % FILES, random.Random(SEED + number))
        lake.run("ingest", extra, "--table", BARS, "--interval", "1m", "-q", "--max-bad", "1").expect(0, 1, 2)
        before = rows(lake, BARS)
        process = subprocess.Popen([judge.binary, "--lake", lake.root, "compact", BARS, "-q"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.random() * span)
        process.kill()
        process.wait()
        judge.check(rows(lake, BARS) == before, f"kill {number}: the same rows")
        lake.run("compact", BARS).expect(0)
        judge.check(rows(lake, BARS) == before and set(files_by_date(lake, BARS).values()) == {1}, f"after kill {number}: done")
    left = [path for path in (lake.root / "staging").glob("*")]
    judge.check(not left, "nothing is left in staging", left)


def plain_rows(lake: Lake) -> list[tuple]:
    """All rows in some order, by the columns that every layout of the bars has, numbers as numbers."""
    table = deltalake.DeltaTable(str(lake.path(BARS))).to_pyarrow_table(columns=["symbol", "ts_event", "open", "close", "volume"])
    return sorted((row["symbol"], row["ts_event"], row["open"], row["close"], int(row["volume"])) for row in table.to_pylist())


def judge_layout_kills(judge: Judge) -> None:
    """kill -9 while a table with rows that are there twice changes its period, loses its duplicates, or gets wider columns."""
    lake = fill(judge)
    held = deltalake.DeltaTable(str(lake.path(BARS))).to_pyarrow_table()
    deltalake.write_deltalake(str(lake.path(BARS)), held.slice(100, 500), mode="append")
    before = plain_rows(lake)
    judge.check(len(set(before)) < len(before), "rows are there twice")
    single = judge.new_lake()
    shutil.copytree(lake.root, single.root, dirs_exist_ok=True)
    single.run("compact", BARS, "--dedup").expect(0, 1)
    fewer = plain_rows(single)
    chance = random.Random(SEED)
    began = time.monotonic()
    single.run("compact", BARS, "--period", "month").expect(0)
    span = 1.3 * (time.monotonic() - began)
    commands = [["compact", "--period", period] for period in ("month", "year", "date")] * 4
    commands += [["alter", "--widen", "volume"], ["compact", "--period", "year"], ["compact", "--dedup"]]
    for number, (command, *flags) in enumerate(commands):
        wanted = {False: before, True: fewer}["--dedup" in flags]
        process = subprocess.Popen([judge.binary, "--lake", lake.root, command, BARS, *flags, "-q"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.random() * span)
        process.kill()
        process.wait()
        name = f"{' '.join([command, *flags])}, kill {number}"
        judge.check(plain_rows(lake) in (before, wanted), f"{name}: all rows as before, or all as they are to be")
        lake.run(command, BARS, *flags).expect(0, 1)
        judge.check(plain_rows(lake) == wanted, f"{name}: done by the next run")
    left = list((lake.root / "staging").glob("*"))
    judge.check(not left, "nothing is left in staging after these", left)


def judge_together(judge: Judge) -> None:
    """Two compactions and an ingest at once."""
    for step in range(8):
        lake = fill(judge, count=6)
        extra = bars_csv(judge.folder() / "more.csv", 7, random.Random(SEED + step))
        words = [["compact", BARS, "-q"], ["compact", BARS, "-q"], ["ingest", str(extra), "--table", BARS, "--interval", "1m", "-q"]]
        single = fill(judge, count=6)
        single.run("ingest", extra, "--table", BARS, "--interval", "1m", "-q").expect(0, 1)
        wanted = rows(single, BARS)
        processes = [subprocess.Popen([judge.binary, "--lake", lake.root, *word], stderr=subprocess.PIPE) for word in words]
        ends = [(process.communicate()[1], process.returncode) for process in processes]
        judge.check(all(end[1] in (0, 1) for end in ends), f"together {step}: exit statuses", ends)
        judge.check(rows(lake, BARS) == wanted, f"together {step}: the same rows")
        lake.run("compact", BARS).expect(0)
        judge.check(set(files_by_date(lake, BARS).values()) == {1}, f"together {step}: merged in the end")


def daily_csv(path: Path, chance: random.Random) -> Path:
    lines = ["ts_event,symbol,open,high,low,close,volume"]
    for day in range(500):
        at = datetime(2022, 11, 10) + timedelta(days=day)
        for symbol in ("SPY", "AAPL", "Ä"):
            lines.append(f"{at:%Y-%m-%d}T00:00:00Z,{symbol},1.{day},2000,0.5,1.5,{chance.randrange(1_000_000)}")
    path.write_text("\n".join([*lines, ""]))
    return path


def judge_period(judge: Judge) -> None:
    """Daily bars by year, month and date: the same rows for deltalake, and for lake query in the same order."""
    lake, table = judge.new_lake(), "raw.x_ohlcv_1d"
    lake.run("ingest", daily_csv(judge.folder() / "d.csv", random.Random(SEED)), "--table", table, "--interval", "1d", "-q").expect(0)

    def read(version: int | None = None) -> tuple:
        data = deltalake.DeltaTable(str(lake.path(table)), version=version)
        found = data.to_pyarrow_table()
        return (data.metadata().partition_columns,
                duckdb.sql("select * from (select symbol, ts_event, open, close, volume from found) order by all").fetchall(),
                duckdb.sql("select count(*), sum(volume) from found where ts_event >= '2023-03-05' and ts_event < '2023-03-09'").fetchall())

    first = read()
    shown, one = lake.run("query", table).output, lake.run("query", table, "--where", "date = '2023-03-05'").output
    judge.check(first[0] == ["year"] and len(first[1]) == 1500, "daily bars are by year", first[0])
    for period, count in (("month", 17), ("date", 500), ("year", 3), ("date", 500), ("month", 17), ("year", 3)):
        last = newest(lake, table)
        planned = lake.run("compact", table, "--period", period, "--plan", "--json").expect(0)
        judge.check(newest(lake, table) == last and '"reason":"period"' in planned.output, f"to {period}: a plan commits nothing", planned.output[:200])
        lake.run("compact", table, "--period", period, "-q").expect(0)
        now = read()
        judge.check(now[0] == [period] and now[1:] == first[1:], f"to {period}: the same rows", now[0])
        judge.check(len(deltalake.DeltaTable(str(lake.path(table))).file_uris()) == count, f"to {period}: one file a {period}")
        judge.check(newest(lake, table) == last + 1, f"to {period}: one commit")
        judge.check(not any(action["dataChange"] for line in actions(lake, table, last + 1) for action in [line.get("add") or line.get("remove")] if action),
                    f"to {period}: no data changes")
        judge.check(lake.run("query", table).output == shown, f"to {period}: query prints the same")
        judge.check(lake.run("query", table, "--where", "date = '2023-03-05'").output == one, f"to {period}: a date is found")
        judge.check(read(last)[1] == first[1], f"to {period}: the version before it is still there")
        again = lake.run("compact", table, "--period", period, "--json").expect(0)
        judge.check(newest(lake, table) == last + 1, f"to {period}: a second time, nothing", again.output)
    for words in (["--period", "week"], ["--period", "year", "--dedup"], ["--key", "symbol"]):
        told = lake.run("compact", table, *words)
        judge.check(told.status == 64 and ("try:" in told.talk or "'month'" in told.talk), f"{words}: refused", told.talk)


def judge_dedup(judge: Judge) -> None:
    """Rows that another program put in twice, and such as differ: what stays is what was there first."""
    lake, chance = fill(judge, count=3), random.Random(SEED)
    before = rows(lake, BARS)
    held = deltalake.DeltaTable(str(lake.path(BARS))).to_pyarrow_table()
    picked = held.take(sorted(chance.sample(range(held.num_rows), 300)))
    other = held.take(sorted(chance.sample(range(held.num_rows), 40)))
    changed = other.set_column(other.schema.get_field_index("volume"), "volume", pa.array([value + 1 for value in other["volume"].to_pylist()], pa.int64()))
    deltalake.write_deltalake(str(lake.path(BARS)), pa.concat_tables([picked, picked.slice(0, 50), changed]), mode="append")
    planned = lake.run("compact", BARS, "--dedup", "--plan", "--json").expect(0)
    last = newest(lake, BARS)
    judge.check(planned.output.count('"type":"merge"') == DAYS, "the plan names all dates", planned.output[:300])
    told = lake.run("compact", BARS, "--dedup", "--json").expect(1)
    figures = json.loads(told.output.splitlines()[-1])
    judge.check((figures["duplicates"], figures["conflicts"], figures["rows"]) == (350, 40, len(before)), "what is told", figures)
    judge.check(rows(lake, BARS) == before, "what was there first stays")
    judge.check(newest(lake, BARS) == last + 1, "one commit")
    quarantined = deltalake.DeltaTable(str(lake.path("quarantine.x_ohlcv_1m"))).to_pyarrow_table()
    kept = sorted(json.loads(text)["volume"] for text in quarantined["original"].to_pylist())
    judge.check(kept == sorted(changed["volume"].to_pylist()), "the others are in quarantine", kept[:5])
    lake.run("compact", BARS, "--dedup", "-q").expect(0)
    judge.check(newest(lake, BARS) == last + 1, "a second run commits nothing")
    ticks = fill(judge, ticks_csv, TICKS, 2)
    last, told = newest(ticks, TICKS), ticks.run("compact", TICKS, "--dedup")
    judge.check(told.status == 2 and "no key" in told.talk and newest(ticks, TICKS) == last, "ticks have no key", told.talk)


def judge_dedup_alone(judge: Judge) -> None:
    """lake dedup writes only the dates again that have duplicates, as a command and as a pass."""
    for words, config in ((["dedup", BARS], ""), (["run"], f"passes:\n- {{pass: dedup, table: {BARS}}}\n- {{pass: resample, table: {BARS}, to: [5m]}}\n")):
        name = " ".join(words)
        lake = fill(judge, count=3)
        (lake.root / "lake.yaml").write_text(config)
        before, files = rows(lake, BARS), files_by_date(lake, BARS)
        held = deltalake.DeltaTable(str(lake.path(BARS))).to_pyarrow_table(filters=[("date", "=", date(2024, 1, 3))])
        deltalake.write_deltalake(str(lake.path(BARS)), held.slice(0, 40), mode="append")
        last = newest(lake, BARS)
        planned = lake.run(*words, "--plan", "--json").expect(0)
        judge.check(newest(lake, BARS) == last and planned.output.count('duplicates"') == 1, f"{name}: the plan names one date", planned.output[:500])
        told = lake.run(*words, "--json").expect(0)
        judge.check(rows(lake, BARS) == before and newest(lake, BARS) == last + 1, f"{name}: every row once", told.output[-500:])
        files["2024-01-03"] = 1
        judge.check(files_by_date(lake, BARS) == files, f"{name}: other dates are left alone", files_by_date(lake, BARS))
        made = deltalake.DeltaTable(str(lake.path("bars.x_ohlcv_5m"))).to_pyarrow_table() if config else None
        judge.check(made is None or sum(made["volume"].to_pylist()) == duckdb.sql(
            f"select sum(volume) from read_parquet({deltalake.DeltaTable(str(lake.path(BARS))).file_uris()})").fetchall()[0][0],
            f"{name}: bars are made after it, of rows that are there once")
        lake.run(*words).expect(0)
        judge.check(newest(lake, BARS) == last + 1, f"{name}: a second run commits nothing")
    ticks = fill(judge, ticks_csv, TICKS, 2)
    last, told = newest(ticks, TICKS), ticks.run("dedup", TICKS)
    judge.check(told.status == 2 and "no key" in told.talk and newest(ticks, TICKS) == last, "dedup: ticks have no key", told.talk)


def judge_foreign_dedup(judge: Judge) -> None:
    """A table that another program made, of unsorted files with rows twice: as duckdb has it without them."""
    lake, chance = judge.new_lake(), random.Random(SEED)
    path = lake.root / "raw" / "theirs"
    for number in range(80):
        times = [datetime(2024, 1, 2 + chance.randrange(3), tzinfo=timezone.utc) + timedelta(seconds=chance.randrange(4000)) for _ in range(200)]
        part = pa.table({
            "date": pa.array([time.date() for time in times]), "symbol": [chance.choice("ABC") for _ in times],
            "ts": pa.array(times, pa.timestamp("us", "UTC")), "value": [float(number % 2) for _ in times], "text": [str(time.second % 3) for time in times]})
        deltalake.write_deltalake(str(path), part, mode="append", partition_by=["date"])
    files = deltalake.DeltaTable(str(path)).file_uris()
    everything = "read_parquet({}, hive_partitioning=true)"
    count, keys = duckdb.sql(f"select count(*), count(distinct (symbol, ts)) from {everything.format(files)}").fetchall()[0]
    equal = duckdb.sql(f"select count(*) from (select distinct * from {everything.format(files)})").fetchall()[0][0]
    refused = lake.run("compact", "raw.theirs", "--dedup")
    judge.check(refused.status == 64 and "--key" in refused.talk, "a key is asked for", refused.talk)
    refused = lake.run("compact", "raw.theirs", "--dedup", "--key", "symbol,tss")
    judge.check(refused.status == 64 and "tss" in refused.talk, "a column that is not there", refused.talk)
    told = lake.run("compact", "raw.theirs", "--dedup", "--key", "symbol,ts", "--json").expect(1)
    figures = json.loads(told.output.splitlines()[-1])
    judge.check(figures["rows"] == keys and figures["rows"] + figures["duplicates"] + figures["conflicts"] == count, "in is out, duplicates and conflicts", figures)
    judge.check(figures["conflicts"] >= equal - keys > 0, "rows that differ are conflicts", (figures, equal, keys))
    files = deltalake.DeltaTable(str(path)).file_uris()
    judge.check(len(files) == 3 and all(is_sorted(file, ["symbol", "ts"]) for file in files), "one sorted file a date")
    judge.check(duckdb.sql(f"select count(*), count(distinct (symbol, ts)) from {everything.format(files)}").fetchall()[0] == (keys, keys), "no key twice")
    last = newest(lake, "raw.theirs")
    lake.run("compact", "raw.theirs", "--dedup", "--key", "symbol,ts", "-q").expect(0)
    judge.check(newest(lake, "raw.theirs") == last, "a second run commits nothing")


def judge_errors(judge: Judge) -> None:
    lake = fill(judge, count=2)
    told = lake.run("compact", "raw.nothing")
    judge.check(told.status == 2 and "raw.nothing" in told.talk, "an unknown table", told.talk)
    victim = Path(deltalake.DeltaTable(str(lake.path(BARS))).file_uris()[0])
    content, last = victim.read_bytes(), newest(lake, BARS)
    for name, damage in [("cut off", content[: len(content) // 2]), ("empty", b""), ("noise", bytes(len(content)))]:
        victim.write_bytes(damage)
        told = lake.run("compact", BARS)
        judge.check(told.status == 2 and victim.name in told.talk and "try:" in told.talk, f"{name}: an error with the file", told.talk)
        judge.check(newest(lake, BARS) == last, f"{name}: nothing is committed")
    victim.unlink()
    told = lake.run("compact", BARS)
    judge.check(told.status == 2 and victim.name in told.talk, "a file that is not there", told.talk)
    victim.write_bytes(content)
    lake.run("compact", BARS).expect(0)
    judge.check(newest(lake, BARS) == last + 1, "mended, it is merged")


def judge_keyless_partitions(judge: Judge) -> None:
    """A key that leaves out what the table is partitioned by is told, and a quarantined row keeps its partition and its bytes."""
    lake, table = judge.new_lake(), "raw.regions"
    for region, quantity, note in (("x", 1, b"\xff"), ("y", 2, b"\xff"), ("x", 1, b"\xfe")):
        rows = pa.table({"symbol": ["A"], "quantity": [quantity], "note": pa.array([note], pa.binary()), "region": [region]})
        deltalake.write_deltalake(str(lake.path(table)), rows, mode="append", partition_by=["region"])
    told = lake.run("compact", table, "--dedup", "--key", "symbol").expect(1)
    judge.check("within each 'region'" in told.talk, "rows of other regions are not compared, and that is told", told.talk)
    judge.check(deltalake.DeltaTable(str(lake.path(table))).to_pyarrow_table().num_rows == 2, "one row a region stays")
    kept = deltalake.DeltaTable(str(lake.path("quarantine.regions"))).to_pyarrow_table()["original"].to_pylist()
    judge.check([json.loads(text) for text in kept] == [{"region": "x", "symbol": "A", "quantity": 1, "note": {"base64": "/g=="}}],
                "the other one is whole in quarantine", kept)


def judge_all(judge: Judge) -> None:
    judge_same(judge, BARS, bars_csv, ["symbol", "ts_event"])
    judge_same(judge, TICKS, ticks_csv, ["symbol", "ts_recv", "ts_recv_plus_ns", "source_ordinal"])
    judge_foreign(judge)
    judge_kills(judge)
    judge_layout_kills(judge)
    judge_together(judge)
    judge_errors(judge)
    judge_period(judge)
    judge_dedup(judge)
    judge_dedup_alone(judge)
    judge_foreign_dedup(judge)
    judge_keyless_partitions(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
