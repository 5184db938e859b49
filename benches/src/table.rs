//! Rows that a bench prints: `NAME<TAB>OURS<TAB>PEER<TAB>RATIO<TAB>GOAL<TAB>met|short|limit`.

/// Prints a row whose ratio must be at most `goal`.
pub fn at_most(name: &str, ours: f64, peer: f64, goal: f64) {
    let ratio = ours / peer;
    row(
        name,
        ours,
        peer,
        ratio,
        &format!("<= {goal}"),
        ratio <= goal,
    );
}

/// Prints a row whose ratio must be at least `goal`.
pub fn at_least(name: &str, ours: f64, peer: f64, ratio: f64, goal: f64) {
    row(
        name,
        ours,
        peer,
        ratio,
        &format!(">= {goal:.3}"),
        ratio >= goal,
    );
}

/// Prints a row with a goal for the figure itself and no ratio.
pub fn figure(name: &str, ours: f64, peer: f64, goal: f64) {
    row(name, ours, peer, ours, &format!("<= {goal}"), ours <= goal);
}

/// Prints a row without a goal: what a minimal program reaches, which a goal cannot exceed.
pub fn limit(name: &str, ours: f64, peer: f64, ratio: f64) {
    println!("{name}\t{ours:.1}\t{peer:.1}\t{ratio:.4}\t-\tlimit");
}

fn row(name: &str, ours: f64, peer: f64, ratio: f64, goal: &str, met: bool) {
    let met = if met { "met" } else { "short" };
    println!("{name}\t{ours:.1}\t{peer:.1}\t{ratio:.4}\t{goal}\t{met}");
}
