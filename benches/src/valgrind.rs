//! Counts the work of a program by comparing two runs: one-time work cancels out.

use std::process::Command;

/// Iterations of the shorter and of the longer run.
#[derive(Clone, Copy)]
pub struct Times(pub u64, pub u64);

/// Cost of one iteration.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Instructions in user space.
    pub instructions: f64,
    /// Calls to the allocator; a block that grows counts as a new one.
    pub allocations: f64,
}

/// Cost of running `subject` once. The running program is started again as `run SUBJECT TIMES
/// ARGUMENT`.
pub fn cost(subject: &str, times: Times, argument: &str) -> Cost {
    let per_time = |tool: &[&str], figure: fn(&str) -> Option<u64>| {
        let count = |times: u64| {
            let report = run(tool, subject, times, argument);
            figure(&report).unwrap_or_else(|| panic!("{subject}: {report}"))
        };
        (count(times.1) - count(times.0)) as f64 / (times.1 - times.0) as f64
    };
    Cost {
        instructions: per_time(&CALLGRIND, collected),
        allocations: per_time(&MEMCHECK, allocated),
    }
}

const CALLGRIND: [&str; 2] = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
const MEMCHECK: [&str; 3] = [
    "--tool=memcheck",
    "--leak-check=no",
    "--undef-value-errors=no",
];

fn run(tool: &[&str], subject: &str, times: u64, argument: &str) -> String {
    let program = std::env::current_exe().expect("a program");
    let output = Command::new("valgrind")
        .args(tool)
        .arg(program)
        .args(["run", subject, &times.to_string(), argument])
        // Otherwise the C library chooses its memory copy routine by the processor.
        .env(
            "GLIBC_TUNABLES",
            "glibc.cpu.hwcaps=-AVX2,-AVX512F,-ERMS,-FSRM",
        )
        .output()
        .expect("valgrind");
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{subject}: {report}");
    report
}

/// Reads `Collected : 123`.
fn collected(report: &str) -> Option<u64> {
    let after = report.split("Collected :").nth(1)?;
    after.split_whitespace().next()?.parse().ok()
}

/// Reads `total heap usage: 1,234 allocs`.
fn allocated(report: &str) -> Option<u64> {
    let after = report.split("total heap usage: ").nth(1)?;
    let count = after.split_whitespace().next()?;
    count.replace(',', "").parse().ok()
}
