//! The server for the calls of the benches.

fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(vestibule_benches::server::serve())
}
