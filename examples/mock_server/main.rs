//! Runs a mock of each system on 127.0.0.1 until it is stopped, for the development of front ends and
//! of clients in other languages.
//!
//! Prints the name and base URL of each mock, then the seeded data, then `ready`. See `--help`.

mod arguments;
mod faults;
mod mocks;
mod seeds;

use std::io::{self, Write};

use arguments::Arguments;
use mocks::Mocks;

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::from_command_line();
    let (mocks, seeded) = match Mocks::start(&arguments).await {
        Ok(started) => started,
        Err(message) => arguments::exit_with_error(&message),
    };
    // Flush, because another program may wait for `ready`.
    let mut out = io::stdout().lock();
    for (system, url) in mocks.base_urls() {
        writeln!(out, "{system} {url}")?;
    }
    for line in seeded {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "ready")?;
    out.flush()?;
    drop(out);
    tokio::signal::ctrl_c().await
}
