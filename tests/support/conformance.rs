//! Counts the stores that passed the conformance suite, across tests and packages.

use std::fs;
use std::path::Path;

use vestibule::testing::ConformanceReport;

/// Records the result of a store, and writes the proof of all recorded results: `target` is the
/// folder of the proofs.
pub fn note(target: &Path, store: &str, report: &ConformanceReport) {
    let notes = target.join("store-conformance");
    fs::create_dir_all(&notes).expect("a folder for notes");
    let (cases, failed) = (report.cases().len(), report.failed().count());
    fs::write(notes.join(store), format!("{cases} {failed}")).expect("a note can be written");
    let (mut stores, mut cases, mut failed) = (0, 0, 0);
    for note in fs::read_dir(&notes).expect("notes can be listed") {
        let note = fs::read_to_string(note.expect("a note").path()).expect("a note can be read");
        let (ran, bad) = note.split_once(' ').expect("a note has two numbers");
        stores += 1;
        cases = cases.max(ran.parse::<usize>().expect("a number"));
        failed += bad.parse::<usize>().expect("a number");
    }
    let line = format!("store-conformance {stores} x {cases} failed={failed}\n");
    fs::create_dir_all(target.join("proof")).expect("a folder for proofs");
    fs::write(target.join("proof/store-conformance"), line).expect("a proof can be written");
}
