//! The members of a control request: those of its body, or the parameters of its query.

use serde_json::{Map, Value};
use url::Url;

use super::error::ControlError;
use crate::email::Email;
use crate::phone::Phone;

/// Members that are read one by one. [`finish`](Self::finish) refuses those that were not read.
pub(crate) struct Members {
    given: Map<String, Value>,
    known: Vec<&'static str>,
    /// Whether all values are texts, because they are those of a query.
    is_query: bool,
}

impl Members {
    pub(crate) fn new(given: Map<String, Value>) -> Self {
        Self {
            given,
            known: Vec::new(),
            is_query: false,
        }
    }

    /// The parameters of a query.
    pub(super) fn of_query(url: &Url) -> Self {
        let pairs = url.query_pairs();
        let given = pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into()));
        Self {
            is_query: true,
            ..Self::new(given.collect())
        }
    }

    /// A member; null counts as absent.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.given.remove(name).filter(|value| !value.is_null())
    }

    /// A text that is not empty.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, ControlError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(ControlError::wrong(
                name,
                "must be a text that is not empty",
            )),
        }
    }

    pub(crate) fn required(&mut self, name: &'static str) -> Result<String, ControlError> {
        let text = self.text(name)?;
        text.ok_or_else(|| ControlError::wrong(name, "is required"))
    }

    pub(crate) fn phone(&mut self, name: &'static str) -> Result<Option<Phone>, ControlError> {
        let wrong = |_| {
            let right = "must be a phone number with a plus and its country code";
            ControlError::wrong(name, right)
        };
        let text = self.text(name)?;
        text.map(|text| Phone::parse(&text).map_err(wrong))
            .transpose()
    }

    pub(crate) fn email(&mut self, name: &'static str) -> Result<Option<String>, ControlError> {
        let wrong = |_| ControlError::wrong(name, "must be an e-mail address");
        let text = self.text(name)?;
        text.map(|text| Email::parse(&text).map_err(wrong))
            .transpose()
            .map(|email| email.map(|email| email.as_str().to_owned()))
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, ControlError> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(ControlError::wrong(name, "must be true or false")),
        }
    }

    /// An integer from `min` to `max`.
    pub(crate) fn integer(
        &mut self,
        name: &'static str,
        min: u64,
        max: u64,
    ) -> Result<Option<u64>, ControlError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = match &value {
            Value::String(text) if self.is_query => text.parse().ok(),
            value => value.as_u64(),
        };
        match number.filter(|number| (min..=max).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let right = format!("must be an integer from {min} to {max}");
                Err(ControlError::wrong(name, right))
            }
        }
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&'static str, T)],
    ) -> Result<Option<T>, ControlError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let mut found = words.iter();
        match found.find(|(word, _)| value == **word) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let right = format!("must be one of {}", words.join(", "));
                Err(ControlError::wrong(name, right))
            }
        }
    }

    /// A list of texts that are not empty; empty if absent.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, ControlError> {
        let wrong = || ControlError::wrong(name, "must be a list of texts that are not empty");
        let items = match self.take(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong()),
        };
        let texts = items.into_iter().map(|item| match item {
            Value::String(text) if !text.is_empty() => Ok(text),
            _ => Err(wrong()),
        });
        texts.collect()
    }

    /// A list of objects; empty if absent.
    pub(crate) fn objects(&mut self, name: &'static str) -> Result<Vec<Self>, ControlError> {
        let wrong = || ControlError::wrong(name, "must be a list of objects");
        let items = match self.take(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong()),
        };
        let objects = items.into_iter().map(|item| match item {
            Value::Object(members) => Ok(Self::new(members)),
            _ => Err(wrong()),
        });
        objects.collect()
    }

    /// The members that were not read.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.given
    }

    /// Refuses members that were not read, because a misspelt member would have no effect.
    pub(crate) fn finish(self) -> Result<(), ControlError> {
        let Some(name) = self.given.into_iter().map(|(name, _)| name).next() else {
            return Ok(());
        };
        let known = match self.known.is_empty() {
            true => "there are none".to_owned(),
            false => format!("the known ones are {}", self.known.join(", ")),
        };
        // A name may be anything that a caller types, also in the wrong place.
        let name: String = name.chars().take(40).collect();
        Err(ControlError::wrong(
            name,
            format!("is not known here: {known}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn members(value: Value) -> Members {
        match value {
            Value::Object(members) => Members::new(members),
            _ => panic!("no object"),
        }
    }

    #[test]
    fn a_wrong_member_is_named_with_what_is_right() {
        let wrong = |name: &str, error: ControlError, right: &str| {
            assert_eq!(error.field(), Some(name));
            assert_eq!(error.to_string(), format!("`{name}` {right}"));
            assert_eq!(error.http_status(), 400);
        };
        let mut given = members(json!({
            "text": 5, "empty": "", "flag": "yes", "number": 6, "word": "c", "objects": [1],
            "phone": "12", "fone": 1,
        }));
        let text = "must be a text that is not empty";
        wrong("text", given.text("text").unwrap_err(), text);
        wrong("empty", given.required("empty").unwrap_err(), text);
        wrong(
            "absent",
            given.required("absent").unwrap_err(),
            "is required",
        );
        wrong(
            "flag",
            given.flag("flag").unwrap_err(),
            "must be true or false",
        );
        let number = given.integer("number", 1, 5).unwrap_err();
        wrong("number", number, "must be an integer from 1 to 5");
        let word = given.word("word", &[("a", 1), ("b", 2)]).unwrap_err();
        wrong("word", word, "must be one of a, b");
        let objects = given.objects("objects").err().unwrap();
        wrong("objects", objects, "must be a list of objects");
        let phone = "must be a phone number with a plus and its country code";
        wrong("phone", given.phone("phone").unwrap_err(), phone);
        let unknown = given.finish().unwrap_err().to_string();
        let known = "`fone` is not known here: the known ones are text, empty, absent, flag";
        assert!(unknown.starts_with(known), "{unknown}");
    }

    #[test]
    fn members_that_are_right_are_read() {
        let mut given = members(json!({
            "text": "a", "flag": true, "number": 5, "word": "b", "null": null, "objects": [{"id": "1"}],
        }));
        assert_eq!(given.text("text").unwrap().as_deref(), Some("a"));
        assert!(given.flag("flag").unwrap() && !given.flag("absent").unwrap());
        assert_eq!(given.integer("number", 1, 5).unwrap(), Some(5));
        assert_eq!(given.word("word", &[("a", 1), ("b", 2)]).unwrap(), Some(2));
        assert_eq!(given.text("null").unwrap(), None);
        let mut objects = given.objects("objects").unwrap();
        assert_eq!(objects[0].required("id").unwrap(), "1");
        assert!(given.finish().is_ok());
    }

    #[test]
    fn a_number_is_text_in_a_query_alone() {
        let url = Url::parse("http://127.0.0.1/?limit=5").unwrap();
        let mut query = Members::of_query(&url);
        assert_eq!(query.integer("limit", 1, 5).unwrap(), Some(5));
        let mut body = members(json!({"limit": "5"}));
        assert!(body.integer("limit", 1, 5).is_err());
    }
}
