"""Which errors pass by themselves, and how long they ask to be left alone. Pure.

Libraries are recognised without importing them: by the HTTP status an error bears, and by the names of its classes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

LONGEST_RETRY_AFTER = 3600.0
"""Seconds: a server that names more, or a date far away, is asked again after these."""
TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""HTTP: time-outs, too early, too many, and the server's own troubles (529: overloaded)."""

_NETWORK_GONE = frozenset({-5, -3, -2, 100, 101, 102, 112, 113})
"""errno of an OSError: EAI_NODATA, EAI_AGAIN, EAI_NONAME (so a name server that is away looks, too), ENETDOWN,
ENETUNREACH, ENETRESET, EHOSTDOWN, EHOSTUNREACH."""
_OF_HTTPX = {"NetworkError", "ProxyError", "RemoteProtocolError", "TimeoutException"}
# Not all of its TransportError: an unsupported scheme is a bug.
_LOST_CONNECTIONS = {
    "aiohttp": {"ClientConnectionError", "ClientPayloadError", "ServerTimeoutError"},
    "anthropic": {"APIConnectionError"},
    "botocore": {"ConnectionError", "HTTPClientError"},
    "http": {"IncompleteRead"},
    "httpcore": _OF_HTTPX,
    "httpcore2": _OF_HTTPX,
    "httpx": _OF_HTTPX,
    "httpx2": _OF_HTTPX,
    "openai": {"APIConnectionError"},
    "requests": {"ChunkedEncodingError", "ConnectionError", "Timeout"},
    "urllib3": {"NewConnectionError", "ProtocolError", "TimeoutError"},
}
"""Package -> the classes of its that mean so, with whatever is derived from them."""
_NOT_TRUSTED = {
    "aiohttp": {"ClientSSLError"},
    "botocore": {"SSLError"},
    "requests": {"SSLError"},
    "ssl": {"SSLCertVerificationError"},
}
"""Derived from the ones above, or what they stand for; but a certificate that is refused stays refused."""
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""What AWS answers, mostly with status 400: the lists of botocore's own retries."""
_OVERLOADED = frozenset({"api_error", "overloaded_error", "rate_limit_error", "timeout_error"})
"""What Anthropic says in the body once a stream has begun with status 200."""
_DEEPEST = 8
"""Errors of a chain that are looked at."""


class Transient(Exception):
    """Raised by an author: it is worth trying this again. `retry_after`: seconds to wait at least."""

    def __init__(self, message: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def is_transient(error: BaseException) -> bool:
    """Whether trying again may help: `Transient`, lost connections, time-outs, HTTP 408, 425, 429 and most of 5xx.

    An HTTP status decides where there is one. `raise X from error` counts as `error` does, unless X is of a builtin
    class that tells of a bug (ValueError, KeyError, …); what merely happened during another error does not count.
    A group is transient when all of its errors are.
    """
    chain = list(_chain(error))
    return any(map(_is_transient_itself, chain)) and not any(_is_named(each, _NOT_TRUSTED) for each in chain)


def retry_after_of(error: BaseException, now: float) -> float | None:
    """Seconds that the error asks to wait: its own `retry_after`, or a Retry-After header. None = it asks nothing.
    A group asks what the most patient of its errors asks.

    `now`: wall time in seconds, for a header that names a date. Never negative, never above LONGEST_RETRY_AFTER.
    """
    asked = [seconds for each in _chain(error) if (seconds := _asked_by(each, now)) is not None]
    return min(max(0.0, asked[0]), LONGEST_RETRY_AFTER) if asked else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it says it stands for."""
    current: object = error
    for _ in range(_DEEPEST):
        if not isinstance(current, Exception):
            return
        yield current
        if not _wraps(current):
            return
        # urllib's URLError and urllib3's MaxRetryError bear it as their reason, httpcore's and others as what they say.
        said = (getattr(current, "reason", None), *current.args[:1])
        current = next((each for each in said if isinstance(each, BaseException)), current.__cause__)


def _wraps(error: BaseException) -> bool:
    """Whether what it says by itself may not be all. An HTTP status is all, and so is a builtin that tells of a bug."""
    kind = type(error)
    tells_nothing = kind.__module__ != "builtins" or kind in {Exception, RuntimeError, OSError}
    return tells_nothing and _status_of(error) is None


def _is_transient_itself(error: BaseException) -> bool:
    if isinstance(error, Transient | ConnectionError | TimeoutError):
        return True
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_transient, error.exceptions))
    if isinstance(error, OSError) and error.errno in _NETWORK_GONE:
        return True
    status = _status_of(error)
    if status in TRANSIENT_STATUS or _says_so(error):
        return True
    return status is None and _is_named(error, _LOST_CONNECTIONS)


def _is_named(error: BaseException, names: Mapping[str, set[str]]) -> bool:
    return any(kind.__name__ in names.get(kind.__module__.partition(".")[0], ()) for kind in type(error).__mro__)


def _status_of(error: BaseException) -> int | None:
    """The HTTP status it bears."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        # botocore's.
        return _http(_inside(response, "ResponseMetadata", "HTTPStatusCode"))
    for holder, name in ((error, "status_code"), (error, "status"), (error, "code"), (response, "status_code")):
        status = _http(getattr(holder, name, None))
        if status is not None:
            return status
    return _http(getattr(response, "status", None))


def _http(value: object) -> int | None:
    return int(value) if isinstance(value, int) and 100 <= value <= 599 else None


def _says_so(error: BaseException) -> bool:
    """Whether the body says it though the status does not."""
    throttled = _inside(getattr(error, "response", None), "Error", "Code")
    overloaded = _inside(getattr(error, "body", None), "error", "type")
    return throttled in _THROTTLED or overloaded in _OVERLOADED


def _inside(value: object, *path: str) -> Any:
    """What lies there in nested mappings; None = nothing that could be meant."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str | int) else None


def _asked_by(error: BaseException, now: float) -> float | None:
    if isinstance(error, Transient):
        return _number(error.retry_after)
    if isinstance(error, BaseExceptionGroup):
        return max(retry_after_of(each, now) or 0.0 for each in error.exceptions) or None
    headers = _headers_of(error)
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    if asked is None:
        return None
    seconds = _number(asked)
    return seconds if seconds is not None else _seconds_until(asked, now)


def _headers_of(error: BaseException) -> dict[str, str]:
    """With small letters; of the error itself, or of its response."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        metadata = response.get("ResponseMetadata")
        found = metadata.get("HTTPHeaders") if isinstance(metadata, Mapping) else None
    else:
        found = getattr(error, "headers", None) or getattr(response, "headers", None)
    # Some of the libraries' headers are no Mapping, but all have this.
    items = getattr(found, "items", None)
    return {str(name).lower(): str(value) for name, value in items()} if callable(items) else {}


def _number(value: object) -> float | None:
    """As finite seconds."""
    try:
        number = float(value)  # type: ignore[arg-type] # what cannot be converted is caught
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def _seconds_until(date: str, now: float) -> float | None:
    # Heavier than everything else here, and rarely needed.
    from email.utils import mktime_tz, parsedate_tz

    parts = parsedate_tz(date)
    try:
        return None if parts is None else mktime_tz(parts) - now
    except (ValueError, OverflowError):
        # No such day, or a year beyond the calendar.
        return None
