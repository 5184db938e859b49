//! Onboards a user on each of the four systems.
//!
//! Without arguments it starts a mock of each system and signs in one new user on each, over real HTTP
//! on the loopback interface. With `--all` it runs every flow of each system on mocks. With the name of a
//! system it onboards on a real server and reads the code from the terminal. See `--help`.

// An example prints its result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod codes;
mod flows;
mod fynd;
mod goodcity;
mod steps;
mod walletcrew;
mod wunder;

use std::process::ExitCode;

use arguments::Arguments;
use flows::{FlowRun, SingleProcess};
use steps::{Failed, Steps};
use tracing_subscriber::EnvFilter;
use vestibule::testing;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let mut arguments = match Arguments::from_command_line() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}\nTry --help.");
            return ExitCode::FAILURE;
        }
    };
    match arguments.system() {
        None if arguments.all_flows() => run_all_flows().await,
        None => onboard_on_mocks().await,
        Some(system) => conclude(&[onboard_for_real(&system, &mut arguments).await]),
    }
}

async fn onboard_on_mocks() -> ExitCode {
    conclude(&[
        wunder::on(testing::Wunder::start().await).await,
        walletcrew::on(testing::WalletCrew::start().await).await,
        goodcity::on(testing::GoodCity::start().await).await,
        fynd::on(testing::Fynd::start().await).await,
    ])
}

async fn onboard_for_real(system: &str, arguments: &mut Arguments) -> Result<(), Failed> {
    match system {
        "wunder" => wunder::for_real(arguments).await,
        "walletcrew" => walletcrew::for_real(arguments).await,
        "goodcity" => goodcity::for_real(arguments).await,
        "fynd" => fynd::for_real(arguments).await,
        other => Err(Steps::of("onboarding").usage_error(format!(
            "`{other}` is not one of wunder, walletcrew, goodcity and fynd"
        ))),
    }
}

async fn run_all_flows() -> ExitCode {
    let runs = flows::run_all(&SingleProcess, |run| {
        let FlowRun {
            system,
            flow,
            steps,
            requests,
            outcome,
        } = run;
        let calls = requests.len();
        match outcome {
            Ok(what) => {
                println!("{system:<11} {flow:<36} {steps:>2} steps, {calls:>2} calls: {what}")
            }
            Err(failed) => println!("{system:<11} {flow:<36} FAILED: {failed}"),
        }
    });
    let runs = runs.await;
    let ended_well = runs.iter().filter(|run| run.outcome.is_ok());
    conclude_count("flows", ended_well.count(), runs.len())
}

/// Prints the failed sign-ins and what to do about them, then the count.
fn conclude(results: &[Result<(), Failed>]) -> ExitCode {
    for failed in results.iter().filter_map(|result| result.as_ref().err()) {
        println!("{failed}");
    }
    let onboarded = results.iter().filter(|result| result.is_ok()).count();
    conclude_count("onboarded", onboarded, results.len())
}

fn conclude_count(what: &str, done: usize, of: usize) -> ExitCode {
    println!("{what}: {done} of {of}");
    if done == of {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
