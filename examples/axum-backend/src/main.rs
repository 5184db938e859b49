//! Serves the page until it receives a signal. README.md lists the settings.

use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use vestibule_axum_backend::app::App;
use vestibule_axum_backend::settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tracing::error!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), String> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let app = App::start(&settings).await?;
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.map_err(|error| format!("LISTEN: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    println!("http://{address}/");
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    };
    let served = axum::serve(listener, app.router())
        .with_graceful_shutdown(stop)
        .await;
    // All requests have ended; refreshes that they started may still run.
    app.shutdown().await;
    served.map_err(|error| error.to_string())
}
