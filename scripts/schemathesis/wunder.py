"""Valid requests to Wunder, for both documents."""

from mocks import SEEDS, call, last_code, number, totp

TENANT = {"tenant": "acme"}
AUTH, FRONT = "/acme/auth", "/acme/front"
PASSWORD = "not-a-real-password"


def _phone():
    return f"+43660{number():07}"


def _email():
    return f"ada{number()}@example.org"


def _way(tokens=None, body=None, **path):
    spec = {"path": TENANT | path}
    if body is not None:
        spec["body"] = body
    if tokens is not None:
        spec["bearer"] = tokens["accessToken"]
    return spec


def _code(phone):
    body = {"phoneNumber": phone, "branchId": "2"}
    call("POST", f"{FRONT}/customers/create-or-sign-in-with-phone-number", body)
    return {"phoneNumber": phone, "code": last_code(phone)}


def _signed_in(phone=None):
    return call("POST", f"{AUTH}/sign-in-phone-number", _code(phone or _phone())).json()


def _customer():
    email = _email()
    call("POST", f"{FRONT}/customers", {"email": email, "password": PASSWORD, "branchId": "2"})
    return email


def session():
    return {"bearer": _signed_in()["accessToken"]}


def sign_in_email():
    return _way(body={"email": _customer(), "password": PASSWORD})


def sign_in_phone_number():
    return _way(body=_code(_phone()))


def sign_in_email_code():
    email = _email()
    body = {"email": email, "branchId": "2"}
    call("POST", f"{FRONT}/customers/create-or-sign-in-with-email-code", body)
    return _way(body={"email": email, "code": last_code(email)})


def sign_in_gaiyo():
    return _way(body={"token": "not-a-real-gaiyo-token"})


def social_login():
    return _way(body={"token": "not-a-real-apple-token"})


def sign_in_api_client():
    return _way(body={"clientId": "client", "clientKey": "not-a-real-key"})


def refresh_token():
    return _way(body={"refreshToken": _signed_in()["refreshToken"]})


def logout():
    tokens = _signed_in()
    return _way(tokens, {"refreshToken": tokens["refreshToken"]})


def openid_token_exchange():
    return _way(_signed_in(), {})


def two_factor_secret():
    return _way(_signed_in())


two_factor_qr_code = two_factor_secret


def _secret(tokens):
    return call("POST", f"{AUTH}/user/2fa-secret", bearer=tokens["accessToken"]).json()["secret"]


def two_factor_enable():
    tokens = _signed_in()
    return _way(tokens, {"code": totp(_secret(tokens), 0)})


def two_factor_code_validate():
    phone = _phone()
    tokens = _signed_in(phone)
    secret = _secret(tokens)
    body = {"code": totp(secret, 0)}
    call("POST", f"{AUTH}/user/2fa-enable", body, bearer=tokens["accessToken"])
    return _way(_signed_in(phone), {"code": totp(secret, 1)})


def set_password():
    email = _customer()
    call("POST", f"{FRONT}/customers/reset/{email}")
    return _way(body={"password": PASSWORD}, code=last_code(email))


def create_customer():
    return _way(body={"email": _email(), "password": PASSWORD, "branchId": "2"})


def get_customer():
    return _way(_signed_in())


def update_customer():
    return _way(_signed_in(), {"phoneNumber": _phone()})


get_signed_customer = get_customer
request_deletion = get_customer
send_phone_verification = get_customer
list_identity_cards = get_customer
list_accepted_terms = get_customer


def create_or_sign_in_with_phone_number():
    return _way(body={"phoneNumber": _phone(), "branchId": "2"})


def create_or_sign_in_with_email_code():
    return _way(body={"email": _email(), "branchId": "2"})


def social_sign_up():
    return _way(body={"email": _email(), "token": "not-a-real-new-token"})


def request_password_reset():
    return _way(email=_customer())


def check_phone_verification():
    phone = _phone()
    tokens = _signed_in(phone)
    call("POST", f"{FRONT}/customers/verify/send", bearer=tokens["accessToken"])
    return _way(tokens, code=last_code(phone))


resend_email_verification = request_password_reset


def init_verification():
    return _way(_signed_in(), {})


def list_terms():
    return _way() | {"query": {"branchId": "2"}}


def get_terms():
    return _way(id=SEEDS["wunder-terms"])


def accept_terms():
    return _way(_signed_in(), {"id": int(SEEDS["wunder-terms"])})


def resolve_branch():
    return _way() | {"query": {"lat": 48.2, "lng": 16.4}}
