//! Where each line of the feed ended. Memory stays flat: lines are counted, and only the first skipped ones are kept;
//! all of them go to a file when one was named.

use crate::feed::{Reason, Skipped};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// So many skipped lines are kept to be shown.
const KEPT: usize = 20;

/// Where each line ended.
pub struct Tally {
    counts: Mutex<Counts>,
    report: Option<(PathBuf, Mutex<csv::Writer<File>>)>,
}

/// In numbers.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub order_lines: u64,
    pub charges: u64,
    pub returns: u64,
    pub placed: u64,
    /// Orders that were there from an earlier replay.
    pub replayed: u64,
    pub skipped: BTreeMap<Reason, u64>,
    /// The first of the skipped lines.
    pub examples: Vec<Skipped>,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: the report cannot be written: {source}; name another file with --report")]
pub struct ReportError {
    path: PathBuf,
    source: csv::Error,
}

impl Tally {
    /// Nothing yet; skipped lines also go to the file `report`.
    pub fn new(report: Option<&Path>) -> Result<Self, ReportError> {
        let open = |path: &Path| match csv::Writer::from_path(path) {
            Ok(writer) => Ok((path.to_owned(), Mutex::new(writer))),
            Err(source) => Err(ReportError { path: path.to_owned(), source }),
        };
        Ok(Self { counts: Mutex::default(), report: report.map(open).transpose()? })
    }

    /// Something was imported.
    pub fn count(&self, add: impl FnOnce(&mut Counts)) {
        add(&mut self.counts.lock());
    }

    /// These lines were not.
    pub fn skip(&self, lines: impl IntoIterator<Item = Skipped>) {
        for line in lines {
            if let Some((path, writer)) = &self.report
                && let Err(error) = writer.lock().serialize(&line)
            {
                tracing::error!(path = %path.display(), %error, "the report cannot be written");
            }
            let mut counts = self.counts.lock();
            *counts.skipped.entry(line.reason).or_default() += 1;
            if counts.examples.len() < KEPT {
                counts.examples.push(line);
            }
        }
    }

    /// The numbers, once the report is on its way to the disk.
    pub fn finish(&self) -> Result<Counts, ReportError> {
        if let Some((path, writer)) = &self.report {
            let written = writer.lock().flush();
            written.map_err(|error: io::Error| ReportError { path: path.clone(), source: error.into() })?;
        }
        let mut counts = self.counts.lock().clone();
        counts.examples.sort_by_key(|line| line.line);
        Ok(counts)
    }
}

impl Counts {
    pub fn skipped_lines(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Lines with an end.
    pub fn accounted(&self) -> u64 {
        self.order_lines + self.charges + self.returns + self.skipped_lines()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_skipped_line_is_in_the_report_and_the_first_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        let tally = Tally::new(Some(&path)).unwrap();
        let line = |line| Skipped { line, invoice: "1".into(), reason: Reason::Unreadable, detail: "x, y".into() };
        tally.skip((1..=100).map(line));
        tally.count(|counts| counts.order_lines += 3);
        let counts = tally.finish().unwrap();
        assert_eq!((counts.accounted(), counts.examples.len()), (103, KEPT));
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.starts_with("line,invoice,reason,detail\n1,1,unreadable,\"x, y\"\n"), "{written}");
        assert_eq!(written.lines().count(), 101);
    }
}
