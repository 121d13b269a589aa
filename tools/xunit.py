#!/usr/bin/env python3
"""Counts the tests of a Swift Testing xUnit report: tools/xunit.py REPORT.xml OUTPUT.txt

Without a report the tests did not run to their end: the end of their output is shown, and that is a failure.
"""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def main(report: Path, output: Path) -> int:
    if not report.exists():
        print("\n".join(output.read_text(errors="replace").splitlines()[-40:]))
        print("1 cases, 1 failed")
        return 1
    cases = ElementTree.parse(report).findall(".//testcase")
    wrong = [case for case in cases if case.find("failure") is not None]
    for case in wrong:
        print(f"FAIL {case.get('classname')}.{case.get('name')}")
    print(f"{len(cases)} cases, {len(wrong)} failed")
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
