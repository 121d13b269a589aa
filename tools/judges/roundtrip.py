#!/usr/bin/env python3
"""DBN files through a lake and back.

Every decodable file of the shared data is ingested into a fresh lake. `lake query --format csv` must print what the
vendor's package decoded: each integer to the last digit, each time to the nanosecond, in the lake's order; and
`lake export dbn` must give the same records in the same order.
"""
from __future__ import annotations

import csv
import gzip
import io
import re
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import databento_dbn as dbn  # noqa: E402
import zstandard  # noqa: E402
from judging import Judge, Lake  # noqa: E402

# Record types of the vendor's package, by the schema's name.
RECORDS = {
    "mbo": dbn.MBOMsg, "trades": dbn.TradeMsg, "mbp-1": dbn.MBP1Msg, "tbbo": dbn.MBP1Msg, "mbp-10": dbn.MBP10Msg,
    "bbo-1s": dbn.BBOMsg, "bbo-1m": dbn.BBOMsg, "cmbp-1": dbn.CMBP1Msg, "cbbo-1s": dbn.CBBOMsg, "cbbo-1m": dbn.CBBOMsg,
    "tcbbo": dbn.CMBP1Msg, "ohlcv-1s": dbn.OHLCVMsg, "ohlcv-1m": dbn.OHLCVMsg, "ohlcv-1h": dbn.OHLCVMsg,
    "ohlcv-1d": dbn.OHLCVMsg, "ohlcv-eod": dbn.OHLCVMsg, "definition": dbn.InstrumentDefMsg,
    "statistics": dbn.StatMsg, "status": dbn.StatusMsg, "imbalance": dbn.ImbalanceMsg,
}
UNDEFINED = {2**63 - 1, 2**64 - 1, 2**31 - 1, 2**32 - 1, 2**16 - 1, 2**15 - 1, 127, 255}
ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{9}))?Z$")
EXACT = re.compile(r"-?(0|[1-9]\d*)(\.\d*[1-9])?$")
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
NOT_STORED = {"rtype"}


def nanoseconds(text: str) -> int | None:
    match = ISO.match(text)
    if not match:
        return None
    seconds = int(datetime.fromisoformat(match[1] + "+00:00").timestamp())
    return seconds * 10**9 + int(match[2] or 0)


def agrees(cell: str, raw: str, column: str, prices: set[str], times: set[str]) -> bool:
    """Whether a cell of the query says what the raw integer or text of the vendor says."""
    if cell == "":
        return raw == "" or (raw.lstrip("-").isdigit() and int(raw) in UNDEFINED)
    if column in times:
        return nanoseconds(cell) == int(raw)
    if column in prices:
        return bool(EXACT.match(cell)) and Decimal(cell).scaleb(9) == int(raw)
    return cell == raw


def in_lake_order(rows: list[dict[str, str]], index: str) -> list[dict[str, str]]:
    day = 86_400 * 10**9
    return sorted(rows, key=lambda row: (
        int(row[index]) // day, row["symbol"], int(row[index]), int(row.get("sequence") or 0)))


def judge_query(judge: Judge, lake: Lake, table: str, rows: list[dict[str, str]], kind: str, case: str) -> None:
    result = lake.run("query", table, "--format", "csv").expect(0)
    printed = list(csv.DictReader(io.StringIO(result.output)))
    record = RECORDS[kind]
    # The vendor's package knows the fields of its newest version; this one was in the older definitions.
    prices, times = {*record._price_fields, "trading_reference_price"}, set(record._timestamp_fields)
    index = "ts_event" if kind.startswith("ohlcv") else "ts_recv"
    for row in rows:  # The vendor leaves symbols without a mapping empty; the lake names them.
        row["symbol"] = row["symbol"] or row.get("raw_symbol") or f"INSTRUMENT_{row['instrument_id']}"
    rows = in_lake_order(rows, index)
    if not judge.check(len(printed) == len(rows), f"{case}: rows", f"{len(printed)}, expected {len(rows)}"):
        return
    for column in (rows[0] if rows else {}):
        if column in NOT_STORED:
            continue
        if column not in (printed[0] if printed else {}):
            judge.check(False, f"{case}: column '{column}'", "is not in the table")
            continue
        wrong = [(at, mine[column], true[column]) for at, (mine, true) in enumerate(zip(printed, rows))
                 if not agrees(mine[column], true[column], column, prices, times)]
        judge.check(not wrong, f"{case}: column '{column}'",
                    wrong and f"{len(wrong)} rows, first: row {wrong[0][0]} '{wrong[0][1]}', expected '{wrong[0][2]}'")


def fields_of(record: object) -> tuple:
    """All that the vendor's package tells of a record, levels of a book included."""
    told = {name: getattr(record, name) for name in dir(record)
            if not name.startswith(("_", "pretty_", "levels", "size_hint", "record_size"))}
    levels = [fields_of(level) for level in getattr(record, "levels", [])]
    return (type(record).__name__, *((name, str(value)) for name, value in told.items() if not callable(value)), *levels)


def raw_records(content: bytes) -> list[tuple]:
    """Every field of every record, as the vendor's package decodes them after an upgrade to the newest version."""
    if content[:4] == ZSTD_MAGIC:
        content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True).read()
    decoder = dbn.DBNDecoder(upgrade_policy=dbn.VersionUpgradePolicy.UPGRADE_TO_V3)
    decoder.write(content)
    kinds = tuple(RECORDS.values())
    return [fields_of(record) for record in decoder.decode() if isinstance(record, kinds)]


def difference(mine: tuple, true: tuple) -> str:
    return ", ".join(f"{a} for {b}" for a, b in zip(mine, true) if a != b)


def judge_export(judge: Judge, lake: Lake, table: str, source: bytes, case: str) -> None:
    target = judge.folder() / "out.dbn"
    result = lake.run("export", "dbn", table, "-o", target)
    if not judge.check(result.status == 0, f"{case}: export", result.talk.strip()):
        return
    mine, true = raw_records(target.read_bytes()), raw_records(source)
    wrong = [(a, b) for a, b in zip(mine, true) if a != b]
    judge.check(len(mine) == len(true), f"{case}: exported records", f"{len(mine)}, expected {len(true)}")
    judge.check(not wrong, f"{case}: exported fields", wrong and f"{len(wrong)} records, first: {difference(*wrong[0])}")


def judge_all(judge: Judge) -> None:
    expected = judge.data / "dbn/expected"
    for answer in sorted(expected.rglob("*.csv.gz")):
        case = str(answer.relative_to(expected)).removesuffix(".csv.gz")
        if ".frag" in case:
            continue  # No metadata: there is no dataset to name a table after.
        source = judge.data / "dbn" / case
        rows = list(csv.DictReader(io.TextIOWrapper(gzip.open(answer), newline="")))
        lake = judge.new_lake()
        done = lake.run("ingest", source)
        if not judge.check(done.status == 0, f"{case}: ingest", done.talk.strip()[-500:]):
            continue
        tables = lake.tables("raw")
        if not judge.check(len(tables) == (1 if rows else len(tables)), f"{case}: one table", tables) or not rows:
            continue
        kind = next((kind for kind in sorted(RECORDS, key=len, reverse=True)
                     if tables[0].endswith("_" + kind.replace("-", "_"))), None)
        if judge.check(kind is not None, f"{case}: a table of a known kind", tables):
            judge_query(judge, lake, tables[0], rows, kind, case)
            judge_export(judge, lake, tables[0], source.read_bytes(), case)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
