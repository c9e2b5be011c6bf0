//! Reads an Arrow IPC file the way the specification lays it out, with no code of the writer: footer, blocks, messages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A column of numbers; truths are 0 and 1, null is `None`.
pub type Numbers = Vec<Option<i64>>;

/// A FlatBuffer's table.
#[derive(Clone, Copy)]
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn number(bytes: &[u8], at: usize, width: usize) -> i64 {
    let mut wide = [if bytes[at + width - 1] & 0x80 == 0 { 0 } else { 0xff }; 8];
    wide[..width].copy_from_slice(&bytes[at..at + width]);
    i64::from_le_bytes(wide)
}

fn place(bytes: &[u8], at: usize, width: usize) -> usize {
    usize::try_from(number(bytes, at, width)).expect("a place")
}

impl<'a> Table<'a> {
    fn root(bytes: &'a [u8]) -> Table<'a> {
        Table { bytes, at: place(bytes, 0, 4) }
    }

    /// Where the field of a slot stands; nothing if it has its default.
    fn slot(&self, slot: usize) -> Option<usize> {
        let offset = number(self.bytes, self.at, 4);
        let table = usize::try_from(i64::try_from(self.at).expect("small") - offset).expect("before");
        let length = place(self.bytes, table, 2);
        let entry = 4 + 2 * slot;
        let within = if entry < length { place(self.bytes, table + entry, 2) } else { 0 };
        (within != 0).then_some(self.at + within)
    }

    fn value(&self, slot: usize, width: usize) -> i64 {
        self.slot(slot).map_or(0, |at| number(self.bytes, at, width))
    }

    fn follow(&self, at: usize) -> usize {
        at + place(self.bytes, at, 4)
    }

    fn table(&self, slot: usize) -> Table<'a> {
        let at = self.slot(slot).expect("a table");
        Table { bytes: self.bytes, at: self.follow(at) }
    }

    /// First element and count of a vector.
    fn vector(&self, slot: usize) -> (usize, usize) {
        let Some(at) = self.slot(slot) else { return (0, 0) };
        let at = self.follow(at);
        (at + 4, place(self.bytes, at, 4))
    }

    fn tables(&self, slot: usize) -> Vec<Table<'a>> {
        let (first, count) = self.vector(slot);
        (0..count).map(|index| Table { bytes: self.bytes, at: self.follow(first + 4 * index) }).collect()
    }

    fn text(&self, slot: usize) -> String {
        let (first, count) = self.vector(slot);
        String::from_utf8(self.bytes[first..first + count].to_vec()).expect("UTF-8")
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Truth,
    Number { bytes: usize, signed: bool },
}

/// A buffer: its length and an LZ4 frame of blocks that stand alone, or -1 and its bytes.
fn unfolded(buffer: &[u8]) -> Vec<u8> {
    if buffer.is_empty() {
        return Vec::new();
    }
    let (length, rest) = (number(buffer, 0, 8), &buffer[8..]);
    if length == -1 {
        return rest.to_vec();
    }
    let length = usize::try_from(length).expect("a length");
    assert_eq!(rest[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73]);
    let (mut whole, mut at) = (Vec::with_capacity(length), 7);
    loop {
        let size = number(rest, at, 4);
        at += 4;
        // A block that did not shrink stands as it is; its size has the highest bit, which `number` reads as a sign.
        let as_it_is = size < 0;
        let size = usize::try_from(size & 0x7fff_ffff).expect("a size");
        let block = &rest[at..at + size];
        at += size;
        match (size, as_it_is) {
            (0, _) => break,
            (_, true) => whole.extend_from_slice(block),
            (_, false) => {
                let left = length - whole.len();
                whole.extend(lz4_flex::block::decompress(block, left).expect("a block"));
            }
        }
    }
    assert_eq!(at, rest.len(), "the frame ends with its mark");
    assert_eq!(whole.len(), length, "the blocks make the whole");
    whole
}

/// The columns of a file by name.
pub fn read(path: &Path) -> BTreeMap<String, Numbers> {
    let file = fs::read(path).expect("read");
    let end = file.len();
    assert_eq!(
        (&file[..6], &file[end - 6..]),
        (&b"ARROW1"[..], &b"ARROW1"[..]),
        "the magic stands at both ends"
    );
    let length = place(&file, end - 10, 4);
    let footer = Table::root(&file[end - 10 - length..end - 10]);
    let fields: Vec<(String, Kind)> = footer
        .table(1)
        .tables(1)
        .iter()
        .map(|field| {
            let kind = match field.value(2, 1) {
                6 => Kind::Truth,
                8 => Kind::Number { bytes: 4, signed: true },
                2 => {
                    let ty = field.table(3);
                    let bits = usize::try_from(ty.value(0, 4)).expect("bits");
                    Kind::Number { bytes: bits / 8, signed: ty.value(1, 1) == 1 }
                }
                other => panic!("no type of ours: {other}"),
            };
            (field.text(0), kind)
        })
        .collect();
    let mut columns: BTreeMap<String, Numbers> =
        fields.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
    let (first, count) = footer.vector(3);
    for block in 0..count {
        let at = first + 24 * block;
        let (offset, metadata) = (place(footer.bytes, at, 8), place(footer.bytes, at + 8, 4));
        let message = &file[offset..];
        assert_eq!(number(message, 0, 4), -1, "a message begins with the continuation mark");
        let batch = Table::root(&message[8..metadata]).table(2);
        let body = &message[metadata..];
        let rows = usize::try_from(batch.value(0, 8)).expect("rows");
        let (nodes, buffers) = (batch.vector(1), batch.vector(2));
        assert_eq!((nodes.1, buffers.1), (fields.len(), 2 * fields.len()));
        for (index, (name, kind)) in fields.iter().enumerate() {
            let nulls = place(batch.bytes, nodes.0 + 16 * index + 8, 8);
            let buffer = |which: usize| {
                let at = buffers.0 + 16 * (2 * index + which);
                let (start, length) = (place(batch.bytes, at, 8), place(batch.bytes, at + 8, 8));
                assert_eq!(start % 8, 0, "buffers are aligned");
                unfolded(&body[start..start + length])
            };
            let (known, values) = (buffer(0), buffer(1));
            let (known, values) = (known.as_slice(), values.as_slice());
            let bit = |bits: &[u8], row: usize| bits[row / 8] >> (row % 8) & 1;
            let column = columns.get_mut(name).expect("a column");
            let before = column.len();
            for row in 0..rows {
                let is_known = known.is_empty() || bit(known, row) == 1;
                let value = match *kind {
                    Kind::Truth => i64::from(bit(values, row)),
                    Kind::Number { bytes, signed } => {
                        let value = number(values, row * bytes, bytes);
                        if signed || bytes == 8 { value } else { value & ((1 << (8 * bytes)) - 1) }
                    }
                };
                column.push(is_known.then_some(value));
            }
            let unknown = column[before..].iter().filter(|value| value.is_none()).count();
            assert_eq!(unknown, nulls, "{name} says how many are null");
        }
    }
    columns
}
