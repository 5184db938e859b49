//! A bad document fails the build with one line that says where it is bad.
//!
//! The build script that cargo made for this crate is run on changed documents.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The newest build script of this crate, next to the folder that it wrote to.
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

/// What the build says about GoodCity's document after `change`, and what it generated.
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
    let said: Vec<&str> = lines
        .lines()
        .filter(|line| !line.starts_with("cargo:rerun-if-changed="))
        .collect();
    let noise = String::from_utf8(output.stderr).unwrap();
    assert_eq!(noise, "", "{said:?}");
    if output.status.success() {
        assert_eq!(said, [""; 0]);
        return Ok(fs::read_to_string(folder.path().join("goodcity.rs")).unwrap());
    }
    let [error] = said[..] else {
        panic!("not one line: {said:?}");
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

/// What the build says after replacing the first `from` by `to`.
fn fault(from: &str, to: &str) -> String {
    match replaced(from, to) {
        Ok(_) => panic!("`{to}` was taken"),
        Err(error) => error,
    }
}

/// The document with more schemas.
fn with_schemas(schemas: &str) -> Result<String, String> {
    replaced("  schemas:\n", &format!("  schemas:\n    {schemas}\n"))
}

/// The document with more parameters of `send_pin`.
fn with_parameters(parameters: &[&str]) -> Result<String, String> {
    let own = "      parameters:\n";
    let lines = parameters.iter().map(|line| format!("        - {line}\n"));
    replaced(own, &format!("{own}{}", lines.collect::<String>()))
}

fn refused<const MANY: usize>(
    build: impl Fn(&str) -> Result<String, String>,
    cases: [(&str, &str); MANY],
) {
    for (given, expected) in cases {
        match build(given) {
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
fn a_fault_names_file_path_method_and_what_is_wrong() {
    let error = fault("x-repeat: once", "x-repeat: sometimes");
    assert!(error.starts_with("POST /api/v1/auth/"), "{error}");
    assert!(
        error.ends_with("`x-repeat` is `safe` or `once`, not `sometimes`"),
        "{error}"
    );

    let error = fault(
        "      x-sends-message: true\n",
        "      x-sends-message: perhaps\n",
    );
    assert!(
        error.ends_with("`x-sends-message` must be true or false"),
        "{error}"
    );

    let error = fault("x-repeat: once", "x-repeat: safe");
    assert!(error.contains("must be `x-repeat: once`"), "{error}");

    let error = fault("operationId: send_pin", "operationId: sendPin");
    assert!(error.contains("must be snake_case"), "{error}");

    let error = fault("operationId: send_pin", "operationId: verify");
    assert!(error.contains("`verify` is used twice"), "{error}");

    let error = fault(
        "security:\n        - session",
        "security:\n        - pigeon",
    );
    assert!(error.contains("`pigeon` is not session"), "{error}");
}

#[test]
fn text_that_is_not_a_document_is_one_line_too() {
    for text in ["", "openapi: [", "openapi: 3.1.0", "openapi: 3.0.3"] {
        assert!(build(|_| text.to_owned()).is_err(), "{text}");
    }
}

const SEND_PIN: &str = "POST /api/v1/auth/send_pin: ";

#[test]
fn references_lead_to_what_they_name() {
    for (from, to, expected) in [
        (
            "schemas/SendPinRequest'",
            "schemas/Nobody'",
            "POST /api/v1/auth/send_pin: requestBody/content/application/json/schema: \
             `#/components/schemas/Nobody` leads nowhere",
        ),
        (
            "parameters/AppName'",
            "schemas/UserAuth'",
            "POST /api/v1/auth/send_pin: parameters/0: `#/components/schemas/UserAuth` must name \
             a parameter: `#/components/parameters/…`",
        ),
        (
            "- $ref: '#/components/schemas/UserAuth'",
            "- $ref: '#/components/schemas/Nobody'",
            "components/schemas/SignupRequest/properties/user_auth/allOf/0: \
             `#/components/schemas/Nobody` leads nowhere",
        ),
        (
            "  schemas:\n",
            "  schemas:\n    A: {$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/A'}\n",
            "components/schemas/A: `#/components/schemas/B` leads to another reference",
        ),
        (
            "          $ref: '#/components/responses/BadRequest'",
            "          $ref: '#/components/responses/Nothing'",
            "POST /api/v1/auth/send_pin: responses/400: `#/components/responses/Nothing` leads nowhere",
        ),
    ] {
        assert_eq!(fault(from, to), expected);
    }
}

#[test]
fn paths_and_their_parameters_agree() {
    let path = "  /api/v1/auth/send_pin:\n";
    let in_path = "{name: code, in: path, required: true, schema: {type: string}}";
    let found = fault(path, "  /api/v1/auth/send_pin/{code}:\n");
    assert!(
        found.ends_with("/{code}: `{code}` is not a declared path parameter"),
        "{found}"
    );
    let found = fault(path, "  /api/v1/auth/send_pin/{code:\n");
    assert!(found.ends_with("/{code: a brace is not closed"), "{found}");
    for (parameter, expected) in [
        (in_path, "path parameter `code` is not in the path"),
        (
            "{name: a, in: header, schema: {type: string}}",
            "header parameter `a` must be a setting of the client",
        ),
        (
            "{name: a, in: cookie, schema: {type: string}}",
            "cookie parameter `a` must be a setting of the client",
        ),
        (
            "{name: a, in: qurey, schema: {type: string}}",
            "`in: qurey` of parameter `a` is no place",
        ),
        (
            "{name: a, in: query, schema: {type: object}}",
            "a query cannot hold the schema of parameter `a`",
        ),
        ("{name: a, in: query}", "parameters/0: `schema` is missing"),
        (
            "{name: body, in: query, schema: {type: string}}",
            "parameter `body` becomes `body`, which is taken",
        ),
    ] {
        let expected = format!("{SEND_PIN}{expected}");
        assert_eq!(with_parameters(&[parameter]).unwrap_err(), expected);
    }
}

#[test]
fn schemas_are_of_known_types_and_without_alternatives() {
    refused(
        with_schemas,
        [
            (
                "A: {type: strin}",
                "components/schemas/A: `strin` is no type",
            ),
            (
                "A: {type: object, properties: {b: {type: array, items: {type: strin}}}}",
                "components/schemas/A/properties/b/items: `strin` is no type",
            ),
            (
                "A: {tpye: string}",
                "components/schemas/A: `tpye` is not known on a schema",
            ),
            (
                "A: {type: array}",
                "components/schemas/A: an array needs `items`",
            ),
            (
                "A: {type: string, format: pasword}",
                "components/schemas/A: `pasword` is no format of `type: string`",
            ),
            (
                "A: {type: object, properties: {b: {oneOf: [{type: string}]}}}",
                "components/schemas/A/properties/b: `oneOf` cannot be expressed",
            ),
            (
                "A: {type: array, items: {anyOf: [{type: string}]}}",
                "components/schemas/A/items: `anyOf` cannot be expressed",
            ),
            (
                "A: {type: object, additionalProperties: {not: {type: string}}}",
                "components/schemas/A/additionalProperties: `not` cannot be expressed",
            ),
            (
                "A: {allOf: [{$ref: '#/components/schemas/UserAuth'}]}",
                "components/schemas/A: `allOf` can only document one `$ref`, where a schema is used",
            ),
            (
                "A: {type: array, items: {allOf: [{type: string}]}}",
                "components/schemas/A/items: `allOf` can only document one `$ref`, where a schema is used",
            ),
            (
                "A: {type: array, items: {allOf: [{$ref: '#/components/schemas/UserAuth'}], properties: {}}}",
                "components/schemas/A/items: `allOf` can only document one `$ref`, where a schema is used",
            ),
            (
                "A: {type: object, required: [b]}",
                "components/schemas/A: `required` names `b`, which is no property",
            ),
        ],
    );
}

#[test]
fn every_value_of_an_enum_is_a_variant_of_its_own() {
    let code = with_schemas("A: {type: string, enum: [2fa, '', self, other, a-b, '*']}").unwrap();
    for (value, variant) in [
        ("2fa", "Value2fa"),
        ("", "Empty"),
        ("self", "Self_"),
        ("other", "Other_"),
        ("a-b", "AB"),
        ("*", "Symbol"),
    ] {
        let arm = format!("Self::{variant} => \"{value}\",");
        assert!(code.contains(&arm), "{arm}");
    }
    refused(
        with_schemas,
        [
            (
                "A: {type: string, enum: [a-b, a_b]}",
                "components/schemas/A: the values `a-b` and `a_b` of `enum` both become `AB`",
            ),
            (
                "A: {type: string, enum: [a, 1]}",
                "components/schemas/A: `enum` holds text, not `1`",
            ),
            (
                "A: {type: integer, enum: [1]}",
                "components/schemas/A: `enum` needs `type: string`",
            ),
            (
                "A: {type: object, properties: {b_c: {type: string, enum: [x]}}}\n    \
             A_B: {type: object, properties: {c: {type: string, enum: [z]}}}",
                "the enums [x] and [z] both become `Abc`",
            ),
        ],
    );
}

#[test]
fn no_two_names_become_one() {
    refused(
        with_schemas,
        [
            (
                "A: {type: object, properties: {id: {type: string}, _id: {type: string}}}",
                "components/schemas/A: the properties `_id` and `id` both become `id`",
            ),
            (
                "A: {type: object, properties: {a-b: {type: string}, a_b: {type: string}}}",
                "components/schemas/A: the properties `a-b` and `a_b` both become `a_b`",
            ),
            (
                "user_auth: {type: string}",
                "components/schemas: the schemas `UserAuth` and `user_auth` both become `UserAuth`",
            ),
            (
                "Signup: {type: object, properties: {request: {type: object, properties: {}}}}",
                "components/schemas: the schemas `Signup/request` and `SignupRequest` both become `SignupRequest`",
            ),
            (
                "Option: {type: string}",
                "components/schemas: schema `Option` would hide Rust's `Option`",
            ),
            (
                "A: {type: object, properties: {extra: {type: string}}}",
                "components/schemas/A: property `extra` becomes `extra`, which is taken",
            ),
        ],
    );
    let one = "{name: a-b, in: query, schema: {type: string}}";
    let other = "{name: a_b, in: query, schema: {type: string}}";
    assert_eq!(
        with_parameters(&[one, other]).unwrap_err(),
        format!("{SEND_PIN}the parameters `a-b` and `a_b` both become `a_b`")
    );
    assert_eq!(
        with_parameters(&[one, one]).unwrap_err(),
        format!("{SEND_PIN}query parameter `a-b` stands twice")
    );
    assert_eq!(
        fault("operationId: send_pin", "operationId: self"),
        format!("{SEND_PIN}operationId `self` cannot be a name in Rust")
    );
}

#[test]
fn keywords_are_names_of_properties_and_parameters() {
    let schema = "A: {type: object, properties: {type: {type: string}, self: {type: string}}}";
    let code = with_schemas(schema).unwrap();
    assert!(code.contains("pub type_: "));
    assert!(code.contains("pub self_: "));
    let parameter = "{name: type, in: query, description: Kind., schema: {type: string}}";
    let code = with_parameters(&[parameter]).unwrap();
    assert!(code.contains(".query(\"type\", &type_)"));
}

#[test]
fn extensions_are_known_and_stand_where_they_belong() {
    for (to, expected) in [
        ("x-repeat: 1", "`x-repeat` must be text, not `1`"),
        (
            "x-repeat: once\n      x-sends-mesage: true",
            "`x-sends-mesage` is not known on an operation",
        ),
        (
            "x-repeat: once\n      x-client-setting: true",
            "`x-client-setting` is not known on an operation",
        ),
        (
            "x-repeat: once\n      x-beyond-documentation: so",
            "`x-beyond-documentation` must be true or false",
        ),
        (
            "x-repeat: once\n      x-assumption: 1",
            "`x-assumption` must be text, not `1`",
        ),
        (
            "x-repeat: once\n      x-signed-field: pin",
            "`x-signed-field` must be a list of names, not `\"pin\"`",
        ),
    ] {
        assert_eq!(fault("x-repeat: once", to), format!("{SEND_PIN}{expected}"));
    }
    for (extension, expected) in [
        (
            "x-client-seting: true",
            "`x-client-seting` is not known on a parameter",
        ),
        (
            "x-client-setting: 1",
            "`x-client-setting` must be true or false",
        ),
        ("x-repeat: safe", "`x-repeat` is not known on a parameter"),
    ] {
        let parameter = format!("{{name: a, in: query, schema: {{type: string}}, {extension}}}");
        assert_eq!(
            with_parameters(&[&parameter]).unwrap_err(),
            format!("{SEND_PIN}parameters/0: {expected}")
        );
    }
    refused(
        with_schemas,
        [
            (
                "A: {type: string, x-asumption: so}",
                "components/schemas/A: `x-asumption` is not known on a schema",
            ),
            (
                "A: {type: string, x-repeat: safe}",
                "components/schemas/A: `x-repeat` is not known on a schema",
            ),
        ],
    );
}

#[test]
fn an_operation_has_one_declared_tag() {
    let (one, declared) = ("tags: [Sign-in]", "  - name: Session\n");
    for tags in [
        "tags: []",
        "tags: [Sign-in, Session]",
        "tags: [Sign-in, Sign-in]",
    ] {
        assert_eq!(
            fault(one, tags),
            format!("{SEND_PIN}an operation has exactly one tag")
        );
    }
    assert_eq!(
        fault(one, "tags: Sign-in"),
        format!("{SEND_PIN}`tags` must be a list of names, not `\"Sign-in\"`")
    );
    assert_eq!(
        fault(one, "tags: [Pigeons]"),
        format!("{SEND_PIN}tag `Pigeons` is not declared in `tags`")
    );
    assert_eq!(
        fault(declared, "  - name: Sign-in\n"),
        "tag `Sign-in` is declared twice"
    );
}

#[test]
fn a_document_of_a_feature_that_is_off_is_not_even_opened() {
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
