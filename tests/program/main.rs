//! The program as its users meet it: the built binary, its files, its exit status, and `kill -9`.
#![allow(clippy::unwrap_used)]

mod absent;
mod demo;
mod feed;
mod kills;
mod logs;
mod metrics;
mod outages;
mod planted;
mod refusals;
mod replay;
mod serving;
mod states;
mod traces;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// The program of the profile that the tests are built in, brought up to date once; or the one that `OUTRIGGER_PROGRAM`
/// names.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(named) = std::env::var_os("OUTRIGGER_PROGRAM") {
            return PathBuf::from(named);
        }
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
    command.args(arguments);
    // What the surroundings set is for their own programs. The servers of tests are no settings of the program.
    for (name, _) in std::env::vars_os() {
        let foreign = name.to_str().is_some_and(|name| name.starts_with("OUTRIGGER_") || name.starts_with("OTEL_"));
        if foreign {
            command.env_remove(name);
        }
    }
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
