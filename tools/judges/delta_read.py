#!/usr/bin/env python3
"""Reference Delta tables of other projects: version, live files, rows and statistics as their own readers have them.

Tables of reader version 1 must agree with deltalake (exceptions are listed with their reasons), those that must fail
must fail with a clear message, and the others must be refused by the name of their table feature.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import deltalake  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake  # noqa: E402

# Where the peer is wrong: the files that are right, and why.
OTHER_FILES = {
    "kernel-golden/canonicalized-paths-normal-b/delta": (0, "add and remove name one file in two spellings"),
    "kernel-golden/canonicalized-paths-special-b/delta": (0, "add and remove name one file in two spellings"),
}
# Tables of reader version 1 that must fail, and words of the message.
MUST_FAIL = {
    "delta-rs-errlogs/table_c": "gap",
    "kernel-data/crc-malformed": "",  # the folder has no commit at all
    "kernel-golden/deltalog-commit-info/delta": "schemaString",
    "kernel-golden/deltalog-state-reconstruction-from-checkpoint-missing-protocol/delta": "schemaString",
    "kernel-golden/deltalog-state-reconstruction-without-protocol/delta": "protocol",
    "kernel-golden/versions-not-contiguous/delta": "gap",
    # Its features stand in its checkpoint only, so that PEER.json does not name them.
    "delta-rs/table-with-domain-metadata": "deletionVectors",
}


def words_of_refusal(protocol: dict[str, Any]) -> list[str]:
    """What the message must name; nothing for tables that must be read."""
    version = protocol.get("minReaderVersion", 1)
    if version == 1:
        return []
    if version == 2:
        return ["columnMapping"]
    return protocol.get("readerFeatures") or [f"reader version {version}"]


def peer_files(path: Path) -> dict[str, dict[str, Any]]:
    """Live files by path below the table, by deltalake's reading of the log."""
    table = deltalake.DeltaTable(str(path))
    return {unquote(row["path"]): row for row in pa.table(table.get_add_actions(flatten=False)).to_pylist()}


def same_value(ours: str | None, theirs: Any) -> bool:
    """A partition value as the log writes it, against deltalake's parsed one."""
    if ours is None or theirs is None:
        return ours is None and theirs in (None, "")
    if isinstance(theirs, bool):
        return ours == str(theirs).lower()
    if isinstance(theirs, (int, float)) or type(theirs).__name__ == "Decimal":
        return float(ours) == float(theirs)
    if isinstance(theirs, bytes):
        return True
    text = str(theirs)
    return ours == text or ours.replace("T", " ").rstrip("Z")[:19] == text[:19]


def judge_state(judge: Judge, name: str, path: Path, peer: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    files, summary = lines[:-1], lines[-1]
    judge.check(summary["version"] == peer["version"], f"version of {name}", (summary["version"], peer["version"]))
    expected, reason = OTHER_FILES.get(name, (peer["files"], ""))
    judge.check(len(files) == expected == summary["files"], f"files of {name}", (len(files), expected, reason))
    if name in OTHER_FILES:
        return
    theirs = peer_files(path)
    root = str(path) + "/"
    ours = {file["path"].removeprefix(root): file for file in files}
    if not judge.check(set(ours) == set(theirs), f"paths of {name}", sorted(set(ours) ^ set(theirs))[:4]):
        return
    for key, file in ours.items():
        row = theirs[key]
        told = (key, file, row)
        judge.check(file["bytes"] == row["size_bytes"], f"bytes of a file of {name}", told)
        # deltalake does not read statistics that a checkpoint keeps as columns only: then the file says.
        rows = row.get("num_records")
        if rows is None and file["rows"] is not None:
            rows = pq.ParquetFile(file["path"]).metadata.num_rows
        judge.check(file["rows"] == rows, f"rows of a file of {name}", told)
        values = row.get("partition") or {}
        judge.check(set(values) == set(file["partition"])
                    and all(same_value(file["partition"][column], values[column]) for column in values),
                    f"partition values of a file of {name}", told)
    stored = [file for file in files if Path(file["path"]).exists()]
    if stored and len(stored) == len(files) and "rows" in peer:
        rows = sum(pq.ParquetFile(file["path"]).metadata.num_rows for file in stored)
        judge.check(rows == peer["rows"], f"rows in the files of {name}", (rows, peer["rows"]))
        judge.check(summary.get("rows", rows) == rows, f"rows by the log of {name}", summary)


def judge_all(judge: Judge) -> None:
    root = judge.data / "delta"
    if not root.is_dir():
        print(f"SKIPPED: no {root}")
        judge.check(True, "nothing to judge")
        return
    lake = Lake(judge.binary, judge.scratch)
    counts = {"read": 0, "failed": 0, "refused": 0}
    for name, peer in json.loads((root / "PEER.json").read_text()).items():
        path = root / name
        result = lake.run("files", path, "--json", in_lake=False)
        refusal = words_of_refusal(peer.get("protocol", {}))
        if name in MUST_FAIL or refusal:
            words = [MUST_FAIL[name]] if name in MUST_FAIL else refusal
            judge.check(result.status == 2, f"{name} must fail", (result.status, result.output[:300]))
            judge.check(result.talk.startswith("error: "), f"{name} says what is wrong", result.talk)
            for word in words:
                judge.check(word in result.talk, f"{name} names '{word}'", result.talk)
            counts["failed" if name in MUST_FAIL else "refused"] += 1
            continue
        if judge.check(result.status == 0, f"{name} is read", result.talk):
            judge_state(judge, name, path, peer, [json.loads(line) for line in result.output.splitlines()])
            counts["read"] += 1
    print(counts)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
