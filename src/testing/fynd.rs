//! A stateful mock of Fynd.

mod answers;
mod application;
mod state;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use self::answers::{not_signed_in, platform_config, refusal, sent, user};
use self::state::{Number, RESEND_SECONDS, SESSION, State};
use super::mock::mock;
use super::{Answer, Behaviour, Call, Channel, Message, World};
use crate::clock::Time;
use crate::generated::fynd::operations;
use crate::pipeline::{Need, Operation};

/// The server decides how its cookie is called, and a client must not care.
const COOKIE: &str = "mock.sid";

mock!(
    /// A mock of one Fynd server, for any well-formed application. It signs with the public key.
    ///
    /// A number that [`add_user`](Self::add_user) did not name is a new user. It answers signing in
    /// by mobile with its resend, completing the profile, who is signed in, signing out, whether a
    /// user exists or has a password, and the platform's configuration; other operations answer 501.
    Fynd,
    State
);

impl Fynd {
    /// Adds a user: country calling code (`91` or `+91`), mobile number without it, given name.
    pub fn add_user(&self, country_code: &str, mobile: &str, first_name: &str) {
        let number = Number {
            country_code: country_code.trim_start_matches('+').to_owned(),
            mobile: mobile.to_owned(),
        };
        self.world
            .state()
            .add_user(number, first_name, self.world.clock.now());
    }

    /// Makes every cookie that was issued until now invalid.
    pub fn end_sessions(&self) {
        self.world.state().sign_all_out();
    }
}

impl Behaviour for World<State> {
    fn operations(&self) -> Vec<&'static Operation> {
        operations::ALL.to_vec()
    }

    fn answer(&self, call: &Call<'_>) -> Answer {
        let mut state = self.state();
        match self.route(&mut state, call) {
            Ok(answer) | Err(answer) => answer,
        }
    }
}

/// A request whose application is known, in its place and time.
struct Asked {
    application_id: String,
    cookie: Option<String>,
    body: Value,
    now: DateTime<Utc>,
}

impl Asked {
    fn text(&self, name: &str) -> Option<String> {
        let text = self.body[name].as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The user of the cookie.
    fn signed_in(&self, state: &State) -> Result<Number, Answer> {
        state
            .signed_in(self.cookie.as_deref(), self.now)
            .ok_or_else(not_signed_in)
    }

    fn number(&self) -> Result<Number, Answer> {
        let digits = |name| {
            self.text(name)
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or_else(|| {
                    refusal(
                        400,
                        "NUMBER_INVALID",
                        "mobile and country_code must be digits",
                    )
                })
        };
        Ok(Number {
            country_code: digits("country_code")?,
            mobile: digits("mobile")?,
        })
    }

    fn user(&self, state: &State, number: &Number) -> Result<Value, Answer> {
        let known = state.users.get(number).ok_or_else(not_signed_in)?;
        Ok(user(&self.application_id, number, known))
    }
}

impl World<State> {
    fn route(&self, state: &mut State, call: &Call<'_>) -> Result<Answer, Answer> {
        let now = self.clock.now();
        let asked = Asked {
            application_id: application::check(call, now)?,
            cookie: cookie(call),
            body: call.json(),
            now,
        };
        if call.operation.session == Need::Required {
            asked.signed_in(state)?;
        }
        match call.operation.id {
            "login_with_otp" => self.send(state, &asked),
            "send_otp_on_mobile" => self.send_again(state, &asked),
            "verify_mobile_otp" => verify(state, &asked),
            "update_profile" => update_profile(state, &asked),
            "get_logged_in_user" => {
                let number = asked.signed_in(state)?;
                let body = json!({"user": asked.user(state, &number)?});
                Ok(Answer::json(200, body))
            }
            "logout" => {
                state.sign_out(asked.cookie.as_deref().unwrap_or_default());
                let answer = Answer::json(200, json!({"logout": true}));
                Ok(answer.header("set-cookie", format!("{COOKIE}=; Path=/; Max-Age=0")))
            }
            "has_password" => Ok(Answer::json(200, json!({"result": 0}))),
            "user_exists" => user_exists(state, call),
            "get_platform_config" => Ok(platform_config(SESSION.num_days())),
            _ => Err(refusal(
                501,
                "NOT_PLAYED",
                "this mock does not know the operation yet",
            )),
        }
    }

    fn send(&self, state: &mut State, asked: &Asked) -> Result<Answer, Answer> {
        let number = asked.number()?;
        let sending = state.send(&number, asked.now);
        self.outbox.send(Message {
            to: format!("+{}{}", number.country_code, number.mobile),
            channel: Channel::Sms,
            code: sending.code.clone(),
            at: asked.now.timestamp_millis(),
        });
        Ok(sent(&number, &sending))
    }

    /// Sends once more, to whom brings the newest token, when the timer has ended.
    fn send_again(&self, state: &mut State, asked: &Asked) -> Result<Answer, Answer> {
        match asked.text("action").as_deref() {
            Some("resend") => {}
            Some("send") | None => return self.send(state, asked),
            Some(_) => return Err(refusal(400, "ACTION_UNKNOWN", "no such action")),
        }
        let spent = || refusal(400, "RESEND_TOKEN_INVALID", "the token is not valid");
        let newest = state.sendings.get(&asked.number()?).ok_or_else(spent)?;
        if asked.text("token").as_ref() != Some(&newest.resend_token) {
            return Err(spent());
        }
        if asked.now - newest.at < TimeDelta::seconds(RESEND_SECONDS) {
            return Err(refusal(400, "RESEND_TOO_EARLY", "wait before a resend"));
        }
        self.send(state, asked)
    }
}

/// A code is good once, under the id of the message that it came in.
fn verify(state: &mut State, asked: &Asked) -> Result<Answer, Answer> {
    let request_id = asked.text("request_id").unwrap_or_default();
    let code = asked.text("otp").unwrap_or_default();
    let number = state
        .use_code(&request_id, &code)
        .ok_or_else(|| refusal(400, "OTP_INVALID", "the code is not valid"))?;
    if !state.users.contains_key(&number) {
        let token = state.register_token(number);
        let body = json!({"user_exists": false, "register_token": token});
        return Ok(Answer::json(200, body));
    }
    let body = json!({"user": asked.user(state, &number)?, "user_exists": true});
    Ok(signed_in(state, number, body, asked.now))
}

/// Changes the signed-in user, or makes one of a number that was just confirmed.
fn update_profile(state: &mut State, asked: &Asked) -> Result<Answer, Answer> {
    let registering = asked.text("register_token");
    let number = match &registering {
        Some(token) => state
            .register_tokens
            .get(token)
            .cloned()
            .ok_or_else(|| refusal(400, "REGISTER_TOKEN_INVALID", "the token is not valid"))?,
        None => asked.signed_in(state)?,
    };
    if let Some(token) = &registering {
        let first_name = asked
            .text("first_name")
            .ok_or_else(|| refusal(400, "FIRST_NAME_MISSING", "first_name is needed"))?;
        state.register_tokens.remove(token);
        state.add_user(number.clone(), &first_name, asked.now);
    }
    if let Some(user) = state.users.get_mut(&number) {
        let change = |member: &mut Option<String>, name| {
            *member = asked.text(name).or_else(|| member.take());
        };
        change(&mut user.last_name, "last_name");
        change(&mut user.email, "email");
        change(&mut user.gender, "gender");
        change(&mut user.date_of_birth, "dob");
        if let Some(first_name) = asked.text("first_name") {
            user.first_name = first_name;
        }
        user.updated_at = asked.now;
    }
    let body = json!({"success": true, "user": asked.user(state, &number)?});
    match registering {
        Some(_) => Ok(signed_in(state, number, body, asked.now)),
        None => Ok(Answer::json(200, body)),
    }
}

fn user_exists(state: &State, call: &Call<'_>) -> Result<Answer, Answer> {
    let wanted = call
        .query("q")
        .filter(|wanted| !wanted.is_empty())
        .ok_or_else(|| refusal(400, "QUERY_MISSING", "q is needed"))?;
    let known = state.users.iter().any(|(number, user)| {
        number.mobile == wanted || user.email.as_deref() == Some(wanted.as_str())
    });
    Ok(Answer::json(200, json!({"user_exists": known})))
}

fn signed_in(state: &mut State, number: Number, body: Value, now: DateTime<Utc>) -> Answer {
    let value = state.sign_in(number, now);
    let seconds = SESSION.num_seconds();
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    Answer::json(200, body).header("set-cookie", cookie)
}

fn cookie(call: &Call<'_>) -> Option<String> {
    call.header("cookie")?
        .split(';')
        .map(str::trim)
        .find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (name == COOKIE).then(|| value.to_owned())
        })
}
