#!/usr/bin/env python3
"""Reference Delta tables of other projects: version, live files, rows and statistics as their own readers have them.

Tables of reader version 1 must agree with deltalake (exceptions are listed with their reasons), those that must fail
must fail with a clear message. The others agree with a replay of their log in a few lines of Python, and have the rows
of the reference's own answer, or those that deltalake's query engine reads; a table that uses a feature that is not
read is refused by the feature's name.
"""
from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import unquote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import deltalake  # noqa: E402
import pyarrow as pa  # noqa: E402
from delta_features import peer_rows, sorted_rows  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from judging import Judge, Lake, Result  # noqa: E402

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
}


# What matters to writers alone, wherever it is listed.
OF_WRITERS = {"vacuumProtocolCheck", "clustering", "domainMetadata", "rowTracking", "inCommitTimestamp", "appendOnly", "invariants"}


# Features of readers that are read.
READ = {"deletionVectors", "columnMapping", "v2Checkpoint", "timestampNtz", "typeWidening", "typeWidening-preview", "variantType",
        "variantType-preview"}


def objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a commit: one a line, unless it was written otherwise."""
    decoder, blanks = json.JSONDecoder(), re.compile(r"\s*")
    position = blanks.match(text).end()
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        yield value
        position = blanks.match(text, position).end()


class Replay:
    """The log of a table, read without its newer features: protocol, metadata and live files."""

    def __init__(self, path: Path) -> None:
        log = path / "_delta_log"
        commits = {int(file.stem): file for file in log.glob("*.json") if file.stem.isdigit() and len(file.stem) == 20}
        classic = {int(file.name[:20]): file for file in log.glob("*.checkpoint.parquet") if file.name.count(".") == 2}
        self.protocol: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.files: dict[tuple[str, str], dict[str, Any]] = {}
        self.version = max([*commits, *classic], default=-1)
        start = -1
        self.is_whole = set(range(self.version + 1)) <= set(commits)
        if not self.is_whole and classic:
            start = max(classic)
            self.is_whole = set(range(start + 1, self.version + 1)) <= set(commits)
            for row in pq.read_table(classic[start]).to_pylist():
                self.apply({key: value for key, value in row.items() if value is not None})
        for number in sorted(commits):
            if number > start:
                for action in objects(commits[number].read_text()):
                    self.apply(action)

    def apply(self, action: dict[str, Any]) -> None:
        if action.get("sidecar"):
            self.is_whole = False
        self.protocol = action.get("protocol") or self.protocol
        self.metadata = action.get("metaData") or self.metadata
        for kind in ("add", "remove"):
            if file := action.get(kind):
                vector = file.get("deletionVector") or {}
                key = (unquote(file["path"]), str(vector.get("pathOrInlineDv", "")) + str(vector.get("offset", "")))
                if kind == "add":
                    self.files[key] = file
                else:
                    self.files.pop(key, None)

    def used_features(self) -> list[str]:
        """Features that are not read, and that the table uses."""
        version, schema = self.protocol.get("minReaderVersion", 1), self.metadata.get("schemaString") or ""
        used = []
        if version == 3:
            for feature in self.protocol.get("readerFeatures") or []:
                if feature not in READ and (
                        '"variant"' in schema if feature.startswith("variant") else feature not in OF_WRITERS):
                    used.append(feature)
        return used or ([f"reader version {version}"] if version > 3 else [])


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


def known_rows(path: Path) -> list[dict[str, Any]] | None:
    """The rows of a table by its reference's own answer, else as deltalake's query engine reads them; None if neither
    has them."""
    answer = path.parent / "expected"
    if path.name == "delta" and answer.is_dir():
        files = [file for file in answer.rglob("*.parquet") if "_delta_log" not in file.parts]
        if files and not any(file.suffix == ".json" for file in answer.rglob("*")):
            return pa.concat_tables([pq.read_table(file) for file in files], promote_options="permissive").to_pylist()
    try:
        return peer_rows(path)
    except Exception:  # noqa: BLE001 - deltalake raises errors of many kinds for what it cannot read
        return None


def judge_rows(judge: Judge, lake: Lake, name: str, path: Path) -> None:
    """A table's rows; those of a table whose data files are not there must not be read as none."""
    rows, target = known_rows(path), judge.scratch / "rows.parquet"
    target.unlink(missing_ok=True)
    result = lake.run("query", path, "-o", target, "-q", in_lake=False)
    if rows is None:
        judge.check(result.status == 2, f"rows of {name}, which nobody has", result.talk)
        return
    ours = pq.read_table(target).to_pylist() if result.status == 0 else []
    judge.check(result.status == 0 and sorted_rows(ours) == sorted_rows(rows), f"rows of {name}",
                (result.talk[-300:], len(ours), len(rows), sorted_rows(ours)[:2], sorted_rows(rows)[:2]))


def judge_newer(judge: Judge, name: str, path: Path, replay: Replay, result: Any, lake: Lake) -> bool:
    """A table that lists features of readers: refused for one that it uses, else read. Whether it was to be refused."""
    used = replay.used_features()
    if used:
        judge.check(result.status == 2 and result.talk.startswith("error: "), f"{name} must be refused", result.output[:300])
        judge.check(any(feature in result.talk for feature in used), f"{name} names one of {used}", result.talk)
        return True
    judge_rows(judge, lake, name, path)
    # The replay knows no V2 checkpoints; all tables of the shared data have their commits beside them.
    if judge.check(result.status == 0 and replay.is_whole, f"{name} is read", result.talk):
        lines = told_lines(result)
        ours = {file["path"].removeprefix(str(path) + "/") for file in lines[:-1]}
        judge.check(ours == {key[0] for key in replay.files}, f"paths of {name}", sorted(ours)[:4])
        judge.check(lines[-1]["version"] == replay.version, f"version of {name}", lines[-1])
    return False


def told_lines(result: Result) -> list[dict[str, Any]]:
    """What was printed, but for warnings of checkpoints that were passed over."""
    lines = [json.loads(line) for line in result.output.splitlines()]
    return [line for line in lines if line["type"] != "warning"]


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
        replay = Replay(path) if name not in MUST_FAIL else None
        if replay and replay.protocol.get("minReaderVersion", 1) > 1:
            counts["refused" if judge_newer(judge, name, path, replay, result, lake) else "read"] += 1
            continue
        if name in MUST_FAIL:
            judge.check(result.status == 2, f"{name} must fail", (result.status, result.output[:300]))
            judge.check(result.talk.startswith("error: "), f"{name} says what is wrong", result.talk)
            judge.check(MUST_FAIL[name] in result.talk, f"{name} names '{MUST_FAIL[name]}'", result.talk)
            counts["failed"] += 1
            continue
        if judge.check(result.status == 0, f"{name} is read", result.talk):
            judge_state(judge, name, path, peer, told_lines(result))
            counts["read"] += 1
    print(counts)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
