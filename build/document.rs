//! Reads an OpenAPI document and walks its operations.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

pub const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// One description, as published.
pub struct Document {
    file: String,
    /// Everything that the file says.
    pub root: Value,
    /// The start of every path, up to and with the last path parameter that is a setting of the
    /// client (`/{tenant}`); empty if there is none.
    pub base_path: String,
}

/// One operation where it stands in its document.
pub struct Place<'a> {
    pub path: &'a str,
    pub method: &'a str,
    pub operation: &'a Map<String, Value>,
}

impl Document {
    pub fn read(file: &Path) -> Result<Self, String> {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
        let root: Value = serde_saphyr::from_str(&text)
            .map_err(|error| format!("{name}: {}", reason(&error.to_string())))?;
        let document = Self {
            file: name,
            root,
            base_path: String::new(),
        };
        let version = document.root["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.0.") {
            return Err(document.fault("", "", "`openapi` must be 3.0.x"));
        }
        Ok(document)
    }

    /// The document with its base path, once its parameters are known to be right.
    pub fn with_base_path(mut self) -> Result<Self, String> {
        self.base_path = self.find_base_path()?;
        Ok(self)
    }

    /// One line about what is wrong and where.
    pub fn fault(&self, path: &str, method: &str, what: impl Display) -> String {
        let place = match (path, method) {
            ("", _) => String::new(),
            (path, "") => format!("{path}: "),
            (path, method) => format!("{} {path}: ", method.to_uppercase()),
        };
        format!("{}: {place}{}", self.file, one_line(&what.to_string()))
    }

    /// Every operation, in the order of the paths.
    pub fn operations(&self) -> Result<Vec<Place<'_>>, String> {
        let paths = self.root["paths"]
            .as_object()
            .ok_or_else(|| self.fault("", "", "`paths` is missing"))?;
        let mut places = Vec::new();
        for (path, item) in paths {
            for method in METHODS {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                let operation = operation
                    .as_object()
                    .ok_or_else(|| self.fault(path, method, "the operation is not an object"))?;
                places.push(Place {
                    path,
                    method,
                    operation,
                });
            }
        }
        Ok(places)
    }

    /// Follows a local `$ref`; anything else is returned as it is.
    pub fn resolve<'a>(&'a self, place: &Place<'_>, value: &'a Value) -> Result<&'a Value, String> {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Ok(value);
        };
        self.target(reference).ok_or_else(|| {
            let what = format!("`{reference}` leads nowhere");
            self.fault(place.path, place.method, what)
        })
    }

    /// What a local reference leads to.
    pub fn target(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// The parameters of an operation and of its path, references followed.
    pub fn parameters<'a>(&'a self, place: &Place<'a>) -> Result<Vec<&'a Value>, String> {
        let own = place.operation.get("parameters");
        let shared = self.root["paths"][place.path].get("parameters");
        own.into_iter()
            .chain(shared)
            .filter_map(Value::as_array)
            .flatten()
            .map(|parameter| self.resolve(place, parameter))
            .collect()
    }

    fn find_base_path(&self) -> Result<String, String> {
        let mut found: Option<String> = None;
        for place in self.operations()? {
            let mut end = 0;
            let mut start_of_call = place.path.len();
            for parameter in self.parameters(&place)? {
                if parameter["in"] != "path" {
                    continue;
                }
                let name = format!("{{{}}}", parameter["name"].as_str().unwrap_or_default());
                let at = place.path.find(&name).unwrap_or_default();
                if is_client_setting(parameter) {
                    end = end.max(at + name.len());
                } else {
                    start_of_call = start_of_call.min(at);
                }
            }
            let base = &place.path[..end];
            if start_of_call < end || (end > 0 && !place.path[end..].starts_with('/')) {
                let what = "path parameters of a call come after the client settings and a `/`";
                return Err(self.fault(place.path, place.method, what));
            }
            match &found {
                None => found = Some(base.to_owned()),
                Some(other) if other == base => {}
                Some(other) => {
                    return Err(self.fault(
                        place.path,
                        place.method,
                        format!("client settings must end at `{other}` in every path"),
                    ));
                }
            }
        }
        Ok(found.unwrap_or_default())
    }
}

/// Whether a parameter is set once on the client and not in each call.
pub fn is_client_setting(parameter: &Value) -> bool {
    parameter["x-client-setting"] == true
}

/// A parser's message without its picture of the text, which needs several lines to be understood.
fn reason(message: &str) -> String {
    let message = message.split("-->").next().unwrap_or_default();
    one_line(message.trim_start_matches("error: "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
