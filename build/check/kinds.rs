//! The keys that each kind of object may have.
//!
//! Narrower than OpenAPI: what is valid there but would be ignored here is refused. Any object may also
//! say where its facts come from (`PROVENANCE`).

/// Say where facts come from that the vendor's page does not state: the place where they were seen, and
/// what is assumed. Allowed on every kind of object.
pub const PROVENANCE: [&str; 2] = ["x-source", "x-assumption"];

/// A kind of object. Lists of keys are separated by spaces.
pub struct Kind {
    /// With its article, for messages.
    pub name: &'static str,
    /// Where references to such an object lead; empty if it cannot be referred to.
    pub section: &'static str,
    pub required: &'static str,
    /// Keys whose value is text.
    pub texts: &'static str,
    /// Keys whose value is true or false.
    pub flags: &'static str,
    /// Keys whose value is checked elsewhere, or only for human readers.
    pub any: &'static str,
    pub others: &'static [(&'static str, Shape)],
}

/// What one of the other keys holds.
pub enum Shape {
    Number,
    Names,
    Object(&'static Kind),
    ObjectOrFlag(&'static Kind),
    List(&'static Kind),
    Map(&'static Kind),
}

use Shape::{List, Map, Names, Number, Object, ObjectOrFlag};

/// Defaults for the lists that a kind leaves out.
const KIND: Kind = Kind {
    name: "",
    section: "",
    required: "",
    texts: "",
    flags: "",
    any: "",
    others: &[],
};

pub static ROOT: Kind = Kind {
    name: "a document",
    required: "info paths",
    texts: "openapi",
    any: "info servers tags paths",
    others: &[
        ("components", Object(&COMPONENTS)),
        ("x-error-codes", Object(&ERROR_CODES)),
        ("x-misconfigured", List(&MISCONFIGURED)),
        ("x-path-prefix", Object(&PATH_PREFIX)),
        ("x-session-ends", List(&SESSION_END)),
        ("x-success-member", Object(&SUCCESS_MEMBER)),
    ],
    ..KIND
};

static MISCONFIGURED: Kind = Kind {
    name: "a refusal of `x-misconfigured`",
    required: "class member word",
    texts: "class operation member word",
    others: &[("status", Number)],
    ..KIND
};

/// Words of an error response that end a session: of the member, or any in the system's format.
static SESSION_END: Kind = Kind {
    name: "a row of `x-session-ends`",
    texts: "operation member word",
    others: &[("status", Number), ("again_after", Number)],
    ..KIND
};

/// What the vendor publishes about the codes of error responses.
static ERROR_CODES: Kind = Kind {
    name: "`x-error-codes`",
    required: "codes",
    others: &[("codes", Map(&ERROR_CODE))],
    ..KIND
};

static ERROR_CODE: Kind = Kind {
    name: "an error code",
    required: "means",
    texts: "means",
    others: &[("missing", Names)],
    ..KIND
};

/// The start of every path that the vendor's page leaves out.
static PATH_PREFIX: Kind = Kind {
    name: "`x-path-prefix`",
    required: "path",
    texts: "path",
    ..KIND
};

static SUCCESS_MEMBER: Kind = Kind {
    name: "`x-success-member`",
    required: "name",
    texts: "name",
    ..KIND
};

static COMPONENTS: Kind = Kind {
    name: "`components`",
    any: "examples headers securitySchemes",
    others: &[
        ("schemas", Map(&SCHEMA)),
        ("parameters", Map(&PARAMETER)),
        ("responses", Map(&RESPONSE)),
        ("requestBodies", Map(&BODY)),
    ],
    ..KIND
};

pub static PATH_ITEM: Kind = Kind {
    name: "a path",
    texts: "summary description",
    any: "get put post delete options head patch",
    others: &[("parameters", List(&PARAMETER))],
    ..KIND
};

pub static OPERATION: Kind = Kind {
    name: "an operation",
    required: "operationId summary description responses",
    texts: "operationId summary description x-bare-string",
    flags: "deprecated x-idempotent x-sends-message x-carries-code x-beyond-documentation",
    any: "security x-success-member",
    others: &[
        ("tags", Names),
        ("parameters", List(&PARAMETER)),
        ("requestBody", Object(&BODY)),
        ("responses", Map(&RESPONSE)),
        ("x-signed-field", Names),
    ],
    ..KIND
};

static PARAMETER: Kind = Kind {
    name: "a parameter",
    section: "parameters",
    required: "name in schema",
    texts: "name in description",
    flags: "required deprecated x-client-setting x-signature",
    any: "example",
    others: &[("schema", Object(&SCHEMA))],
};

static BODY: Kind = Kind {
    name: "a request body",
    section: "requestBodies",
    required: "content",
    texts: "description",
    flags: "required",
    others: &[("content", Map(&MEDIA))],
    ..KIND
};

static RESPONSE: Kind = Kind {
    name: "a response",
    section: "responses",
    required: "description",
    texts: "description",
    any: "headers",
    others: &[("content", Map(&MEDIA))],
    ..KIND
};

static MEDIA: Kind = Kind {
    name: "a media type",
    required: "schema",
    any: "example examples",
    others: &[("schema", Object(&SCHEMA))],
    ..KIND
};

pub static SCHEMA: Kind = Kind {
    name: "a schema",
    section: "schemas",
    texts: "type format title description pattern x-token",
    flags: "nullable deprecated readOnly writeOnly uniqueItems x-needed x-decides x-safe",
    any: "default example enum",
    others: &[
        ("minLength", Number),
        ("maxLength", Number),
        ("minimum", Number),
        ("maximum", Number),
        ("minItems", Number),
        ("maxItems", Number),
        ("required", Names),
        ("properties", Map(&SCHEMA)),
        ("additionalProperties", ObjectOrFlag(&SCHEMA)),
        ("items", Object(&SCHEMA)),
        ("allOf", List(&SCHEMA)),
    ],
    ..KIND
};
