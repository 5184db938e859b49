//! Many users of one client, each with separate cookies.

use std::collections::HashSet;

use super::{client, sign_in};
use vestibule::testing::Fynd;

const USERS: u64 = 1_000;

/// How often each user reads the profile, concurrently.
const CALLS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_jars_of_a_thousand_users_of_one_client_never_mix() {
    let mock = std::sync::Arc::new(Fynd::start().await);
    let client = client(&mock);
    let numbers = (0..USERS).map(|user| (9_000_000_000 + user).to_string());
    let numbers: Vec<String> = numbers.collect();
    let mut signing_in = Vec::new();
    for number in &numbers {
        mock.add_user(
            vestibule::testing::FyndUser::new(format!("User {number}"))
                .phone(vestibule::Phone::parse(&format!("+91{number}")).unwrap()),
        );
        let (client, mock, number) = (client.clone(), mock.clone(), number.clone());
        signing_in.push(tokio::spawn(async move {
            sign_in(&client, &mock, &number).await
        }));
    }
    let mut calls = Vec::new();
    for (number, session) in numbers.iter().zip(signing_in) {
        let session = session.await.unwrap();
        for _ in 0..CALLS {
            let (session, number) = (session.clone(), number.clone());
            calls.push(tokio::spawn(async move {
                let seen = session.profile().await.unwrap();
                assert_eq!(seen.first_name, Some(format!("User {number}")));
                (session.id().expose().to_owned(), seen.id)
            }));
        }
    }
    let mut seen = HashSet::new();
    for call in calls {
        seen.insert(call.await.unwrap());
    }
    let sessions: HashSet<_> = seen.iter().map(|(session, _)| session).collect();
    let users: HashSet<_> = seen.iter().map(|(_, user)| user).collect();
    let (sessions, users) = (sessions.len(), users.len());
    let count = mock.count("get_logged_in_user");
    super::support::proof(
        "cookie-jars",
        &format!("users={users} calls={count} mixed={}", seen.len() - users),
    );
    assert_eq!((sessions, users, seen.len()), (1_000, 1_000, 1_000));
}
