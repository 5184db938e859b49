//! The customers and their tokens.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::testing::jwt::Issuer;

/// The members that identify a customer.
pub(super) const IDENTIFIERS: [&str; 3] = ["id", "email", "phone"];

const ONE_DAY: i64 = 24 * 3600;

/// What a flow does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Flow {
    /// Sends a code.
    #[default]
    Code,
    /// Sends a code, and responds with status 200.
    CodeWithStatus200,
    /// Sends a link.
    Link,
    /// Issues no challenge.
    Pass,
}

pub(super) struct Customer {
    pub(super) tenant: String,
    pub(super) members: Map<String, Value>,
    /// The valid code, until it is used.
    code: Option<String>,
    /// The link that was sent, until it is opened.
    link: Option<String>,
    /// Whether a link was opened since the last challenge.
    has_opened_link: bool,
}

/// The owner and the expiry of a token.
struct TokenInfo {
    tenant: String,
    customer: String,
    expires_at: i64,
}

pub(super) struct State {
    pub(super) token_seconds: i64,
    pub(super) bare_text: bool,
    pub(super) without_expiry: bool,
    /// What flows do other than to send a code.
    pub(super) flows: HashMap<String, Flow>,
    /// The provider of a request that names none.
    pub(super) default_provider: Option<String>,
    /// The customers that a request without data signs in, by its provider.
    pub(super) recognised: HashMap<Option<String>, String>,
    customers: Vec<Customer>,
    tokens: HashMap<String, TokenInfo>,
    issuer: Issuer,
    counter: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            token_seconds: ONE_DAY,
            bare_text: false,
            without_expiry: false,
            flows: HashMap::new(),
            default_provider: None,
            recognised: HashMap::new(),
            customers: Vec::new(),
            tokens: HashMap::new(),
            issuer: Issuer::with_new_key("walletcrew mock"),
            counter: 0,
        }
    }
}

impl State {
    /// Creates or updates a customer and returns all members.
    pub(super) fn save(
        &mut self,
        tenant: &str,
        members: &Map<String, Value>,
    ) -> Map<String, Value> {
        let known = IDENTIFIERS
            .iter()
            .find_map(|name| self.position(tenant, members.get(*name)?.as_str()?));
        if let Some(customer) = known.and_then(|index| self.customers.get_mut(index)) {
            customer.members.extend(members.clone());
            return customer.members.clone();
        }
        let mut members = members.clone();
        let id = json!(format!("customer-{:04}", self.customers.len() + 1));
        if members.get("id").is_none_or(Value::is_null) {
            members.insert("id".to_owned(), id);
        }
        self.customers.push(Customer {
            tenant: tenant.to_owned(),
            members: members.clone(),
            code: None,
            link: None,
            has_opened_link: false,
        });
        members
    }

    /// Replaces the code of a customer by a new one of six digits.
    pub(super) fn new_code(&mut self, tenant: &str, customer: &Map<String, Value>) -> String {
        let code = self.next_code();
        if let Some(customer) = self.find(tenant, id_of(customer)) {
            customer.code = Some(code.clone());
        }
        code
    }

    /// Replaces the link of a customer by a new one; `None` if the customer has opened the last one.
    pub(super) fn new_link(
        &mut self,
        tenant: &str,
        customer: &Map<String, Value>,
    ) -> Option<String> {
        let link = format!("link-{}", self.next_code());
        let customer = self.find(tenant, id_of(customer))?;
        if std::mem::take(&mut customer.has_opened_link) {
            return None;
        }
        customer.link = Some(link.clone());
        Some(link)
    }

    /// Opens a link; false if it was not sent or is replaced.
    pub(super) fn open_link(&mut self, link: &str) -> bool {
        let mut customers = self.customers.iter_mut();
        let found = customers.find(|customer| customer.link.as_deref() == Some(link));
        let Some(customer) = found else { return false };
        customer.link = None;
        customer.has_opened_link = true;
        true
    }

    fn next_code(&mut self) -> String {
        self.counter += 1;
        (100_000 + self.counter.wrapping_mul(7_919) % 900_000).to_string()
    }

    /// Exchanges a valid code for a token.
    pub(super) fn use_code(
        &mut self,
        tenant: &str,
        identifier: &str,
        code: &str,
        now: i64,
    ) -> Option<String> {
        let customer = self.find(tenant, identifier)?;
        if customer.code.as_deref() != Some(code) {
            return None;
        }
        customer.code = None;
        let id = id_of(&customer.members).to_owned();
        Some(self.issue(tenant, id, now))
    }

    /// Issues a token without a code.
    pub(super) fn token_for(
        &mut self,
        tenant: Option<&str>,
        identifier: &str,
        now: i64,
    ) -> Option<String> {
        let mut tenants = self
            .customers
            .iter()
            .map(|customer| customer.tenant.as_str());
        let has_customer = |tenant: &&str| self.position(tenant, identifier).is_some();
        let tenant = tenant.or_else(|| tenants.find(has_customer))?.to_owned();
        let id = id_of(&self.find(&tenant, identifier)?.members).to_owned();
        Some(self.issue(&tenant, id, now))
    }

    pub(super) fn customers(&self) -> impl Iterator<Item = &Customer> {
        self.customers.iter()
    }

    /// Makes all sent codes and links invalid.
    pub(super) fn expire_codes(&mut self) {
        for customer in &mut self.customers {
            customer.code = None;
            customer.link = None;
        }
    }

    pub(super) fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    /// The members of the customer that a valid token belongs to, with the claims of the token.
    pub(super) fn profile(
        &mut self,
        tenant: &str,
        bearer: Option<&str>,
        now: i64,
    ) -> Option<Map<String, Value>> {
        let info = self.tokens.get(bearer?)?;
        if info.tenant != tenant || info.expires_at <= now {
            return None;
        }
        let id = info.customer.clone();
        let mut profile = self.find(tenant, &id)?.members.clone();
        profile.insert("sub".to_owned(), json!(id));
        profile.insert("provider".to_owned(), json!("otp"));
        Some(profile)
    }

    fn issue(&mut self, tenant: &str, customer: String, now: i64) -> String {
        self.counter += 1;
        let expires_at = now + self.token_seconds;
        let mut claims = json!({
            "sub": customer,
            "tenant": tenant,
            "provider": "otp",
            "jti": self.counter,
            "iat": now,
        });
        if !self.without_expiry {
            claims["exp"] = json!(expires_at);
        }
        let token = self.issuer.issue(&claims);
        let info = TokenInfo {
            tenant: tenant.to_owned(),
            customer,
            expires_at,
        };
        self.tokens.insert(token.clone(), info);
        token
    }

    fn find(&mut self, tenant: &str, identifier: &str) -> Option<&mut Customer> {
        let index = self.position(tenant, identifier)?;
        self.customers.get_mut(index)
    }

    fn position(&self, tenant: &str, identifier: &str) -> Option<usize> {
        self.customers.iter().position(|customer| {
            let is = |name: &&str| {
                customer
                    .members
                    .get(*name)
                    .is_some_and(|it| it == identifier)
            };
            customer.tenant == tenant && IDENTIFIERS.iter().any(is)
        })
    }
}

pub(super) fn id_of(members: &Map<String, Value>) -> &str {
    members
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default()
}
