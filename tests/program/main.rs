//! The program as its users meet it: the built binary, its files, its exit status, and `kill -9`.
#![allow(clippy::unwrap_used)]

mod demo;
mod feed;
mod kills;
mod planted;
mod refusals;
mod replay;
mod states;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// The program of the profile that the tests are built in; brought up to date once.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let here = std::env::current_exe().unwrap();
        let profile = here.ancestors().nth(2).unwrap();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "outrigger"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the program builds");
        profile.join("outrigger")
    })
}

fn outrigger(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).env_remove("OUTRIGGER_DATA").env_remove("OUTRIGGER_LOG");
    command
}

/// Runs it to its end.
fn run(arguments: &[&str]) -> Output {
    outrigger(arguments).output().unwrap()
}

/// Runs it to its end, which is a good one; what it printed.
fn fine(arguments: &[&str]) -> String {
    let output = run(arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} ended with {}:\n{told}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it to its end, which is misuse: the status is 2; what it said.
fn misused(arguments: &[&str]) -> String {
    let output = run(arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?} said: {told}");
    told
}

/// Says, where everybody sees it, that a test could not run here. In CI that is a failure of the run.
fn not_run(test: &str, why: &str) {
    eprintln!("NOT RUN: {test}: {why}");
    if let Ok(list) = std::env::var("OUTRIGGER_SKIPPED") {
        use std::io::Write;
        let mut list = std::fs::File::options().append(true).create(true).open(list).unwrap();
        writeln!(list, "{test}: {why}").unwrap();
    }
}
