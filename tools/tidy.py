#!/usr/bin/env python3
"""Tidy checks of the sources: sizes, layer arrows and circles, printing, banned words, file names, doc comments, unchecked
arithmetic on numbers of files, fresh schemas.

tools/tidy.py prints each finding and ends with "N cases, M failed"; a case is one check of one file.
"""
from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import rooms
import wire_arithmetic

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
SYSTEM_MODULES = {"Glibc", "Synchronization", "Swift"}
PRINTING_MODULES = {"lake", "CommandLineKit"}
BANNED_WORDS = [r"\bTODO\b", r"\bFIXME\b", r"\bHACK\b", r"\bXXX\b", r"\bfor now\b", r"/home/\w", r"/root/"]
BANNED_CODE = [r"\btry!", r"\bfatalError\(", r"\bas!"]
# Calls of the system that a signal may cut short: those of calls.h in CSystem ask again.
BARE_CALL = re.compile(
    r"(?<![\w.])(?<!func )(?:Glibc\.(?:open|close|read|write|rename|link|stat)|openat|fsync|fdatasync|ftruncate|pread|pwrite|unlink|unlinkat"
    r"|mkdir|rmdir|opendir|readdir|stat|lstat|fstat|fstatat|flock|access|realpath|fopen|fchmod|close(?=\((?:descriptor|fileDescriptor|lock)\b))"
    r"\((?!\))")
BANNED_NAMES = re.compile(r"(Utils?|Helpers?|Misc|Common|Manager)(\.|\+|$)", re.IGNORECASE)
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+[ \t]+|public[ \t]+)*import[ \t]+"
    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias)[ \t]+)?(\w+)", re.MULTILINE)
# What another room may use. Conformances that every reader knows need no comment.
SHARED = re.compile(
    r"[ \t]*(?:@\w+(?:\([^)]*\))?[ \t]+)*(?:(?:final|static|indirect|nonisolated|mutating|convenience)[ \t]+)*"
    r"(?:public|package)[ \t]+(?!import\b|extension\b)")
KNOWN_WITNESS = re.compile(
    r"\bstatic func ==|\bfunc (?:hash\(into:|encode\(to:)|\binit\(from |\bvar (?:debugD|d)escription: String \{|\bvar code\b")
VENDORS = ["Databento", "Massive"]
# A room, and those below it in the list that it must not know all the same.
UNKNOWN_TO = [
    ("Parquet", "DeltaLog"), ("DeltaLog", "Market"), ("Databento", "Massive"), ("Massive", "Databento"),
    ("CommandLineKit", "Catalog"), ("Columnar", "Parquet"), ("Ingest", "HTTP"), ("Market", "HTTP"),
    *((room, other) for room in ["Bytes", "Columnar"] for other in ["Platform", "CSystem"]),
    *((room, vendor) for room in ["Catalog", "Tables", "Ledger", "Passes", "Query"] for vendor in [*VENDORS, "Simulation"]),
    *((room, other) for room in ["Passes", "Query"] for other in ["RowSources", "Ingest", "Export", "Downloads"]),
    ("Query", "Passes"), ("Passes", "Query"),
]
# A comment, or a string literal with its raw and multi-line forms.
OPAQUE = re.compile(
    r"//[^\n]*|/\*.*?\*/|(#*)\"\"\".*?\"\"\"\1|#\"[^\n]*?\"#|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)


def code_only(text: str) -> str:
    """The text with comments and strings blanked, line for line."""
    return OPAQUE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def body_start(code: str, at: int) -> int | None:
    """Where the body of a function declared at an offset opens, nil if it has none."""
    depth = 0
    for index in range(at, len(code)):
        mark = code[index]
        depth += (mark in "([") - (mark in ")]")
        if depth == 0 and mark == "{":
            return index
        if depth < 0 or (depth == 0 and mark == "}"):
            return None
        if depth == 0 and mark == "\n":
            following = code[index:].lstrip()
            if not re.match(r"->|throws|async|where|\{", following):
                return None
    return None


def functions(code: str) -> list[tuple[str, int, int]]:
    """Name, first line and count of lines of each function."""
    found = []
    for match in re.finditer(r"\b(func\s+[^\s(<]+|init[?!]?(?=[(<])|deinit\b)", code):
        opening = body_start(code, match.end())
        if opening is None or code[: match.start()].endswith((".", "self.", "super.")):
            continue
        depth, end = 0, opening
        for end in range(opening, len(code)):
            depth += (code[end] == "{") - (code[end] == "}")
            if depth == 0:
                break
        first = code.count("\n", 0, match.start()) + 1
        found.append((match.group(), first, code.count("\n", match.start(), end) + 1))
    return found


class Tidy:
    def __init__(self) -> None:
        self.cases = 0
        self.findings: list[str] = []

    def check(self, holds: bool, finding: str) -> None:
        self.cases += 1
        if not holds:
            self.findings.append(finding)

    def check_text(self, path: Path, text: str) -> None:
        name = path.relative_to(ROOT)
        self.check(not BANNED_NAMES.search(path.stem + "."), f"{name}: a name that says nothing")
        for word in BANNED_WORDS:
            match = re.search(word, text)
            line = text.count("\n", 0, match.start()) + 1 if match else 0
            self.check(match is None, f"{name}:{line}: banned: '{match and match.group()}'")

    def check_swift(self, path: Path, text: str, module: str) -> None:
        name, code = path.relative_to(ROOT), code_only(text)
        lines = text.count("\n")
        self.check(lines <= FILE_LINES_MAX or text.startswith("// Generated by "), f"{name}: {lines} lines, at most {FILE_LINES_MAX}")
        for function, first, count in functions(code):
            self.check(count <= FUNCTION_LINES_MAX,
                       f"{name}:{first}: {function}: {count} lines, at most {FUNCTION_LINES_MAX}")
        if path.is_relative_to(ROOT / "Sources"):
            for pattern in BANNED_CODE + ([] if module in PRINTING_MODULES else [r"(?<![\w.])(?<!func )print\("]):
                match = re.search(pattern, code)
                line = code.count("\n", 0, match.start()) + 1 if match else 0
                self.check(match is None, f"{name}:{line}: '{match and match.group()}' in Sources")
            match = BARE_CALL.search(code)
            line = code.count("\n", 0, match.start()) + 1 if match else 0
            self.check(match is None, f"{name}:{line}: '{match and match.group()}' is not asked again after a signal: lake_… of CSystem is")
            self.check_swallowed(path, text, code)
            self.check_documented(path, text, code)

    def check_swallowed(self, path: Path, text: str, code: str) -> None:
        """`try?` makes an error look like absence: a comment on its line, or right above, must say why it may."""
        lines, bare = text.split("\n"), code.split("\n")
        unsaid = [number + 1 for number, line in enumerate(bare)
                  if re.search(r"\btry\?", line) and not any("//" in near for near in lines[max(0, number - 2):number + 1])]
        self.check(not unsaid, f"{path.relative_to(ROOT)}: 'try?' without a comment that says why the error may be passed over: "
                               f"lines {unsaid}")

    def check_documented(self, path: Path, text: str, code: str) -> None:
        """What another room may use has a doc comment, right above it or above its attributes."""
        lines, undocumented = text.split("\n"), []
        for number, line in enumerate(code.split("\n")):
            if not SHARED.match(line) or KNOWN_WITNESS.search(line):
                continue
            above = number - 1
            while above >= 0 and re.match(r"\s*(@|#if|#else)", lines[above]):
                above -= 1
            if above < 0 or not re.match(r"\s*(///|\*/)", lines[above]):
                undocumented.append(number + 1)
        self.check(not undocumented, f"{path.relative_to(ROOT)}: public or package declarations without a doc comment: "
                                     f"lines {undocumented}")

    def check_imports(self, path: Path, text: str, allowed: set[str]) -> None:
        for match in IMPORT.finditer(code_only(text)):
            module = match.group(1)
            self.check(module in allowed | SYSTEM_MODULES,
                       f"{path.relative_to(ROOT)}: imports {module}, not a declared dependency")

    def check_arrows(self, targets: list[dict]) -> None:
        """A room may depend only on rooms declared above it."""
        above: set[str] = set()
        for target in targets:
            if target["type"] != "test" and target["path"] is None:
                for dependency in target["dependencies"]:
                    self.check(dependency in above, f"Package.swift: {target['name']} → {dependency} points up")
                above.add(target["name"])
        library = {target["name"]: set(target["dependencies"]) for target in targets}
        for lower, higher in UNKNOWN_TO:
            self.check(higher not in library.get(lower, set()), f"Package.swift: {lower} must not know {higher}")


def package_targets() -> list[dict]:
    text = subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, check=True, capture_output=True).stdout
    return [
        {"name": target["name"], "type": target["type"], "path": target.get("path"),
         "dependencies": [next(iter(entry.values()))[0] for entry in target["dependencies"]]}
        for target in json.loads(text)["targets"]
    ]


def main() -> int:
    tidy, targets = Tidy(), package_targets()
    tidy.check_arrows(targets)
    for target in targets:
        folder = ROOT / (target["path"] or f"{'Tests' if target['type'] == 'test' else 'Sources'}/{target['name']}")
        for path in sorted(folder.rglob("*.swift")):
            text = path.read_text()
            tidy.check_text(path, text)
            tidy.check_swift(path, text, target["name"])
            if path.is_relative_to(ROOT / "Sources"):
                tidy.check_imports(path, text, set(target["dependencies"]))
    for what, why in rooms.findings():
        tidy.check(not why, f"tools/rooms.py: not so: {what}: {why}")
    count, unchecked = wire_arithmetic.findings(ROOT, code_only)
    tidy.cases += count
    tidy.findings += unchecked
    fresh = subprocess.run([ROOT / "tools/embed-schemas", "--check"], capture_output=True, text=True)
    tidy.check(fresh.returncode == 0, fresh.stdout.strip())
    for pattern in ["schemas/*.yaml", "schemas/calendars/*.yaml", "tools/*.py", "tools/judges/*.py", "README.md", "schemas/guide/*.md", "CHANGELOG.md"]:
        for path in sorted(ROOT.glob(pattern)):
            if path.name != "tidy.py":
                tidy.check_text(path, path.read_text())
    print(*tidy.findings, sep="\n")
    print(f"{tidy.cases} cases, {len(tidy.findings)} failed")
    return 1 if tidy.findings else 0


if __name__ == "__main__":
    sys.exit(main())
