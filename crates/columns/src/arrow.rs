//! Arrow IPC files, written by hand: a schema, record batches, a footer. Only what the sweep needs (truths and whole
//! numbers, each with nulls), so that a column goes from the register to the file without a library between. The layout is
//! <https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format>; metadata are FlatBuffers, built back to front. Buffers are LZ4
//! frames where that pays: most columns are mostly nothing, and writing bytes costs more than folding them.

use std::io::{self, Write};

use lz4_flex::block::{compress_into, get_maximum_output_size};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArrowType {
    Boolean,
    Integer {
        bits: u8,
        signed: bool,
    },
    /// Days since 1970-01-01.
    Date,
}

impl ArrowType {
    /// Bits of a number of this type.
    pub(crate) fn bits(self) -> u8 {
        match self {
            ArrowType::Boolean => 1,
            ArrowType::Integer { bits, .. } => bits,
            ArrowType::Date => 32,
        }
    }
}

/// A column's name, type and notes (`scale`, `title`).
#[derive(Debug, Clone)]
pub(crate) struct ArrowField {
    pub name: String,
    pub ty: ArrowType,
    pub notes: Vec<(String, String)>,
}

const MAGIC: &[u8; 6] = b"ARROW1";
/// `MetadataVersion.V5`.
const VERSION: i16 = 4;
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;

/// An LZ4 frame's magic, its flags (independent blocks of at most 4 MiB, no checksums of content) and their checksum.
/// <https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>
const LZ4_HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
/// Bytes of the largest block of such a frame; a longer buffer stands as it is.
const LZ4_BLOCK_MAX: usize = 4 << 20;
/// A buffer is folded when it becomes a third or less, as far as its first bytes show: folding what hardly shrinks takes longer
/// than writing it.
const LZ4_SAMPLE: usize = 4096;
const LZ4_GAIN: usize = 3;
/// A match of fewer words costs more than it saves.
const RUN_LEAST: usize = 2;

/// A place in a buffer, counted from its end.
type Place = usize;

/// A FlatBuffer, built from its end to its start.
#[derive(Default)]
struct Flat {
    /// Reversed: the last byte of the buffer comes first.
    reversed: Vec<u8>,
}

/// A table's field: its slot and what it holds.
enum Slot {
    Byte(u8),
    Short(i16),
    Int(i32),
    Long(i64),
    Offset(Place),
}

impl Flat {
    fn align(&mut self, to: usize, after: usize) {
        while !(self.reversed.len() + after).is_multiple_of(to) {
            self.reversed.push(0);
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.reversed.extend(bytes.iter().rev());
    }

    fn offset(&mut self, to: Place) {
        self.align(4, 0);
        let here = self.reversed.len() + 4;
        self.bytes(&((here - to) as u32).to_le_bytes());
    }

    fn text(&mut self, text: &str) -> Place {
        self.align(4, text.len() + 1);
        self.reversed.push(0);
        self.bytes(text.as_bytes());
        self.bytes(&(text.len() as u32).to_le_bytes());
        self.reversed.len()
    }

    fn offsets(&mut self, places: &[Place]) -> Place {
        self.align(4, 0);
        places.iter().rev().for_each(|&place| self.offset(place));
        self.bytes(&(places.len() as u32).to_le_bytes());
        self.reversed.len()
    }

    /// A vector of structs whose members are 8 bytes.
    fn structs(&mut self, members: &[[i64; 2]]) -> Place {
        self.align(8, 0);
        for member in members.iter().rev() {
            member.iter().rev().for_each(|number| self.bytes(&number.to_le_bytes()));
        }
        self.bytes(&(members.len() as u32).to_le_bytes());
        self.reversed.len()
    }

    /// A table; slots that are `None` take their default.
    fn table(&mut self, slots: &[Option<Slot>]) -> Place {
        let end = self.reversed.len();
        let mut places = vec![0; slots.len()];
        for (slot, place) in slots.iter().zip(&mut places) {
            match slot {
                None => continue,
                Some(Slot::Byte(value)) => self.bytes(&[*value]),
                Some(Slot::Short(value)) => {
                    self.align(2, 0);
                    self.bytes(&value.to_le_bytes());
                }
                Some(Slot::Int(value)) => {
                    self.align(4, 0);
                    self.bytes(&value.to_le_bytes());
                }
                Some(Slot::Long(value)) => {
                    self.align(8, 0);
                    self.bytes(&value.to_le_bytes());
                }
                Some(Slot::Offset(to)) => self.offset(*to),
            }
            *place = self.reversed.len();
        }
        // The table starts with the distance to its list of slots, which stands right before it.
        self.align(4, 0);
        let start = self.reversed.len() + 4;
        let list = 4 + 2 * slots.len();
        self.bytes(&(list as i32).to_le_bytes());
        for &place in places.iter().rev() {
            let distance = if place == 0 { 0 } else { start - place };
            self.bytes(&(distance as u16).to_le_bytes());
        }
        self.bytes(&((start - end) as u16).to_le_bytes());
        self.bytes(&(list as u16).to_le_bytes());
        start
    }

    fn finish(mut self, root: Place) -> Vec<u8> {
        self.align(8, 4);
        self.offset(root);
        self.reversed.reverse();
        self.reversed
    }
}

fn schema(flat: &mut Flat, fields: &[ArrowField]) -> Place {
    let mut places = Vec::new();
    for field in fields {
        let notes: Vec<Place> = field
            .notes
            .iter()
            .map(|(key, value)| {
                let (key, value) = (flat.text(key), flat.text(value));
                flat.table(&[Some(Slot::Offset(key)), Some(Slot::Offset(value))])
            })
            .collect();
        let notes = flat.offsets(&notes);
        let children = flat.offsets(&[]);
        let (kind, ty) = match field.ty {
            ArrowType::Boolean => (6, flat.table(&[])),
            ArrowType::Integer { bits, signed } => {
                (2, flat.table(&[Some(Slot::Int(bits.into())), Some(Slot::Byte(signed.into()))]))
            }
            // The unit's default is milliseconds; 0 is days.
            ArrowType::Date => (8, flat.table(&[Some(Slot::Short(0))])),
        };
        let name = flat.text(&field.name);
        places.push(flat.table(&[
            Some(Slot::Offset(name)),
            Some(Slot::Byte(1)),
            Some(Slot::Byte(kind)),
            Some(Slot::Offset(ty)),
            None,
            Some(Slot::Offset(children)),
            Some(Slot::Offset(notes)),
        ]));
    }
    let fields = flat.offsets(&places);
    flat.table(&[Some(Slot::Short(0)), Some(Slot::Offset(fields))])
}

fn message(flat: Flat, header: u8, place: Place, body: usize) -> Vec<u8> {
    let mut flat = flat;
    let root = flat.table(&[
        Some(Slot::Short(VERSION)),
        Some(Slot::Byte(header)),
        Some(Slot::Offset(place)),
        Some(Slot::Long(body as i64)),
    ]);
    let metadata = flat.finish(root);
    let length = metadata.len().next_multiple_of(8);
    let mut framed = Vec::with_capacity(length + 8);
    framed.extend_from_slice(&u32::MAX.to_le_bytes());
    framed.extend_from_slice(&(length as u32).to_le_bytes());
    framed.extend_from_slice(&metadata);
    framed.resize(length + 8, 0);
    framed
}

/// A file on its way.
pub(crate) struct ArrowFile<W: Write> {
    writer: W,
    fields: Vec<ArrowField>,
    at: u64,
    /// Where each batch starts, how long its metadata and how long its body are.
    blocks: Vec<(u64, u32, u64)>,
}

/// A column of a batch: bits that say where it is known (`None`: everywhere), how many it is not, the values.
pub(crate) struct ArrowColumn<'c> {
    pub known: Option<(&'c ArrowBuffer, usize)>,
    pub values: &'c ArrowBuffer,
}

impl<'c> ArrowColumn<'c> {
    /// As they stand in the file; the first is empty where everything is known.
    fn buffers(&self) -> [&'c [u8]; 2] {
        [self.known.map_or(&[], |(bits, _)| &bits.bytes), &self.values.bytes]
    }
}

/// How a buffer is kept, as its first piece suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    AsItIs,
    /// An LZ4 frame with a block for each piece.
    Folded,
}

/// A buffer of a batch, put together from pieces while the processor still has them at hand: the length it unfolds to and an LZ4
/// frame, or -1 and the bytes themselves; nothing at all for an empty one.
#[derive(Debug, Default)]
pub(crate) struct ArrowBuffer {
    kept: Option<Kept>,
    /// Bytes of all pieces.
    length: usize,
    bytes: Vec<u8>,
}

impl ArrowBuffer {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(LZ4_BLOCK_MAX) {
            self.length += piece.len();
            match self.kept {
                None => {
                    self.bytes.extend_from_slice(&[0; 8]);
                    self.bytes.extend_from_slice(&LZ4_HEADER);
                    if self.block(piece) {
                        self.kept = Some(Kept::Folded);
                    } else {
                        self.bytes.clear();
                        self.bytes.extend_from_slice(&(-1i64).to_le_bytes());
                        self.bytes.extend_from_slice(piece);
                        self.kept = Some(Kept::AsItIs);
                    }
                }
                Some(Kept::Folded) => {
                    if !self.block(piece) {
                        // A block that stands as it is says so in the highest bit of its length.
                        self.bytes.extend_from_slice(&(piece.len() as u32 | 1 << 31).to_le_bytes());
                        self.bytes.extend_from_slice(piece);
                    }
                }
                Some(Kept::AsItIs) => self.bytes.extend_from_slice(piece),
            }
        }
    }

    /// Appends a piece as a block with its length if that pays; nothing if not.
    fn block(&mut self, piece: &[u8]) -> bool {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        if !block(piece, &mut self.bytes) {
            self.bytes.truncate(start);
            return false;
        }
        let length = (self.bytes.len() - start - 4) as u32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
        true
    }

    /// After the last piece.
    pub(crate) fn end(&mut self) {
        if self.kept == Some(Kept::Folded) {
            self.bytes[..8].copy_from_slice(&(self.length as i64).to_le_bytes());
            self.bytes.extend_from_slice(&[0; 4]);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.kept = None;
        self.length = 0;
        self.bytes.clear();
    }
}

/// A length of LZ4 from `at` on: what does not fit into a token's four bits follows in bytes that add up. Where it ends.
fn length_of(room: &mut [u8], at: usize, length: usize) -> usize {
    let Some(more) = length.checked_sub(15) else { return at };
    let last = at + more / 255;
    room[at..last].fill(255);
    room[last] = (more % 255) as u8;
    last + 1
}

/// A token's half for a length.
fn half(length: usize) -> u8 {
    length.min(15) as u8
}

/// Appends an LZ4 block in which only words equal to the word before them are folded. That is all there is to fold in a column of
/// mostly one value, and is found many times as fast as every likeness. `false`, and rubbish behind the end, where it gains too little.
/// <https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md>
fn runs(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    out.resize(start + bytes.len() / LZ4_GAIN, 0);
    let room = &mut out[start..];
    let (words, _) = bytes.as_chunks::<8>();
    // The last match of a block starts twelve bytes before its end or earlier, and its last five bytes are not folded.
    let last = words.len().saturating_sub(2);
    let (mut end, mut written, mut at) = (0, 0, 1);
    while at < last {
        if words[at] != words[at - 1] {
            at += 1;
            continue;
        }
        let word = words[at];
        let run = words[at..last].iter().position(|next| *next != word).unwrap_or(last - at);
        if run >= RUN_LEAST {
            let (literals, length) = ((at - written) * 8, run * 8 - 4);
            // Token, both lengths, the literals, how far back the match lies.
            if end + 5 + literals + (literals + length) / 255 > room.len() {
                return false;
            }
            room[end] = half(literals) << 4 | half(length);
            end = length_of(room, end + 1, literals);
            for word in &words[written..at] {
                room[end..end + 8].copy_from_slice(word);
                end += 8;
            }
            room[end..end + 2].copy_from_slice(&8u16.to_le_bytes());
            end = length_of(room, end + 2, length);
            written = at + run;
        }
        at += run;
    }
    let literals = &bytes[written * 8..];
    if end + 2 + literals.len() + literals.len() / 255 > room.len() {
        return false;
    }
    room[end] = half(literals.len()) << 4;
    end = length_of(room, end + 1, literals.len());
    room[end..end + literals.len()].copy_from_slice(literals);
    out.truncate(start + end + literals.len());
    true
}

/// Appends an LZ4 block of a buffer if that pays.
fn block(buffer: &[u8], body: &mut Vec<u8>) -> bool {
    let start = body.len();
    if runs(buffer, body) {
        return true;
    }
    let mut every = |bytes: &[u8]| {
        body.truncate(start);
        body.resize(start + get_maximum_output_size(bytes.len()), 0);
        let length = compress_into(bytes, &mut body[start..]).unwrap_or(usize::MAX / LZ4_GAIN);
        body.truncate(start.saturating_add(length));
        length
    };
    let sample = &buffer[..buffer.len().min(LZ4_SAMPLE)];
    every(sample) * LZ4_GAIN <= sample.len() && every(buffer) < buffer.len()
}

impl<W: Write> ArrowFile<W> {
    pub(crate) fn start(mut writer: W, fields: Vec<ArrowField>) -> io::Result<ArrowFile<W>> {
        let mut flat = Flat::default();
        let place = schema(&mut flat, &fields);
        let framed = message(flat, SCHEMA, place, 0);
        writer.write_all(MAGIC)?;
        writer.write_all(&[0; 2])?;
        writer.write_all(&framed)?;
        Ok(ArrowFile { writer, fields, at: 8 + framed.len() as u64, blocks: Vec::new() })
    }

    pub(crate) fn batch(&mut self, rows: usize, columns: &[ArrowColumn<'_>]) -> io::Result<()> {
        let (mut nodes, mut buffers, mut length) = (Vec::new(), Vec::new(), 0);
        for column in columns {
            nodes.push([rows as i64, column.known.map_or(0, |(_, unknown)| unknown as i64)]);
            for buffer in column.buffers() {
                buffers.push([length as i64, buffer.len() as i64]);
                length += buffer.len().next_multiple_of(8);
            }
        }
        let mut flat = Flat::default();
        let buffers = flat.structs(&buffers);
        let nodes = flat.structs(&nodes);
        // LZ4 frames, buffer by buffer: both are the defaults.
        let compression = flat.table(&[]);
        let place = flat.table(&[
            Some(Slot::Long(rows as i64)),
            Some(Slot::Offset(nodes)),
            Some(Slot::Offset(buffers)),
            Some(Slot::Offset(compression)),
        ]);
        let framed = message(flat, RECORD_BATCH, place, length);
        self.blocks.push((self.at, framed.len() as u32, length as u64));
        self.writer.write_all(&framed)?;
        for buffer in columns.iter().flat_map(ArrowColumn::buffers) {
            self.writer.write_all(buffer)?;
            self.writer.write_all(&[0; 8][..buffer.len().next_multiple_of(8) - buffer.len()])?;
        }
        self.at += framed.len() as u64 + length as u64;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        // The end of the stream, then the footer for those who read the file from behind.
        self.writer.write_all(&u32::MAX.to_le_bytes())?;
        self.writer.write_all(&[0; 4])?;
        let mut flat = Flat::default();
        flat.align(8, 0);
        for &(start, metadata, body) in self.blocks.iter().rev() {
            flat.bytes(&body.to_le_bytes());
            flat.bytes(&[0; 4]);
            flat.bytes(&metadata.to_le_bytes());
            flat.bytes(&start.to_le_bytes());
        }
        flat.bytes(&(self.blocks.len() as u32).to_le_bytes());
        let blocks = flat.reversed.len();
        let schema = schema(&mut flat, &self.fields);
        let root = flat.table(&[
            Some(Slot::Short(VERSION)),
            Some(Slot::Offset(schema)),
            None,
            Some(Slot::Offset(blocks)),
        ]);
        let footer = flat.finish(root);
        self.writer.write_all(&footer)?;
        self.writer.write_all(&(footer.len() as i32).to_le_bytes())?;
        self.writer.write_all(MAGIC)?;
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_folded_unfolds() {
        let sparse = |every: usize| {
            (0..70_000usize).map(|at| if at % every < 3 { (at / every) as u8 } else { 0 }).collect()
        };
        let mut buffers: Vec<Vec<u8>> =
            vec![sparse(1), sparse(40), sparse(900), vec![7; 3], vec![1, 2, 1, 2]];
        buffers.extend([11, 12, 16, 23, 24, 25, 32, 271, 4096, 1 << 20].map(|length| vec![0; length]));
        let (mut folded, mut by_runs) = (0, 0);
        for buffer in buffers {
            let mut body = vec![9];
            if runs(&buffer, &mut body) {
                assert_eq!(lz4_flex::block::decompress(&body[1..], buffer.len()).expect("a block"), buffer);
                assert!(body.len() - 1 <= buffer.len() / LZ4_GAIN);
                by_runs += 1;
            }
            body.truncate(1);
            if block(&buffer, &mut body) {
                assert_eq!(lz4_flex::block::decompress(&body[1..], buffer.len()).expect("a block"), buffer);
                folded += 1;
            }
        }
        assert!(by_runs >= 4 && folded > by_runs, "{by_runs} and {folded}");
    }

    #[test]
    fn pieces_come_back_as_one_buffer() {
        let mixed: Vec<u8> = (0..40_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let pieces: [&[&[u8]]; 4] = [
            &[&[0; 16_384], &mixed[..16_000], &[3; 7]],
            &[&mixed[..9_000], &[0; 16_384]],
            &[&[], &[1; 40]],
            &[&vec![5; LZ4_BLOCK_MAX + 9]],
        ];
        let mut buffer = ArrowBuffer::default();
        for (pieces, kept) in pieces.iter().zip([Kept::Folded, Kept::AsItIs, Kept::Folded, Kept::Folded]) {
            buffer.clear();
            pieces.iter().for_each(|piece| buffer.push(piece));
            buffer.end();
            assert_eq!(buffer.kept, Some(kept));
            let whole = pieces.concat();
            let (length, mut rest) = buffer.bytes.split_at(8);
            let length = i64::from_le_bytes(length.try_into().expect("eight bytes"));
            if kept == Kept::AsItIs {
                assert_eq!((length, rest), (-1, &whole[..]));
                continue;
            }
            assert_eq!(length, whole.len() as i64);
            rest = rest.strip_prefix(&LZ4_HEADER).expect("a frame");
            let mut back = Vec::new();
            loop {
                let (size, after) = rest.split_at(4);
                let size = u32::from_le_bytes(size.try_into().expect("four bytes"));
                if size == 0 {
                    assert!(after.is_empty());
                    break;
                }
                let (block, after) = after.split_at((size & !(1 << 31)) as usize);
                if size >> 31 == 1 {
                    back.extend_from_slice(block);
                } else {
                    let block = lz4_flex::block::decompress(block, LZ4_BLOCK_MAX).expect("a block");
                    back.extend_from_slice(&block);
                }
                rest = after;
            }
            assert_eq!(back, whole);
        }
    }
}
