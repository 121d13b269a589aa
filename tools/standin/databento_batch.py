"""Batch jobs of the stand-in for Databento: files that are prepared, listed and fetched in parts."""
from __future__ import annotations

import copy
import datetime
import hashlib
import io
import json
import secrets
import threading
import time
import zipfile
from pathlib import Path

import dbn
from databento_store import Query, day_of, iso, refuse


def text_now() -> str:
    return iso(time.time_ns())


class Jobs:
    def __init__(self, folder: Path, delay: float) -> None:
        self.folder, self.delay, self.lock = folder, delay, threading.Lock()
        self.jobs: dict[str, dict] = {}

    def submit(self, query: Query, parameters: dict[str, str], usd_per_gb: float) -> dict:
        count, size = query.count()
        name = query.dataset.split(".")[0] + datetime.date.today().strftime("-%Y%m%d-") + secrets.token_hex(5).upper()
        split = parameters.get("split_duration", "day")
        job = {
            "id": name, "user_id": "STANDIN", "bill_id": None, "cost_usd": size * usd_per_gb / 2**30, "dataset": query.dataset,
            "symbols": ",".join(query.asked), "stype_in": query.stype_in, "stype_out": query.stype_out, "schema": query.schema,
            "start": iso(query.start), "end": iso(query.end), "limit": query.limit or None, "encoding": "dbn",
            "compression": "zstd", "pretty_px": False, "pretty_ts": False, "map_symbols": False, "split_symbols": False,
            "split_duration": split, "split_size": None, "delivery": "download", "record_count": count, "billed_size": size,
            "actual_size": size, "package_size": None, "state": "queued", "ts_received": text_now(), "ts_queued": text_now(),
            "ts_process_start": None, "ts_process_done": None, "ts_expiration": None, "progress": 0}
        with self.lock:
            self.jobs[name] = job
        threading.Thread(target=self.prepare, args=(name, query, split), daemon=True).start()
        return job

    def prepare(self, name: str, query: Query, split: str) -> None:
        started, folder = time.time(), self.folder / name
        folder.mkdir()
        for start, end in pieces(query.start, query.end, split):
            part = copy.copy(query)
            part.start, part.end = start, end
            try:
                if not query.is_all:
                    part.resolve()
            except Exception:  # No symbol of the job exists in this piece: no file.
                continue
            stem = query.dataset.lower().replace(".", "-") + "-" + str(day_of(start)).replace("-", "")
            if day_of(end - 1) != day_of(start):
                stem += "-" + str(day_of(end - 1)).replace("-", "")
            with open(folder / f"{stem}.{query.schema}.dbn.zst", "wb") as file:
                for piece in part.answer():
                    file.write(piece)
        job = self.jobs[name]
        about = {"version": 1, "job_id": name, "query": {key: job[key] for key in ["dataset", "schema", "symbols", "stype_in", "start", "end"]}}
        (folder / "metadata.json").write_text(json.dumps(about))
        time.sleep(max(0.0, self.delay - (time.time() - started)))
        with self.lock:
            job.update(state="done", progress=100, ts_process_done=text_now(),
                       package_size=sum(path.stat().st_size for path in folder.iterdir()))

    def list(self, parameters: dict[str, str]) -> list[dict]:
        states = parameters.get("states") or "received,queued,processing,done"
        with self.lock:
            return [dict(job) for job in self.jobs.values() if job["state"] in states.split(",")]

    def details(self, name: str) -> dict:
        with self.lock:
            if name not in self.jobs:
                refuse(404, "batch_job_not_found", f"Batch job '{name}' was not found.")
            return dict(self.jobs[name])

    def files(self, name: str, url: str, has_wrong_hash: bool) -> list[dict]:
        if self.details(name)["state"] != "done":
            refuse(422, "batch_job_not_done", f"Batch job '{name}' is not done yet.")
        files = []
        for path in sorted((self.folder / name).iterdir()):
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if has_wrong_hash:
                digest = digest[::-1]
            files.append({"filename": path.name, "size": path.stat().st_size, "hash": "sha256:" + digest,
                          "urls": {"https": f"{url}/v0/batch/download/{name}/{path.name}", "ftp": ""}})
        return files

    def path(self, name: str, file: str) -> Path:
        self.details(name)
        known = {path.name: path for path in (self.folder / name).iterdir()}
        if file not in known:
            refuse(404, "batch_file_not_found", f"File '{file}' was not found.")
        return known[file]

    def archive(self, name: str) -> bytes:
        self.details(name)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for path in sorted((self.folder / name).iterdir()):
                archive.write(path, path.name)
        return target.getvalue()


def pieces(start: int, end: int, split: str) -> list[tuple[int, int]]:
    """[from, to) of each file: cut at midnights UTC, at Sundays, at the firsts of months or years."""
    cut: list[tuple[int, int]] = []
    while start < end:
        day = day_of(start)
        following = {
            "day": day + datetime.timedelta(days=1),
            "week": day + datetime.timedelta(days=7 - (day.weekday() + 1) % 7),
            "month": (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1),
            "year": datetime.date(day.year + 1, 1, 1),
        }.get(split)
        stop = min(end, dbn.midnight(following)) if following else end
        cut.append((start, stop))
        start = stop
    return cut
