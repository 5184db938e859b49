//! Rewrites a body by its schema, so that the generated types read it.

use std::borrow::Cow;

use chrono::SecondsFormat;
use serde_json::Value;
use serde_json::value::RawValue;

use super::date;
use super::member::{Members, UNREADABLE, is_too_deep};
use super::schema::{Member, Schema, WhenUnreadable};
use super::{BareString, string};

/// A body that fits its schema, and the documented members that could not be read.
pub(super) struct Repaired {
    /// One text, or several where only the type can tell which one is meant.
    pub(super) texts: Vec<Cow<'static, str>>,
    pub(super) unreadable: Vec<&'static str>,
}

/// Repairs a trimmed text with valid strings; `None` if it is no JSON, or lacks what the response
/// makes no sense without.
pub(super) fn repair(text: &str, schema: &'static Schema, bare: BareString) -> Option<Repaired> {
    // The grammar is checked first: below, raw values are taken as they are.
    let is_json = !is_too_deep(text) && serde_json::from_str::<&RawValue>(text).is_ok();
    let bare = bare_string(text, is_json, bare);
    let mut texts = Vec::new();
    let mut repair = Repair::default();
    let read = match (&bare, schema) {
        (Some(bare), Schema::Object(_)) => repair.value(schema, bare),
        (Some(bare), _) if !is_json => repair.value(schema, bare),
        _ if text.is_empty() => Read::Absent,
        _ if is_json => repair.value(schema, text),
        _ => Read::Unreadable,
    };
    match read {
        Read::As(text) => texts.push(Cow::Owned(text.into_owned())),
        Read::Absent => texts.push(schema.empty()?.into()),
        Read::Unreadable => return None,
    }
    if matches!(schema, Schema::Any) {
        texts.extend(text.is_empty().then_some("null".into()));
        texts.extend(bare.map(Cow::Owned));
    }
    Some(Repaired {
        texts,
        unreadable: repair.unreadable,
    })
}

/// The JSON for a body that is a string, with or without JSON's quotes, where that is allowed.
fn bare_string(text: &str, is_json: bool, bare: BareString) -> Option<String> {
    let string = if text.starts_with('"') {
        is_json.then(|| serde_json::from_str(text).ok())??
    } else if text.is_empty() || text.starts_with(['{', '[', '<']) {
        return None;
    } else {
        Value::from(text)
    };
    match bare {
        // `false` and `null` are no strings.
        BareString::Member(_) if is_json && !text.starts_with('"') => None,
        BareString::Member(member) => Some(serde_json::json!({member: string}).to_string()),
        BareString::Value => Some(string.to_string()),
        BareString::No => None,
    }
}

/// A value in the form that its schema describes.
enum Read<'a> {
    As(Cow<'a, str>),
    /// As if it were not there.
    Absent,
    Unreadable,
}

impl Read<'_> {
    fn owned(text: impl ToString) -> Self {
        Self::As(Cow::Owned(text.to_string()))
    }
}

impl<'a> From<Option<Cow<'a, str>>> for Read<'a> {
    fn from(text: Option<Cow<'a, str>>) -> Self {
        text.map_or(Self::Unreadable, Self::As)
    }
}

#[derive(Default)]
struct Repair {
    unreadable: Vec<&'static str>,
}

impl Repair {
    /// Notes a member once, however many items of a list have it.
    fn note(&mut self, name: &'static str) {
        if !self.unreadable.contains(&name) {
            self.unreadable.push(name);
        }
    }

    fn value<'a>(&mut self, schema: &'static Schema, raw: &'a str) -> Read<'a> {
        let kind = raw.as_bytes().first().copied().unwrap_or_default();
        let is_empty = matches!(raw, r#""""#) || is_blank(raw);
        match (schema, kind) {
            // A number may be too large, or a value nested too deep.
            (Schema::Any, _) if serde_json::from_str::<Value>(raw).is_err() => Read::Unreadable,
            (Schema::Any, _) => Read::As(raw.into()),
            (_, b'n') => Read::Absent,
            (Schema::Text, b'"') => Read::As(raw.into()),
            (Schema::Text, b'{' | b'[') if is_empty => Read::Absent,
            (Schema::Text, b'{' | b'[') => Read::Unreadable,
            (Schema::Text, _) => Read::owned(Value::from(plain(raw))),
            (Schema::Token(token), b'"') => match string(raw) {
                Some(text) if token.admits(&text) => Read::As(raw.into()),
                Some(text) if text.is_empty() => Read::Absent,
                _ => Read::Unreadable,
            },
            (Schema::Token(_), _) => Read::Unreadable,
            (Schema::Array(item), b'[') => self.array(item, raw),
            (Schema::Array(_), b'{' | b'"') if is_empty => Read::As("[]".into()),
            (Schema::Array(item), _) => {
                let list = (kind == b'{').then(|| self.array_in_object(item, raw));
                match list.flatten() {
                    Some(list) => list,
                    None => self.items(item, std::iter::once(raw)),
                }
            }
            (Schema::Map(value), b'{') => self.map(value, raw),
            (Schema::Object(members), b'{') => self.object(members, raw),
            (Schema::Map(_), _) if is_empty => Read::As("{}".into()),
            (_, _) if is_empty => Read::Absent,
            (Schema::Map(_) | Schema::Object(_), _) | (_, b'{' | b'[') => Read::Unreadable,
            (Schema::Boolean, _) => boolean(raw).map(Cow::Borrowed).into(),
            (_, b't' | b'f') => Read::Unreadable,
            (Schema::Integer { bits }, _) => integer(raw, *bits).map(Cow::Owned).into(),
            (Schema::Number, _) => {
                let text = scalar(raw);
                let number = text.as_deref().and_then(number);
                number
                    .map(|it| Cow::Owned(Value::from(it).to_string()))
                    .into()
            }
            (Schema::Time, _) => {
                let time = scalar(raw).and_then(|text| date::time(&text));
                let time = time.map(|it| it.to_rfc3339_opts(SecondsFormat::AutoSi, true));
                time.map(|time| Cow::Owned(format!("\"{time}\""))).into()
            }
            (Schema::Date, _) => {
                let day = scalar(raw).and_then(|text| date::date(&text));
                day.map(|day| Cow::Owned(format!("\"{day}\""))).into()
            }
        }
    }

    /// The items that can be read. An array of which none can be is none.
    fn array<'a>(&mut self, item: &'static Schema, raw: &'a str) -> Read<'a> {
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) else {
            return Read::Unreadable;
        };
        self.items(item, items.into_iter().map(RawValue::get))
    }

    fn items<'a>(&mut self, item: &'static Schema, raw: impl Iterator<Item = &'a str>) -> Read<'a> {
        let mut texts = Vec::new();
        let mut is_unreadable = false;
        for raw in raw {
            match self.value(item, raw) {
                Read::As(text) => texts.push(text),
                Read::Absent => {}
                Read::Unreadable => is_unreadable = true,
            }
        }
        if is_unreadable {
            if texts.is_empty() {
                return Read::Unreadable;
            }
            self.note("[]");
        }
        Read::owned(format!("[{}]", texts.join(",")))
    }

    /// The items of an array that is written as an object: by number, or as .NET does.
    fn array_in_object<'a>(&mut self, item: &'static Schema, raw: &'a str) -> Option<Read<'a>> {
        let members = Members::of(raw)?;
        if let Some(values) = members.named("$values").next() {
            return Some(self.array(item, values));
        }
        let is_number = |name: &str| name.bytes().all(|it| it.is_ascii_digit());
        let is_list = members.iter().all(|(name, _)| is_number(name));
        is_list.then(|| self.items(item, members.iter().map(|(_, raw)| raw)))
    }

    fn map<'a>(&mut self, value: &'static Schema, raw: &'a str) -> Read<'a> {
        let Some(members) = Members::of(raw) else {
            return Read::Unreadable;
        };
        let mut object = ObjectText::default();
        let mut is_unreadable = false;
        for (name, raw) in members.iter() {
            match self.value(value, raw) {
                Read::As(text) => object.push(name, &text),
                Read::Absent => {}
                Read::Unreadable => is_unreadable = true,
            }
        }
        if is_unreadable {
            if object.0.is_empty() {
                return Read::Unreadable;
            }
            self.note("{}");
        }
        Read::As(object.finish())
    }

    fn object<'a>(&mut self, described: &'static [Member], raw: &'a str) -> Read<'a> {
        let Some(members) = Members::of(raw) else {
            return Read::Unreadable;
        };
        let mut object = ObjectText::default();
        for member in described {
            let values: Vec<_> = members.named(member.name).collect();
            match self.member(member, &values) {
                Read::As(text) => object.push(member.name, &text),
                Read::Absent if member.is_needed => return Read::Unreadable,
                Read::Absent => {}
                Read::Unreadable => {
                    self.note(member.name);
                    if member.is_needed {
                        return Read::Unreadable;
                    }
                    let name = format!("{UNREADABLE}{}", member.name);
                    object.push(&name, values.last().copied().unwrap_or("null"));
                }
            }
        }
        let names = |name: &str| described.iter().any(|member| member.name == name);
        for (name, raw) in members.iter().filter(|(name, _)| !names(name)) {
            object.push(name, raw);
        }
        Read::As(object.finish())
    }

    fn member<'a>(&mut self, member: &Member, values: &[&'a str]) -> Read<'a> {
        let [others @ .., last] = values else {
            return Read::Absent;
        };
        let is_doubled = !others.is_empty();
        if let Some(safe) = member.decides
            && (is_doubled || !member.is_null(last))
        {
            let decided = decision(member.schema, last).filter(|_| !is_doubled);
            if let Some(text) = decided {
                return Read::As(text.into());
            }
            self.note(member.name);
            let is_true = safe == WhenUnreadable::True;
            return match (safe, member.schema) {
                (WhenUnreadable::Absent, _) => Read::Absent,
                (_, Schema::Integer { .. }) => Read::owned(u8::from(is_true)),
                (_, Schema::Text) => Read::owned(Value::from(is_true.to_string())),
                _ => Read::owned(is_true),
            };
        }
        // Which of two tokens is valid cannot be known.
        if matches!(member.schema, Schema::Token(_)) && others.iter().any(|other| other != last) {
            return Read::Unreadable;
        }
        match self.value(member.schema, last) {
            Read::As(text) if member.is_needed && text == r#""""# => Read::Absent,
            read => read,
        }
    }
}

/// The value of a member that decides: true, false or their texts; 0 and 1 where a number is
/// described, and any text where text is.
fn decision<'a>(schema: &Schema, raw: &'a str) -> Option<&'a str> {
    match (schema, raw) {
        (Schema::Text, r#""""#) => None,
        (Schema::Text, "true") => Some(r#""true""#),
        (Schema::Text, "false") => Some(r#""false""#),
        (Schema::Text, raw) => raw.starts_with('"').then_some(raw),
        (Schema::Integer { .. }, "true" | r#""true""# | "1") => Some("1"),
        (Schema::Integer { .. }, "false" | r#""false""# | "0") => Some("0"),
        (_, "true" | r#""true""#) => Some("true"),
        (_, "false" | r#""false""#) => Some("false"),
        _ => None,
    }
}

/// A number without an exponent or an empty fraction, if it is a whole one; else as it came.
fn plain(raw: &str) -> Cow<'_, str> {
    integer(raw, 64).map_or(raw.into(), Cow::Owned)
}

fn boolean(raw: &str) -> Option<&'static str> {
    let text = scalar(raw)?.to_ascii_lowercase();
    match text.as_str() {
        "true" | "1" => Some("true"),
        "false" | "0" => Some("false"),
        _ => None,
    }
}

fn integer(raw: &str, bits: u32) -> Option<String> {
    /// Beyond it not every integer is a floating point number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let text = scalar(raw)?;
    #[allow(clippy::cast_possible_truncation)]
    let whole = |it: &f64| (it.fract() == 0.0 && it.abs() < EXACT).then_some(*it as i64);
    let value: i64 = match text.parse() {
        Ok(value) => value,
        Err(_) => number(&text).as_ref().and_then(whole)?,
    };
    let fits = bits >= 64 || i32::try_from(value).is_ok();
    fits.then(|| value.to_string())
}

/// A decimal number, not the `inf` and `NaN` that Rust reads too.
pub(super) fn number(text: &str) -> Option<f64> {
    let starts = text.trim_start_matches(['-', '+']).as_bytes().first();
    let value: f64 = starts
        .filter(|it| it.is_ascii_digit() || **it == b'.')
        .and(text.parse().ok())?;
    value.is_finite().then_some(value)
}

/// The text of a scalar, without white space around it.
fn scalar(raw: &str) -> Option<String> {
    match raw.starts_with('"') {
        true => string(raw).map(|text| text.trim().to_owned()),
        false => Some(raw.to_owned()),
    }
}

/// Whether a value is an object or an array without content.
fn is_blank(raw: &str) -> bool {
    let inner = raw.strip_prefix(['{', '[']);
    let inner = inner.and_then(|inner| inner.strip_suffix(['}', ']']));
    inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

/// The text of an object, written member by member.
#[derive(Default)]
struct ObjectText(String);

impl ObjectText {
    fn push(&mut self, name: &str, raw: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0 += &Value::from(name).to_string();
        self.0.push(':');
        self.0 += raw;
    }

    fn finish<'a>(mut self) -> Cow<'a, str> {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        Cow::Owned(self.0)
    }
}
