"""Finds arithmetic on numbers that files state, which is neither checked nor said to be safe.

A size, count, offset, version or time that was read from a file may be any number: `+`, `-`, `*` or a narrowing
conversion of it ends the process where it does not fit. Right are `addingReportingOverflow` and its like,
`adding(clamped:)`, `Int(exactly:)`, `Int(clamping:)`, `&+` where a line above proves it, and a comparison with a named
maximum first. Where such a comparison stands elsewhere, a comment on the line or above it says so:

    // checked: `next` refuses pages of more values than `pageValueCountMax`
    let end = start + Int(header.valueCount)
"""
from __future__ import annotations

import re
from pathlib import Path

# Where numbers of files are read; what writes them makes its own.
ROOMS = ["Parquet", "DeltaLog", "Databento", "Tables", "Ledger", "RowSources",
         "Ingest", "Export", "Downloads", "Passes", "Query", "Catalog", "lake"]
WRITERS = ("/Writer/", "/Encoding/", "+Write.swift", "/Metadata/")

# Members of the forms in which files state numbers: of Parquet's structures, of a log's actions, of DBN's header.
WIRE = (
    r"dataPageOffset|dictionaryPageOffset|indexPageOffset|bloomFilterOffset|bloomFilterByteCount|totalCompressedByteCount|"
    r"totalUncompressedByteCount|totalByteCount|offsetIndexOffset|offsetIndexByteCount|columnIndexOffset|"
    r"columnIndexByteCount|firstRowIndex|compressedByteCount|uncompressedByteCount|definitionLevelsByteCount|"
    r"repetitionLevelsByteCount|modificationTime|deletionTimestamp|inCommitTimestamp|readVersion|lastUpdated|"
    r"taggedRowCount|int64|createdTime")
OWNED = (r"(?:\w+\.)*(?:header|chunk|rowGroup|metadata)\.(?:valueCount|nullCount|rowCount)|"
         r"(?:file|add|remove)\.(?:size|rowCount)|statistics\.(?:rowCount|nullCount)|"
         r"(?:snapshot|checkpoint|listing|segment|commit|txn)\??\.(?:version|latest|target)|"
         r"metadata\.(?:start|end|limit)")
NAME = rf"(?:\b[A-Za-z_][\w.?!\[\]]*\.(?:{WIRE})\b|\b(?:{OWNED})\b)"
# As it stands, or widened.
TERM = rf"(?:(?:Int|Int64|Int128|Double)\(\s*{NAME}\s*\)|{NAME})"
ARITHMETIC = re.compile(rf"{TERM}\s*(?<![&<>])[-+*]\s(?!>)|(?<=[\w)\]])\s[-+*]=?\s+{TERM}")
# A conversion to a type that may not hold it. Int is as wide as every signed member.
NARROWING = re.compile(
    rf"\b(?:Int8|Int16|Int32|UInt8|UInt16|UInt32|UInt64|UInt)\(\s*(?:{NAME})\s*\)|"
    r"\bInt(?:64)?\(\s*metadata\.(?:start|end|limit)\s*\)")
# 128 bits hold every sum of a few numbers of 64; a Double holds any.
WIDE = re.compile(rf"(?:Int128|Double)\(\s*{NAME}")
CHECKED = "checked:"

SAMPLES_FOUND = [
    "let end = start + Int(page.header.valueCount)", "total += file.size", "x = snapshot.version + 1",
    "let at = chunk.dataPageOffset - start", "Int32(location.firstRowIndex)", "Int64(metadata.end)",
    "sum + Int64(location.compressedByteCount)", "let rows = 2 * rowGroup.rowCount",
]
SAMPLES_PASSED = [
    "let end = start &+ Int(page.header.valueCount)", "total = total.adding(clamped: file.size)",
    "if snapshot.version >= 1 {", "Int(exactly: metadata.end)", "Int(location.firstRowIndex)", "f(file.size, -1)",
    "Int128(metadata.start) + 1", "func f() -> Int { rowGroup.rowCount }", "let n = Int(clamping: file.size)",
]


def hits(code: str) -> list[int]:
    """Offsets of what is unchecked in code without comments and strings."""
    found = [match.start() for match in ARITHMETIC.finditer(code) if not WIDE.match(match.group().lstrip(" +-*="))]
    return sorted(found + [match.start() for match in NARROWING.finditer(code)])


def findings(root: Path, code_only) -> tuple[int, list[str]]:
    """How many files were looked at, and what is unchecked in them, with its place."""
    wrong = [f"wire_arithmetic.py: not found: {sample}" for sample in SAMPLES_FOUND if not hits(sample)]
    wrong += [f"wire_arithmetic.py: found: {sample}" for sample in SAMPLES_PASSED if hits(sample)]
    count = len(SAMPLES_FOUND) + len(SAMPLES_PASSED)
    for room in ROOMS:
        for path in sorted((root / "Sources" / room).rglob("*.swift")):
            if any(part in str(path) for part in WRITERS):
                continue
            count += 1
            text = path.read_text()
            lines = text.split("\n")
            code = code_only(text)
            for at in hits(code):
                line = code.count("\n", 0, at + 1 if code[at] == "\n" else at)
                if CHECKED not in "\n".join(lines[max(0, line - 2):line + 2]):
                    wrong.append(f"{path.relative_to(root)}:{line + 1}: unchecked: {lines[line].strip()}")
    return count, wrong
