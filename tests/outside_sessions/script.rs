//! A server that responds by a script, and sessions at it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vestibule::session::EndReason;
use vestibule::session::Tokens;
use vestibule::store::MemoryStore;
use vestibule::testing::TestClock;
use vestibule::{Error, Secret, System, fynd, goodcity, walletcrew, wunder};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// A status, a content type and a body.
#[derive(Clone, Copy, Debug)]
pub struct Reply(pub u16, pub &'static str, pub &'static str);

pub const fn json(status: u16, body: &'static str) -> Reply {
    Reply(status, "application/json", body)
}

pub const PAGE: Reply = Reply(403, "text/html", "<html><h1>Forbidden</h1></html>");

/// The responses to come by the end of the path, and how often each end was requested. The last response
/// of a path is repeated.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Paths>>);

#[derive(Default)]
struct Paths {
    replies: HashMap<&'static str, VecDeque<Reply>>,
    requests: Vec<String>,
}

impl Respond for Script {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut paths = self.0.lock().unwrap();
        let path = request.url.path().to_owned();
        let replies = paths.replies.iter_mut();
        let replies = replies.filter(|(end, _)| path.ends_with(**end));
        let found = replies.max_by_key(|(end, _)| end.len());
        let found = found.map(|(_, replies)| match replies.len() {
            1 => replies[0],
            _ => replies.pop_front().unwrap(),
        });
        paths.requests.push(path);
        match found {
            Some(Reply(status, media_type, body)) => {
                ResponseTemplate::new(status).set_body_raw(body, media_type)
            }
            None => ResponseTemplate::new(500),
        }
    }
}

pub struct Server {
    pub script: Script,
    pub clock: TestClock,
    pub store: Arc<MemoryStore>,
    server: MockServer,
}

impl Server {
    pub async fn start() -> Self {
        let script = Script::default();
        let server = MockServer::start().await;
        let mock = Mock::given(any()).respond_with(script.clone());
        mock.mount(&server).await;
        Self {
            script,
            clock: TestClock::new(),
            store: Arc::new(MemoryStore::new()),
            server,
        }
    }

    /// Responds so to requests whose path ends like this: with each in turn, and with the last one from
    /// then on.
    pub fn respond(&self, end: &'static str, replies: &[Reply]) {
        let replies = replies.iter().copied().collect();
        self.script.0.lock().unwrap().replies.insert(end, replies);
    }

    /// How many requests had a path that ends like this.
    pub fn count(&self, end: &str) -> usize {
        let paths = self.script.0.lock().unwrap();
        let requests = paths.requests.iter();
        requests.filter(|path| path.ends_with(end)).count()
    }

    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Lets a new credential become an old one.
    pub fn age(&self) {
        self.pass(Duration::from_secs(11));
    }

    pub fn wunder(&self) -> wunder::Client {
        let builder = wunder::Client::builder(self.server.uri()).tenant("tenant01");
        let builder = builder.clock(self.clock.clone()).store(self.store.clone());
        builder.signing_key("a key").build().unwrap()
    }

    pub async fn wunder_session(&self) -> wunder::Session {
        let tokens = Tokens::new("an-access-token", Some("a-refresh-token".into()));
        self.wunder().resume_with_tokens(tokens).await.unwrap()
    }

    pub fn walletcrew(&self) -> walletcrew::Client {
        self.walletcrew_with(|builder| builder)
    }

    pub fn walletcrew_with(
        &self,
        change: impl FnOnce(walletcrew::ClientBuilder) -> walletcrew::ClientBuilder,
    ) -> walletcrew::Client {
        let builder = walletcrew::Client::builder(self.server.uri()).tenant("tenant01");
        let builder = builder.clock(self.clock.clone()).store(self.store.clone());
        change(builder).build().unwrap()
    }

    pub fn goodcity(&self) -> goodcity::Client {
        let builder = goodcity::Client::builder(self.server.uri()).app_name("app");
        let builder = builder.clock(self.clock.clone()).store(self.store.clone());
        builder.build().unwrap()
    }

    pub fn fynd(&self) -> fynd::Client {
        let builder = fynd::Client::builder("64b000000000000000000001");
        let builder = builder.application_token("application-token");
        let builder = builder.clock(self.clock.clone()).store(self.store.clone());
        builder.base_url(self.server.uri()).build().unwrap()
    }

    /// A session that cannot be refreshed, and whose credential is no longer new.
    pub async fn session(&self, system: System) -> AnySession {
        let session = self.new_session(system).await;
        self.age();
        session
    }

    pub async fn new_session(&self, system: System) -> AnySession {
        let tokens = || Tokens::new("an-access-token", None);
        match system {
            System::Wunder => {
                AnySession::Wunder(self.wunder().resume_with_tokens(tokens()).await.unwrap())
            }
            System::WalletCrew => {
                let client = self.walletcrew();
                AnySession::WalletCrew(client.resume_with_tokens(tokens()).await.unwrap())
            }
            System::GoodCity => {
                let client = self.goodcity();
                AnySession::GoodCity(client.resume_with_tokens(tokens()).await.unwrap())
            }
            _ => {
                let cookies = [("f.session", Secret::from("a-session-cookie"))];
                let session = self.fynd().resume_with_cookies(cookies).await;
                AnySession::Fynd(session.unwrap())
            }
        }
    }

    /// Whether another instance finds the record of a session.
    pub async fn is_stored(&self, id: &Secret, system: System) -> bool {
        let found = match system {
            System::Wunder => self.wunder().resume_session(id).await.map(|_| ()),
            System::WalletCrew => self.walletcrew().resume_session(id).await.map(|_| ()),
            System::GoodCity => self.goodcity().resume_session(id).await.map(|_| ()),
            _ => self.fynd().resume_session(id).await.map(|_| ()),
        };
        found.is_ok()
    }
}

/// A session of any system.
pub enum AnySession {
    Wunder(wunder::Session),
    WalletCrew(walletcrew::Session),
    GoodCity(goodcity::Session),
    Fynd(fynd::Session),
}

/// The end of the path of the profile.
pub fn profile_path(system: System) -> &'static str {
    match system {
        System::Wunder => "/front/customers",
        System::WalletCrew => "/customer",
        System::GoodCity => "/current_user_profile",
        _ => "/session",
    }
}

impl AnySession {
    pub async fn profile(&self) -> Result<(), Error> {
        match self {
            Self::Wunder(session) => session.profile().await.map(|_| ()),
            Self::WalletCrew(session) => session.profile::<serde_json::Value>().await.map(|_| ()),
            Self::GoodCity(session) => session.profile().await.map(|_| ()),
            Self::Fynd(session) => session.profile().await.map(|_| ()),
        }
    }

    pub fn id(&self) -> &Secret {
        match self {
            Self::Wunder(session) => session.id(),
            Self::WalletCrew(session) => session.id(),
            Self::GoodCity(session) => session.id(),
            Self::Fynd(session) => session.id(),
        }
    }

    pub fn ended(&self) -> Option<EndReason> {
        match self {
            Self::Wunder(session) => session.shared().ended(),
            Self::WalletCrew(session) => session.shared().ended(),
            Self::GoodCity(session) => session.shared().ended(),
            Self::Fynd(session) => session.shared().ended(),
        }
    }
}

/// A JWT with these claims, whose signature is none.
pub fn jwt(claims: &serde_json::Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let head = part(r#"{"alg":"HS256","typ":"JWT"}"#);
    format!("{head}.{}.{}", part(&claims.to_string()), part("signature"))
}
