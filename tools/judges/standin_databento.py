#!/usr/bin/env python3
"""The stand-in for Databento, judged by the vendor's own client: it must get the rows that are in the files.

A stand-in that speaks the protocol as its authors imagine it would prove nothing about downloads.
"""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge

KEY = "db-standin"
STANDIN = Path(__file__).resolve().parent.parent / "standin/databento"


class StandIn:
    """The server, and the vendor's client that asks it: over https where openssl can make a certificate."""

    def __init__(self, judge: Judge, data: Path, *flags: str) -> None:
        folder = judge.folder()
        self.downloads = folder
        certificate = self.certificate(folder)
        if certificate:
            flags += ("--certificate", str(certificate))
        self.process = subprocess.Popen(
            [sys.executable, STANDIN, "--data", data, "--key", KEY, "--stop-with-stdin", *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().removeprefix("listening on ").strip()
        if certificate:
            os.environ["REQUESTS_CA_BUNDLE"] = str(certificate)
        import databento

        self.client = databento.Historical(KEY, gateway=self.url)
        for room in [self.client.metadata, self.client.symbology, self.client.timeseries, self.client.batch]:
            # The client turns every gateway into https.
            room._base_url = room._base_url.replace(self.client.gateway, self.url)

    @staticmethod
    def certificate(folder: Path) -> Path | None:
        if not shutil.which("openssl"):
            return None
        path = folder / "standin.pem"
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", folder / "cert"], capture_output=True)
        if made.returncode:
            return None
        path.write_text(path.read_text() + (folder / "cert").read_text())
        return path

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)


def rows(store: "databento.DBNStore") -> np.ndarray:
    return store.to_ndarray()


def source_rows(files: list[Path]) -> np.ndarray:
    import databento

    return np.concatenate([rows(databento.DBNStore.from_file(path)) for path in files])


def judge_ranges(judge: Judge, client: "databento.Historical", data: Path) -> None:
    for dataset, schema, pattern, days in [
        ("EQUS.MINI", "ohlcv-1s", "equs-mini-*.ohlcv-1s.dbn*", ("2013-10-07", "2013-10-10")),
        ("EQUS.MINI", "ohlcv-1m", "equs-mini-*.ohlcv-1m.dbn*", ("2013-10-07", "2013-10-10")),
        ("GLBX.MDP3", "ohlcv-1m", "glbx-mdp3-*.ohlcv-1m.dbn*", ("2013-10-06", "2013-10-10")),
        ("OPRA.PILLAR", "ohlcv-1m", "opra-pillar-*.dbn*", ("2014-06-06", "2014-06-07")),
    ]:
        wanted = source_rows(sorted(data.glob(pattern)))
        start, end = days
        got = client.timeseries.get_range(dataset, start, end, "ALL_SYMBOLS", schema)
        judge.check(np.array_equal(rows(got), wanted), f"{dataset} {schema}: all rows", f"{len(rows(got))} of {len(wanted)}")
        judge.check(client.metadata.get_record_count(dataset, start, end, schema=schema) == len(wanted), f"{dataset} {schema}: count")
        size = client.metadata.get_billable_size(dataset, start, end, schema=schema)
        judge.check(size == wanted.nbytes, f"{dataset} {schema}: bytes", size)
        cost = client.metadata.get_cost(dataset, start, end, schema=schema)
        judge.check(abs(cost - size * 2 / 2**30) < 1e-12, f"{dataset} {schema}: cost", cost)
        limited = rows(client.timeseries.get_range(dataset, start, end, "ALL_SYMBOLS", schema, limit=100))
        judge.check(np.array_equal(limited, wanted[:100]), f"{dataset} {schema}: limit")
        # A slice in the middle of a day, with the end not included.
        first, last = int(wanted["ts_event"][len(wanted) // 3]), int(wanted["ts_event"][len(wanted) // 2])
        part = rows(client.timeseries.get_range(dataset, first, last, "ALL_SYMBOLS", schema))
        inside = wanted[(wanted["ts_event"] >= first) & (wanted["ts_event"] < last)]
        judge.check(np.array_equal(part, inside), f"{dataset} {schema}: [start, end)", f"{len(part)} of {len(inside)}")


def judge_symbols(judge: Judge, client: "databento.Historical", data: Path) -> None:
    from databento import BentoClientError

    wanted = source_rows(sorted(data.glob("glbx-mdp3-*.ohlcv-1m.dbn*")))
    dates = ("2013-10-06", "2013-10-10")

    def get(symbols: object, stype: str) -> "databento.DBNStore":
        return client.timeseries.get_range("GLBX.MDP3", *dates, symbols, "ohlcv-1m", stype_in=stype)

    def of(number: int) -> np.ndarray:
        return wanted[wanted["instrument_id"] == number]

    judge.check(np.array_equal(rows(get("ESZ3", "raw_symbol")), of(5602)), "raw symbol")
    judge.check(np.array_equal(rows(get("ES.c.0", "continuous")), of(5602)), "continuous")
    judge.check(np.array_equal(rows(get("ES.c.1", "continuous")), of(5617)), "the next of a continuous one")
    judge.check(np.array_equal(rows(get("ES.FUT", "parent")), wanted), "parent")
    judge.check(np.array_equal(rows(get([5617], "instrument_id")), of(5617)), "instrument id")
    frame = get("ESZ3,ESH4", "raw_symbol").to_df()
    judge.check(set(frame["symbol"]) == {"ESZ3", "ESH4"}, "the client finds the symbols of its rows", set(frame["symbol"]))
    judge.check(set(get("ES.FUT", "parent").to_df()["symbol"]) == {"ESZ3", "ESH4", "ESM4"}, "children have their own names")
    some = get("ESZ3,NONE", "raw_symbol")
    judge.check(some.metadata.not_found == ["NONE"] and len(rows(some)) == len(of(5602)), "an unknown one beside a known one")
    found = client.symbology.resolve("GLBX.MDP3", "ES.c.0", "continuous", "instrument_id", *dates)
    judge.check(found["result"]["ES.c.0"] == [{"d0": dates[0], "d1": dates[1], "s": "5602"}], "symbology.resolve", found)
    for name, ask in {
        "nothing resolves": lambda: get("NONE", "raw_symbol"),
        "unknown dataset": lambda: client.metadata.list_schemas("NONE.MINI"),
        "before the data": lambda: client.timeseries.get_range("GLBX.MDP3", "2001-01-01", "2013-10-10", "ESZ3", "ohlcv-1m"),
        "after the data": lambda: client.timeseries.get_range("GLBX.MDP3", "2013-10-09", "2033-10-10", "ESZ3", "ohlcv-1m"),
    }.items():
        try:
            ask()
            judge.check(False, name, "no error")
        except BentoClientError as error:
            judge.check(error.http_status == 422 and "\n" in error.message, name, error)


def judge_metadata(judge: Judge, client: "databento.Historical", data: Path) -> None:
    judge.check(client.metadata.list_datasets() == ["EQUS.MINI", "GLBX.MDP3", "OPRA.PILLAR"], "datasets")
    judge.check(client.metadata.list_schemas("EQUS.MINI") == ["ohlcv-1m", "ohlcv-1s"], "schemas")
    span = client.metadata.get_dataset_range("GLBX.MDP3")
    judge.check(span["start"].startswith("2013-10-06T00:00") and span["end"].startswith("2013-10-10T00:00"), "range", span)
    days = {item["date"]: item["condition"] for item in client.metadata.get_dataset_condition("GLBX.MDP3", "2013-10-06", "2013-10-09")}
    judge.check(len(days) == 4 and days["2013-10-08"] == "degraded" and days["2013-10-07"] == "available", "conditions", days)
    judge.check(client.metadata.list_unit_prices("GLBX.MDP3")[0]["unit_prices"]["ohlcv-1m"] == 2.0, "prices")
    judge.check(len(client.metadata.list_publishers()) == 3, "publishers")


def judge_batch(judge: Judge, standin: StandIn, data: Path) -> None:
    client = standin.client
    job = client.batch.submit_job("GLBX.MDP3", "ES.FUT", "ohlcv-1m", "2013-10-06", "2013-10-10", stype_in="parent")
    until = time.monotonic() + 30
    while client.batch.get_job_details(job["id"])["state"] != "done" and time.monotonic() < until:
        time.sleep(0.1)
    judge.check(job["id"] in [item["id"] for item in client.batch.list_jobs("done")], "the job is listed")
    files = client.batch.list_files(job["id"])
    judge.check(len([file for file in files if file["filename"].endswith(".dbn.zst")]) == 4, "a file a day", files)
    paths = [client.batch.download(job["id"], standin.downloads, file["filename"])[0] for file in files]
    for file, path in zip(files, paths):
        judge.check("sha256:" + hashlib.sha256(path.read_bytes()).hexdigest() == file["hash"], f"hash of {path.name}")
    wanted = source_rows(sorted(data.glob("glbx-mdp3-*.ohlcv-1m.dbn*")))
    got = source_rows(sorted(path for path in paths if path.name.endswith(".zst")))
    judge.check(np.array_equal(got, wanted), "rows of all files")
    # The client goes on where a file ends.
    path = next(path for path in paths if path.name.endswith(".zst"))
    whole = path.read_bytes()
    path.write_bytes(whole[:500])
    client.batch.download(job["id"], standin.downloads, path.name)
    judge.check(path.read_bytes() == whole, "a file goes on after its first bytes")


def judge_faults(judge: Judge, data: Path) -> None:
    from databento import BentoError

    standin = StandIn(judge, data, "--fault", "429:after=1", "--fault", "500", "--fault", "cut:at=300",
                      "--fault", "unentitled:from=2013-10-08,to=2013-10-09")
    client = standin.client

    def ask(start: str = "2013-10-07", end: str = "2013-10-08") -> object:
        try:
            return len(rows(client.timeseries.get_range("GLBX.MDP3", start, end, "ESZ3", "ohlcv-1m")))
        except BentoError as error:
            return getattr(error, "http_status", "broken")

    answers = [ask() for _ in range(4)]
    judge.check(answers[:2] == [429, 500] and answers[2] == "broken" and answers[3] > 1000, "each fault once", answers)
    judge.check(ask("2013-10-08", "2013-10-09") == 403, "an unentitled range")
    judge.check(isinstance(ask("2013-10-09", "2013-10-10"), int), "an entitled one beside it")
    standin.stop()


def judge_all(judge: Judge) -> None:
    data = judge.data / "derived/dbn"
    standin = StandIn(judge, data, "--degraded", "2013-10-08")
    warnings.simplefilter("ignore")
    judge_metadata(judge, standin.client, data)
    judge_ranges(judge, standin.client, data)
    judge_symbols(judge, standin.client, data)
    judge_batch(judge, standin, data)
    standin.stop()
    judge_faults(judge, data)
    for key in ["", "wrong"]:
        other = StandIn(judge, data)
        url = other.url + "/v0/metadata.list_datasets"
        import requests

        judge.check(requests.get(url, auth=(key, "")).status_code == 401, f"the key '{key}' is refused")
        other.stop()


if __name__ == "__main__":
    started = Judge(__doc__)
    sys.exit(started.run(judge_all))
