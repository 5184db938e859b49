"""The ways to a success, by document and operation."""

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
    """A right request of an operation: its parameters, body and credentials."""
    return getattr(_SYSTEM, operation)()


def credentials(operation):
    """The session of the requests that schemathesis makes up; each operation has one of its own,
    so that one which ends its session harms no other."""
    if operation not in _sessions:
        _sessions[operation] = _SYSTEM.session()
    return _sessions[operation]
