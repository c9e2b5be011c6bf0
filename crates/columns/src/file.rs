//! The file: 64 bytes of head, then the sections, each on a boundary of 64 bytes, then the directory (JSON) that says
//! where each is. All numbers are little-endian. A change of the layout changes [`VERSION`]; older files are made anew.
//!
//! The head is the word `HUIMINCS` and the version (`u32`); the last 32 bytes are the directory's start, length and
//! checksum (FNV-1a, 64 bits) and the word once more, so that a file cut short is noticed.

use std::io::Write;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::cells::{Slice, Width};
use crate::schema::Schema;

pub(crate) const MAGIC: &[u8; 8] = b"HUIMINCS";
/// Version of the layout.
pub(crate) const VERSION: u32 = 1;
pub(crate) const HEAD: usize = 64;
pub(crate) const TRAILER: usize = 32;
const BOUNDARY: u64 = 64;

/// A run of bytes in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Section {
    pub start: u64,
    pub length: u64,
}

/// What the file holds and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub schema: Schema,
    pub as_of: NaiveDate,
    /// What its maker wrote on it.
    #[serde(default)]
    pub label: String,
    pub codes: Vec<String>,
    pub divisions: Vec<String>,
    pub division: Stored,
    pub tables: Vec<StoredTable>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StoredTable {
    pub rows: u64,
    pub columns: Vec<Stored>,
    pub references: Vec<Stored>,
    /// `u32`, one more than the parent has rows.
    pub offsets: Option<Section>,
    /// Least number of rows of one parent.
    pub group_min: u32,
    /// Greatest number of rows of one parent.
    pub group_max: u32,
    /// A bit for each parent: whether its rows are known.
    pub listed: Option<Section>,
}

/// A column: `base` plus what is stored is the value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub width: Width,
    pub base: i64,
    /// Smallest value.
    pub min: i64,
    /// Greatest value.
    pub max: i64,
    pub values: Section,
    /// A bit for each row, where a value can be unknown.
    pub known: Option<Section>,
}

/// FNV-1a.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Writes sections one after the other.
pub(crate) struct Sections<'w, W: Write> {
    writer: &'w mut W,
    at: u64,
}

impl<'w, W: Write> Sections<'w, W> {
    pub(crate) fn start(writer: &'w mut W) -> std::io::Result<Sections<'w, W>> {
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(MAGIC);
        head[8..12].copy_from_slice(&VERSION.to_le_bytes());
        writer.write_all(&head)?;
        Ok(Sections { writer, at: HEAD as u64 })
    }

    pub(crate) fn values(&mut self, values: Slice<'_>) -> std::io::Result<Section> {
        match values {
            Slice::U8(values) => self.bytes(values),
            Slice::U16(values) => self.bytes(bytemuck::cast_slice(values)),
            Slice::I32(values) => self.bytes(bytemuck::cast_slice(values)),
            Slice::I64(values) => self.bytes(bytemuck::cast_slice(values)),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<Section> {
        let gap = self.at.next_multiple_of(BOUNDARY) - self.at;
        self.writer.write_all(&[0; BOUNDARY as usize][..gap as usize])?;
        self.at += gap;
        let section = Section { start: self.at, length: bytes.len() as u64 };
        self.writer.write_all(bytes)?;
        self.at += section.length;
        Ok(section)
    }

    /// The directory and the trailer.
    pub(crate) fn finish(mut self, directory: &Directory) -> std::io::Result<()> {
        let text = serde_json::to_vec(directory)?;
        let section = self.bytes(&text)?;
        for number in [section.start, section.length, checksum(&text)] {
            self.writer.write_all(&number.to_le_bytes())?;
        }
        self.writer.write_all(MAGIC)
    }
}
