"""Signs a user in on each mock, with httpx alone, and uses every operation of the control API.

Takes the base URLs of the mocks of Wunder, The Wallet Crew, GoodCity and Fynd. Prints the number of
operations that were called, of those that the mocks describe.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
import time

import httpx

WUNDER_KEY = "test-signature-key"
FYND_KEY = b"1234567"
FYND_APPLICATION = base64.b64encode(b"64b000000000000000000001:not-a-real-token").decode()
CALLED = set()


class Mock:
    """A mock with its control API, and requests to the API of its system."""

    def __init__(self, url):
        self.http = httpx.Client(base_url=url, timeout=30)

    def control(self, method, path, body=None, status=None):
        """Calls an operation of the control API, which must give the status."""
        CALLED.add((method, path.partition("?")[0]))
        response = self.http.request(method, path, json=body)
        wanted = status or {"GET": 200, "POST": 201, "DELETE": 204}[method]
        assert response.status_code == wanted, f"{method} {path}: {response.text}"
        is_json = "json" in response.headers.get("content-type", "")
        return response.json() if is_json else response.text

    def send(self, method, path, body=None, headers=None):
        """Sends a request to the API of the system."""
        return self.http.request(method, path, json=body, headers=headers)

    def code(self, to):
        """The code of the newest message to a contact."""
        messages = self.control("GET", f"/__mock/outbox?to={to.replace('+', '%2B')}")["messages"]
        return messages[-1]["code"]


class Wunder:
    user = {"phone": "+436601234567", "unverified_email": "ada@example.org", "password": "not-a-real-one"}
    contact = user["phone"]
    operation = "get_customer"

    def __init__(self, url):
        self.mock = Mock(url)

    def signed(self, path, identifier, body=None):
        """A signed request."""
        timestamp = str(int(time.time() * 1000))
        text = WUNDER_KEY + timestamp + identifier + WUNDER_KEY
        signature = hashlib.sha256(text.encode()).hexdigest()
        path = f"/acme/front/customers/{path}?signature={signature}&timestamp={timestamp}"
        response = self.mock.send("POST", path, body)
        assert response.status_code == 204, response.text

    def ask(self):
        body = {"phoneNumber": self.contact, "branchId": "2"}
        self.signed("create-or-sign-in-with-phone-number", self.contact, body)

    def confirm(self, code):
        body = {"phoneNumber": self.contact, "code": code}
        response = self.mock.send("POST", "/acme/auth/sign-in-phone-number", body)
        return response.json().get("accessToken") if response.status_code == 200 else None

    def profile(self, token):
        headers = {"authorization": f"Bearer {token}"}
        return self.mock.send("GET", "/acme/front/customers", headers=headers).status_code

    def token(self, issued):
        return issued["access_token"]

    def more(self):
        """What only this mock has."""
        mock = self.mock
        mock.control("POST", "/__mock/api-clients", {"id": "client", "key": "not-a-real-key"})
        account = {"provider": "apple", "token": "not-a-real-token"}
        mock.control("POST", "/__mock/social-accounts", account)
        mock.control("POST", "/__mock/terms", {"branch": "2", "title": "Our terms"})
        email = self.user["unverified_email"]
        self.signed(f"verify-email/resend/{email}", email)
        link = {"code": mock.code(email)}
        assert mock.control("POST", "/__mock/links", link, 200) == {"opened": True}
        mock.control("POST", "/__mock/links", link, 404)
        [user] = mock.control("GET", "/__mock/users")["users"]
        assert all(contact["verified"] for contact in user["contacts"]), user


class WalletCrew:
    user = {"tenant": "acme", "email": "ada@example.org", "firstName": "Ada"}
    contact = user["email"]
    operation = "get_customer"

    def __init__(self, url):
        self.mock = Mock(url)

    def ask(self):
        body = {"email": self.contact}
        response = self.mock.send("POST", "/api/acme/customer?flow=activation", body)
        assert response.status_code == 202, response.text

    def confirm(self, code):
        body = {"identifier": self.contact, "code": code}
        path = "/api/acme/customer/authenticate?provider=otp"
        response = self.mock.send("POST", path, body)
        return response.json() if response.status_code == 200 else None

    def profile(self, token):
        headers = {"authorization": f"Bearer {token}"}
        return self.mock.send("GET", "/api/acme/customer", headers=headers).status_code

    def token(self, issued):
        return issued["access_token"]

    def more(self):
        pass


class GoodCity:
    user = {"phone": "+85261234567", "first_name": "Ada", "language": "zh-tw"}
    contact = user["phone"]
    operation = "current_user_profile"
    app = {"x-goodcity-app-name": "app"}

    def __init__(self, url):
        self.mock = Mock(url)

    def ask(self):
        body = {"mobile": self.contact}
        response = self.mock.send("POST", "/api/v1/auth/send_pin", body, self.app)
        assert response.status_code == 200, response.text
        self.key = response.json()["otp_auth_key"]

    def confirm(self, code):
        body = {"otp_auth_key": self.key, "pin": code}
        response = self.mock.send("POST", "/api/v1/auth/verify", body, self.app)
        return response.json()["jwt_token"] if response.status_code == 200 else None

    def profile(self, token):
        headers = self.app | {"authorization": f"Bearer {token}"}
        path = "/api/v1/auth/current_user_profile"
        return self.mock.send("GET", path, headers=headers).status_code

    def token(self, issued):
        return issued["access_token"]

    def more(self):
        pass


class Fynd:
    user = {"first_name": "Asha", "phone": "+919000000001"}
    contact = user["phone"]
    operation = "get_logged_in_user"
    path = "/service/application/user/authentication/v1.0"

    def __init__(self, url):
        self.mock = Mock(url)

    def send(self, method, path, body=None, cookie=None):
        """A signed request, in the steps of the official clients."""
        content = json.dumps(body).encode() if body is not None else b""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        host = self.mock.http.base_url.netloc.decode()
        signed = {"host": host, "x-fp-date": date, "x-fp-sdk-version": "3.31.0"}
        lines = [method, self.path + path, ""]
        lines += [f"{name}:{signed[name]}" for name in sorted(signed)]
        lines += ["", ";".join(sorted(signed)), hashlib.sha256(content).hexdigest()]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        signature = hmac.new(FYND_KEY, f"{date}\n{digest}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "authorization": f"Bearer {FYND_APPLICATION}",
            "content-type": "application/json",
            "x-fp-date": date,
            "x-fp-sdk-version": "3.31.0",
            "x-fp-signature": f"v1.1:{signature}",
        }
        if cookie:
            headers["cookie"] = cookie
        return self.mock.http.request(method, self.path + path, content=content, headers=headers)

    def ask(self):
        body = {"mobile": self.contact[3:], "country_code": "91"}
        response = self.send("POST", "/login/otp", body)
        assert response.status_code == 200, response.text
        self.request = response.json()["request_id"]

    def confirm(self, code):
        response = self.send("POST", "/otp/mobile/verify", {"request_id": self.request, "otp": code})
        self.mock.http.cookies.clear()
        if response.status_code != 200:
            return None
        return response.headers["set-cookie"].split(";")[0]

    def profile(self, cookie):
        return self.send("GET", "/session", cookie=cookie).status_code

    def token(self, issued):
        [cookie] = issued["cookies"]
        return f"{cookie['name']}={cookie['value']}"

    def more(self):
        body = {"slug": "loyalty_tier", "type": "text"}
        assert self.mock.control("POST", "/__mock/attributes", body) == {"id": "loyalty_tier"}


def run(system):
    mock = system.mock
    mock.control("POST", "/__mock/reset", {}, 200)
    info = mock.control("GET", "/__mock/system")
    assert system.operation in [operation["id"] for operation in info["operations"]]

    # A user signs in with the code of the outbox.
    mock.control("POST", "/__mock/users", system.user)
    system.ask()
    code = mock.code(system.contact)
    assert mock.control("GET", "/__outbox")[-1]["code"] == code
    expectation = {"operation": system.operation, "calls": 1}
    mock.control("POST", "/__mock/expectations", expectation)
    token = system.confirm(code)
    assert token, "the code signs the user in"
    assert not mock.control("GET", "/__mock/expectations")["met"]
    assert system.profile(token) == 200
    assert mock.control("GET", "/__mock/expectations")["met"]
    mock.control("DELETE", "/__mock/expectations")
    requests = mock.control("GET", "/__mock/requests")["requests"]
    assert requests[-1]["operation"] == system.operation
    assert code not in json.dumps([request["path"] for request in requests])
    mock.control("DELETE", "/__mock/requests")
    [user] = mock.control("GET", "/__mock/users")["users"]
    assert system.contact in [contact["value"] for contact in user["contacts"]]

    # A fault hits the next call alone.
    fault = {"fault": "status", "status": 503, "operation": system.operation, "times": 1}
    mock.control("POST", "/__mock/faults", fault)
    assert [system.profile(token) for _ in range(2)] == [503, 200]
    [listed] = mock.control("GET", "/__mock/faults")["faults"]
    assert (listed["applied"], listed["remaining"]) == (1, 0)
    mock.control("POST", "/__mock/faults", {"profile": "outage"})
    mock.control("DELETE", "/__mock/faults")
    assert system.profile(token) == 200

    # Codes and credentials can be revoked.
    system.ask()
    code = mock.code(system.contact)
    mock.control("DELETE", "/__mock/codes")
    assert system.confirm(code) is None, "the code is expired"
    mock.control("DELETE", "/__mock/outbox")
    assert mock.control("GET", "/__mock/outbox")["messages"] == []
    mock.control("DELETE", "/__mock/credentials")
    assert system.profile(token) == 401
    issued = mock.control("POST", "/__mock/credentials", {"user": system.contact})
    token = system.token(issued)
    assert system.profile(token) == 200
    system.more()

    # A wrong request says what would be right.
    problem = mock.control("POST", "/__mock/users", {"fone": "1"}, 400)
    assert problem["status"] == 400 and problem["field"] and problem["detail"]

    # The other paths.
    for path in ["/__mock", "/__mock/page.js", "/__mock/style.css", "/__mock/clock", "/__clock"]:
        assert mock.control("GET", path)
    for path in ["/__mock/clock", "/__clock"]:
        assert mock.control("POST", path, {"advance_seconds": 0}, 200)["now"]

    # A reset forgets all of it.
    mock.control("POST", "/__mock/reset", {"clock": True}, 200)
    assert mock.control("GET", "/__mock/users")["users"] == []
    assert system.profile(token) == 401


def described(mock):
    """The operations of the document: method and path."""
    operations, path = set(), ""
    for line in mock.control("GET", "/__mock/openapi.yaml").splitlines():
        if found := re.fullmatch(r"  (/\S+):", line):
            path = found[1]
        elif found := re.fullmatch(r"    (get|post|delete|put|patch):", line):
            operations.add((found[1].upper(), path))
    return operations


def main():
    systems = [
        system(url) for system, url in zip([Wunder, WalletCrew, GoodCity, Fynd], sys.argv[1:5], strict=True)
    ]
    for system in systems:
        run(system)
    operations = described(systems[0].mock)
    missing = operations - CALLED
    assert not missing, f"not called: {missing}"
    print(f"{len(CALLED & operations)}/{len(operations)}")


main()
