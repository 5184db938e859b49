//! The server that the calls of the benches go to.

fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?
        .block_on(vestibule_benches::server::serve())
}
