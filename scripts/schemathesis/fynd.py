"""Valid requests to Fynd."""

from mocks import SEEDS, call, last_code, number

AUTH = "/service/application/user/authentication/v1.0"
PROFILE = "/service/application/user/profile/v1.0"
PASSWORD = "not-a-real-password"


class Person:
    """A user with a confirmed mobile, a confirmed e-mail address and a password."""

    def __init__(self):
        place = number()
        self.mobile = {"mobile": f"90{place:08}", "country_code": "91"}
        self.email = f"asha{place}@example.com"
        form = {"first_name": "Asha", "phone": self.mobile, "email": self.email}
        begun = call("POST", f"{AUTH}/register/form", form | {"password": PASSWORD}).json()
        proof = {
            "request_id": begun["request_id"],
            "otp": last_code(self.address()),
            "register_token": begun["register_token"],
        }
        going = call("POST", f"{AUTH}/otp/mobile/verify", proof).json()
        proof = {
            "email": self.email,
            "otp": last_code(self.email),
            "register_token": going["register_token"],
        }
        done = call("POST", f"{AUTH}/otp/email/verify", proof)
        self.id = done.json()["user"]["user_id"]
        self.cookie = done.headers["set-cookie"].split(";")[0]

    def address(self):
        return "+91" + self.mobile["mobile"]

    def call(self, method, path, body=None):
        return call(method, path, body, cookie=self.cookie).json()

    def spec(self, body=None, query=None):
        spec = {"cookie": self.cookie, "query": query or {}}
        return spec if body is None else spec | {"body": body}


def _phone(number_of_mobile):
    return {"phone": number_of_mobile["mobile"], "country_code": "91"}


def session():
    return {"cookie": Person().cookie}


def get_logged_in_user():
    return Person().spec()


get_list_of_active_sessions = get_logged_in_user
has_password = get_logged_in_user
logout = get_logged_in_user
get_user_attributes = get_logged_in_user


def get_platform_config():
    return {}


def user_exists():
    return {"query": {"q": Person().email}}


def delete_user():
    person = Person()
    sent = call("POST", f"{AUTH}/otp/mobile/send", person.mobile | {"action": "send"}).json()
    config = call("GET", "/service/application/user/platform/v1.0/config").json()
    body = {
        "user_id": person.id,
        "reason": "I no longer shop here",
        "reason_id": config["delete_account_reasons"][0]["reason_id"],
        "request_id": sent["request_id"],
        "otp": last_code(person.address()),
    }
    return person.spec(body)


def update_user_attributes():
    return Person().spec({"attributes": {"loyalty_tier": "silver"}})


def send_reset_password_email():
    return {"body": {"email": Person().email}}


def send_reset_password_mobile():
    return {"body": Person().mobile}


def _reset_code():
    person = Person()
    call("POST", f"{AUTH}/login/password/reset", {"email": person.email})
    return {"code": last_code(person.email)}


def send_reset_token():
    return {"body": _reset_code()}


def forgot_password():
    return {"body": _reset_code() | {"password": PASSWORD}}


def reset_forgot_password():
    token = call("POST", f"{AUTH}/otp/forgot/mobile/verify", _forgot_by_mobile()).json()
    return {"body": {"code": token["forgot_token"], "password": PASSWORD}}


def update_password():
    return Person().spec({"old_password": PASSWORD, "new_password": PASSWORD})


def verify_email():
    person, email = Person(), f"work{number()}@example.com"
    person.call("PUT", f"{PROFILE}/email", {"email": email})
    return {"body": {"code": last_code(email)}}


def verify_mobile():
    person, mobile = Person(), f"91{number():08}"
    person.call("PUT", f"{PROFILE}/mobile", {"phone": mobile, "country_code": "91"})
    return {"body": {"code": last_code("+91" + mobile)}}


def update_profile():
    return Person().spec({"first_name": "Usha"})


def add_mobile_number():
    return Person().spec({"phone": f"91{number():08}", "country_code": "91"})


def _entry(active=False):
    return {"active": active, "primary": False, "verified": False}


def _in_a_query(entry):
    return {name: str(value).lower() for name, value in entry.items()}


def delete_mobile_number():
    person = Person()
    added = {"phone": f"91{number():08}", "country_code": "91"}
    person.call("PUT", f"{PROFILE}/mobile", added)
    return person.spec(query=added | _in_a_query(_entry()))


def set_mobile_number_as_primary():
    person = Person()
    return person.spec(_phone(person.mobile))


def send_verification_link_to_mobile():
    person = Person()
    return person.spec(_phone(person.mobile))


def add_email():
    return Person().spec({"email": f"work{number()}@example.com"})


def delete_email():
    person = Person()
    added = {"email": f"work{number()}@example.com"}
    person.call("PUT", f"{PROFILE}/email", added)
    return person.spec(query=added | _in_a_query(_entry()))


def set_email_as_primary():
    person = Person()
    return person.spec({"email": person.email})


send_verification_link_to_email = set_email_as_primary


def login_with_otp():
    return {"body": Person().mobile}


def login_with_email_and_password():
    return {"body": {"username": Person().email, "password": PASSWORD}}


def login_with_token():
    return {"body": {"token": SEEDS["fynd-login-token"]}}


def register_with_form():
    mobile = {"mobile": f"92{number():08}", "country_code": "91"}
    return {"body": {"first_name": "Asha", "phone": mobile}}


def send_otp_on_mobile():
    return {"body": Person().mobile | {"action": "send"}}


send_forgot_otp_on_mobile = send_otp_on_mobile


def verify_mobile_otp():
    person = Person()
    sent = call("POST", f"{AUTH}/login/otp", person.mobile).json()
    return {"body": {"request_id": sent["request_id"], "otp": last_code(person.address())}}


def _forgot_by_mobile():
    person = Person()
    body = person.mobile | {"action": "send"}
    sent = call("POST", f"{AUTH}/otp/forgot/mobile/send", body).json()
    return {"request_id": sent["request_id"], "otp": last_code(person.address())}


def verify_mobile_forgot_otp():
    return {"body": _forgot_by_mobile()}


def send_otp_on_email():
    return {"body": {"email": Person().email, "action": "send"}}


send_forgot_otp_on_email = send_otp_on_email


def verify_email_otp():
    email = Person().email
    call("POST", f"{AUTH}/otp/email/send", {"email": email, "action": "send"})
    return {"body": {"email": email, "otp": last_code(email)}}


def verify_email_forgot_otp():
    email = Person().email
    call("POST", f"{AUTH}/otp/forgot/email/send", {"email": email, "action": "send"})
    return {"body": {"email": email, "otp": last_code(email)}}


def _social(token):
    return {"body": {"oauth2": {"access_token": SEEDS[token]}}}


def login_with_facebook():
    return _social("fynd-facebook-token")


def login_with_google():
    return _social("fynd-google-token")


login_with_google_android = login_with_google
login_with_google_ios = login_with_google


def login_with_apple_ios():
    return {"body": {"oauth": {"identity_token": SEEDS["fynd-apple-token"]}}}
