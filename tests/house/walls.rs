//! Who may know whom. Dependencies point one way and no circle exists, between crates and within them.

use super::{Source, assert_none, root, sources};
use std::collections::{BTreeMap, BTreeSet};

/// What each of our crates may depend on, beneath tests → outrigger → services.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("crates/ambient", &[]),
    ("crates/money", &[]),
    ("crates/policy", &[]),
    ("crates/telemetry", &["ambient"]),
    ("crates/resilience", &["ambient", "policy"]),
    ("crates/fabric", &["ambient", "policy", "resilience", "telemetry"]),
    ("crates/store", &["ambient"]),
    ("crates/journal", &["ambient", "store", "telemetry"]),
    ("crates/saga", &["ambient", "store", "telemetry"]),
    ("crates/audit", &["api"]),
    (".", &["policy"]),
    ("services/orders", &["ambient", "api", "fabric", "journal", "saga", "store"]),
    ("services/payments", &["ambient", "api", "fabric", "journal", "store"]),
    ("services/inventory", &["ambient", "api", "fabric", "journal", "store"]),
    ("services/shipping", &["ambient", "api", "fabric", "journal", "store"]),
    ("services/notifications", &["ambient", "api", "fabric", "journal", "money", "store"]),
    ("services/dashboard", &["ambient", "api", "fabric", "journal", "money", "store"]),
];

#[test]
fn dependencies_between_crates_point_one_way() {
    let ours: BTreeSet<String> = names();
    let mut findings = Vec::new();
    for (crate_path, allowed) in MAY_KNOW {
        for known in dependencies(crate_path).iter().filter(|name| ours.contains(*name)) {
            if !allowed.contains(&known.as_str()) {
                findings.push(format!("{crate_path} may not depend on {known}"));
            }
        }
    }
    assert_none("a dependency points the wrong way", findings);
}

/// The short names of all our crates.
fn names() -> BTreeSet<String> {
    let table = manifest(".");
    let dependencies = table["workspace"]["dependencies"].as_table().expect("a table").clone();
    dependencies.into_iter().filter(|(_, value)| value.get("path").is_some()).map(|(name, _)| name).collect()
}

fn dependencies(crate_path: &str) -> Vec<String> {
    let table = manifest(crate_path);
    table.get("dependencies").and_then(|d| d.as_table()).map(|d| d.keys().cloned().collect()).unwrap_or_default()
}

fn manifest(crate_path: &str) -> toml::Table {
    let path = root().join(crate_path).join("Cargo.toml");
    std::fs::read_to_string(&path).expect("a manifest can be read").parse().expect("a manifest is TOML")
}

#[test]
fn what_touches_the_outside_lives_in_one_place() {
    // (what, where it may stand)
    let walls: &[(&[&str], &[&str])] = &[
        (&["rusqlite", "sqlx::"], &["crates/store/"]),
        (&["opentelemetry"], &["crates/telemetry/"]),
        (&["transport::Server", "TcpStream"], &["crates/fabric/"]),
        // The exporter's connection to its collector is its own: calls on fabric's would be traced.
        (&["Channel, Endpoint", "transport::Channel", "transport::Endpoint"], &["crates/fabric/", "crates/telemetry/"]),
        // The page is served to people's browsers, not called by services.
        (&["TcpListener"], &["crates/fabric/", "services/dashboard/"]),
        (&["lettre"], &["services/notifications/"]),
        (&["SystemTime::now", "RandomState::new"], &["crates/ambient/"]),
    ];
    let mut findings = Vec::new();
    for source in sources().iter().filter(|s| s.is_program()) {
        for (words, homes) in walls.iter().filter(|(_, homes)| !homes.iter().any(|home| source.path.starts_with(home)))
        {
            for word in words.iter().filter(|word| code(source).contains(**word)) {
                findings.push(format!("{} names {word}, which belongs to {}", source.path, homes.join(" or ")));
            }
        }
    }
    assert_none("a wall was broken", findings);
}

fn code(source: &Source) -> String {
    source.program_lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_circle_exists_between_the_modules_of_a_crate() {
    let mut crates: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in sources().iter().filter(|s| s.is_program()) {
        let (home, inside) = source.path.split_once("/src/").expect("a program's source");
        let module = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        if module != "lib" && module != "main" {
            crates.entry(home.to_owned()).or_default().entry(module).or_default().extend(used(&code(source)));
        }
    }
    let findings = crates
        .iter()
        .flat_map(|(home, modules)| circles(modules).into_iter().map(move |circle| format!("{home}: {circle}")))
        .collect();
    assert_none("modules that know each other in a circle", findings);
}

/// The modules that `crate::…` paths name, in braces or without.
fn used(code: &str) -> BTreeSet<String> {
    let flat: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = BTreeSet::new();
    for rest in flat.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => found.extend(heads(group)),
            None => found.extend(word(rest)),
        }
    }
    found
}

/// The first word of each member of `{a::b, c::{d, e}, …`.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.extend(word(group[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(word(group[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    word.chars().next().is_some_and(char::is_lowercase).then_some(word)
}

/// Pairs of modules of which each can be reached from the other.
fn circles(modules: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let reach = |from: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(module) = next.pop() {
            for used in modules.get(&module).into_iter().flatten().filter(|used| **used != module) {
                if seen.insert(used.clone()) {
                    next.push(used.clone());
                }
            }
        }
        seen
    };
    modules.keys().filter(|module| reach(module).contains(*module)).cloned().collect()
}
