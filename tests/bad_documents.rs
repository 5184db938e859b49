//! A bad document fails the build with one line that names the place of the error.
//!
//! The tests run the build script that cargo built for this crate on changed documents.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The newest build script of this crate, and the folder that it wrote to.
fn build_script() -> PathBuf {
    let own_output = Path::new(env!("OUT_DIR"));
    let builds = own_output.parent().unwrap().parent().unwrap();
    let made = |path: &Path| -> SystemTime { fs::metadata(path).unwrap().modified().unwrap() };
    fs::read_dir(builds)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("vestibule-")
        })
        .map(|path| path.join("build-script-build"))
        .filter(|path| path.exists())
        .max_by_key(|path| made(path))
        .expect("cargo built the build script")
}

/// The build's error for GoodCity's document after `change`, or the generated code.
fn build(change: impl Fn(&str) -> String) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("openapi")).unwrap();
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/goodcity.yaml");
    let text = change(&fs::read_to_string(published).unwrap());
    fs::write(folder.path().join("openapi/goodcity.yaml"), text).unwrap();
    let output = Command::new(build_script())
        .current_dir(folder.path())
        .env_clear()
        .env("OUT_DIR", folder.path())
        .env("CARGO_FEATURE_GOODCITY", "1")
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let reported: Vec<&str> = lines
        .lines()
        .filter(|line| !line.starts_with("cargo:rerun-if-changed="))
        .collect();
    let noise = String::from_utf8(output.stderr).unwrap();
    assert_eq!(noise, "", "{reported:?}");
    if output.status.success() {
        assert_eq!(reported, [""; 0]);
        return Ok(fs::read_to_string(folder.path().join("goodcity.rs")).unwrap());
    }
    let [error] = reported[..] else {
        panic!("not one line: {reported:?}");
    };
    let error = error.strip_prefix("cargo::error=openapi/goodcity.yaml: ");
    Err(error.expect("the line names the file").to_owned())
}

/// The document with the first `from` replaced by `to`.
fn replaced(from: &str, to: &str) -> Result<String, String> {
    build(|text| {
        assert!(text.contains(from), "the document has no `{from}`");
        text.replacen(from, to, 1)
    })
}

/// The build's error after replacing the first `from` by `to`.
fn fault(from: &str, to: &str) -> String {
    match replaced(from, to) {
        Ok(_) => panic!("`{to}` was taken"),
        Err(error) => error,
    }
}

/// The document with additional schemas.
fn with_schemas(schemas: &str) -> Result<String, String> {
    replaced("  schemas:\n", &format!("  schemas:\n    {schemas}\n"))
}

/// The document with an additional parameter of `send_pin`.
fn with_parameter(parameter: &str) -> Result<String, String> {
    let own = "      parameters:\n";
    replaced(own, &format!("{own}        - {parameter}\n"))
}

/// Each line of `cases` is a bad input and, after `=>`, the expected error line.
fn refused(build: impl Fn(&str) -> Result<String, String>, cases: &str) {
    for case in cases.lines().map(str::trim).filter(|case| !case.is_empty()) {
        let (given, expected) = case.split_once(" => ").expect("a case has two sides");
        match build(&given.replace("\\n", "\n")) {
            Ok(_) => panic!("`{given}` was taken"),
            Err(error) => assert_eq!(error, expected, "{given}"),
        }
    }
}

#[test]
fn the_published_document_builds() {
    assert!(build(str::to_owned).is_ok());
}

#[test]
fn an_error_names_file_path_method_and_reason() {
    refused(
        |to| replaced("x-idempotent: false", to),
        r"
        x-idempotent: sometimes => POST /api/v1/auth/send_pin: `x-idempotent` must be true or false
        x-idempotent: true => POST /api/v1/auth/send_pin: an operation that sends a message or carries a code must be `x-idempotent: false`
    ",
    );
    refused(
        |to| replaced("x-sends-message: true", to),
        r"
        x-sends-message: perhaps => POST /api/v1/auth/send_pin: `x-sends-message` must be true or false
    ",
    );
    refused(
        |id| replaced("operationId: send_pin", &format!("operationId: {id}")),
        r"
        sendPin => POST /api/v1/auth/send_pin: operationId `sendPin` must be snake_case
        verify => POST /api/v1/auth/verify: operationId `verify` is used twice
        self => POST /api/v1/auth/send_pin: operationId `self` cannot be a name in Rust
        new => POST /api/v1/auth/send_pin: operationId `new` cannot be a name in Rust
    ",
    );
    let error = fault(
        "security:\n        - session",
        "security:\n        - pigeon",
    );
    assert!(error.contains("`pigeon` is not session"), "{error}");
}

#[test]
fn a_success_member_must_be_a_decision_of_the_response() {
    let own = |to: &str| {
        let first = "x-idempotent: false";
        replaced(first, &format!("{first}\n      {to}"))
    };
    refused(
        own,
        r"
        x-success-member: otp_auth_key => POST /api/v1/auth/send_pin: `x-success-member` names `otp_auth_key`, which is no boolean member of the response with `x-decides: true`
        x-success-member: [success] => POST /api/v1/auth/send_pin: `x-success-member` names `success`, which is no boolean member of the response with `x-decides: true`
        x-success-member: true => POST /api/v1/auth/send_pin: `x-success-member` must be a name or a list of names
        x-success-member: [1] => POST /api/v1/auth/send_pin: `x-success-member` must be a name or a list of names
    ",
    );
    let of_all = |to: &str| replaced("paths:\n", &format!("x-success-member: {to}\npaths:\n"));
    refused(
        of_all,
        r"
        {name: success} => `x-success-member` names `success`, which no response lists
        {x-source: Seen.} => x-success-member: `name` is missing
        success => x-success-member: `x-success-member` must be an object
    ",
    );
    let listed = build(|text| {
        let key = "        otp_auth_key:\n";
        let sent = "        sent: {type: boolean, x-decides: true}\n";
        assert!(text.contains(key));
        text.replacen(key, &format!("{sent}{key}"), 1).replacen(
            "paths:\n",
            "x-success-member: {name: sent}\npaths:\n",
            1,
        )
    });
    let code = listed.unwrap();
    assert!(code.contains(r#"success_members: &["sent"]"#), "{code}");
}

#[test]
fn text_that_is_not_a_document_gives_a_one_line_error() {
    let whole = |text: &str| build(|_| text.to_owned());
    refused(
        whole,
        r"
        openapi: 3.1.0 => `openapi` must be 3.0.x
        openapi: 3.0.3 => `info` is missing
        openapi: 3.0.3\ninfo: {title: A, version: 1.0.0}\npaths: {} => `paths` has no operation
        openapi: 3.0.3\nopenapi: 3.0.3 => line 2 column 1: duplicate mapping key: openapi, set DuplicateKeyPolicy in Options if acceptable
    ",
    );
    for text in ["", "openapi: [", "[]"] {
        assert!(whole(text).is_err(), "{text}");
    }
}

#[test]
fn references_resolve() {
    let body = "schemas/SendPinRequest'";
    refused(
        |to| replaced(body, to),
        r"
        schemas/Missing' => POST /api/v1/auth/send_pin: requestBody/content/application/json/schema: `#/components/schemas/Missing` leads nowhere
        responses/Conflict' => POST /api/v1/auth/send_pin: requestBody/content/application/json/schema: `#/components/responses/Conflict` must name a schema: `#/components/schemas/…`
    ",
    );
    refused(
        |to| replaced("responses/BadRequest'", to),
        r"
        responses/Nothing' => POST /api/v1/auth/send_pin: responses/400: `#/components/responses/Nothing` leads nowhere
    ",
    );
    refused(
        |to| replaced("parameters/AppName'", to),
        r"
        parameters/Nothing' => POST /api/v1/auth/send_pin: parameters/0: `#/components/parameters/Nothing` leads nowhere
    ",
    );
    refused(
        with_schemas,
        r"
        A: {type: array, items: {$ref: '#/components/schemas/B'}} => components/schemas/A/items: `#/components/schemas/B` leads nowhere
        A: {type: object, properties: {b: {allOf: [{$ref: '#/components/schemas/B'}]}}} => components/schemas/A/properties/b/allOf/0: `#/components/schemas/B` leads nowhere
        A: {$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/A'} => components/schemas/A: `#/components/schemas/B` leads to another reference
        A: {$ref: 1} => components/schemas/A: `$ref` must be text, not `1`
    ",
    );
}

#[test]
fn paths_and_their_parameters_agree() {
    refused(
        |to| replaced("/api/v1/auth/send_pin:", to),
        r"
        /x/{code}: => POST /x/{code}: `{code}` is not a declared path parameter
        /x/{code: => POST /x/{code: a brace is not closed
        x: => POST x: a path starts with `/` and has no empty part
    ",
    );
    refused(
        with_parameter,
        r"
        {name: a, in: path, required: true, schema: {type: string}} => POST /api/v1/auth/send_pin: path parameter `a` is not in the path
        {name: a, in: path, schema: {type: string}} => POST /api/v1/auth/send_pin: path parameter `a` must be `required: true`
        {name: a, in: header, schema: {type: string}} => POST /api/v1/auth/send_pin: header parameter `a` must be a setting of the client
        {name: a, in: cookie, schema: {type: string}} => POST /api/v1/auth/send_pin: cookie parameter `a` must be a setting of the client
        {name: a, in: qurey, schema: {type: string}} => POST /api/v1/auth/send_pin: `in: qurey` of parameter `a` is no place
        {name: a, in: query, schema: {type: object}} => POST /api/v1/auth/send_pin: a query cannot hold the schema of parameter `a`
        {name: a, in: query} => POST /api/v1/auth/send_pin: parameters/0: `schema` is missing
    ",
    );
}

#[test]
fn parameters_of_a_signature_are_text_in_the_query_of_a_signed_operation() {
    refused(
        with_parameter,
        r"
        {name: a, in: query, x-signature: true, schema: {type: string}} => POST /api/v1/auth/send_pin: `bootstrapSignature` and `x-signature` parameters go together
        {name: a, in: header, x-signature: true, schema: {type: string}} => POST /api/v1/auth/send_pin: `x-signature` parameter `a` must be text in the query
        {name: a, in: query, x-signature: true, schema: {type: integer}} => POST /api/v1/auth/send_pin: `x-signature` parameter `a` must be text in the query
        {name: a, in: query, x-signature: true, x-client-setting: true, schema: {type: string}} => POST /api/v1/auth/send_pin: `x-signature` parameter `a` cannot be a setting of the client too
        {name: a, in: query, x-signature: so, schema: {type: string}} => POST /api/v1/auth/send_pin: parameters/0: `x-signature` must be true or false
    ",
    );
}

#[test]
fn error_codes_say_what_they_mean() {
    let codes = |to: &str| replaced("paths:\n", &format!("x-error-codes: {to}\npaths:\n"));
    refused(
        codes,
        r#"
        {x-source: Seen.} => x-error-codes: `codes` is missing
        {codes: {E1: {missing: [name]}}} => x-error-codes/codes/E1: `means` is missing
        {codes: {E1: {means: Gone., missing: name}}} => x-error-codes/codes/E1: `missing` must be a list of names, not `"name"`
        {codes: {E1: {means: Gone., since: '2026'}}} => x-error-codes/codes/E1: `since` is not known on an error code
    "#,
    );
    let code = codes("{codes: {E1: {means: Gone., missing: [name]}}}").unwrap();
    assert!(
        code.contains(r#"code: "E1""#) && code.contains(r#"missing: &["name"]"#),
        "{code}"
    );
}

#[test]
fn a_body_that_is_not_required_may_be_left_out() {
    let required = build(str::to_owned).unwrap();
    let optional = replaced("        required: true\n", "        required: false\n").unwrap();
    assert!(!required.contains("optional_json"), "{required}");
    assert!(optional.contains(".optional_json(&body)"), "{optional}");
}

#[test]
fn schemas_are_of_known_types_and_without_alternatives() {
    refused(
        with_schemas,
        r"
        A: {type: strin} => components/schemas/A: `strin` is no type
        A: {type: object, properties: {b: {type: array, items: {type: strin}}}} => components/schemas/A/properties/b/items: `strin` is no type
        A: {tpye: string} => components/schemas/A: `tpye` is not known on a schema
        A: {type: array} => components/schemas/A: an array needs `items`
        A: {type: string, format: pasword} => components/schemas/A: `pasword` is no format of `type: string`
        A: {type: object, required: [b]} => components/schemas/A: `required` names `b`, which is no property
        A: {oneOf: [{type: string}]} => components/schemas/A: `oneOf` cannot be expressed
        A: {type: object, properties: {b: {oneOf: [{type: string}]}}} => components/schemas/A/properties/b: `oneOf` cannot be expressed
        A: {type: array, items: {anyOf: [{type: string}]}} => components/schemas/A/items: `anyOf` cannot be expressed
        A: {type: object, additionalProperties: {not: {type: string}}} => components/schemas/A/additionalProperties: `not` cannot be expressed
        A: {allOf: [{$ref: '#/components/schemas/UserAuth'}]} => components/schemas/A: `allOf` can only document one `$ref`, where a schema is used
        A: {type: array, items: {allOf: [{type: string}]}} => components/schemas/A/items: `allOf` can only document one `$ref`, where a schema is used
        A: {type: array, items: {allOf: [{$ref: '#/components/schemas/UserAuth'}], properties: {}}} => components/schemas/A/items: `allOf` can only document one `$ref`, where a schema is used
    ",
    );
}

#[test]
fn enum_values_map_to_distinct_variants() {
    let code = with_schemas("A: {type: string, enum: [2fa, '', self, other, a-b, '*']}").unwrap();
    for arm in [
        r#"Self::Value2fa => "2fa","#,
        r#"Self::Empty => "","#,
        r#"Self::Self_ => "self","#,
        r#"Self::Other_ => "other","#,
        r#"Self::AB => "a-b","#,
        r#"Self::Symbol => "*","#,
    ] {
        assert!(code.contains(arm), "{arm}");
    }
    refused(
        with_schemas,
        r"
        A: {type: string, enum: [a-b, a_b]} => components/schemas/A: the enum values `a-b` and `a_b` both become `AB`
        A: {type: string, enum: [a, 1]} => components/schemas/A: `enum` holds text, not `1`
        A: {type: integer, enum: [1]} => components/schemas/A: `enum` needs `type: string`
        A: {type: object, properties: {b_c: {type: string, enum: [v]}}}\n    A_B: {type: object, properties: {c: {type: string, enum: [w]}}} => the enums `[v]` and `[w]` both become `Abc`
    ",
    );
}

#[test]
fn distinct_names_stay_distinct_in_rust() {
    refused(
        with_schemas,
        r"
        A: {type: object, properties: {id: {type: string}, _id: {type: string}}} => components/schemas/A: the properties `_id` and `id` both become `id`
        A: {type: object, properties: {a-b: {type: string}, a_b: {type: string}}} => components/schemas/A: the properties `a-b` and `a_b` both become `a_b`
        A: {type: object, properties: {extra: {type: string}}} => components/schemas/A: property `extra` becomes `extra`, which is taken
        user_auth: {type: string} => components/schemas: the schemas `UserAuth` and `user_auth` both become `UserAuth`
        Signup: {type: object, properties: {request: {type: object, properties: {}}}} => components/schemas: the schemas `Signup/request` and `SignupRequest` both become `SignupRequest`
        Option: {type: string} => components/schemas: schema `Option` becomes `Option`, which is taken
    ",
    );
    refused(
        with_parameter,
        r"
        {name: a-b, in: query, schema: {type: string}}\n        - {name: a_b, in: query, schema: {type: string}} => POST /api/v1/auth/send_pin: the parameters `a-b` and `a_b` both become `a_b`
        {name: a, in: query, schema: {type: string}}\n        - {name: a, in: query, schema: {type: string}} => POST /api/v1/auth/send_pin: query parameter `a` is declared twice
        {name: body, in: query, schema: {type: string}} => POST /api/v1/auth/send_pin: parameter `body` becomes `body`, which is taken
    ",
    );
}

#[test]
fn keywords_are_allowed_as_property_and_parameter_names() {
    let schema = "A: {type: object, properties: {type: {type: string}, self: {type: string}}}";
    let code = with_schemas(schema).unwrap();
    assert!(code.contains("pub type_: "));
    assert!(code.contains("pub self_: "));
    let parameter = "{name: type, in: query, description: Kind., schema: {type: string}}";
    let code = with_parameter(parameter).unwrap();
    assert!(code.contains(".query(\"type\", &type_)"));
}

#[test]
fn extensions_are_known_and_in_the_right_place() {
    refused(
        |to| replaced("x-idempotent: false", to),
        r#"
        x-idempotent: 1 => POST /api/v1/auth/send_pin: `x-idempotent` must be true or false
        x-sends-mesage: true => POST /api/v1/auth/send_pin: `x-sends-mesage` is not known on an operation
        x-client-setting: true => POST /api/v1/auth/send_pin: `x-client-setting` is not known on an operation
        x-carries-code: 1 => POST /api/v1/auth/send_pin: `x-carries-code` must be true or false
        x-beyond-documentation: so => POST /api/v1/auth/send_pin: `x-beyond-documentation` must be true or false
        x-assumption: 1 => POST /api/v1/auth/send_pin: `x-assumption` must be text, not `1`
        x-assumption: '' => POST /api/v1/auth/send_pin: `x-assumption` must be text, not `""`
        x-sauce: so => POST /api/v1/auth/send_pin: `x-sauce` is not known on an operation
        x-signed-field: pin => POST /api/v1/auth/send_pin: `x-signed-field` must be a list of names, not `"pin"`
    "#,
    );
    refused(
        with_parameter,
        r"
        {name: a, in: query, schema: {type: string}, x-client-seting: true} => POST /api/v1/auth/send_pin: parameters/0: `x-client-seting` is not known on a parameter
        {name: a, in: query, schema: {type: string}, x-client-setting: 1} => POST /api/v1/auth/send_pin: parameters/0: `x-client-setting` must be true or false
        {name: a, in: query, schema: {type: string}, x-idempotent: true} => POST /api/v1/auth/send_pin: parameters/0: `x-idempotent` is not known on a parameter
    ",
    );
    refused(
        |to| replaced("word: Invalid host", to),
        r#"
        wrod: Invalid host => x-misconfigured/1: `wrod` is not known on a refusal of `x-misconfigured`
        word: 1 => x-misconfigured/1: `word` must be text, not `1`
    "#,
    );
    refused(
        |to| replaced("operation: current_user_profile\n    status: 403", to),
        r#"
        operation: curent_user_profile => `x-session-ends` names `curent_user_profile`, which is no operation
        opration: current_user_profile => x-session-ends/1: `opration` is not known on a row of `x-session-ends`
        again_after: soon => x-session-ends/1: `again_after` must be a number, not `"soon"`
    "#,
    );
    refused(
        |to| replaced("member: type\n    word: UnauthorizedError", to),
        r"
        member: type => a row of `x-session-ends` has `member` and `word`, or none of them
    ",
    );
    refused(
        with_schemas,
        r"
        A: {type: string, x-asumption: so} => components/schemas/A: `x-asumption` is not known on a schema
        A: {type: string, x-idempotent: true} => components/schemas/A: `x-idempotent` is not known on a schema
        A: {type: string, x-token: jwe} => components/schemas/A: `x-token` of a string is opaque, bearer, jwt
        A: {type: integer, x-token: jwt} => components/schemas/A: `x-token` of a string is opaque, bearer, jwt
        A: {type: array, items: {type: string}, x-decides: true} => components/schemas/A: a member that decides is a boolean, an integer or a string
        A: {type: boolean, x-safe: true} => components/schemas/A: `x-safe` is the value of a member with `x-decides`
        A: {type: boolean, x-needed: so} => components/schemas/A: `x-needed` must be true or false
    ",
    );
}

#[test]
fn where_facts_come_from_is_documented() {
    let both = "x-source: Seen there, x-assumption: Taken so";
    let get = "tags: [Session], operationId: invented, summary: Invented., description: Invented., \
               security: [], responses: {'204': {description: Nothing.}}";
    for code in [
        replaced(
            "paths:\n",
            &format!("paths:\n  /api/v1/auth/invented: {{get: {{{get}, {both}}}}}\n"),
        ),
        with_parameter(&format!(
            "{{name: a, in: query, {both}, schema: {{type: string}}}}"
        )),
        with_schemas(&format!("A: {{type: object, {both}, properties: {{}}}}")),
        with_schemas(&format!(
            "A: {{type: object, properties: {{b: {{type: string, {both}}}}}}}"
        )),
    ] {
        let code = code.unwrap();
        assert!(code.contains("**Source:** Seen there"), "{code}");
        assert!(code.contains("**Assumption:** Taken so"), "{code}");
    }
}

#[test]
fn an_operation_has_one_declared_tag() {
    refused(
        |to| replaced("tags: [Sign-in]", to),
        r#"
        tags: [] => POST /api/v1/auth/send_pin: an operation has exactly one tag
        tags: [Sign-in, Session] => POST /api/v1/auth/send_pin: an operation has exactly one tag
        tags: [Sign-in, Sign-in] => POST /api/v1/auth/send_pin: an operation has exactly one tag
        tags: Sign-in => POST /api/v1/auth/send_pin: `tags` must be a list of names, not `"Sign-in"`
        tags: [Pigeons] => POST /api/v1/auth/send_pin: tag `Pigeons` is not declared in `tags`
    "#,
    );
    let error = fault("  - name: Session\n", "  - name: Sign-in\n");
    assert_eq!(error, "tag `Sign-in` is declared twice");
}

#[test]
fn a_document_of_a_disabled_feature_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(build_script())
        .current_dir(folder.path())
        .env_clear()
        .env("OUT_DIR", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(
        !String::from_utf8(output.stdout)
            .unwrap()
            .contains("openapi/")
    );
}
