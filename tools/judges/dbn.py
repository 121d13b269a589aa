"""`lake dbn` and `lake simulate` beside the vendor's own package.

Every whole file prints, with --raw, the rows that are expected of it; and with and without --raw, as CSV and as JSON,
what the vendor's transcoder prints. Damaged files end in an error that names the file, or in their true rows. Records
without a header need their version. Files of the simulator are read by the vendor's package with equal rows.
"""
from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from judging import Judge  # noqa: E402

import databento  # noqa: E402
import databento_dbn as dbn  # noqa: E402
import numpy as np  # noqa: E402
import zstandard  # noqa: E402

# Damaged files whose rows are all there, with their number.
TRUE_ROWS = {"metadata_only.dbn": 0, "ohlcv_high_below_low.dbn": 2, "skippable_frame_appended.dbn.zst": 60,
             "wrong_rtype_for_schema.dbn": 2}


def run(judge: Judge, *words: object, stdin: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([str(judge.binary), *map(str, words)], input=stdin, capture_output=True, check=False)


def whole_files(judge: Judge) -> list[Path]:
    found = [path for path in sorted((judge.data / "dbn").rglob("*.dbn*"))
             if path.name.endswith((".dbn", ".dbn.zst")) and not {"corrupt", "expected"} & set(path.parts)]
    return found + sorted((judge.data / "derived/dbn").glob("*.dbn*"))


def raw_bytes(path: Path) -> bytes:
    """A file's content, decompressed."""
    content = path.read_bytes()
    if not path.name.endswith(".zst"):
        return content
    with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as stream:
        return stream.read()


def transcode(content: bytes, encoding: "dbn.Encoding", is_raw: bool) -> bytes:
    out = io.BytesIO()
    coder = dbn.Transcoder(out, encoding, dbn.Compression.NONE, pretty_px=not is_raw, pretty_ts=not is_raw,
                           map_symbols=True, upgrade_policy=dbn.VersionUpgradePolicy.AS_IS)
    coder.write(content)
    coder.flush()
    return out.getvalue()


def judge_expected(judge: Judge) -> None:
    folder = judge.data / "dbn/expected"
    for expected in sorted(folder.rglob("*.csv.gz")):
        name = str(expected.relative_to(folder)).removesuffix(".csv.gz")
        done = run(judge, "dbn", "--raw", judge.data / "dbn" / name)
        judge.check(done.returncode == 0 and done.stdout == gzip.decompress(expected.read_bytes()), f"rows of {name}",
                    done.stderr.decode())


def judge_transcoder(judge: Judge) -> None:
    for path in whole_files(judge):
        content = raw_bytes(path)
        for form, encoding in (("csv", dbn.Encoding.CSV), ("jsonl", dbn.Encoding.JSON)):
            for is_raw in (True, False):
                theirs = transcode(content, encoding, is_raw)
                done = run(judge, "dbn", path, "--format", form, *(["--raw"] if is_raw else []))
                judge.check(done.returncode == 0 and done.stdout == theirs, f"{path.name} as {form}, raw {is_raw}",
                            f"{len(done.stdout)} bytes, {len(theirs)} expected; {done.stderr.decode()}")
        piped = run(judge, "dbn", "-", "--raw", stdin=path.read_bytes())
        judge.check(piped.stdout == run(judge, "dbn", path, "--raw").stdout, f"{path.name} from standard input")
        metadata = dbn.Metadata.decode(content, upgrade_policy=dbn.VersionUpgradePolicy.AS_IS)
        done = run(judge, "dbn", path, "--metadata", "--raw")
        told = json.loads(done.stdout)
        same = (told["version"] == metadata.version and told["dataset"] == metadata.dataset
                and told["schema"] == (metadata.schema and str(metadata.schema)) and int(told["start"]) == metadata.start
                and told["symbols"] == metadata.symbols and told["partial"] == metadata.partial
                and told["not_found"] == metadata.not_found
                and {mapping["raw_symbol"] for mapping in told["mappings"]} == set(metadata.mappings))
        judge.check(same, f"metadata of {path.name}", done.stdout.decode())


def judge_fragments(judge: Judge) -> None:
    peer = json.loads((judge.data / "dbn/PEER.json").read_text())
    for name, facts in sorted(peer.items()):
        if ".frag" not in name:
            continue
        path = judge.data / "dbn" / name
        done = run(judge, "dbn", "--raw", path, "--dbn-version", facts["version"])
        judge.check(done.returncode == 0 and len(done.stdout.splitlines()) == facts["records"] + 1, f"rows of {name}",
                    done.stderr.decode())
        refused = run(judge, "dbn", "--raw", path)
        judge.check(refused.returncode == 2 and b"--dbn-version" in refused.stderr and not refused.stdout,
                    f"{name} without a version", refused.stderr.decode())
    for path in sorted((judge.data / "dbn").rglob("*.dbz")):
        refused = run(judge, "dbn", path)
        judge.check(refused.returncode == 2 and b"DBZ" in refused.stderr, f"refusal of {path.name}",
                    refused.stderr.decode())


def judge_damage(judge: Judge) -> None:
    for path in sorted((judge.data / "dbn/corrupt").glob("*.dbn*")):
        done = run(judge, "dbn", "--raw", path)
        if path.name in TRUE_ROWS:
            holds = done.returncode == 0 and len(done.stdout.splitlines()) == TRUE_ROWS[path.name] + 1
        else:
            told = done.stderr.decode()
            holds = done.returncode == 2 and told.startswith("error: ") and path.name in told and "byte" in told + "byte" * (
                path.name == "empty.dbn")
        judge.check(holds, f"damaged {path.name}", done.stderr.decode())
    whole = raw_bytes(judge.data / "dbn/databento-dbn/test_data.mbp-10.v3.dbn.zst")
    folder = judge.folder()
    full = dbn.Metadata.decode(whole)
    assert full.version == 3
    for count in range(0, len(whole), 13):
        path = folder / "cut.dbn"
        path.write_bytes(whole[:count])
        done = run(judge, "dbn", path)
        between = (len(whole) - count) % 368 == 0 and count >= len(whole) - 2 * 368
        judge.check(done.returncode == (0 if between else 2), f"a file cut at byte {count}", done.stderr.decode())


def judge_simulation(judge: Judge) -> None:
    schemas = ["definition", "status", "mbp-1", "tbbo", "trades", "ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d"]
    for symbols in ("ESH4,NQH4,CLG4", "SPY,QQQ,TSLA,ZZZ"):
        folders = [judge.folder(), judge.folder()]
        for folder, jobs in zip(folders, (1, 2)):
            done = run(judge, "simulate", "--days", 2, "--schema", ",".join(schemas), "--symbols", symbols, "--seed", 3,
                       "--rows-per-day", 30000, "--jobs", jobs, "-o", folder)
            judge.check(done.returncode == 0, f"simulate {symbols}", done.stderr.decode())
        files = sorted(folders[0].iterdir())
        judge.check(len(files) == 2 * len(schemas), "a file a day and schema", [path.name for path in files])
        for path in files:
            judge.check(path.read_bytes() == (folders[1] / path.name).read_bytes(), f"{path.name} again")
            judge_simulated(judge, path)
        for day in sorted({path.name.split(".")[0] for path in files}):
            judge_bars(judge, folders[0], day)


def judge_simulated(judge: Judge, path: Path) -> None:
    """The vendor's package reads the file, and prints it as we do."""
    store = databento.DBNStore.from_file(path)
    records = list(store)
    text = io.BytesIO(transcode(raw_bytes(path), dbn.Encoding.CSV, True)).getvalue()
    done = run(judge, "dbn", path, "--raw")
    judge.check(done.stdout == text and len(text.splitlines()) == len(records) + 1, f"vendor's rows of {path.name}")
    judge.check(len(records) > 0 and b",\n" not in text, f"{path.name} has rows, all with a symbol")


def judge_bars(judge: Judge, folder: Path, day: str) -> None:
    """Bars made of the trades by numpy equal the simulator's; trades are those of the quotes."""
    def array(schema: str) -> "np.ndarray":
        return databento.DBNStore.from_file(folder / f"{day}.{schema}.dbn.zst").to_ndarray()

    trades, quotes = array("trades"), array("mbp-1")
    taken = quotes[quotes["action"] == b"T"]
    names = [name for name in trades.dtype.names if name not in ("length", "rtype")]
    judge.check(all(np.array_equal(trades[name], taken[name]) for name in names), f"trades of {day} are in its quotes")
    bought = taken["side"] == b"B"
    at_quote = np.where(bought, taken["ask_px_00"], taken["bid_px_00"])
    judge.check(np.array_equal(taken["price"], at_quote), f"trades of {day} happen at the quotes")
    judge.check(bool(np.all(np.diff(quotes["ts_recv"].astype("i8")) >= 0)), f"quotes of {day} are in order")
    for schema, seconds in (("ohlcv-1s", 1), ("ohlcv-1m", 60), ("ohlcv-1h", 3600)):
        bars = array(schema)
        length = seconds * 10**9
        expected: dict[tuple[int, int], list[int]] = {}
        for time, number, price, size in zip(trades["ts_event"].tolist(), trades["instrument_id"].tolist(),
                                             trades["price"].tolist(), trades["size"].tolist()):
            bar = expected.setdefault((time // length * length, number), [price, price, price, price, 0])
            bar[1], bar[2], bar[3], bar[4] = max(bar[1], price), min(bar[2], price), price, bar[4] + size
        found = {(time, number): list(values) for time, number, *values in zip(
            *(bars[name].tolist() for name in ("ts_event", "instrument_id", "open", "high", "low", "close", "volume")))}
        judge.check(found == expected and len(found) == len(bars) > 0, f"{schema} of {day}")


def judge_all(judge: Judge) -> None:
    judge_expected(judge)
    judge_transcoder(judge)
    judge_fragments(judge)
    judge_damage(judge)
    judge_simulation(judge)


if __name__ == "__main__":
    sys.exit(Judge(__doc__).run(judge_all))
