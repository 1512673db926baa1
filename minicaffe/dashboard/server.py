"""The page's server: this machine alone, with a token, and nothing from elsewhere.

It listens on 127.0.0.1. Each request must show the token of the address that was printed, so that
neither other users of the machine nor pages of other sites can read a training or steer it; and
the ``Host`` that is asked for must be this machine, whatever name a browser was led here by.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from urllib.parse import parse_qs, urlsplit

from minicaffe.dashboard.run import Run
from minicaffe.errors import ArgumentError, DataError

_HOST = "127.0.0.1"
_PAGE = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:"
)
_MOST = 1000  # bytes of an order

Order = Callable[[str], None]


class PageServer:
    """Serves the page of some runs until it is closed.

    A context manager.

    Args:
        runs: what is shown, in this order.
        order: takes what the page's buttons ask for; without it there are none.
        port: where it listens; 0: anywhere that is free.

    Attributes:
        address: what to open in a browser.

    Raises:
        DataError: the port is taken.
    """

    def __init__(self, runs: Sequence[Run], order: Order | None = None, port: int = 0) -> None:
        token = secrets.token_urlsafe(16)
        try:
            self._server = _Server((_HOST, port), runs, order, token)
        except (OSError, OverflowError) as reason:
            text = getattr(reason, "strerror", None) or reason
            raise DataError(
                f"port {port} of {_HOST} cannot be used ({text}); give another, or 0 for any"
            ) from reason
        self.address = f"http://{_HOST}:{self._server.server_port}/?token={token}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="dashboard",
            daemon=True,
        )  # fmt: skip

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, place: tuple[str, int], runs: Sequence[Run], order: Order | None, token: str
    ) -> None:
        self.runs, self.order, self.token = runs, order, token
        super().__init__(place, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away while it is answered is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10  # seconds for a request to come

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if not self._is_allowed(url.query):
            return
        if url.path == "/runs":
            self._send_runs(parse_qs(url.query).get("seen", [""])[0])
        elif url.path in _PAGE:
            name, kind = _PAGE[url.path]
            text = (resources.files("minicaffe.dashboard") / "page" / name).read_text("utf-8")
            self._send(HTTPStatus.OK, text.replace("{{token}}", self.server.token), kind)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        if not self._is_allowed(url.query):
            return
        if url.path != "/order" or self.server.order is None:
            return self._refuse(HTTPStatus.NOT_FOUND, "no order is taken here")
        try:
            length = int(self.headers.get("Content-Length", "0"))
            body = json.loads(self.rfile.read(length)) if 0 < length <= _MOST else None
            what = body.get("order") if isinstance(body, dict) else None
            self.server.order(str(what))
        except (ValueError, ArgumentError) as error:
            return self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        self._send_json({"order": what})

    def _is_allowed(self, query: str) -> bool:
        """Whether the right token is shown, and this machine is meant; refuses otherwise."""
        shown = parse_qs(query).get("token", [""])[0].encode()
        name = (self.headers.get("Host") or "").rpartition(":")[0]
        if name in (_HOST, "localhost") and hmac.compare_digest(shown, self.server.token.encode()):
            return True
        self._refuse(
            HTTPStatus.FORBIDDEN, "open the whole address that was printed, with its token"
        )
        return False

    def _send_runs(self, seen: str) -> None:
        version = ".".join(str(run.version) for run in self.server.runs)
        if seen == version:
            return self._send_json({"version": version})
        runs = [run.shown() for run in self.server.runs]
        self._send_json({"version": version, "runs": runs})

    def _send_json(self, value: Mapping[str, object]) -> None:
        self._send(HTTPStatus.OK, json.dumps(value), "application/json")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._send(status, reason + "\n", "text/plain; charset=utf-8")

    def _send(self, status: HTTPStatus, text: str, kind: str) -> None:
        data = text.encode("utf-8")
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", _POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """The terminal is the training's."""
