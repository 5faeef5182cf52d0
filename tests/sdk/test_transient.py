"""Which errors pass by themselves, and how long they ask to wait: of the standard library, and of libraries by name."""

import email.message
import errno
import http.client
import pickle
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from overnight.agents.transient import LONGEST_RETRY_AFTER, TRANSIENT_STATUS, Transient, is_transient, retry_after_of

NOW = 1_800_000_000.0


def library(module: str, *names: str, base: type[Exception] = Exception) -> type[Exception]:
    """The last of a line of classes, each derived from the one before, named as in that library."""
    kind = base
    for name in names:
        kind = type(name, (kind,), {"__module__": module})
    return kind


def error_with(kind: type[Exception] = Exception, **attributes: Any) -> Exception:
    error = kind("said")
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


class Answer:
    """A response as requests, httpx, openai and anthropic have it."""

    def __init__(self, status: int, **headers: str) -> None:
        self.status_code = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Refusing(BaseHTTPRequestHandler):
    """Answers /STATUS with that status, and closes the line without a word for /gone."""

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(int(self.path[1:]))
        self.send_header("retry-AFTER", "7")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's stderr is for the test."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def refused(url: str) -> Exception:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - which one is what the test asks
        urllib.request.urlopen(url, timeout=20).close()
    if isinstance(caught.value, urllib.error.HTTPError):
        caught.value.close()
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        Transient("try again"),
        ConnectionResetError("reset"),
        TimeoutError("late"),
        OSError(errno.ENETUNREACH, "Network is unreachable"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        http.client.IncompleteRead(b"half"),
        urllib.error.URLError(ConnectionRefusedError("refused")),
        ExceptionGroup("both", [TimeoutError(), ConnectionError()]),
    ],
    ids=repr,
)
def test_what_the_network_does_passes(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug"),
        KeyError("a bug"),
        FileNotFoundError(errno.ENOENT, "no such file"),
        OSError(errno.ENOSPC, "No space left on device"),
        urllib.error.URLError("unknown url type: foo"),
        urllib.error.URLError(ssl.SSLCertVerificationError(1, "self-signed certificate")),
        ExceptionGroup("one of them is a bug", [TimeoutError(), ValueError()]),
        KeyboardInterrupt(),
        SystemExit(503),
    ],
    ids=repr,
)
def test_bugs_and_what_stays_as_it_is_do_not_pass(error: BaseException) -> None:
    assert not is_transient(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 501, 502, 503, 504, 529])
def test_an_http_status_decides_wherever_an_error_bears_it(status: int) -> None:
    errors = [
        error_with(status_code=status),
        error_with(status=status),
        error_with(code=status),
        error_with(code="a word", status_code=status),
        error_with(response=Answer(status)),
        error_with(response={"ResponseMetadata": {"HTTPStatusCode": status}, "Error": {"Code": "Other"}}),
        error_with(library("requests.exceptions", "ConnectionError"), response=Answer(status)),
    ]
    assert [is_transient(error) for error in errors] == [status in TRANSIENT_STATUS] * len(errors)


def test_a_number_that_is_no_http_status_decides_nothing() -> None:
    assert not is_transient(error_with(code=1))
    assert not is_transient(error_with(status=True))
    assert is_transient(error_with(library("openai", "APIConnectionError"), code=None, status=7))


@pytest.mark.parametrize("path", ["/429", "/503", "/gone"])
def test_a_real_server_that_is_busy_or_hangs_up_is_tried_again(address: str, path: str) -> None:
    assert is_transient(refused(address + path))


def test_a_real_server_that_says_no_is_not_asked_again(address: str) -> None:
    assert not is_transient(refused(address + "/404"))


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("httpx", ["HTTPError", "TransportError", "NetworkError", "ConnectError"]),
        ("httpx", ["HTTPError", "TransportError", "TimeoutException", "ReadTimeout"]),
        ("httpx2", ["TransportError", "ProtocolError", "RemoteProtocolError"]),
        ("httpcore", ["NetworkError", "ReadError"]),
        ("requests.exceptions", ["RequestException", "ConnectionError"]),
        ("requests.exceptions", ["RequestException", "Timeout", "ReadTimeout"]),
        ("aiohttp.client_exceptions", ["ClientError", "ClientConnectionError", "ServerDisconnectedError"]),
        ("aiohttp.client_exceptions", ["ClientError", "ClientPayloadError"]),
        ("urllib3.exceptions", ["HTTPError", "ProtocolError"]),
        ("openai", ["OpenAIError", "APIConnectionError", "APITimeoutError"]),
        ("anthropic", ["AnthropicError", "APIConnectionError"]),
        ("botocore.exceptions", ["BotoCoreError", "HTTPClientError", "ReadTimeoutError"]),
    ],
)
def test_lost_connections_of_libraries_are_known_by_name(module: str, names: list[str]) -> None:
    assert is_transient(library(module, *names)("lost"))
    assert not is_transient(library("mine", *names)("only called so"))


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("httpx", ["HTTPError", "TransportError", "UnsupportedProtocol"]),
        ("requests.exceptions", ["RequestException", "ConnectionError", "SSLError"]),
        ("aiohttp.client_exceptions", ["ClientConnectionError", "ClientConnectorError", "ClientSSLError"]),
        ("openai", ["OpenAIError", "LengthFinishReasonError"]),
    ],
)
def test_what_another_try_cannot_mend_is_not_tried_again(module: str, names: list[str]) -> None:
    assert not is_transient(library(module, *names)("no"))


def test_a_refused_certificate_is_found_behind_what_says_connection_lost() -> None:
    below = library("httpcore", "NetworkError", "ConnectError")(ssl.SSLCertVerificationError(1, "self-signed"))
    error = library("httpx", "TransportError", "NetworkError", "ConnectError")("self-signed")
    error.__cause__ = below
    assert not is_transient(error)


def test_aws_and_anthropic_say_it_in_the_body() -> None:
    def aws(code: str) -> Exception:
        return error_with(response={"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}})

    def anthropic(kind: str) -> Exception:
        return error_with(status_code=200, body={"type": "error", "error": {"type": kind}})

    assert is_transient(aws("ThrottlingException"))
    assert not is_transient(aws("ValidationException"))
    assert is_transient(anthropic("overloaded_error"))
    assert not is_transient(anthropic("invalid_request_error"))
    assert not is_transient(error_with(status_code=400, body=b"text", response="text"))


def raised_from(outer: Exception, cause: Exception) -> Exception:
    try:
        raise outer from cause
    except type(outer) as error:
        return error


def test_an_error_raised_from_another_stands_for_it_unless_it_tells_of_a_bug() -> None:
    class Unreadable(Exception):
        """An author's own."""

    lost, busy = ConnectionResetError("reset"), error_with(status_code=503)
    assert is_transient(raised_from(Unreadable("page 7"), lost))
    assert is_transient(raised_from(RuntimeError("page 7"), raised_from(Unreadable("page 7"), busy)))
    assert not is_transient(raised_from(ValueError("a bug"), lost))
    assert not is_transient(raised_from(error_with(status_code=404), lost))
    assert not is_transient(raised_from(Unreadable("page 7"), ValueError("a bug")))


def test_an_error_that_happened_while_another_was_handled_does_not_stand_for_it() -> None:
    error = RuntimeError("while cleaning up")
    error.__context__ = ConnectionResetError("reset")
    assert not is_transient(error)


def test_errors_that_stand_for_each_other_in_a_circle_are_judged() -> None:
    one, other = RuntimeError("one"), RuntimeError("other")
    one.__cause__, other.__cause__ = other, one
    assert not is_transient(one)
    assert retry_after_of(one, NOW) is None


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7.0),
        ("0.25", 0.25),
        (" 12 ", 12.0),
        ("-5", 0.0),
        ("1e9", LONGEST_RETRY_AFTER),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_RETRY_AFTER),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(asked: str, seconds: float | None) -> None:
    assert retry_after_of(error_with(headers={"Retry-After": asked}), NOW) == seconds
    assert retry_after_of(error_with(response=Answer(429, Retry_After=asked)), NOW) == seconds


def test_retry_after_is_found_whatever_holds_the_headers(address: str) -> None:
    message = email.message.Message()
    message["RETRY-AFTER"] = "7"
    metadata = {"HTTPStatusCode": 503, "HTTPHeaders": {"retry-after": "7"}}
    holders = [
        refused(address + "/429"),
        error_with(headers=message),
        error_with(response=Answer(429, retry_after="7")),
        error_with(response={"ResponseMetadata": metadata}),
        raised_from(RuntimeError("wrapped"), Transient("busy", retry_after=7)),
        ExceptionGroup("several", [ValueError(), Transient("", retry_after=7), Transient("", retry_after=3)]),
    ]
    assert [retry_after_of(error, NOW) for error in holders] == [7.0] * len(holders)


def test_milliseconds_are_more_exact_than_seconds() -> None:
    assert retry_after_of(error_with(response=Answer(429, retry_after_ms="250", retry_after="1")), NOW) == 0.25


@pytest.mark.parametrize("error", [ValueError(), Transient("busy"), error_with(headers=None), error_with(headers=3)])
def test_an_error_that_asks_nothing_gives_none(error: Exception) -> None:
    assert retry_after_of(error, NOW) is None


def test_a_transient_error_bears_its_delay_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(Transient("busy", retry_after=4)))
    assert (str(copy), copy.retry_after) == ("busy", 4)
    assert retry_after_of(Transient("busy", retry_after=-4), NOW) == 0
