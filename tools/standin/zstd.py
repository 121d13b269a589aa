"""zstd by libzstd, which Python's standard library reaches through ctypes."""
from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator

LIBRARY = ctypes.CDLL("libzstd.so.1")
CHUNK = 4 << 20
COMPRESSION_LEVEL = 100  # ZSTD_c_compressionLevel
CHECKSUM = 201  # ZSTD_c_checksumFlag
CONTINUE, END = 0, 2


class Buffer(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t), ("pos", ctypes.c_size_t)]


for _name in ["ZSTD_createCCtx", "ZSTD_createDCtx"]:
    getattr(LIBRARY, _name).restype = ctypes.c_void_p
for _name, _types in {
    "ZSTD_freeCCtx": [ctypes.c_void_p], "ZSTD_freeDCtx": [ctypes.c_void_p],
    "ZSTD_CCtx_setParameter": [ctypes.c_void_p, ctypes.c_int, ctypes.c_int],
    "ZSTD_compressStream2": [ctypes.c_void_p, ctypes.POINTER(Buffer), ctypes.POINTER(Buffer), ctypes.c_int],
    "ZSTD_decompressStream": [ctypes.c_void_p, ctypes.POINTER(Buffer), ctypes.POINTER(Buffer)],
}.items():
    getattr(LIBRARY, _name).argtypes = _types
    if _name != "ZSTD_freeCCtx" and _name != "ZSTD_freeDCtx":
        getattr(LIBRARY, _name).restype = ctypes.c_size_t
LIBRARY.ZSTD_isError.argtypes = [ctypes.c_size_t]


def compress(pieces: Iterable[bytes], level: int = 1) -> Iterator[bytes]:
    """One frame of all pieces, in pieces of its own."""
    context = LIBRARY.ZSTD_createCCtx()
    try:
        LIBRARY.ZSTD_CCtx_setParameter(context, COMPRESSION_LEVEL, level)
        LIBRARY.ZSTD_CCtx_setParameter(context, CHECKSUM, 1)
        room = ctypes.create_string_buffer(1 << 20)

        def run(piece: bytes, mode: int) -> Iterator[bytes]:
            source = Buffer(ctypes.cast(ctypes.c_char_p(piece), ctypes.c_void_p), len(piece), 0)
            while True:
                target = Buffer(ctypes.addressof(room), len(room), 0)
                left = LIBRARY.ZSTD_compressStream2(context, ctypes.byref(target), ctypes.byref(source), mode)
                if LIBRARY.ZSTD_isError(left):
                    raise OSError("zstd cannot compress")
                if target.pos:
                    yield ctypes.string_at(room, target.pos)
                if source.pos == len(piece) and (mode == CONTINUE or left == 0):
                    return

        for piece in pieces:
            yield from run(bytes(piece), CONTINUE)
        yield from run(b"", END)
    finally:
        LIBRARY.ZSTD_freeCCtx(context)


def decompress(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What all frames hold, in pieces; a frame that does not end is an error."""
    context = LIBRARY.ZSTD_createDCtx()
    try:
        room = ctypes.create_string_buffer(CHUNK)
        left = 0
        for piece in pieces:
            source = Buffer(ctypes.cast(ctypes.c_char_p(piece), ctypes.c_void_p), len(piece), 0)
            is_full = False
            while source.pos < len(piece) or is_full:
                target = Buffer(ctypes.addressof(room), len(room), 0)
                left = LIBRARY.ZSTD_decompressStream(context, ctypes.byref(target), ctypes.byref(source))
                if LIBRARY.ZSTD_isError(left):
                    raise OSError("no zstd frame")
                if target.pos:
                    yield ctypes.string_at(room, target.pos)
                is_full = target.pos == len(room)
        if left:
            raise OSError("the zstd frame does not end")
    finally:
        LIBRARY.ZSTD_freeDCtx(context)
