//! Households taken over from an older snapshot of the same tables, column by column: what has not changed is not read again.

use std::ops::Range;

use crate::ColumnsError;
use crate::cells::bit;
use crate::draft::{Draft, DraftColumn};
use crate::file::Stored;
use crate::schema::Kind;
use crate::snapshot::Snapshot;

/// What an older snapshot's codes and divisions are numbered in the draft.
#[derive(Debug)]
pub struct Renumbered {
    /// `None`: the numbers are the same.
    codes: Option<Vec<i64>>,
    divisions: Vec<i64>,
}

impl Draft {
    /// The numbers that the codes and divisions of an older snapshot have here; ask once, before copying from it.
    ///
    /// # Errors
    /// Other tables or columns than this draft's.
    pub fn renumber(&mut self, from: &Snapshot) -> Result<Renumbered, ColumnsError> {
        if *from.schema() != *self.schema() {
            return Err(ColumnsError::Draft("旧快照的表和列与现在的不同".to_owned()));
        }
        let codes: Vec<i64> = from.codes().iter().map(|code| self.code(code)).collect();
        let same = codes.iter().zip(0..).all(|(&new, old)| new == old);
        let divisions = from.divisions().iter().map(|code| self.division(code)).collect();
        Ok(Renumbered { codes: (!same).then_some(codes), divisions })
    }

    /// Adds households of the older snapshot that `renumbered` was made for, with everything below them.
    ///
    /// # Errors
    /// More rows than a file can count.
    pub fn copy(
        &mut self,
        from: &Snapshot,
        renumbered: &Renumbered,
        roots: Range<usize>,
    ) -> Result<(), ColumnsError> {
        let mut ranges: Vec<Range<usize>> = vec![roots.clone()];
        for (index, table) in from.schema().tables.iter().enumerate() {
            let rows = match &table.parent {
                None => roots.clone(),
                Some(parent) => {
                    let parents = ranges[parent.table].clone();
                    let offsets = from.offsets(index);
                    let listed = from.listed(index);
                    let mut end = offsets[parents.start];
                    for row in parents.clone() {
                        let next = offsets[row + 1];
                        self.tables[index].rows += (next - end) as usize;
                        end = next;
                        self.end_group(index, listed.is_none_or(|bits| bit(bits, row)))?;
                    }
                    offsets[parents.start] as usize..end as usize
                }
            };
            if index > 0 {
                ranges.push(rows.clone());
            } else {
                self.tables[0].rows += rows.len();
            }
            for (column, declared) in table.columns.iter().enumerate() {
                let codes = renumbered.codes.as_ref().filter(|_| declared.kind == Kind::Code);
                let stored = from.stored(index, column);
                extend(&mut self.tables[index].columns[column], from, stored, rows.clone(), codes);
            }
            for reference in 0..table.references.len() {
                let stored = from.stored_reference(index, reference);
                extend(&mut self.tables[index].references[reference], from, stored, rows.clone(), None);
            }
        }
        for root in roots {
            self.division.push(Some(renumbered.divisions[from.division_of(root)]));
        }
        Ok(())
    }
}

fn extend(
    column: &mut DraftColumn,
    from: &Snapshot,
    stored: &Stored,
    rows: Range<usize>,
    codes: Option<&Vec<i64>>,
) {
    let (values, known, base) = (from.values(stored), from.known(stored), stored.base);
    let Some(codes) = codes else { return column.extend(values, base, known, rows) };
    let mut row = rows.start;
    values.range(rows).each(|value| {
        let code = usize::try_from(value + base).ok().and_then(|code| codes.get(code)).copied();
        column.push(code.filter(|_| known.is_none_or(|bits| bit(bits, row))));
        row += 1;
    });
}
