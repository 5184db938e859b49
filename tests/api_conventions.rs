//! The recorded public API follows docs/api-conventions.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

const API: &str = include_str!("../docs/public-api.txt");
const PAGE: &str = include_str!("../docs/api-conventions.md");

/// A public function of the recorded API.
struct Function {
    is_async: bool,
    /// The path without `vestibule::`.
    path: String,
    arguments: Vec<String>,
    returns: String,
}

impl Function {
    fn parse(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("pub ")?;
        let (is_async, rest) = match rest.strip_prefix("async fn ") {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix("fn ")?),
        };
        let rest = rest.strip_prefix("vestibule::")?;
        let (path, rest) = without_generics(rest);
        let close = closing(rest)?;
        Some(Self {
            is_async,
            path,
            arguments: split(&rest[1..close]),
            returns: rest[close + 1..].trim_start_matches(" -> ").to_owned(),
        })
    }

    fn name(&self) -> &str {
        self.path.rsplit("::").next().unwrap()
    }

    fn of(&self) -> &str {
        self.path.rsplit_once("::").map_or("", |(of, _)| of)
    }

    fn is_of_the_mocks(&self) -> bool {
        self.path.starts_with("testing::")
    }

    fn is_method(&self) -> bool {
        self.arguments
            .first()
            .is_some_and(|it| it.ends_with("self"))
    }

    /// Whether it is a setter: it takes and returns its type.
    fn is_setter(&self) -> bool {
        self.arguments.first().is_some_and(|it| it == "self") && self.returns == "Self"
    }
}

/// The path before the arguments, without what is in angle brackets, and the rest.
fn without_generics(text: &str) -> (String, &str) {
    let mut path = String::new();
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' if depth == 0 => return (path, &text[at..]),
            '<' => depth += 1,
            '>' => depth -= 1,
            _ if depth == 0 => path.push(letter),
            _ => {}
        }
    }
    (path, "")
}

/// The place of the bracket that closes the first one.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The arguments, split at the commas outside of brackets.
fn split(arguments: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    let mut previous = ' ';
    for letter in arguments.chars() {
        match letter {
            '<' | '(' | '[' => depth += 1,
            '>' if previous != '-' => depth -= 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(letter);
        }
        previous = letter;
    }
    let parts = parts.iter().map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

fn functions() -> Vec<Function> {
    let all: Vec<_> = API.lines().filter_map(Function::parse).collect();
    assert!(all.len() > 400, "only {} functions are recorded", all.len());
    all
}

/// The code words in the first column of the table under a heading.
fn listed(heading: &str) -> BTreeSet<&'static str> {
    let section = PAGE.split(&format!("\n## {heading}\n")).nth(1);
    let section = section.and_then(|rest| rest.split("\n## ").next());
    let rows = section.expect("a section").lines();
    let cells = rows.filter_map(|row| row.strip_prefix("| `")?.split(" |").next());
    let names = cells.flat_map(|cell| cell.split('`').step_by(2));
    names
        .filter(|name| !name.trim_matches([',', ' ']).is_empty())
        .collect()
}

#[test]
fn public_async_methods_start_with_a_listed_verb_or_are_listed_nouns() {
    let (verbs, nouns) = (listed("Verbs"), listed("Nouns"));
    let starts = |name: &str, verb: &str| {
        let rest = name.strip_prefix(verb);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    let methods = functions();
    let methods = methods
        .iter()
        .filter(|it| it.is_async && it.is_method() && !it.is_of_the_mocks());
    let mut count = 0;
    for method in methods {
        count += 1;
        let name = method.name();
        // A client or store that a builder makes asynchronously.
        if name == "build" {
            continue;
        }
        let verb = verbs.iter().find(|verb| starts(name, verb));
        match verb.or_else(|| nouns.get(name)) {
            Some(word) => drop(used.insert(*word)),
            None => wrong.push(method.path.as_str()),
        }
    }
    assert!(
        wrong.is_empty(),
        "not in docs/api-conventions.md: {wrong:#?}"
    );
    let unused: Vec<_> = nouns.difference(&used).collect();
    assert!(unused.is_empty(), "these nouns are no methods: {unused:?}");
    support::proof("api-conventions", &format!("async-methods={count}"));
}

/// What a parameter accepts, if it is a string or a secret.
fn literal(parameter: &str) -> Option<&'static str> {
    const STRINGS: [&str; 4] = [
        "alloc::string::String",
        "&str",
        "&'a str",
        "impl core::convert::Into<alloc::string::String>",
    ];
    let is_string = STRINGS.contains(&parameter);
    let is_secret = parameter == "impl core::convert::Into<vestibule::Secret>"
        || parameter.trim_start_matches('&').trim_start_matches("'a ") == "vestibule::Secret";
    match (is_string, is_secret) {
        (true, _) => Some("a string"),
        (_, true) => Some("a secret"),
        _ => None,
    }
}

#[test]
fn no_function_takes_two_adjacent_parameters_that_accept_the_same_literal() {
    let mut wrong = Vec::new();
    for function in functions() {
        let kinds: Vec<_> = function.arguments.iter().map(|it| literal(it)).collect();
        let same = |pair: &[Option<&str>]| pair[0].is_some() && pair[0] == pair[1];
        if kinds.windows(2).any(same) {
            wrong.push(format!(
                "{}({})",
                function.path,
                function.arguments.join(", ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_builder_ends_in_send_or_build() {
    let values = listed("Builders");
    let mut methods: BTreeMap<String, Vec<Function>> = BTreeMap::new();
    for function in functions() {
        if !function.is_of_the_mocks() {
            methods
                .entry(function.of().to_owned())
                .or_default()
                .push(function);
        }
    }
    let mut wrong = Vec::new();
    let mut builders = 0;
    for (of, methods) in &methods {
        let is_value = values.contains(of.as_str());
        if is_value || !methods.iter().any(Function::is_setter) {
            continue;
        }
        builders += 1;
        if !methods
            .iter()
            .any(|it| matches!(it.name(), "send" | "build"))
        {
            wrong.push(of.as_str());
        }
    }
    assert!(builders > 10, "only {builders} builders are recorded");
    assert!(wrong.is_empty(), "neither `send` nor `build`: {wrong:#?}");
}
