#!/usr/bin/env python3
"""Where keys come from, where they go, and that nobody sees one: configurations of others, and servers that send keys back.

Needs no shared data. Cases of several users need root, to give files to somebody else: elsewhere they are skipped, loudly.
"""
from __future__ import annotations

import base64
import html
import http.server
import json
import os
import sys
import threading
import urllib.parse
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from judging import Judge, Lake, Result  # noqa: E402

OTHER = 4002
KEYS = {"DATABENTO_API_KEY": "db-Vict1m0123456789abc+/", "MASSIVE_API_KEY": "mKvict1mABCDEFGHIJKL0123456789",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-K7MDENG-secret", "GITHUB_TOKEN": "ghp_0123456789abcdefghij"}


class Server:
    """Notes what is sent to it, and answers as it is told."""

    def __init__(self, answer: Callable[[Any, str], tuple[int, str, bytes]] | None = None) -> None:
        self.seen: list[str] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answered(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                header = self.headers.get("Authorization", "")
                key = header.split(" ")[-1]
                if header.startswith("Basic "):
                    key = base64.b64decode(key).decode().removesuffix(":")
                server.seen.append(key)
                status, kind, answer = server.answer(self, key)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("X-Request-Id", header if server.echoes else "request-1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                del body

            do_GET = do_POST = answered

            def log_message(self, *_: Any) -> None:
                pass

        self.echoes = answer is not None
        self.answer = answer or (lambda _, key: (200, "application/json", b'["X.Y"]'))
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: Any) -> None:
        self.http.shutdown()
        self.http.server_close()


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), **KEYS, **more}


# MARK: trust

def judge_trust(judge: Judge, can_give: bool) -> None:
    makers: dict[str, Callable[[Path], None]] = {"a file that everybody can write": lambda path: path.chmod(0o666)}
    if can_give:
        makers["a file of somebody else"] = lambda path: os.chown(path, OTHER, OTHER)

        def given(path: Path) -> None:
            os.chown(path, OTHER, OTHER)
            os.chown(path.parent, OTHER, OTHER)
        makers["a lake of somebody else"] = given
    secret = "hvs.CAESIPRIVATETOKEN"
    with Server() as server:
        for maker, make in makers.items():
            for what, settings in {
                "key_env and url": f"key_env: AWS_SECRET_ACCESS_KEY, url: '{server.url}/v0'", "url": f"url: '{server.url}/v0'",
                "key_file and url": f"key_file: ~/token, url: '{server.url}/v0'",
            }.items():
                for named in (False, True):
                    folder = judge.folder()
                    folder.chmod(0o755)
                    (folder / "home").mkdir()
                    (folder / "home/token").write_text(secret + "\n")
                    (folder / "home/token").chmod(0o600)
                    root = folder / "lake"
                    (root / "victim").mkdir(parents=True)
                    text = f"vendors: {{databento: {{{settings}}}}}\n"
                    (root / "lake.yaml").write_text(text)
                    make(root / "lake.yaml")
                    name = f"{maker}, {what}, {'named' if named else 'found'}"
                    env = environment(folder / "home")
                    lake = Lake(judge.binary, root)

                    def run(*words: str) -> Result:
                        return lake.run(*words, in_lake=named, env=env, cwd=root / "victim")

                    for words in (["vendors", "check", "databento"],
                                  ["download", "databento", "--dataset", "X.Y", "--schema", "trades", "--symbols", "SPY", "--start",
                                   "2024-01-02", "--end", "2024-01-02"]):
                        server.seen.clear()
                        result = run(*words)
                        judge.check(not server.seen, f"{name}: {words[0]} sends nothing", server.seen)
                        judge.check(result.status in (1, 2) and f"lake config trust {root}" in result.talk
                                    and str(root / "lake.yaml") in result.talk, f"{name}: {words[0]} says what to do", result.talk)
                    trusted = run("config", "trust")
                    judge.check(trusted.status == 0, f"{name}: it can be trusted", trusted.talk)
                    server.seen.clear()
                    run("vendors", "check", "databento")
                    judge.check(len(server.seen) > 0, f"{name}: then it is believed")
                    file = folder / "home/.config/lake/trusted"
                    judge.check(file.stat().st_mode & 0o777 == 0o600, f"{name}: the list is private")
                    judge.check(str(root) in run("config", "trust", "--list").output, f"{name}: it is listed")
                    for change in [text.replace("/v0", "/v1"), text.replace("databento: {", "databento: {key_env: GITHUB_TOKEN, ")
                                   if "key_env" not in text else text.replace("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN")]:
                        (root / "lake.yaml").write_text(change)
                        server.seen.clear()
                        run("vendors", "check", "databento")
                        judge.check(not server.seen, f"{name}: what changed is not believed", change)
                    (root / "lake.yaml").write_text(text)
                    run("config", "trust", "--remove").expect(0)
                    server.seen.clear()
                    run("vendors", "check", "databento")
                    judge.check(not server.seen, f"{name}: trust is taken back")
                    server.seen.clear()
                    lake.run("vendors", "check", "databento", in_lake=named, cwd=root / "victim",
                             env=env | {"LAKE_DATABENTO_URL": server.url + "/v0"})
                    can = "key" not in what
                    judge.check((server.seen == [KEYS["DATABENTO_API_KEY"]]) == can, f"{name}: a variable of the environment is one's own")


def judge_own(judge: Judge) -> None:
    """Who makes a lake and writes into its configuration is not bothered."""
    with Server() as server:
        folder = judge.folder()
        (folder / "home").mkdir()
        lake = Lake(judge.binary, folder / "lake")
        env = environment(folder / "home")
        lake.run("init", lake.root, "-q", in_lake=False, env=env).expect(0)
        for settings, key in [(f"url: '{server.url}/v0'", "DATABENTO_API_KEY"),
                              (f"key_env: GITHUB_TOKEN, url: '{server.url}/v0'", "GITHUB_TOKEN")]:
            (lake.root / "lake.yaml").write_text(f"vendors: {{databento: {{{settings}}}}}\n")
            for named in (False, True):
                server.seen.clear()
                result = lake.run("vendors", "check", "databento", in_lake=named, cwd=lake.root, env=env)
                judge.check(server.seen == [KEYS[key]], f"one's own lake needs no trust: {settings}", result.talk)
        (lake.root / "lake.yaml").write_text("vendors: {databento: {key_env: DATABENTO_API_KEY}}\n")
        (lake.root / "lake.yaml").chmod(0o666)
        result = lake.run("vendors", "check", "databento", env=env | {"LAKE_DATABENTO_URL": server.url})
        judge.check(result.status == 0, "what is usual needs no trust", result.talk)


def judge_strangers_env(judge: Judge) -> None:
    with Server() as server:
        folder = judge.folder()
        folder.chmod(0o755)
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LAKE_DATABENTO_URL": server.url}
        (folder / ".env").write_text("DATABENTO_API_KEY=db-theirs\n")
        (folder / ".env").chmod(0o600)
        os.chown(folder / ".env", OTHER, OTHER)
        lake = Lake(judge.binary, folder)
        result = lake.run("vendors", "check", "databento", in_lake=False, env=env, cwd=folder)
        judge.check(not server.seen and "lake config trust" in result.talk, "a '.env' of somebody else is not used", result.talk)
        lake.run("config", "trust", folder, in_lake=False, env=env, cwd=folder).expect(0)
        lake.run("vendors", "check", "databento", in_lake=False, env=env, cwd=folder)
        judge.check(server.seen == ["db-theirs"], "a '.env' of somebody else is used once it is trusted", server.seen)


# MARK: keys that come back

def forms(key: str) -> dict[str, str]:
    """Ways in which a server may send a key back."""
    basic = base64.b64encode((key + ":").encode()).decode()
    return {
        "as it is": key, "percent-encoded": urllib.parse.quote(key, safe=""), "in small hexadecimal": urllib.parse.quote(key, safe="").lower()
        if key.islower() else "".join(f"%{byte:02x}" for byte in key.encode()), "encoded twice": urllib.parse.quote(urllib.parse.quote(key, safe="")),
        "all encoded": "".join(f"%{byte:02X}" for byte in key.encode()), "as basic authentication": basic, "without padding": basic.rstrip("="),
        "the key alone in base 64": base64.b64encode(key.encode()).decode(), "in HTML": html.escape(key).replace("+", "&#43;"),
        "in a header": f"Authorization: Basic {basic}", "in an address": f"https://{key}@api.example/v0?apiKey={key}",
    }


def leaks(text: str, key: str) -> str | None:
    """A part of the key that a text shows, in any of the forms."""
    plain = urllib.parse.unquote(urllib.parse.unquote(html.unescape(text)))
    encoded = base64.b64encode(key.encode()).decode().rstrip("=")
    for secret, size in ((key, 6), (encoded, 8)):
        for start in range(len(secret) - size + 1):
            if secret[start:start + size] in plain or secret[start:start + size] in text:
                return secret[start:start + size]
    return None


def judge_echoes(judge: Judge) -> None:
    downloads = {
        "databento": ("DATABENTO_API_KEY", "LAKE_DATABENTO_URL", "/v0", ["download", "databento", "--dataset", "X.Y", "--schema", "trades",
                      "--symbols", "SPY", "--start", "2024-01-02", "--end", "2024-01-02"]),
        "massive": ("MASSIVE_API_KEY", "LAKE_MASSIVE_URL", "", ["download", "massive", "bars", "--symbols", "SPY", "--start", "2024-01-02",
                    "--end", "2024-01-02"]),
    }
    text: dict[str, Any] = {}
    bodies: dict[str, Callable[[str], tuple[str, bytes]]] = {
        "detail": lambda said: ("application/json", json.dumps({"detail": {"case": said, "message": said}}).encode()),
        "error": lambda said: ("application/json", json.dumps({"status": "ERROR", "request_id": said, "error": said}).encode()),
        "fields": lambda said: ("application/json", json.dumps({"detail": [{"loc": ["body", said], "msg": said}]}).encode()),
        "a web page": lambda said: ("text/html", f"<html><title>{said}</title></html>".encode()),
        "plain text": lambda said: ("text/plain", said.encode()), "no JSON": lambda said: ("application/json", f'{{"a": {said}'.encode()),
    }

    def answer(_: Any, key: str) -> tuple[int, str, bytes]:
        return text["status"], *bodies[text["body"]](text["said"](key))

    with Server(answer) as server:
        for vendor, (variable, url, path, download) in downloads.items():
            key, folder = KEYS[variable], judge.folder()
            lake = Lake(judge.binary, folder / "lake")
            lake.run("init", lake.root, "-q", in_lake=False).expect(0)
            (lake.root / "lake.yaml").write_text("retry: {max_attempts: 2, initial_wait: 0, max_wait: 0}\n")
            env = environment(folder, **{url: server.url + path})

            def asked(name: str) -> None:
                for words in (["vendors", "check", vendor], download, [*download, "--json", "--verbose"]):
                    result = lake.run(*words, env=env)
                    shown = result.output + result.talk
                    judge.check(leaks(shown, key) is None, f"{vendor}, {name}: {words[0]} shows no key", (leaks(shown, key), shown[-600:]))

            for form in forms(key):
                text.update(status=400, body="detail", said=lambda key, form=form: f"your key {forms(key)[form]} is bad")
                asked(f"a key {form}")
            for status in (200, 401, 403, 404, 429, 500):
                for body in bodies:
                    text.update(status=status, body=body, said=lambda key: f"your key {key} is bad")
                    asked(f"{body} with status {status}")
            for before in [*range(500 - len(key) - 2, 503, 3)]:
                text.update(status=400, body="detail", said=lambda key, before=before: "x" * before + key)
                asked(f"a key behind {before} characters")
            for before in range((64 << 10) - len(key) - 60, (64 << 10), 11):
                text.update(status=400, body="plain text", said=lambda key, before=before: (key * 4000)[:before] + key)
                asked(f"a text of keys that is cut at {before}")
            kept = "".join(path.read_bytes().decode("latin1") for path in lake.root.rglob("*") if path.is_file())
            judge.check(leaks(kept, key) is None, f"{vendor}: the lake's files hold no key", leaks(kept, key))
            for said in (f"https://{key}@127.0.0.1/v0", f"https://user:{key}@host/", f"http://host/v0?apiKey={key}", f"{key}@host"):
                for more in ({url: said}, {}):
                    if not more:
                        (lake.root / "lake.yaml").write_text(f"vendors: {{{vendor}: {{url: '{said}'}}}}\n")
                    for words in (["vendors", "check", vendor], ["config", "show"], ["config", "show", "--json"], ["config", "check"], download):
                        result = lake.run(*words, env={**env, url: ""} | more)
                        shown = result.output + result.talk
                        judge.check(leaks(shown, key) is None, f"{vendor}: {words[0]} shows no key of the address {said.replace(key, 'KEY')}",
                                    shown[-600:])
                    (lake.root / "lake.yaml").write_text("retry: {max_attempts: 1}\n")


def judge_all(judge: Judge) -> None:
    can_give = os.geteuid() == 0
    if not can_give:
        print("SKIPPED files of somebody else: they need root")
    judge_own(judge)
    judge_trust(judge, can_give)
    if can_give:
        judge_strangers_env(judge)
    judge_echoes(judge)


if __name__ == "__main__":
    judge = Judge(__doc__)
    sys.exit(judge.run(judge_all))
