#!/usr/bin/env python3
"""Prints which rooms know which: modules, and the folders within a module, with the types that they take from each other.

    tools/rooms.py            # every room and what it uses
    tools/rooms.py Passes     # one module, with the names of the types on each arrow

An arrow is read off the source: a folder uses another one of its module where it names a type that is declared there; a
module uses another one where it imports it. `tools/tidy.py` holds them to what is here: no cycle among modules, none among
the folders of `Passes`, and no file of `Passes/Engine` names a pass.
"""
from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "Sources"
# Folders that must not know each other in a circle: a pass is a room of its own.
ROOMY = ["Passes"]
TYPE = re.compile(r"^(?:(?:public|package|private|fileprivate|final|indirect) )*(?:class|struct|enum|protocol|actor|typealias) ([A-Z]\w*)", re.M)
WORD = re.compile(r"\b[A-Z]\w*")
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
IMPORT = re.compile(r"^(?:@testable )?import (\w+)", re.M)


def room(path: Path) -> str:
    """The folder of a file within its module: `Passes/Engine`; the module itself for files that lie in it."""
    return "/".join(path.relative_to(SOURCES).parts[:-1][:2])


def arrows(sources: Path = SOURCES) -> tuple[dict[str, set[str]], dict[tuple[str, str], set[str]]]:
    """What each module imports, and the types on each arrow between the folders of one module."""
    texts = {path: COMMENT.sub(" ", path.read_text()) for path in sorted(sources.rglob("*.swift"))}
    modules = {path.relative_to(sources).parts[0] for path in texts}
    imports: dict[str, set[str]] = {module: set() for module in modules}
    owners: dict[str, dict[str, str]] = defaultdict(dict)
    for path, text in texts.items():
        module = path.relative_to(sources).parts[0]
        imports[module] |= set(IMPORT.findall(text)) & modules - {module}
        for name in TYPE.findall(text):
            if not re.search(rf"^private .*\b{name}\b", text, re.M):
                owners[module][name] = room(path)
    within: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path, text in texts.items():
        module = path.relative_to(sources).parts[0]
        for name in set(WORD.findall(text)):
            owner = owners[module].get(name)
            if owner is not None and owner != room(path):
                within[room(path), owner].add(name)
    return imports, within


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Rooms that know each other in a circle; empty where there is none."""
    left = {room: set(known) for room, known in graph.items()}
    while True:
        ready = [room for room, known in left.items() if not known & left.keys()]
        if not ready:
            return sorted(left)
        for done in ready:
            del left[done]


def findings() -> list[tuple[str, str]]:
    """Each thing that is held, and what is wrong with it; nothing where it is as it should be."""
    imports, within = arrows()
    found = [("no modules in a circle", " ".join(cycle(imports)))]
    for module in ROOMY:
        graph: dict[str, set[str]] = defaultdict(set)
        for user, used in within:
            if user.split("/")[0] == module and "/" in user and "/" in used:
                graph[user].add(used)
                graph[used] |= set()
        found.append((f"no folders of {module} in a circle", " ".join(cycle(graph))))
    wrong = [f"{', '.join(sorted(names))} of {used}" for (user, used), names in sorted(within.items()) if user == "Passes/Engine"]
    found.append(("Passes/Engine names no pass", "; ".join(wrong)))
    return found


def main() -> int:
    chosen = sys.argv[1:]
    if chosen and chosen[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    imports, within = arrows()
    unknown = [name for name in chosen if name not in imports]
    if unknown:
        print(f"error: no module '{unknown[0]}'\n  try: one of {' '.join(sorted(imports))}", file=sys.stderr)
        return 64
    for module in chosen or sorted(imports, key=lambda name: (len(imports[name]), name)):
        print(f"{module}: {' '.join(sorted(imports[module])) or '-'}")
        for (user, used), names in sorted(within.items()):
            if user.split("/")[0] == module:
                print(f"  {user} → {used}: {len(names)}" + (f" ({', '.join(sorted(names))})" if chosen else ""))
    wrong = [f"not so: {what}: {why}" for what, why in findings() if why]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
