//! Starts a mock of each system on a free port of 127.0.0.1 and runs until ended.
//!
//! One line for each, its name and base URL, then `ready`. `GET /__outbox` of each tells which
//! codes it would have sent. Wunder's signature key is `test-signature-key`; any well-formed
//! tenant, application and app name is accepted.

use std::io::{self, Write};

use vestibule::testing::{Fynd, GoodCity, WalletCrew, Wunder};

#[tokio::main]
async fn main() -> io::Result<()> {
    if std::env::args().len() > 1 {
        let usage = "mock_server takes no arguments: it starts all four mocks on free ports";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, usage));
    }
    let wunder = Wunder::start().await;
    let walletcrew = WalletCrew::start().await;
    let goodcity = GoodCity::start().await;
    let fynd = Fynd::start().await;
    // A reader of this output may be another program that waits for `ready`.
    let mut out = io::stdout().lock();
    writeln!(out, "wunder {}", wunder.base_url())?;
    writeln!(out, "walletcrew {}", walletcrew.base_url())?;
    writeln!(out, "goodcity {}", goodcity.base_url())?;
    writeln!(out, "fynd {}", fynd.base_url())?;
    writeln!(out, "ready")?;
    out.flush()?;
    drop(out);
    tokio::signal::ctrl_c().await
}
