"""What the stand-ins share: an HTTP server that logs what it was asked, and misbehaves when told to."""
from __future__ import annotations

import argparse
import gzip
import json
import signal
import ssl
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULTS = """faults: KIND[:NAME=VALUE[,NAME=VALUE…]], several times if need be
  429         too many requests      after=SECONDS for the Retry-After header, date=1 for its other form
  500 503 401 403 …                  any other status
  html        a web page instead of data
  redirect    to another host        to=URL
  stall       no further byte        at=BYTES of the body, seconds=S (for ever without)
  cut         the connection breaks  at=BYTES
  truncate    the body ends early, as if that were all of it   at=BYTES
  drip        slowly                 bytes=N at a time, every=SECONDS, at=BYTES that drip
  repeat      the answer before comes again (pages)
  short       a result fewer than the page says (pages); records fewer than the count says   drop=N (1)
  other       records that nobody asked for   hours=N later, for=SYMBOLS
  hash        a wrong sha256 (batch files)
  unentitled  403 for a range        from=DATE,to=DATE, symbol=X
of each: path=TEXT in the address, times=N requests (1; 0 is all), skip=N requests first, symbol=X, for requests that name it"""


@dataclass
class Fault:
    kind: str
    options: dict[str, str] = field(default_factory=dict)
    seen: int = 0

    def number(self, name: str, default: float) -> float:
        return float(self.options.get(name, default))


def parse_fault(text: str) -> Fault:
    kind, _, rest = text.partition(":")
    options = {}
    for part in rest.split(",") if rest else []:
        name, equals, value = part.partition("=")
        if not equals:
            raise argparse.ArgumentTypeError(f"'{part}' should be NAME=VALUE")
        options[name] = value
    if not kind.isdigit() and kind not in {"html", "redirect", "stall", "cut", "truncate", "drip", "repeat", "short", "other", "hash", "unentitled"}:
        raise argparse.ArgumentTypeError(f"no fault '{kind}'")
    return Fault(kind, options)


class Faults:
    """Decides which request meets which fault."""

    def __init__(self, faults: list[Fault], data_paths: list[str]) -> None:
        self.faults, self.data_paths, self.lock = faults, data_paths, threading.Lock()

    def of(self, path: str, parameters: dict[str, str], kinds: set[str] | None = None) -> Fault | None:
        """The first fault for a request, counted as used. Without kinds: all that stand in the answer's way."""
        text = path + "?" + urllib.parse.urlencode(parameters)
        with self.lock:
            for fault in self.faults:
                if (fault.kind in kinds) if kinds else fault.kind not in {"hash", "unentitled"}:
                    paths = [fault.options["path"]] if "path" in fault.options else self.data_paths
                    if kinds is None and not any(part in text for part in paths):
                        continue
                    if "symbol" in fault.options and fault.options["symbol"] not in text:
                        continue
                    times, skip = fault.number("times", 0 if kinds else 1), fault.number("skip", 0)
                    fault.seen += 1
                    if fault.seen > skip and (times == 0 or fault.seen <= skip + times):
                        return fault
        return None


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class Cut(Exception):
    pass


def add_flags(parser: argparse.ArgumentParser, needs_data: bool = True) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = FAULTS
    parser.add_argument("--data", required=needs_data, help="folder with the files to serve, looked through to its bottom")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one, which is printed")
    parser.add_argument("--key", help="the only key that is accepted; any without this")
    parser.add_argument("--log", help="file that gets a JSON line for each request")
    parser.add_argument("--fault", type=parse_fault, action="append", default=[], help="see below")
    parser.add_argument("--certificate", help="PEM file with certificate and key: speaks https")
    parser.add_argument("--stop-with-stdin", action="store_true", help="ends when standard input does")


class Handler(BaseHTTPRequestHandler):
    """One request: subclasses answer it by `answer`."""

    protocol_version = "HTTP/1.1"
    # Head and body go out one after the other: held back, the body would wait 40 ms for the head's receipt.
    disable_nagle_algorithm = True
    server: "Server"
    path_only = ""
    fault: Fault | None = None

    def answer(self, method: str, path: str, parameters: dict[str, str]) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.handle_one("GET")

    def do_POST(self) -> None:
        self.handle_one("POST")

    def handle_one(self, method: str) -> None:
        address = urllib.parse.urlsplit(self.path)
        parameters = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            body = self.rfile.read(min(length, 16 << 20)).decode()
            parameters.update(urllib.parse.parse_qsl(body, keep_blank_values=True))
        self.path_only, self.status_sent, self.bytes_sent, self.is_whole = address.path, 0, 0, False
        self.fault = self.server.faults.of(address.path, parameters)
        try:
            try:
                self.misbehave_first()
                self.answer(method, address.path, parameters)
            except Refusal as refusal:
                self.send_json(refusal.body, refusal.status, refusal.headers)
            self.is_whole = True
        except (Cut, ConnectionError):
            self.close_connection = True
            self.is_whole = False
        finally:
            self.server.record(self, method, parameters)

    def misbehave_first(self) -> None:
        fault = self.fault
        if fault is None:
            return
        if fault.kind == "html":
            page = b"<html><head><title>Please log in</title></head><body></body></html>"
            self.begin(200, {"Content-Type": "text/html"}, len(page))
            self.push(page)
            raise Cut
        if fault.kind == "redirect":
            target = fault.options.get("to", "http://127.0.0.2:9/elsewhere")
            raise Refusal(302, {"detail": "moved"}, {"Location": target})
        if fault.kind.isdigit():
            headers = {}
            if "after" in fault.options:
                seconds = fault.number("after", 1)
                headers["Retry-After"] = fault.options["after"]
                if "date" in fault.options:
                    headers["Retry-After"] = self.date_time_string(time.time() + seconds)
            raise Refusal(int(fault.kind), self.server.refusal_body(int(fault.kind)), headers)

    # --- answers

    def begin(self, status: int, headers: dict[str, str], length: int | None) -> None:
        self.status_sent = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("request-id", self.server.next_id())
        self.is_chunked = length is None
        self.send_header(*(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))))
        self.end_headers()

    def push(self, piece: bytes) -> None:
        if piece:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self.is_chunked else piece)
            self.bytes_sent += len(piece)

    def send_json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value, default=str).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 200:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        self.send_pieces([body], status, headers, len(body))

    def send_pieces(self, pieces: Iterable[bytes], status: int, headers: dict[str, str], length: int | None = None) -> None:
        self.begin(status, headers, length)
        for piece in self.faulted(pieces):
            self.push(piece)
        if self.is_chunked:
            self.wfile.write(b"0\r\n\r\n")

    def faulted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        fault = self.fault
        if fault is None or fault.kind not in {"stall", "cut", "truncate", "drip"}:
            yield from pieces
            return
        at, sent = int(fault.number("at", 20_000 if fault.kind == "drip" else 1000)), 0
        for piece in pieces:
            if sent >= at:
                yield piece
                continue
            head, rest = piece[:at - sent], piece[at - sent:]
            sent += len(head)
            if fault.kind == "drip":
                yield from self.dripped(head, fault)
            else:
                yield head
            if sent >= at:
                if fault.kind == "truncate" and self.is_chunked:
                    return
                if fault.kind in {"cut", "truncate"}:
                    self.wfile.flush()
                    raise Cut
                if fault.kind == "stall":
                    self.wfile.flush()
                    self.server.pause(fault.number("seconds", 1e9))
                yield rest
        if sent < at and fault.kind == "cut":
            raise Cut
        if sent < at and fault.kind == "stall":
            self.server.pause(fault.number("seconds", 1e9))

    def dripped(self, piece: bytes, fault: Fault) -> Iterator[bytes]:
        size, every = int(fault.number("bytes", 500)), fault.number("every", 0.05)
        for start in range(0, len(piece), size):
            yield piece[start:start + size]
            self.wfile.flush()
            time.sleep(every)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, options: argparse.Namespace, handler: type[Handler], data_paths: list[str],
                 refusal_body: Callable[[int], object]) -> None:
        super().__init__(("127.0.0.1", options.port), handler)
        self.options, self.refusal_body = options, refusal_body
        self.faults = Faults(options.fault, data_paths)
        self.lock, self.count = threading.Lock(), 0
        self.log = open(options.log, "a") if options.log else None
        self.scheme = "http"
        if options.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def next_id(self) -> str:
        with self.lock:
            self.count += 1
            return f"standin-{self.count}"

    def pause(self, seconds: float) -> None:
        time.sleep(min(seconds, 1e6))

    def record(self, handler: Handler, method: str, parameters: dict[str, str]) -> None:
        if not self.log:
            return
        line = {"time": time.time(), "method": method, "path": handler.path_only, "parameters": parameters,
                "range": handler.headers.get("Range"), "status": handler.status_sent, "bytes": handler.bytes_sent,
                "whole": handler.is_whole, "fault": handler.fault.kind if handler.fault else None}
        # A key in an address is the client's mistake; the log must not repeat it.
        line["parameters"] = {name: "***" if name.lower() in {"apikey", "api_key", "key"} else value
                              for name, value in parameters.items()}
        with self.lock:
            self.log.write(json.dumps(line) + "\n")
            self.log.flush()

    def handle_error(self, request: object, client_address: object) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError)):
            super().handle_error(request, client_address)


def serve(server: Server) -> None:
    """Prints the address and serves until it is told to end."""
    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if server.options.stop_with_stdin:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), stop()), daemon=True).start()
    print(f"listening on {server.url}", flush=True)
    server.serve_forever(poll_interval=0.1)
