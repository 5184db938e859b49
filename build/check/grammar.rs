//! Which keys the objects of a document may have, and what stands under them.
//!
//! Narrower than OpenAPI where something valid would be ignored here: better refused than lost.

/// What stands under a key.
pub enum Shape {
    /// Read by someone who knows more than a table, or only for human readers.
    Any,
    Text,
    Flag,
    Number,
    Texts,
    One(&'static Kind),
    /// An object, or true or false.
    OneOrFlag(&'static Kind),
    Many(&'static Kind),
    Named(&'static Kind),
}

use Shape::{Any, Flag, Many, Named, Number, One, OneOrFlag, Text, Texts};

/// A kind of object.
pub struct Kind {
    /// With its article, for messages.
    pub name: &'static str,
    /// Where references to such an object lead; empty if it cannot be referred to.
    pub section: &'static str,
    pub required: &'static [&'static str],
    pub keys: &'static [(&'static str, Shape)],
}

pub static ROOT: Kind = Kind {
    name: "a document",
    section: "",
    required: &["info", "paths"],
    keys: &[
        ("openapi", Text),
        ("info", One(&INFO)),
        ("servers", Many(&SERVER)),
        ("tags", Many(&TAG)),
        ("paths", Any),
        ("components", One(&COMPONENTS)),
    ],
};

static INFO: Kind = Kind {
    name: "`info`",
    section: "",
    required: &["title", "version"],
    keys: &[
        ("title", Text),
        ("version", Text),
        ("description", Text),
        ("termsOfService", Text),
        ("license", One(&LICENSE)),
    ],
};

static LICENSE: Kind = Kind {
    name: "a licence",
    section: "",
    required: &["name"],
    keys: &[("name", Text), ("url", Text)],
};

static SERVER: Kind = Kind {
    name: "a server",
    section: "",
    required: &["url"],
    keys: &[("url", Text), ("description", Text)],
};

static TAG: Kind = Kind {
    name: "a tag",
    section: "",
    required: &["name"],
    keys: &[("name", Text), ("description", Text)],
};

static COMPONENTS: Kind = Kind {
    name: "`components`",
    section: "",
    required: &[],
    keys: &[
        ("schemas", Named(&SCHEMA)),
        ("parameters", Named(&PARAMETER)),
        ("responses", Named(&RESPONSE)),
        ("headers", Named(&HEADER)),
        ("requestBodies", Named(&BODY)),
        ("examples", Named(&EXAMPLE)),
        ("securitySchemes", Named(&SECURITY_SCHEME)),
    ],
};

static SECURITY_SCHEME: Kind = Kind {
    name: "a security scheme",
    section: "",
    required: &["type"],
    keys: &[
        ("type", Text),
        ("description", Text),
        ("name", Text),
        ("in", Text),
        ("scheme", Text),
        ("bearerFormat", Text),
        ("x-assumption", Text),
    ],
};

pub static PATH_ITEM: Kind = Kind {
    name: "a path",
    section: "",
    required: &[],
    keys: &[
        ("summary", Text),
        ("description", Text),
        ("parameters", Many(&PARAMETER)),
        ("get", Any),
        ("put", Any),
        ("post", Any),
        ("delete", Any),
        ("options", Any),
        ("head", Any),
        ("patch", Any),
    ],
};

pub static OPERATION: Kind = Kind {
    name: "an operation",
    section: "",
    required: &["operationId", "summary", "description", "responses"],
    keys: &[
        ("tags", Texts),
        ("operationId", Text),
        ("summary", Text),
        ("description", Text),
        ("deprecated", Flag),
        ("security", Any),
        ("parameters", Many(&PARAMETER)),
        ("requestBody", One(&BODY)),
        ("responses", Named(&RESPONSE)),
        ("x-repeat", Text),
        ("x-bare-string", Text),
        ("x-sends-message", Flag),
        ("x-carries-code", Flag),
        ("x-signed-field", Texts),
        ("x-assumption", Text),
        ("x-beyond-documentation", Flag),
    ],
};

static PARAMETER: Kind = Kind {
    name: "a parameter",
    section: "parameters",
    required: &["name", "in", "schema"],
    keys: &[
        ("name", Text),
        ("in", Text),
        ("description", Text),
        ("required", Flag),
        ("deprecated", Flag),
        ("schema", One(&SCHEMA)),
        ("example", Any),
        ("x-client-setting", Flag),
        ("x-assumption", Text),
    ],
};

static BODY: Kind = Kind {
    name: "a request body",
    section: "requestBodies",
    required: &["content"],
    keys: &[
        ("description", Text),
        ("required", Flag),
        ("content", Named(&MEDIA)),
        ("x-assumption", Text),
    ],
};

static RESPONSE: Kind = Kind {
    name: "a response",
    section: "responses",
    required: &["description"],
    keys: &[
        ("description", Text),
        ("headers", Named(&HEADER)),
        ("content", Named(&MEDIA)),
        ("x-assumption", Text),
    ],
};

static HEADER: Kind = Kind {
    name: "a header",
    section: "headers",
    required: &["schema"],
    keys: &[
        ("description", Text),
        ("required", Flag),
        ("deprecated", Flag),
        ("schema", One(&SCHEMA)),
        ("example", Any),
        ("x-assumption", Text),
    ],
};

static MEDIA: Kind = Kind {
    name: "a media type",
    section: "",
    required: &["schema"],
    keys: &[
        ("schema", One(&SCHEMA)),
        ("example", Any),
        ("examples", Named(&EXAMPLE)),
    ],
};

static EXAMPLE: Kind = Kind {
    name: "an example",
    section: "examples",
    required: &["value"],
    keys: &[("summary", Text), ("description", Text), ("value", Any)],
};

pub static SCHEMA: Kind = Kind {
    name: "a schema",
    section: "schemas",
    required: &[],
    keys: &[
        ("type", Text),
        ("format", Text),
        ("title", Text),
        ("description", Text),
        ("nullable", Flag),
        ("deprecated", Flag),
        ("readOnly", Flag),
        ("writeOnly", Flag),
        ("default", Any),
        ("example", Any),
        ("enum", Any),
        ("pattern", Text),
        ("minLength", Number),
        ("maxLength", Number),
        ("minimum", Number),
        ("maximum", Number),
        ("minItems", Number),
        ("maxItems", Number),
        ("uniqueItems", Flag),
        ("required", Texts),
        ("properties", Named(&SCHEMA)),
        ("additionalProperties", OneOrFlag(&SCHEMA)),
        ("items", One(&SCHEMA)),
        ("allOf", Many(&SCHEMA)),
        ("x-assumption", Text),
    ],
};
