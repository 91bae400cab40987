//! The table of legal moves stands in the documentation as it stands in the code.

#[test]
fn the_documented_order_states_are_those_of_the_code() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/order-states.md");
    let rendered = orders::states_markdown();
    if std::env::var_os("OUTRIGGER_WRITE_DOCS").is_some() {
        std::fs::write(&path, &rendered).unwrap();
    }
    let documented = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(documented == rendered, "docs/order-states.md is behind the code: run with OUTRIGGER_WRITE_DOCS=1");
}
