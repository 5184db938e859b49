//! What the mock remembers of its customers.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::testing::jwt::Issuer;

/// The members that a customer may be known by.
pub(super) const IDENTIFIERS: [&str; 3] = ["id", "email", "phone"];

const A_DAY: i64 = 24 * 3600;

struct Customer {
    tenant: String,
    members: Map<String, Value>,
    /// The code that is good, once.
    code: Option<String>,
}

/// What a token is good for.
struct Grant {
    tenant: String,
    customer: String,
    ends: i64,
}

pub(super) struct State {
    pub(super) token_seconds: i64,
    pub(super) bare_text: bool,
    pub(super) opaque: bool,
    /// Flows that issue no challenge.
    pub(super) passed_flows: HashSet<String>,
    customers: Vec<Customer>,
    grants: HashMap<String, Grant>,
    issuer: Issuer,
    counter: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            token_seconds: A_DAY,
            bare_text: false,
            opaque: false,
            passed_flows: HashSet::new(),
            customers: Vec::new(),
            grants: HashMap::new(),
            issuer: Issuer::new("walletcrew mock"),
            counter: 0,
        }
    }
}

impl State {
    /// Creates the customer, or changes the members that are given; what is stored comes back.
    pub(super) fn save(&mut self, tenant: &str, given: &Map<String, Value>) -> Map<String, Value> {
        let known = IDENTIFIERS
            .iter()
            .find_map(|name| self.position(tenant, given.get(*name)?.as_str()?));
        if let Some(customer) = known.and_then(|index| self.customers.get_mut(index)) {
            customer.members.extend(given.clone());
            return customer.members.clone();
        }
        let mut members = given.clone();
        let id = json!(format!("customer-{:04}", self.customers.len() + 1));
        if members.get("id").is_none_or(Value::is_null) {
            members.insert("id".to_owned(), id);
        }
        self.customers.push(Customer {
            tenant: tenant.to_owned(),
            members: members.clone(),
            code: None,
        });
        members
    }

    /// Six digits, another each time; the former code is void.
    pub(super) fn new_code(&mut self, tenant: &str, customer: &Map<String, Value>) -> String {
        self.counter += 1;
        let code = (100_000 + self.counter.wrapping_mul(7_919) % 900_000).to_string();
        if let Some(customer) = self.find(tenant, id_of(customer)) {
            customer.code = Some(code.clone());
        }
        code
    }

    /// A token for a right code, which is used up.
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

    /// A token without any code.
    pub(super) fn token_for(&mut self, tenant: &str, identifier: &str, now: i64) -> Option<String> {
        let customer = self.find(tenant, identifier)?;
        let id = id_of(&customer.members).to_owned();
        Some(self.issue(tenant, id, now))
    }

    pub(super) fn revoke_tokens(&mut self) {
        self.grants.clear();
    }

    /// The claims of a token and what is known about its customer.
    pub(super) fn profile(
        &mut self,
        tenant: &str,
        bearer: Option<&str>,
        now: i64,
    ) -> Option<Map<String, Value>> {
        let grant = self.grants.get(bearer?)?;
        if grant.tenant != tenant || grant.ends <= now {
            return None;
        }
        let id = grant.customer.clone();
        let mut profile = self.find(tenant, &id)?.members.clone();
        profile.insert("sub".to_owned(), json!(id));
        profile.insert("provider".to_owned(), json!("otp"));
        Some(profile)
    }

    fn issue(&mut self, tenant: &str, customer: String, now: i64) -> String {
        self.counter += 1;
        let ends = now + self.token_seconds;
        let token = match self.opaque {
            true => format!("opaque-token-{:08}", self.counter),
            false => self.issuer.issue(&json!({
                "sub": customer,
                "tenant": tenant,
                "provider": "otp",
                "jti": self.counter,
                "iat": now,
                "exp": ends,
            })),
        };
        let grant = Grant {
            tenant: tenant.to_owned(),
            customer,
            ends,
        };
        self.grants.insert(token.clone(), grant);
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

fn id_of(members: &Map<String, Value>) -> &str {
    members
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default()
}
