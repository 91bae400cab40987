//! The walls of the house: who may know whom, how large a room may be, and what no file may do without.
//! STYLE in one sentence: small files about one thing, dependencies one way, every module says what it is.

mod sizes;
mod walls;

use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_owned()
}

/// A source file of ours: its path from the root, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines before the unit tests: what the program is made of.
    fn program_lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"))
    }

    /// Is this the program itself, not a test of it?
    fn is_program(&self) -> bool {
        (self.path.starts_with("crates/") || self.path.starts_with("services/")) && self.path.contains("/src/")
    }
}

/// Every Rust file of ours.
fn sources() -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    for room in ["build.rs", "proto", "crates", "services", "tests"] {
        collect(&root.join(room), &root, &mut found);
    }
    assert!(found.len() > 50, "only {} sources found under {}", found.len(), root.display());
    found
}

fn collect(path: &Path, root: &Path, found: &mut Vec<Source>) {
    if path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(path)
            .expect("a folder can be read")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        entries.sort();
        entries.iter().filter(|entry| !entry.ends_with("target")).for_each(|entry| collect(entry, root, found));
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = std::fs::read_to_string(path).expect("a source is text");
        let path = path.strip_prefix(root).expect("below the root").display().to_string();
        found.push(Source { path, text });
    }
}

/// Fails with every finding at once, so that one run shows them all.
fn assert_none(rule: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
