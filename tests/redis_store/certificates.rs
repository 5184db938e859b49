//! Certificates for a Redis that speaks TLS, made by the `openssl` command.

use std::path::Path;
use std::process::Command;

/// Makes `ca.pem`, and `server.pem` with `server.key` for 127.0.0.1, in `folder`.
pub fn make(folder: &Path) {
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(folder)
            .output();
        let output = output.expect("openssl is installed");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let new_key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ];
    let authority = [
        "req",
        "-x509",
        "-days",
        "2",
        "-subj",
        "/CN=authority",
        "-keyout",
        "ca.key",
    ];
    run(&[&authority[..], &["-out", "ca.pem"], &new_key].concat());
    let server = [
        "req",
        "-x509",
        "-days",
        "2",
        "-subj",
        "/CN=server",
        "-keyout",
        "server.key",
    ];
    let signed = ["-out", "server.pem", "-CA", "ca.pem", "-CAkey", "ca.key"];
    let name = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    run(&[&server[..], &signed, &name, &new_key].concat());
}
