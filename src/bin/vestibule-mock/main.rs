//! Runs a mock of each system until it is stopped, for the development of front ends and of clients in
//! other languages.
//!
//! Prints the name and base URL of each mock, then the seeded data, then `ready`. See `--help`.

mod arguments;
mod faults;
mod mocks;
mod seeds;

use std::io::{self, Write};

use arguments::Arguments;
use mocks::Mocks;

fn main() -> io::Result<()> {
    let arguments = Arguments::from_command_line();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> io::Result<()> {
    // Before `ready`, so that a signal just after it is not lost.
    let stop = stop_signal()?;
    let (mocks, seeded) = match Mocks::start(arguments).await {
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
    stop.await
}

/// Waits for Ctrl-C or, as container managers send it, SIGTERM.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(std::future::poll_fn(move |context| {
        let is_stopped =
            interrupt.poll_recv(context).is_ready() || terminate.poll_recv(context).is_ready();
        match is_stopped {
            true => std::task::Poll::Ready(Ok(())),
            false => std::task::Poll::Pending,
        }
    }))
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}
