"""Valid requests to GoodCity."""

from mocks import call, last_code, number

AUTH = "/api/v1/auth"


def _mobile():
    return f"+8526{number():07}"


def _pin():
    mobile = _mobile()
    key = call("POST", f"{AUTH}/signup_and_send_pin", {"mobile": mobile}).json()["otp_auth_key"]
    return {"otp_auth_key": key, "pin": last_code(mobile)}


def session():
    return {"bearer": call("POST", f"{AUTH}/verify", _pin()).json()["jwt_token"]}


def send_pin():
    return {"body": {"mobile": _mobile()}}


signup_and_send_pin = send_pin


def signup():
    user = {"mobile": _mobile(), "first_name": "Ada", "last_name": "Wong"}
    return {"body": {"user_auth": user | {"address_attributes": {}}}}


def verify():
    return {"body": _pin()}


current_user_profile = session
current_user_rooms = session


def register_device():
    return session() | {"body": {"handle": "not-a-real-handle", "platform": "fcm"}}
