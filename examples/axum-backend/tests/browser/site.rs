//! A back end on its own port, with its own mocks.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use vestibule_axum_backend::app::App;
use vestibule_axum_backend::demo::Mocks;
use vestibule_axum_backend::settings::{Servers, Settings};

pub struct Site {
    pub url: String,
    app: Arc<App>,
    serving: JoinHandle<()>,
}

impl Site {
    pub async fn start() -> Self {
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            https: false,
            redis: None,
            servers: Servers::default(),
        };
        let app = App::start(&settings).await.expect("it starts");
        let listener = TcpListener::bind(settings.listen).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = app.router();
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self {
            url: format!("http://{address}"),
            app,
            serving,
        }
    }

    pub fn mocks(&self) -> &Mocks {
        self.app.mocks.as_ref().expect("it is on mocks")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
