//! How large a file may be, and how much it must say of itself.

use super::{Source, assert_none, sources};

#[test]
fn no_file_is_over_500_lines_and_nine_in_ten_are_under_350() {
    let mut sizes: Vec<(usize, String)> = sources().into_iter().map(|s| (s.text.lines().count(), s.path)).collect();
    sizes.sort();
    assert_none(
        "over 500 lines: where is the seam?",
        sizes.iter().filter(|(lines, _)| *lines > 500).map(|(lines, path)| format!("{path}: {lines}")).collect(),
    );
    let ninth = &sizes[sizes.len() * 9 / 10];
    assert!(ninth.0 <= 350, "one file in ten is longer than 350 lines, from {} with {}", ninth.1, ninth.0);
    let median = &sizes[sizes.len() / 2];
    assert!(median.0 <= 180, "half of all files are longer than {} lines", median.0);
}

#[test]
fn every_module_says_what_it_is() {
    let silent = sources().into_iter().filter(|s| !s.text.starts_with("//!")).map(|s| s.path).collect();
    assert_none("does not open with //!", silent);
}

#[test]
fn what_strangers_use_is_explained() {
    let thin = [("crates/resilience/src/", 35), ("crates/policy/src/", 20), ("services/", 10)]
        .into_iter()
        .filter_map(|(room, least)| {
            let share = documentation(room);
            (share < least).then(|| format!("{room}: {share} lines of documentation to 100 of code, {least} are due"))
        })
        .collect();
    assert_none("too little documentation", thin);
}

/// Lines of `///` and `//!` for each hundred lines of code.
fn documentation(room: &str) -> usize {
    let rooms: Vec<Source> = sources().into_iter().filter(|s| s.path.starts_with(room) && s.is_program()).collect();
    let lines = || rooms.iter().flat_map(Source::program_lines).map(str::trim).filter(|line| !line.is_empty());
    let documents = lines().filter(|line| line.starts_with("///") || line.starts_with("//!")).count();
    let code = lines().filter(|line| !line.starts_with("//")).count();
    documents * 100 / code.max(1)
}

#[test]
fn nothing_is_left_open_and_no_test_is_switched_off() {
    // Put together, so that this file does not find itself.
    let marks = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[ig", "nore"), concat!("FIX", "ME")];
    let open = sources()
        .into_iter()
        .flat_map(|s| {
            let found: Vec<_> =
                marks.iter().filter(|m| s.text.contains(**m)).map(|m| format!("{}: {m}", s.path)).collect();
            found
        })
        .collect();
    assert_none("left open", open);
}

#[test]
fn no_module_is_a_drawer_for_everything() {
    let drawers = sources()
        .into_iter()
        .map(|s| s.path)
        .filter(|path| {
            ["utils.rs", "util.rs", "helpers.rs", "common.rs", "misc.rs"].iter().any(|name| path.ends_with(name))
        })
        .collect();
    assert_none("a file is about one thing", drawers);
}
