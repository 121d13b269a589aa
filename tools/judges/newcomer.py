"""The first ten minutes of a new user, as the README tells them: its transcript from a folder of CSV files is run line by line,
its Python draws the plot, and both are held against the files.

Needs no shared data.

Cases: 16
"""
from __future__ import annotations

import csv
import datetime
import os
import random
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Unexpected  # noqa: E402

README = Path(__file__).resolve().parents[2] / "README.md"
TITLE = "## Ten minutes, from a folder of CSV files to a plot"


def make_prices(folder: Path) -> None:
    """Bars of two stocks on the weekdays of a quarter, as a spreadsheet's user would export them."""
    folder.mkdir()
    source = random.Random(4)
    for symbol, price in (("AAPL", 185.0), ("MSFT", 370.0)):
        day, rows = datetime.date(2024, 1, 2), []
        while day < datetime.date(2024, 4, 1):
            if day.weekday() < 5:
                opened = price
                price = round(price * (1 + source.uniform(-0.02, 0.021)), 2)
                high = max(opened, price) + source.randrange(1, 200) / 100
                low = min(opened, price) - source.randrange(1, 200) / 100
                volume = source.randrange(30_000_000, 90_000_000)
                rows.append(f'{day:%m/%d/%Y},${opened:.2f},${high:.2f},${low:.2f},${price:.2f},"{volume:,}"\n')
            day += datetime.timedelta(days=1)
        (folder / f"{symbol}_2024.csv").write_text("Date,Open,High,Low,Close,Volume\n" + "".join(rows))


def agrees(lines: list[str], wanted: list[str]) -> bool:
    """Whether an output is as the README shows it: `…` is anything within a line, and alone any lines."""
    if not wanted:
        return not lines
    if wanted[0] == "…":
        return any(agrees(lines[start:], wanted[1:]) for start in range(len(lines) + 1))
    pattern = ".*".join(re.escape(part) for part in wanted[0].split("…"))
    return bool(lines) and re.fullmatch(pattern, lines[0]) is not None and agrees(lines[1:], wanted[1:])


def block(section: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    if not found:
        raise Unexpected(f"the README has no {language} under '{TITLE}'")
    return found[1]


def judge_all(judge: Judge) -> None:
    section = README.read_text().split(TITLE, 1)[-1].split("\n## ", 1)[0]
    folder = judge.folder()
    make_prices(folder / "prices")
    programs = judge.folder()
    (programs / "lake").symlink_to(judge.binary)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "MPLBACKEND": "Agg", "LC_ALL": "C.UTF-8"}
    steps: list[tuple[str, list[str]]] = []
    for line in block(section, "shell-session").splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    for line, wanted in steps:
        run = subprocess.run(["bash", "-c", line + " 2>&1"], cwd=folder, env=environment, capture_output=True, text=True)
        told = [text.rstrip() for text in run.stdout.splitlines()]
        judge.check(agrees(told, wanted), line, run.stdout)
    draw = subprocess.run([sys.executable, "-c", block(section, "python")], cwd=folder, env=environment, capture_output=True, text=True)
    judge.check(draw.returncode == 0, "the plot is drawn", draw.stderr)
    picture = folder / "closes.png"
    judge.check(picture.exists() and picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10_000, "and is a picture")

    import deltalake
    table = deltalake.DeltaTable(str(folder / "market" / "raw" / "prices_ohlcv_1d")).to_pandas()
    expected = {}
    for path in sorted((folder / "prices").iterdir()):
        for row in csv.DictReader(path.open()):
            day = datetime.datetime.strptime(row["Date"], "%m/%d/%Y").date()
            expected[path.name.split("_")[0], day] = [Decimal(row[name].strip("$").replace(",", "")) for name in
                                                      ("Open", "High", "Low", "Close", "Volume")]
    got = {(row.symbol, row.ts_event.date()): [row.open, row.high, row.low, row.close, Decimal(int(row.volume))]
           for row in table.itertuples()}
    judge.check(len(table) == len(expected), "every row is there", f"{len(table)} of {len(expected)}")
    judge.check(got.keys() == expected.keys(), "every day of every symbol")
    for place, name in enumerate(("open", "high", "low", "close", "volume")):
        wrong = [key for key in expected if key not in got or got[key][place] != expected[key][place]]
        judge.check(not wrong, f"each {name} is that of the file", wrong[:3])


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
