#!/usr/bin/env python3
"""Writes Tests/Golden/lz4/*.lz4: frames of LZ4 in every form, by the lz4 program and by pyarrow.

Needs the lz4 program 1.9 and pyarrow. The content is `content()`, which the tests make again.
"""
import hashlib
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow

FOLDER = Path(__file__).resolve().parents[2] / "Tests/Golden/lz4"


def content() -> bytes:
    """200,000 bytes that repeat every 10,007: blocks of 64 KiB that refer to those before them."""
    period = bytes((i * i + i // 7) % 251 if i % 5 == 0 else 7 for i in range(10_007))
    return (period * 20)[:200_000]


def lz4(*flags: str, data: bytes) -> bytes:
    return subprocess.run(["lz4", "-z", "-c", "-q", *flags], input=data, stdout=subprocess.PIPE, check=True).stdout


def sized(data: bytes) -> bytes:
    """Of a file, whose size the program knows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "content"
        path.write_bytes(data)
        return subprocess.run(["lz4", "-z", "-c", "-q", "-B4", "-BD", "--content-size", path], stdout=subprocess.PIPE, check=True).stdout


def skippable(data: bytes) -> bytes:
    return struct.pack("<II", 0x184D2A53, len(data)) + data


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    data = content()
    half = len(data) // 2
    dictionary = FOLDER / "dictionary.tmp"
    dictionary.write_bytes(data[:65536])
    files = {
        "linked": lz4("-B4", "-BD", "--no-frame-crc", data=data),
        "independent": lz4("-B4", "-BI", "--no-frame-crc", data=data),
        "checked": lz4("-B4", "-BD", "-BX", data=data),
        "sized": sized(data),
        "high": lz4("-9", "-B7", "-BD", data=data),
        "stored": lz4("-B4", data=b"".join(hashlib.sha256(bytes([i])).digest() for i in range(20))),
        "several": lz4("-B4", "-BD", data=data[:half]) + skippable(b"not ours") + lz4("-B5", "-BX", data=data[half:]),
        "skipped": skippable(b"") + skippable(bytes(300)) + lz4("-B4", data=data),
        "nothing": lz4(data=b""),
        "dictionary": lz4("-B4", "-D", str(dictionary), data=data),
        "pyarrow": pyarrow.compress(data, codec="lz4", asbytes=True),
    }
    dictionary.unlink()
    for name, frame in files.items():
        (FOLDER / f"{name}.lz4").write_bytes(frame)
        print(f"{name}.lz4: {len(frame)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
