"""What the judges of the whole program share: counting cases, running `lake`, finding its tables."""
from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable

FINDINGS_MAX = 40


class Unexpected(Exception):
    """A command that had to work, for anything else to be judged, did not."""


class Judge:
    """Counts cases, shows the first failures, and makes scratch folders that vanish at the end.

    A case is one thing that could fail on its own, and a judge has as many in every run: neither the machine's speed nor
    the number of lines or requests decides. Where `about` says `Cases: N`, another number is a failure.
    """

    def __init__(self, about: str | None, *flags: tuple[str, str]) -> None:
        parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawTextHelpFormatter)
        parser.add_argument("--lake", type=Path, required=True, help="the lake binary")
        parser.add_argument("--shared", type=Path, required=True, help="folder of the shared data")
        for name, told in flags:
            parser.add_argument(name, action="store_true", help=told)
        self.options = parser.parse_args()
        declared = re.search(r"^Cases: (\d+)$", about or "", re.MULTILINE)
        self.declared = int(declared[1]) if declared and not getattr(self.options, "long", False) else None
        self.binary = self.options.lake.resolve()
        self.data = self.options.shared.resolve() / "data"
        self.cases = self.wrong = 0
        self._scratch = tempfile.TemporaryDirectory(prefix="lake-judge-")
        self.scratch = Path(self._scratch.name)
        self._folders = 0

    def check(self, holds: bool, case: str, told: Any = "") -> bool:
        self.cases += 1
        if not holds:
            self.wrong += 1
            if self.wrong <= FINDINGS_MAX:
                print(f"FAIL {case}" + (f": {told}" if told != "" else ""), flush=True)
        return holds

    def folder(self) -> Path:
        self._folders += 1
        made = self.scratch / f"{self._folders}"
        made.mkdir()
        return made

    def new_lake(self) -> "Lake":
        lake = Lake(self.binary, self.folder() / "lake")
        lake.run("init", str(lake.root), in_lake=False).expect(0)
        return lake

    def run(self, judge_all: "Callable[[Judge], None]") -> int:
        """Judges, says what came of it, and returns the exit status."""
        try:
            judge_all(self)
        except Unexpected as error:
            self.check(False, "what the other cases need", error)
        self._scratch.cleanup()
        if self.declared not in (None, self.cases):
            print(f"FAIL number of cases: {self.cases}, and the judge says {self.declared}")
            self.wrong += 1
        if self.wrong > FINDINGS_MAX:
            print(f"… and {self.wrong - FINDINGS_MAX} more failures")
        print(f"{self.cases} cases, {self.wrong} failed")
        return 1 if self.wrong or not self.cases else 0


class Result:
    """What a run of the program left: exit status, standard output and error."""

    def __init__(self, words: list[str], done: "subprocess.CompletedProcess[bytes]") -> None:
        self.words, self.status = words, done.returncode
        self.output = done.stdout.decode(errors="replace")
        self.talk = done.stderr.decode(errors="replace")

    def expect(self, *statuses: int) -> "Result":
        if self.status not in statuses:
            words = " ".join(self.words)
            raise Unexpected(f"exit status {self.status} of {words[:300]}\n{self.talk.strip()[-1000:]}")
        return self


class Lake:
    """A lake in a scratch folder and the program that works on it."""

    def __init__(self, binary: Path, root: Path) -> None:
        self.binary, self.root = binary, root

    def words(self, *arguments: str, in_lake: bool = True) -> list[str]:
        return [str(self.binary), *map(str, arguments), *(["--lake", str(self.root)] if in_lake else [])]

    def run(self, *arguments: Any, in_lake: bool = True, stdin: bytes = b"", **options: Any) -> Result:
        words = self.words(*arguments, in_lake=in_lake)
        return Result(words, subprocess.run(words, input=stdin, capture_output=True, timeout=600, **options))

    def tables(self, *layers: str) -> list[str]:
        """The tables on disk, `layer.name`; all layers but the ledger if none is given."""
        found = sorted(log.parent.relative_to(self.root).parts for log in self.root.glob("*/*/_delta_log"))
        return [".".join(parts) for parts in found
                if parts[0] in layers or (not layers and parts[0] != "ledger")]

    def path(self, table: str) -> Path:
        return self.root / table.replace(".", "/", 1)

    def copy(self, to: Path) -> "Lake":
        shutil.copytree(self.root, to)
        return Lake(self.binary, to)
