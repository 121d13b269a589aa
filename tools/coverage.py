#!/usr/bin/env python3
"""Prints line coverage of each module from an llvm-cov summary; a module under the least share is a failure."""
import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("summary", type=Path, help="output of llvm-cov export -summary-only")
    parser.add_argument("--least", type=float, default=80, help="per cent")
    options = parser.parse_args()
    lines: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file in json.loads(options.summary.read_text())["data"][0]["files"]:
        parts = Path(file["filename"]).parts
        if "Sources" in parts and ".build" not in parts:
            total = lines[parts[parts.index("Sources") + 1]]
            total[0] += file["summary"]["lines"]["covered"]
            total[1] += file["summary"]["lines"]["count"]
    low = 0
    for module, (covered, count) in sorted(lines.items()):
        share = 100 * covered / count
        low += share < options.least
        note = f"  under {options.least:g} %" if share < options.least else ""
        print(f"{module:<16}{share:6.1f} %  {covered:>6} of {count:>6} lines{note}")
    print(f"{len(lines)} cases, {low} failed")
    return 1 if low or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
