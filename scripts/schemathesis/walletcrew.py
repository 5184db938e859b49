"""Valid requests to The Wallet Crew."""

from mocks import call, last_code, number

TENANT = {"tenantId": "acme"}


def _challenged():
    email = f"ada{number()}@example.com"
    call("POST", "/api/acme/customer?flow=activation", {"email": email}, wanted=(202,))
    return {"identifier": email, "code": last_code(email)}


def session():
    token = call("POST", "/api/acme/customer/authenticate?provider=otp", _challenged()).json()
    return {"bearer": token}


def get_customer():
    return session() | {"path": TENANT}


def create_or_update_customer():
    return {"path": TENANT, "body": {"email": f"ada{number()}@example.com"}}


def authenticate():
    return {"path": TENANT, "query": {"provider": "otp"}, "body": _challenged()}
