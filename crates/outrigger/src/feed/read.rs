//! Lines of a file, one at a time, their form checked.
//!
//! A line of the file is a record: a quoted field may hold commas, but no line end. So one forgotten quote spoils one
//! line and not the rest of the file, and lines are counted as an editor counts them.

use super::FeedError;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

const COLUMNS: [&str; 8] =
    ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"];

/// No line of a feed comes near this many bytes.
const LONGEST_LINE: u64 = 64 * 1_024;

/// A feed that is being read.
pub struct Feed {
    path: PathBuf,
    file: BufReader<File>,
    buffer: Vec<u8>,
    line: u64,
    record: csv::StringRecord,
}

/// One line as it stands in the file.
pub struct Raw<'a> {
    /// From 1, the header included.
    pub line: u64,
    /// Trimmed.
    pub fields: Vec<&'a str>,
}

impl Feed {
    /// Opens a feed and reads its header.
    ///
    /// # Errors
    /// [`FeedError`], naming the file and, where there is one, the line.
    pub fn open(path: &Path) -> Result<Self, FeedError> {
        let file = File::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => FeedError::Missing { path: path.to_owned() },
            _ => FeedError::Io { path: path.to_owned(), source },
        })?;
        let (file, record) = (BufReader::new(file), csv::StringRecord::new());
        let mut feed = Self { path: path.to_owned(), file, buffer: Vec::new(), line: 0, record };
        feed.header()?;
        Ok(feed)
    }

    fn header(&mut self) -> Result<(), FeedError> {
        let (path, expected) = (self.path.clone(), COLUMNS.join(","));
        let Some(raw) = self.next_line()? else { return Err(FeedError::Empty { path, expected }) };
        let mut fields = raw.fields;
        if let Some(first) = fields.first_mut() {
            *first = first.trim_start_matches('\u{feff}');
        }
        if fields != COLUMNS {
            return Err(FeedError::OtherColumns { path, found: fields.join(","), expected });
        }
        Ok(())
    }

    /// The next line; empty ones are passed over.
    pub fn next_line(&mut self) -> Result<Option<Raw<'_>>, FeedError> {
        loop {
            if !self.fill()? {
                return Ok(None);
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let not_utf8 = FeedError::NotUtf8 { path: self.path.clone(), line: self.line };
        let text = std::str::from_utf8(&self.buffer).map_err(|_| not_utf8)?;
        let mut reader = csv::ReaderBuilder::new();
        reader.has_headers(false).flexible(true).buffer_capacity(512);
        let mut columns = reader.from_reader(text.as_bytes());
        columns.read_record(&mut self.record).map_err(|error| self.io(io::Error::other(error)))?;
        Ok(Some(Raw { line: self.line, fields: self.record.iter().map(str::trim).collect() }))
    }

    /// The next line's bytes, and whether there is one.
    fn fill(&mut self) -> Result<bool, FeedError> {
        self.buffer.clear();
        let read = self.file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut self.buffer);
        let length = read.map_err(|error| self.io(error))?;
        if length == 0 {
            return Ok(false);
        }
        self.line += 1;
        if self.buffer.last() == Some(&b'\n') {
            return Ok(true);
        }
        let (path, line) = (self.path.clone(), self.line);
        Err(if length as u64 == LONGEST_LINE {
            FeedError::TooLong { path, line }
        } else {
            FeedError::Cut { path, line }
        })
    }

    fn io(&self, source: io::Error) -> FeedError {
        FeedError::Io { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Write};

    fn read(content: &[u8]) -> Result<Vec<u64>, FeedError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let mut feed = Feed::open(file.path())?;
        let mut lines = Vec::new();
        while let Some(raw) = feed.next_line()? {
            lines.push(raw.line);
        }
        Ok(lines)
    }

    fn with_header(lines: &str) -> Vec<u8> {
        format!("{}\r\n{lines}", COLUMNS.join(",")).into_bytes()
    }

    #[test]
    fn lines_are_numbered_as_an_editor_numbers_them() {
        let lines = "1,A,x,1,d,1.00,7,UK\r\n\r\n1,A,\"x, y\",1,d,1.00,7,UK\r\n";
        assert_eq!(read(&with_header(lines)).unwrap(), [2, 4]);
    }

    #[test]
    fn a_file_that_is_not_there_or_empty_or_of_other_columns_is_said() {
        assert!(matches!(Feed::open(Path::new("/nowhere.csv")), Err(FeedError::Missing { .. })));
        assert!(matches!(read(b""), Err(FeedError::Empty { .. })));
        assert!(matches!(read(b"id,name\n1,x\n"), Err(FeedError::OtherColumns { .. })));
    }

    #[test]
    fn a_line_that_is_not_utf8_is_named() {
        let mut content = with_header("1,A,x,1,d,1.00,7,UK\r\n1,A,caf");
        content.extend(b"\xe9,1,d,1.00,7,UK\r\n");
        assert!(matches!(read(&content), Err(FeedError::NotUtf8 { line: 3, .. })));
    }

    #[test]
    fn a_file_cut_in_the_middle_of_a_line_is_said_wherever_the_cut_is() {
        let lines = "1,A,x,1,d,1.00,7,UK\r\n2,A,x,1,d,1.00,7,UK";
        for cut in 22..=lines.len() {
            let result = read(&with_header(&lines[..cut]));
            assert!(matches!(result, Err(FeedError::Cut { line: 3, .. })), "cut at {cut}: {result:?}");
        }
        assert!(matches!(read(b"InvoiceNo,Stock"), Err(FeedError::Cut { line: 1, .. })));
    }

    #[test]
    fn a_quote_that_is_not_closed_spoils_one_line_alone() {
        let lines = "1,A,\"x,1,d,1.00,7,UK\r\n2,A,\"x, \"\"y\"\"\",1,d,1.00,7,UK\r\n";
        assert_eq!(read(&with_header(lines)).unwrap(), [2, 3]);
    }

    #[test]
    fn a_file_without_line_ends_is_not_read_whole() {
        assert!(matches!(read(&vec![b'x'; 1_000_000]), Err(FeedError::TooLong { line: 1, .. })));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
        let mut content = b"\xef\xbb\xbf".to_vec();
        content.extend(with_header("1,A,x,1,d,1.00,7,UK\r\n"));
        assert_eq!(read(&content).unwrap(), [2]);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("feed.csv"), content).unwrap();
        assert!(Feed::open(&folder.path().join("feed.csv")).is_ok());
    }
}
