//! Mocks are dropped anywhere without a hang, also in a task whose cooperative budget is used up.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::coop::has_budget_remaining;
use vestibule::testing::wiremock::matchers::{any, path};
use vestibule::testing::wiremock::{Mock, Request, Respond, ResponseTemplate};
use vestibule::testing::{FaultProxy, Fynd, GoodCity, RefusingPort, WalletCrew, Wunder};

use crate::message;

const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `scenario` on a separate thread, so that a hang fails the test instead of stopping it.
#[track_caller]
fn must_end(scenario: impl FnOnce() + Send + 'static) {
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(scenario));
        let _ = sender.send(outcome);
    });
    match ended.recv_timeout(PATIENCE) {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => resume_unwind(panic),
        Err(RecvTimeoutError::Timeout) => panic!("hangs for longer than {PATIENCE:?}"),
        Err(RecvTimeoutError::Disconnected) => panic!("the scenario sent no outcome"),
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap()
}

/// Runs a scenario in the main future and in a task, on a runtime of each kind.
#[track_caller]
fn in_each_task<F>(scenario: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for runtime in [current_thread, multi_thread] {
        must_end(move || runtime().block_on(scenario()));
        must_end(move || {
            runtime().block_on(async move { tokio::spawn(scenario()).await.unwrap() })
        });
    }
}

/// Awaits what is ready until tokio lets the task make no more progress in this poll.
async fn use_up_budget() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..1_000 {
        if !has_budget_remaining() {
            return;
        }
        sender.send(()).unwrap();
        receiver.recv().await.unwrap();
    }
    panic!("no budget limits this task");
}

/// Drops a value in a poll that has used up the budget of its task.
async fn drop_without_budget<T>(value: T) {
    use_up_budget().await;
    drop(value);
    assert!(!has_budget_remaining(), "the budget of the task changed");
}

async fn expecting_mock() -> GoodCity {
    let mock = GoodCity::start().await;
    let own = Mock::given(path("/mine")).respond_with(ResponseTemplate::new(202));
    mock.mount(own.expect(1).named("mine")).await;
    mock
}

#[test]
fn each_mock_is_dropped_in_a_task_without_budget() {
    in_each_task(|| async { drop_without_budget(Fynd::start().await).await });
    in_each_task(|| async { drop_without_budget(GoodCity::start().await).await });
    in_each_task(|| async { drop_without_budget(WalletCrew::start().await).await });
    in_each_task(|| async { drop_without_budget(Wunder::start().await).await });
}

#[test]
fn a_proxy_and_a_port_are_dropped_in_a_task_without_budget() {
    in_each_task(|| async {
        let mock = GoodCity::start().await;
        let proxy = mock.fault_proxy().await.unwrap();
        let bare = FaultProxy::start(mock.base_url()).await.unwrap();
        drop_without_budget((proxy, bare, RefusingPort::take().unwrap(), mock)).await;
    });
}

#[test]
fn met_expectations_pass_in_a_task_without_budget() {
    in_each_task(|| async {
        let mock = expecting_mock().await;
        mock.expect_calls("current_user_profile", 1);
        for path in ["/mine", "/api/v1/auth/current_user_profile"] {
            let url = format!("{}{path}", mock.base_url());
            reqwest::get(url).await.unwrap();
        }
        drop_without_budget(mock).await;
    });
}

#[test]
fn unmet_expectations_fail_the_task_that_drops_the_mock_without_budget() {
    in_each_task(|| async {
        let mock = GoodCity::start().await;
        mock.expect_calls("verify", 1);
        use_up_budget().await;
        let unmet = message(|| drop(mock));
        assert!(unmet.contains("verify: expected 1 call, got 0"), "{unmet}");
        assert!(!has_budget_remaining(), "the budget of the task changed");
    });
    in_each_task(|| async {
        let mock = expecting_mock().await;
        use_up_budget().await;
        let unmet = message(|| drop(mock));
        assert!(unmet.contains("mine"), "{unmet}");
        assert!(!has_budget_remaining(), "the budget of the task changed");
    });
    in_each_task(|| async {
        let mock = expecting_mock().await;
        mock.expect_calls("verify", 1);
        use_up_budget().await;
        let unmet = message(|| drop(mock));
        assert!(unmet.contains("verify: expected 1 call, got 0"), "{unmet}");
    });
}

#[test]
fn a_panicking_task_without_budget_keeps_its_own_reason() {
    in_each_task(|| async {
        let mock = expecting_mock().await;
        mock.expect_calls("verify", 1);
        use_up_budget().await;
        let first = message(move || {
            let _mock = mock;
            panic_any(String::from("the reason of the test"));
        });
        assert_eq!(first, "the reason of the test");
    });
}

#[test]
fn a_mock_is_dropped_after_its_runtime() {
    for runtime in [current_thread, multi_thread] {
        must_end(move || {
            let mock = runtime().block_on(GoodCity::start());
            drop(mock);
            let mock = runtime().block_on(expecting_mock());
            let unmet = message(|| drop(mock));
            assert!(unmet.contains("mine"), "{unmet}");
        });
    }
}

#[test]
fn a_mock_is_dropped_by_the_shutdown_of_its_runtime() {
    for runtime in [current_thread, multi_thread] {
        must_end(move || {
            let runtime = runtime();
            let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
            for _ in 0..4 {
                let started = started.clone();
                runtime.spawn(async move {
                    let _mock = GoodCity::start().await;
                    use_up_budget().await;
                    started.send(()).unwrap();
                    std::future::pending::<()>().await;
                });
            }
            runtime.block_on(async {
                for _ in 0..4 {
                    starts.recv().await.unwrap();
                }
            });
            drop(runtime);
        });
    }
}

/// Is dropped with the server that it is mounted on.
struct Held(#[allow(dead_code)] Arc<()>);

impl Respond for Held {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        ResponseTemplate::new(204)
    }
}

#[test]
fn many_mocks_dropped_at_once_leave_no_server() {
    must_end(|| {
        let held = Arc::new(());
        multi_thread().block_on(async {
            let client = reqwest::Client::new();
            let mut mocks = Vec::new();
            for _ in 0..100 {
                let mock = GoodCity::start().await;
                let own = Mock::given(any()).respond_with(Held(held.clone()));
                mock.mount(own).await;
                client.get(mock.base_url()).send().await.unwrap();
                mocks.push(mock);
            }
            drop_without_budget(mocks).await;
        });
        // The thread of a server drops its mounted mocks when it ends.
        let deadline = Instant::now() + PATIENCE / 2;
        while Arc::strong_count(&held) > 1 {
            let left = Arc::strong_count(&held) - 1;
            assert!(Instant::now() < deadline, "{left} servers still run");
            thread::sleep(Duration::from_millis(10));
        }
    });
}
