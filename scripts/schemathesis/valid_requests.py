"""Valid requests, by document and operation."""

import fynd
import goodcity
import walletcrew
import wunder
from mocks import DOCUMENT

_SYSTEM = {
    "wunder-auth": wunder,
    "wunder-user": wunder,
    "walletcrew": walletcrew,
    "goodcity": goodcity,
    "fynd": fynd,
}[DOCUMENT]

_sessions = {}


def prepare(operation):
    """A valid request of an operation: its parameters, body and credentials."""
    return getattr(_SYSTEM, operation)()


def credentials(operation):
    """The session of the requests that schemathesis generates. Each operation has its own session, so
    that an operation that ends it affects no other."""
    if operation not in _sessions:
        _sessions[operation] = _SYSTEM.session()
    return _sessions[operation]
