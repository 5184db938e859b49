//! Starts a mock of each system on 127.0.0.1 and runs until ended: something to develop a front end
//! or a client in another language against.
//!
//! One line for each, its name and base URL, then what was seeded, then `ready`. `--help` tells the
//! rest.

mod arguments;
mod faults;
mod seeds;
mod serving;

use std::io::{self, Write};

use arguments::Arguments;
use serving::Serving;

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::from_command_line();
    let (serving, seeded) = match Serving::start(&arguments).await {
        Ok(started) => started,
        Err(problem) => arguments::refuse(&problem),
    };
    // A reader of this output may be another program that waits for `ready`.
    let mut out = io::stdout().lock();
    for (system, url) in serving.base_urls() {
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
