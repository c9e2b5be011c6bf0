//! Parquet files, written by hand: the types that a register has, each column optional, plain pages folded with LZ4. A group of rows goes to
//! the file as soon as it is full, so that memory stays flat. The layout is <https://github.com/apache/parquet-format>; its headers are
//! Thrift's compact protocol.

use std::io::{self, Write};

use chrono::NaiveDate;

/// Rows of one group.
const GROUP_ROWS: usize = 10_000;
const MAGIC: &[u8; 4] = b"PAR1";
/// `CompressionCodec.LZ4_RAW`.
const LZ4_RAW: i32 = 7;
/// `Encoding.PLAIN`, `Encoding.RLE`.
const PLAIN: i32 = 0;
const RLE: i32 = 3;
/// Digits of a decimal in 64 bits.
const DIGITS: i32 = 18;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParquetType {
    /// UTF-8.
    Text,
    /// Yes or no.
    Boolean,
    /// 64 bits.
    Integer,
    /// Whole units with so many places behind the point: fen have two.
    Decimal(u8),
    /// A day.
    Date,
}

impl ParquetType {
    /// `Type`.
    fn physical(self) -> i32 {
        match self {
            ParquetType::Boolean => 0,
            ParquetType::Date => 1,
            ParquetType::Integer | ParquetType::Decimal(_) => 2,
            ParquetType::Text => 6,
        }
    }

    /// `ConvertedType`.
    fn converted(self) -> Option<i32> {
        match self {
            ParquetType::Text => Some(0),
            ParquetType::Decimal(_) => Some(5),
            ParquetType::Date => Some(6),
            ParquetType::Boolean | ParquetType::Integer => None,
        }
    }
}

/// A cell; nothing is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParquetCell {
    /// For a column of text.
    Text(String),
    /// For a column of truths.
    Boolean(bool),
    /// For a column of integers, or of decimals in their units.
    Integer(i64),
    /// For a column of days.
    Date(NaiveDate),
}

/// The cells of a column that are not written yet.
struct Column {
    name: String,
    kind: ParquetType,
    /// Which rows hold something.
    held: Vec<bool>,
    /// Their values, plain; truths one to a byte.
    plain: Vec<u8>,
}

/// A column of a group that stands in the file.
struct Chunk {
    offset: i64,
    values: i64,
    unfolded: i64,
    folded: i64,
}

/// Writes one file.
pub struct ParquetWriter {
    columns: Vec<Column>,
    /// Bytes that stand in the file, or in `ready`.
    written: i64,
    ready: Vec<u8>,
    groups: Vec<(i64, Vec<Chunk>)>,
    notes: Vec<(String, String)>,
}

impl ParquetWriter {
    /// Begins a file with these columns. Notes are kept with it under their names.
    #[must_use]
    pub fn new(columns: Vec<(String, ParquetType)>, notes: Vec<(String, String)>) -> ParquetWriter {
        let columns = columns
            .into_iter()
            .map(|(name, kind)| Column { name, kind, held: Vec::new(), plain: Vec::new() })
            .collect();
        let mut writer = ParquetWriter { columns, written: 0, ready: Vec::new(), groups: Vec::new(), notes };
        writer.put(MAGIC);
        writer
    }

    /// Adds a row; a cell that its column cannot hold is null.
    pub fn row(&mut self, cells: &[Option<ParquetCell>]) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has a cell for every column");
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            let held = cell.as_ref().is_some_and(|cell| column.push(cell));
            column.held.push(held);
        }
        if self.columns.first().is_some_and(|column| column.held.len() >= GROUP_ROWS) {
            self.end_group();
        }
    }

    /// Puts what is ready into the file.
    ///
    /// # Errors
    /// The file's.
    pub fn drain(&mut self, file: &mut impl Write) -> io::Result<()> {
        file.write_all(&self.ready)?;
        self.ready.clear();
        Ok(())
    }

    /// The rest of the file.
    ///
    /// # Errors
    /// The file's.
    pub fn finish_into(mut self, file: &mut impl Write) -> io::Result<()> {
        if self.columns.first().is_some_and(|column| !column.held.is_empty()) {
            self.end_group();
        }
        let footer = self.footer();
        self.put(&footer);
        self.put(&u32::try_from(footer.len()).map_err(io::Error::other)?.to_le_bytes());
        self.put(MAGIC);
        self.drain(file)
    }

    fn put(&mut self, bytes: &[u8]) {
        self.ready.extend_from_slice(bytes);
        self.written += size(bytes.len());
    }

    fn end_group(&mut self) {
        let rows = self.columns.first().map_or(0, |column| column.held.len());
        let mut chunks = Vec::with_capacity(self.columns.len());
        for place in 0..self.columns.len() {
            let page = self.columns[place].take_page();
            let folded = lz4_flex::block::compress(&page);
            let mut header = Thrift::default();
            header.i32(1, 0);
            header.i32(2, int(page.len()));
            header.i32(3, int(folded.len()));
            header.structure(5, |header| {
                header.i32(1, int(rows));
                header.i32(2, PLAIN);
                header.i32(3, RLE);
                header.i32(4, RLE);
            });
            let header = header.end();
            chunks.push(Chunk {
                offset: self.written,
                values: size(rows),
                unfolded: size(header.len() + page.len()),
                folded: size(header.len() + folded.len()),
            });
            self.put(&header);
            self.put(&folded);
        }
        self.groups.push((size(rows), chunks));
    }

    /// `FileMetaData`.
    fn footer(&self) -> Vec<u8> {
        let mut footer = Thrift::default();
        footer.i32(1, 1);
        footer.list(2, STRUCT, self.columns.len() + 1, |list| {
            list.element(|root| {
                root.text(4, "record");
                root.i32(5, int(self.columns.len()));
            });
            for column in &self.columns {
                list.element(|element| {
                    element.i32(1, column.kind.physical());
                    // OPTIONAL
                    element.i32(3, 1);
                    element.text(4, &column.name);
                    if let Some(converted) = column.kind.converted() {
                        element.i32(6, converted);
                    }
                    if let ParquetType::Decimal(places) = column.kind {
                        element.i32(7, i32::from(places));
                        element.i32(8, DIGITS);
                    }
                });
            }
        });
        footer.i64(3, self.groups.iter().map(|(rows, _)| rows).sum());
        footer.list(4, STRUCT, self.groups.len(), |list| {
            for (rows, chunks) in &self.groups {
                list.element(|group| {
                    group.list(1, STRUCT, chunks.len(), |list| {
                        for (column, chunk) in self.columns.iter().zip(chunks) {
                            list.element(|element| column_chunk(element, column, chunk));
                        }
                    });
                    group.i64(2, chunks.iter().map(|chunk| chunk.unfolded).sum());
                    group.i64(3, *rows);
                });
            }
        });
        footer.list(5, STRUCT, self.notes.len(), |list| {
            for (name, note) in &self.notes {
                list.element(|element| {
                    element.text(1, name);
                    element.text(2, note);
                });
            }
        });
        footer.text(6, "huimin");
        footer.end()
    }
}

/// `ColumnChunk`.
fn column_chunk(element: &mut Thrift, column: &Column, chunk: &Chunk) {
    element.i64(2, chunk.offset);
    element.structure(3, |about| {
        about.i32(1, column.kind.physical());
        about.list(2, I32, 2, |list| {
            list.plain_i32(PLAIN);
            list.plain_i32(RLE);
        });
        about.list(3, BINARY, 1, |list| list.plain_text(&column.name));
        about.i32(4, LZ4_RAW);
        about.i64(5, chunk.values);
        about.i64(6, chunk.unfolded);
        about.i64(7, chunk.folded);
        about.i64(9, chunk.offset);
    });
}

impl Column {
    /// Takes a value; whether the column can hold it.
    fn push(&mut self, cell: &ParquetCell) -> bool {
        match (self.kind, cell) {
            (ParquetType::Text, ParquetCell::Text(text)) => {
                let Ok(length) = u32::try_from(text.len()) else { return false };
                self.plain.extend_from_slice(&length.to_le_bytes());
                self.plain.extend_from_slice(text.as_bytes());
            }
            (ParquetType::Boolean, ParquetCell::Boolean(yes)) => self.plain.push(u8::from(*yes)),
            (ParquetType::Integer | ParquetType::Decimal(_), ParquetCell::Integer(number)) => {
                self.plain.extend_from_slice(&number.to_le_bytes());
            }
            (ParquetType::Date, ParquetCell::Date(day)) => {
                let days = day.signed_duration_since(NaiveDate::default()).num_days();
                let Ok(days) = i32::try_from(days) else { return false };
                self.plain.extend_from_slice(&days.to_le_bytes());
            }
            _ => return false,
        }
        true
    }

    /// A data page: which rows hold something, as runs, then the values.
    fn take_page(&mut self) -> Vec<u8> {
        let mut runs = Vec::new();
        for run in self.held.chunk_by(|one, other| one == other) {
            varint(&mut runs, size(run.len()).unsigned_abs() << 1);
            runs.push(u8::from(run[0]));
        }
        let mut page = Vec::with_capacity(runs.len() + self.plain.len() + 4);
        page.extend_from_slice(&int(runs.len()).to_le_bytes());
        page.extend_from_slice(&runs);
        if self.kind == ParquetType::Boolean {
            page.extend(self.plain.chunks(8).map(|truths| {
                truths.iter().enumerate().fold(0, |byte, (place, truth)| byte | truth << place)
            }));
        } else {
            page.extend_from_slice(&self.plain);
        }
        self.held.clear();
        self.plain.clear();
        page
    }
}

const I32: u8 = 5;
const BINARY: u8 = 8;
const STRUCT: u8 = 12;

/// A structure in Thrift's compact protocol; fields go in by ascending number.
#[derive(Default)]
struct Thrift {
    bytes: Vec<u8>,
    last: u8,
}

impl Thrift {
    fn field(&mut self, id: u8, kind: u8) {
        // Numbers of neighbours lie less than 15 apart everywhere here.
        self.bytes.push((id - self.last) << 4 | kind);
        self.last = id;
    }

    fn i32(&mut self, id: u8, value: i32) {
        self.field(id, I32);
        self.plain_i32(value);
    }

    fn i64(&mut self, id: u8, value: i64) {
        self.field(id, 6);
        zigzag(&mut self.bytes, value);
    }

    fn text(&mut self, id: u8, text: &str) {
        self.field(id, BINARY);
        self.plain_text(text);
    }

    fn structure(&mut self, id: u8, fill: impl FnOnce(&mut Thrift)) {
        self.field(id, STRUCT);
        self.element(fill);
    }

    fn list(&mut self, id: u8, kind: u8, length: usize, fill: impl FnOnce(&mut Thrift)) {
        self.field(id, 9);
        match u8::try_from(length) {
            Ok(short @ 0..15) => self.bytes.push(short << 4 | kind),
            _ => {
                self.bytes.push(0xf0 | kind);
                varint(&mut self.bytes, size(length).unsigned_abs());
            }
        }
        fill(self);
    }

    /// A structure within a list or field.
    fn element(&mut self, fill: impl FnOnce(&mut Thrift)) {
        let before = std::mem::take(&mut self.last);
        fill(self);
        self.bytes.push(0);
        self.last = before;
    }

    fn plain_i32(&mut self, value: i32) {
        zigzag(&mut self.bytes, i64::from(value));
    }

    fn plain_text(&mut self, text: &str) {
        varint(&mut self.bytes, size(text.len()).unsigned_abs());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn zigzag(bytes: &mut Vec<u8>, value: i64) {
    varint(bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

/// A length of memory is less than 2^63.
fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A length of a page; groups are far from 2 GiB.
fn int(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads Thrift's compact protocol for this test: numbers and texts of a structure by the path of their fields.
    struct Reader<'a> {
        bytes: &'a [u8],
        found: Vec<(String, String)>,
    }

    impl Reader<'_> {
        fn byte(&mut self) -> u8 {
            let (first, rest) = self.bytes.split_first().unwrap();
            self.bytes = rest;
            *first
        }

        fn varint(&mut self) -> u64 {
            let mut value = 0;
            for shift in (0..).step_by(7) {
                let byte = self.byte();
                value |= u64::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    return value;
                }
            }
            unreachable!()
        }

        fn value(&mut self, path: &str, kind: u8) {
            match kind {
                5 | 6 => {
                    let value = self.varint();
                    let number = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
                    self.found.push((path.to_owned(), number.to_string()));
                }
                8 => {
                    let length = usize::try_from(self.varint()).unwrap();
                    let (text, rest) = self.bytes.split_at(length);
                    self.bytes = rest;
                    self.found.push((path.to_owned(), String::from_utf8(text.to_vec()).unwrap()));
                }
                9 => {
                    let head = self.byte();
                    let length = if head >> 4 == 15 { self.varint() } else { u64::from(head >> 4) };
                    for place in 0..length {
                        self.value(&format!("{path}[{place}]"), head & 15);
                    }
                }
                12 => self.structure(path),
                other => panic!("{path} is of kind {other}"),
            }
        }

        fn structure(&mut self, path: &str) {
            let mut id = 0;
            loop {
                let head = self.byte();
                if head == 0 {
                    return;
                }
                id += head >> 4;
                self.value(&format!("{path}.{id}"), head & 15);
            }
        }

        fn read(bytes: &[u8]) -> (Vec<(String, String)>, &[u8]) {
            let mut reader = Reader { bytes, found: Vec::new() };
            reader.structure("");
            (reader.found, reader.bytes)
        }
    }

    fn get<'a>(found: &'a [(String, String)], path: &str) -> &'a str {
        found.iter().find(|(known, _)| known == path).map_or("", |(_, value)| value.as_str())
    }

    #[test]
    fn a_file_is_read_as_its_format_says() {
        let kinds = [
            ("name", ParquetType::Text),
            ("open", ParquetType::Boolean),
            ("fund", ParquetType::Decimal(2)),
            ("since", ParquetType::Date),
        ];
        let columns = kinds.map(|(name, kind)| (name.to_owned(), kind)).to_vec();
        let mut writer = ParquetWriter::new(columns, vec![("note".to_owned(), "导出人".to_owned())]);
        let mut file = Vec::new();
        let rows = GROUP_ROWS + 3;
        for number in 0..rows {
            let some = number % 3 != 0;
            writer.row(&[
                Some(ParquetCell::Text(format!("第{number}家"))),
                some.then_some(ParquetCell::Boolean(number % 2 == 0)),
                Some(ParquetCell::Integer(-5)),
                Some(ParquetCell::Date(NaiveDate::from_ymd_opt(1970, 1, 11).unwrap())),
            ]);
            writer.drain(&mut file).unwrap();
        }
        writer.finish_into(&mut file).unwrap();
        assert!(file.starts_with(MAGIC) && file.ends_with(MAGIC));
        let end = file.len() - 8;
        let length = u32::from_le_bytes(file[end..end + 4].try_into().unwrap());
        let (footer, rest) = Reader::read(&file[end - usize::try_from(length).unwrap()..end]);
        assert!(rest.is_empty());
        assert_eq!(get(&footer, ".3"), rows.to_string());
        assert_eq!((get(&footer, ".5[0].1"), get(&footer, ".5[0].2")), ("note", "导出人"));
        assert_eq!(
            (get(&footer, ".2[3].4"), get(&footer, ".2[3].6"), get(&footer, ".2[3].7")),
            ("fund", "5", "2")
        );
        assert_eq!((get(&footer, ".4[0].3"), get(&footer, ".4[1].3")), ("10000", "3"));
        // The pages of the second group: rows 10000 to 10002, of which the last holds no truth.
        let page = |column: usize| {
            let at: usize = get(&footer, &format!(".4[1].1[{column}].3.9")).parse().unwrap();
            let (header, rest) = Reader::read(&file[at..]);
            assert_eq!((get(&header, ".1"), get(&header, ".5.1")), ("0", "3"));
            let folded: usize = get(&header, ".3").parse().unwrap();
            lz4_flex::block::decompress(&rest[..folded], get(&header, ".2").parse().unwrap()).unwrap()
        };
        let names = page(0);
        assert_eq!(names[..6], [2, 0, 0, 0, 3 << 1, 1]);
        assert_eq!(names[6..10], 11_u32.to_le_bytes());
        assert_eq!(&names[10..21], "第10000家".as_bytes());
        // 10000 is even, 10001 odd, 10002 divides by three.
        assert_eq!(page(1), [4, 0, 0, 0, 2 << 1, 1, 1 << 1, 0, 0b01]);
        assert_eq!(page(2)[6..14], (-5_i64).to_le_bytes());
        assert_eq!(page(3)[6..10], 10_i32.to_le_bytes());
    }
}
