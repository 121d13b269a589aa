#!/usr/bin/env python3
"""Every session of every built-in calendar against exchange_calendars itself, and against data/calendars."""
from __future__ import annotations

import csv
import importlib.machinery
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import exchange_calendars
import pandas

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from judging import Judge  # noqa: E402

_loader = importlib.machinery.SourceFileLoader("make_calendars", str(ROOT / "tools/make-calendars"))
_spec = importlib.util.spec_from_loader("make_calendars", _loader)
assert _spec is not None
sys.dont_write_bytecode = True
make_calendars = importlib.util.module_from_spec(_spec)
_loader.exec_module(make_calendars)

# What has to be met, so that the comparison cannot silently become a comparison of nothing.
DAYS = {
    "XNYS": ["2012-10-29 closed", "2018-12-05 closed", "2024-07-03 half", "2024-11-29 half", "2001-09-11 closed",
             "2024-03-11 open", "2024-11-04 open", "2022-06-20 closed", "2021-06-18 open"],
    "CMES": ["2024-03-29 closed", "2024-11-28 half", "2024-03-11 open", "2024-11-04 open"],
    "XCBF": ["2024-11-29 half", "2024-12-25 closed"],
}


def instant(value: Any) -> str | None:
    return None if value is pandas.NaT or value != value else value.strftime("%Y-%m-%dT%H:%M:%SZ")


def lines(judge: Judge, *words: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    result = judge.new_lake().run("calendar", *words, "--json").expect(0)
    told = [json.loads(line) for line in result.output.splitlines()]
    return told[:-1], told[-1]


def plain(session: dict[str, Any]) -> dict[str, Any]:
    return {"open": session["open"], "close": session["close"],
            "breaks": [(one["start"], one["end"]) for one in session["breaks"]]}


def judge_calendar(judge: Judge, facts: dict[str, Any]) -> None:
    name, first, last = facts["calendar"], facts["first_date"], facts["last_date"]
    judge.check(last >= "2027-12-31" and first <= "1997-01-01", f"{name}: knows enough years", (first, last))
    judge.check(facts["source"].split(";")[0] == f"exchange_calendars {exchange_calendars.__version__}",
                f"{name}: version", facts["source"])
    package = exchange_calendars.get_calendar(name, start=first, end=last)
    judge.check(str(package.tz) == facts["timezone"], f"{name}: zone", facts["timezone"])
    sessions, _ = lines(judge, name, "--start", first, "--end", last)
    told = {session["date"]: plain(session) for session in sessions}
    known = {}
    for row in package.schedule.itertuples():
        pause = [(instant(row.break_start), instant(row.break_end))]
        known[str(row.Index.date())] = {"open": instant(row.open), "close": instant(row.close),
                                        "breaks": [one for one in pause if one[0]]}
    judge.check(len(sessions) == len(told) and list(told) == sorted(told), f"{name}: rising dates, each once")
    corrected = {str(day) for day in make_calendars.CORRECTIONS.get(name, ("", "", []))[2]}
    for day in sorted(told.keys() | known.keys()):
        # A correction that the package has made too must leave the table.
        judge.check((told.get(day) == known.get(day)) != (day in corrected), f"{name} {day}",
                    (told.get(day), known.get(day)))
    half = {session["date"] for session in sessions if session["half_day"]}
    early = {str(day.date()) for day in package.early_closes}
    judge.check(half >= early, f"{name}: early closes are half days", sorted(early - half)[:5])
    for claim in DAYS.get(name, []):
        day, state = claim.split()
        found = "closed" if day not in told else "half" if day in half else "open"
        judge.check(found == state, f"{name} {claim}", found)


def judge_data(judge: Judge) -> None:
    """Shared data was written by some release of the package: dates that it knew then."""
    for path in sorted((judge.data / "calendars").glob("*.csv")):
        name = path.stem.upper()
        with path.open() as file:
            rows = [row for row in csv.DictReader(file)]
        sessions, _ = lines(judge, name, "--start", rows[0][""][:10], "--end", rows[-1][""][:10])
        told = {session["date"]: (session["open"], session["close"]) for session in sessions}
        known = {row[""][:10]: (row["open"], row["close"]) for row in rows}
        for day in sorted(told.keys() | known.keys()):
            judge.check(told.get(day) == known.get(day), f"{path.name} {day}", (told.get(day), known.get(day)))


def judge_all(judge: Judge) -> None:
    made = subprocess.run([sys.executable, ROOT / "tools/make-calendars", "--check"], capture_output=True, text=True)
    judge.check(made.returncode == 0, "schemas/calendars is what tools/make-calendars writes", made.stdout + made.stderr)
    calendars, summary = lines(judge)
    judge.check(summary["calendars"] == len(calendars) >= 17, "the list is whole", summary)
    names = {one["calendar"]: one for one in calendars}
    for name in ["XNYS", "CMES", "XCBF", "IEPA", "XLON", "24/7"]:
        judge.check(name in names, f"{name} is built in")
    for facts in calendars:
        judge_calendar(judge, facts)
        for alias in facts["aliases"]:
            _, told = lines(judge, alias.lower())
            judge.check(told["calendar"] == facts["calendar"], f"'{alias}' is {facts['calendar']}", told)
    for dataset, name in [("GLBX.MDP3", "CMES"), ("XNAS.ITCH", "XNYS"), ("EQUS.MINI", "XNYS"), ("DBEQ.BASIC", "XNYS"),
                          ("OPRA.PILLAR", "XNYS"), ("IFEU.IMPACT", "IEPA"), ("XEUR.EOBI", "XEUR"),
                          ("massive.stocks", "XNYS"), ("massive.options", "XNYS"), ("massive.indices", "XNYS")]:
        _, told = lines(judge, dataset)
        judge.check(told["calendar"] == name, f"{dataset} trades by {name}", told)
    judge_data(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
