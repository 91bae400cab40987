//! Tables of text.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};

/// A table with a line below its head. Columns whose head begins with a space are aligned to the right.
pub fn table<R>(head: &[&str], rows: impl IntoIterator<Item = R>) -> String
where
    R: IntoIterator<Item = String>,
{
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_style(TableComponent::HeaderLines, '─').set_style(TableComponent::MiddleHeaderIntersections, '─');
    table.set_header(head.iter().map(|name| name.trim_start()));
    rows.into_iter().for_each(|row| {
        table.add_row(row.into_iter().collect::<Vec<_>>());
    });
    align(&mut table, head);
    trimmed(&table)
}

/// The same without lines or head, for a few facts under each other.
pub fn plain_table<R>(rows: impl IntoIterator<Item = R>) -> String
where
    R: IntoIterator<Item = String>,
{
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    rows.into_iter().for_each(|row| {
        table.add_row(row.into_iter().collect::<Vec<_>>());
    });
    trimmed(&table)
}

/// Spaces at the ends of lines would only get into the way of those who copy them.
fn trimmed(table: &Table) -> String {
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn align(table: &mut Table, head: &[&str]) {
    for (at, name) in head.iter().enumerate().filter(|(_, name)| name.starts_with(' ')) {
        debug_assert!(!name.trim().is_empty(), "a column has a name");
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
