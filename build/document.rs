//! Reads an OpenAPI document: its operations, references and parameters, and the place of a fault.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

pub const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// One API description, as published.
pub struct Document {
    file: String,
    /// The content of the file.
    pub root: Value,
}

/// A place in a document, for error messages.
#[derive(Clone)]
pub struct Location<'a> {
    pub document: &'a Document,
    path: &'a str,
    method: &'a str,
    /// Keys below the operation, or below the root where `path` is empty.
    pub inside: String,
}

/// One operation of a document.
pub struct Operation<'a> {
    pub document: &'a Document,
    pub path: &'a str,
    pub method: &'a str,
    pub object: &'a Map<String, Value>,
}

impl Document {
    pub fn read(file: &Path) -> Result<Self, String> {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
        let root: Value = serde_saphyr::from_str(&text)
            .map_err(|error| format!("{name}: {}", parse_error(&error.to_string())))?;
        let document = Self { file: name, root };
        let version = document.root["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.0.") {
            return Err(document.fault("`openapi` must be 3.0.x"));
        }
        Ok(document)
    }

    /// One line that says what is wrong in the document as a whole.
    pub fn fault(&self, what: impl Display) -> String {
        self.at("", "").fault(what)
    }

    pub fn at<'a>(&'a self, path: &'a str, method: &'a str) -> Location<'a> {
        Location {
            document: self,
            path,
            method,
            inside: String::new(),
        }
    }

    /// All operations, in the order of the paths.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.root["paths"].as_object().into_iter().flatten();
        paths
            .flat_map(|(path, item)| METHODS.map(|method| (path, method, item.get(method))))
            .filter_map(|(path, method, operation)| {
                Some(Operation {
                    document: self,
                    path,
                    method,
                    object: operation?.as_object()?,
                })
            })
            .collect()
    }

    /// Follows a local `$ref`; any other value is returned as it is.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.target(reference).unwrap_or(&Value::Null),
            None => value,
        }
    }

    /// The target of a local reference.
    pub fn target(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// The start of every path, up to and with the last path parameter that is a setting of the
    /// client (`/{tenant}`); empty if there is none.
    pub fn base_path(&self) -> Result<String, String> {
        let mut found = None;
        for operation in self.operations() {
            let span = |parameter: &&Value| {
                let name = format!("{{{}}}", parameter["name"].as_str().unwrap_or_default());
                let start = operation.path.find(&name).unwrap_or_default();
                (start, start + name.len())
            };
            let parameters = operation.parameters().into_iter();
            let in_path = parameters.filter(|parameter| parameter["in"] == "path");
            let (settings, arguments): (Vec<_>, Vec<_>) =
                in_path.partition(|parameter| is_client_setting(parameter));
            let end = settings.iter().map(|setting| span(setting).1).max();
            let (base, rest) = operation.path.split_at(end.unwrap_or_default());
            let first = arguments.iter().map(|argument| span(argument).0).min();
            if first.is_some_and(|first| first < base.len()) || !rest.starts_with('/') {
                let what = "path parameters of a call come after the client settings and a `/`";
                return Err(operation.fault(what));
            }
            let expected = *found.get_or_insert(base);
            if expected != base {
                let what = format!("client settings must end at `{expected}` in every path");
                return Err(operation.fault(what));
            }
        }
        Ok(found.unwrap_or_default().to_owned())
    }
}

impl Location<'_> {
    /// The location of something below this one.
    pub fn step(&self, key: impl Display) -> Self {
        let mut next = self.clone();
        if !next.inside.is_empty() {
            next.inside.push('/');
        }
        next.inside.push_str(&key.to_string());
        next
    }

    /// One line that says where and what is wrong.
    pub fn fault(&self, what: impl Display) -> String {
        let method = self.method.to_uppercase();
        let operation = format!("{method} {}", self.path);
        let parts = [
            self.document.file.as_str(),
            operation.trim(),
            &self.inside,
            &one_line(&what.to_string()),
        ];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(": ")
    }
}

impl<'a> Operation<'a> {
    pub fn fault(&self, what: impl Display) -> String {
        self.document.at(self.path, self.method).fault(what)
    }

    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    pub fn id(&self) -> &'a str {
        self.text("operationId")
    }

    /// The text under a key, trimmed; empty if there is none.
    pub fn text(&self, key: &str) -> &'a str {
        let value = self.object.get(key).and_then(Value::as_str);
        value.unwrap_or_default().trim()
    }

    pub fn flag(&self, key: &str) -> bool {
        self.object.get(key) == Some(&Value::Bool(true))
    }

    /// The parameters of the operation and of its path, references followed.
    pub fn parameters(&self) -> Vec<&'a Value> {
        let own = self.object.get("parameters");
        let shared = self.document.root["paths"][self.path].get("parameters");
        let all = own.into_iter().chain(shared).filter_map(Value::as_array);
        all.flatten()
            .map(|parameter| self.document.resolve(parameter))
            .collect()
    }

    /// Its parameters without the client's settings and the signature: the arguments of a call.
    pub fn arguments(&self) -> impl Iterator<Item = &'a Value> {
        let parameters = self.parameters().into_iter();
        parameters.filter(|parameter| is_argument(parameter))
    }

    /// The documented statuses and their responses, references followed.
    pub fn responses(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let document = self.document;
        let responses = self.object.get("responses").and_then(Value::as_object);
        let responses = responses.into_iter().flatten();
        responses.map(|(status, response)| (status.as_str(), document.resolve(response)))
    }

    /// The responses that are a success.
    pub fn successes(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let responses = self.responses();
        responses.filter(|(status, _)| matches!(status.parse(), Ok(200..=299_u16)))
    }
}

/// The schema of the JSON content of a body or a response; null if there is none.
pub fn json_schema(described: &Value) -> &Value {
    &described["content"]["application/json"]["schema"]
}

/// Whether a parameter is set once on the client and not in each call.
pub fn is_client_setting(parameter: &Value) -> bool {
    parameter["x-client-setting"] == true
}

/// Whether a parameter belongs to the signature, which the client makes for each attempt.
pub fn is_signature(parameter: &Value) -> bool {
    parameter["x-signature"] == true
}

/// Whether a parameter is passed in each call.
pub fn is_argument(parameter: &Value) -> bool {
    !is_client_setting(parameter) && !is_signature(parameter)
}

/// The parser's message without its excerpt of the text, which takes several lines.
fn parse_error(message: &str) -> String {
    let message = message.split("-->").next().unwrap_or_default();
    one_line(message.trim_start_matches("error: "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
