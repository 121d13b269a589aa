#!/usr/bin/env python3
"""`lake export dbn` to older versions of the format, beside the vendor's own record layouts.

Every field of every kind whose layout changed takes the values at the limits of the old field and of the new. Where an older
record, upgraded by the vendor's package, is the record again, the export must be that; else it must be refused with the field's
name, and nothing is written. Rows of other sources that fit no version are refused too.

Needs no shared data.
"""
from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import databento_dbn as dbn  # noqa: E402
import numpy as np  # noqa: E402
from dbn_made import MESSAGES, RTYPES, START, dtype, metadata  # noqa: E402
from judging import Judge, Lake  # noqa: E402
from roundtrip import RECORDS, fields_of  # noqa: E402

HEADER = {"length", "rtype", "publisher_id", "instrument_id", "ts_event", "ts_recv"}
UNDEFINED = {"is_last": 255, "leg_price": 2**63 - 1, "leg_delta": 2**63 - 1, "leg_side": b"N", "code": 255, "stype_in": 255, "stype_out": 255}


def record_type(kind: str) -> tuple[type, int]:
    return MESSAGES[kind] if kind in MESSAGES else (RECORDS[kind], RTYPES[kind])


def record(kind: str, version: int, number: int) -> "np.ndarray":
    kind_type, rtype = record_type(kind)
    made = np.zeros(1, dtype(kind_type, version))
    made["length"], made["rtype"], made["publisher_id"], made["instrument_id"] = made.dtype.itemsize // 4, rtype, 1, number
    made["ts_event"] = START + number
    if "ts_recv" in made.dtype.names:
        made["ts_recv"] = START + number
    for name, value in UNDEFINED.items():
        if name in made.dtype.names:
            made[name] = value
    return made


def decoded(content: bytes) -> list[tuple]:
    decoder = dbn.DBNDecoder(upgrade_policy=dbn.VersionUpgradePolicy.UPGRADE_TO_V3)
    decoder.write(content)
    return [fields_of(one) for one in decoder.decode() if not isinstance(one, dbn.Metadata)]


def values(form: "np.dtype", olders: list["np.dtype | None"]) -> list[Any]:
    """At the limits of a field, and of what it was before."""
    forms = [form, *(older for older in olders if older is not None)]
    if form.kind in "ui":
        limits = [np.iinfo(one) for one in forms]
        picked = {int(edge) + step for limit in limits for edge in (limit.min, limit.max) for step in (-1, 0, 1)} | {1}
        return sorted(value for value in picked if limits[0].min <= value <= limits[0].max)
    if form.itemsize == 1:
        return [b"A", b"N"]
    lengths = {0, 1, *(one.itemsize + step for one in forms for step in (-2, -1, 0))}
    return [b"ABCDEFGHIJ" * 40 and (b"ABCDEFGHIJ" * 40)[:length] for length in sorted(lengths) if 0 <= length < form.itemsize]


def older_record(made: "np.ndarray", kind: str, version: int) -> bytes | None:
    """The record as an older version has it; None where a field is too narrow."""
    older = record(kind, version, int(made["instrument_id"][0]))
    for name in older.dtype.names:
        if name in ("length", "rtype") or name.startswith("_") or name not in made.dtype.names:
            continue
        value, form = made[name][0], older.dtype[name]
        if form.kind in "ui":
            limits = np.iinfo(form)
            newest = np.iinfo(made.dtype[name])
            if int(value) == newest.max and limits.max != newest.max and newest.max in (2**63 - 1,):
                value = limits.max  # Undefined stays undefined.
            if not limits.min <= int(value) <= limits.max:
                return None
        elif form.itemsize > 1 and form.itemsize < made.dtype[name].itemsize and len(value) > form.itemsize - 1:
            return None
        older[name] = value
    return older.tobytes()


def judge_kind(judge: Judge, kind: str, field_names: list[str] | None = None) -> None:
    kind_type, _ = record_type(kind)
    newest = dtype(kind_type, 3)
    olders = {version: dtype(kind_type, version) for version in (1, 2)}
    cases: list[tuple[str, Any]] = []
    for name in newest.names:
        if name in HEADER or name.startswith("_") or (field_names is not None and name not in field_names):
            continue
        before = [olders[version][name] if name in olders[version].names else None for version in olders]
        cases += [(name, value) for value in values(newest[name], before)]
    records = []
    for number, (name, value) in enumerate(cases, 1):
        made = record(kind, 3, number)
        made[name] = value
        records.append(made)
    schema = None if kind in MESSAGES else kind
    # A live stream's own words belong to no instrument, and a header has the names of all of a day's: each is a table of its own.
    groups = [list(range(len(cases)))] if schema else [[at] for at in range(len(cases))]
    for group in groups:
        names = {f"S/{at + 1}": [(0, 9, str(at + 1))] for at in group} if schema else {}
        path = judge.folder() / "made.dbn"
        path.write_bytes(metadata(schema, 3, names, **({} if schema else {"stype_in": None}))
                         + b"".join(records[at].tobytes() for at in group))
        lake = judge.new_lake()
        if lake.run("ingest", path, "--max-bad", "1").expect(0, 1).status == 1 and not lake.tables("raw"):
            continue
        for version in (1, 2):
            for at in group:
                judge_case(judge, lake, lake.tables("raw")[0], kind, version, at + 1, *cases[at], records[at], bool(names))


def judge_case(judge: Judge, lake: Lake, table: str, kind: str, version: int, number: int, name: str, value: Any,
               made: "np.ndarray", is_named: bool) -> None:
    case = f"{kind} as version {version}: {name} = {value!r}"
    time = START + number
    pick = ["--symbol", f"S/{number}"] if is_named else []
    only = ["--start", instant(time), "--end", instant(time + 1)]
    target = judge.folder() / "out.dbn"
    source = metadata(None if kind in MESSAGES else kind, 3, {}) + made.tobytes()
    true = decoded(source)
    older = older_record(made, kind, version)
    fits = older is not None and decoded(metadata(None if kind in MESSAGES else kind, version, {}) + older) == true
    newest = lake.run("export", "dbn", table, *pick, *only, "-o", judge.folder() / "newest.dbn")
    if newest.status != 0 or " records 1 " not in " " + " ".join(newest.talk.split()) + " ":
        return  # The row itself was set aside: the value is none that a table holds.
    result = lake.run("export", "dbn", table, *pick, *only, "--dbn-version", version, "-o", target)
    if fits:
        mine = decoded(target.read_bytes()) if result.status == 0 else result.talk[-300:]
        judge.check(result.status == 0 and mine == true, f"{case}: is given back", mine)
    else:
        judge.check(result.status == 2 and f"'{name}'" in result.talk and "--dbn-version 3" in result.talk, f"{case}: is refused",
                    (result.status, result.talk[-300:]))
        judge.check(not list(target.parent.iterdir()), f"{case}: nothing is written", list(target.parent.iterdir()))
        piped = lake.run("export", "dbn", table, *pick, *only, "--dbn-version", version)
        judge.check(piped.status == 2 and piped.output == "", f"{case}: nothing goes into a pipe", len(piped.output))


def instant(time: int) -> str:
    from datetime import datetime, timezone
    return datetime.fromtimestamp(time // 10**9, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{time % 10**9:09d}Z"


def judge_symbols(judge: Judge) -> None:
    """Symbols of 21 letters are the longest that version 1 has room for."""
    for length in (20, 21, 22, 40, 70):
        symbol = ("S" * 70)[:length]
        made = np.zeros(1, dtype(dbn.TradeMsg, 3))
        made["length"], made["instrument_id"], made["publisher_id"] = 12, 7, 1
        made["ts_event"] = made["ts_recv"] = START
        path = judge.folder() / "made.dbn"
        path.write_bytes(metadata("trades", 3, {symbol: [(0, 9, "7")]}) + made.tobytes())
        lake = judge.new_lake()
        lake.run("ingest", path).expect(0)
        for version, longest in ((1, 21), (2, 70), (3, 70)):
            target = judge.folder() / "out.dbn"
            result = lake.run("export", "dbn", "raw.glbx_mdp3_trades", "--dbn-version", version, "-o", target)
            fits = length <= longest
            judge.check(result.status == (0 if fits else 2) and target.exists() == fits, f"a symbol of {length} letters as version {version}",
                        result.talk[-200:])
            judge.check(fits or (symbol in result.talk and "--dbn-version 3" in result.talk), f"a symbol of {length} letters: told",
                        result.talk[-200:])


def judge_others(judge: Judge) -> None:
    """Rows of other sources: what no record has room for is refused, not cut."""
    columns = {"ts_recv": "2024-03-01T12:00:00Z", "symbol": "A", "instrument_id": "7", "publisher_id": "1", "price": "1.5", "size": "10",
               "side": "A", "action": "T", "flags": "0", "sequence": "1", "ts_in_delta": "0", "depth": "0"}
    for name, value, fits in [("size", "4294967294", True), ("size", "4294967296", False), ("size", "-1", False),
                              ("instrument_id", "4294967295", True), ("instrument_id", "4294967296", False),
                              ("publisher_id", "65535", True), ("publisher_id", "70000", False), ("side", "BUY", True),
                              ("sequence", "4294967296", False), ("ts_in_delta", "-2147483648", True), ("depth", "300", False),
                              ("ts_event", "1969-12-31T23:59:59Z", False)]:
        path = judge.folder() / "trades.csv"
        row = {**columns, name: value}
        path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
        lake = judge.new_lake()
        done = lake.run("ingest", path, "--schema", "trades", "--dataset", "GLBX.MDP3", "--max-bad", "1")
        if done.status != 0:
            judge.check(not fits, f"{name} = {value}: ingest", done.talk[-200:])
            continue
        for version in (3, 1):
            target = judge.folder() / "out.dbn"
            result = lake.run("export", "dbn", "raw.glbx_mdp3_trades", "--dbn-version", version, "-o", target)
            told = result.status == 0 if fits else result.status == 2 and f"'{name}'" in result.talk and "lake query" in result.talk
            judge.check(told and target.exists() == fits, f"{name} = {value} as version {version}", (result.status, result.talk[-300:]))


def judge_all(judge: Judge) -> None:
    judge_others(judge)
    judge_symbols(judge)
    for kind in ("statistics", "symbol-mapping", "system", "error"):
        judge_kind(judge, kind)
    narrower = [name for name in dtype(dbn.InstrumentDefMsg, 3).names if name not in HEADER and not name.startswith("_") and any(
        name not in dtype(dbn.InstrumentDefMsg, version).names
        or dtype(dbn.InstrumentDefMsg, version)[name] != dtype(dbn.InstrumentDefMsg, 3)[name] for version in (1, 2))]
    judge.check({"asset", "raw_instrument_id", "leg_count", "leg_side", "raw_symbol"} <= set(narrower), "the vendor's layouts differ", narrower)
    judge_kind(judge, "definition", [*narrower, "group", "currency", "min_price_increment", "maturity_year", "tick_rule"])


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
