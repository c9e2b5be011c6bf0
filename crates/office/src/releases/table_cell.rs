//! A row of a table as the subject of a change: one code's value, entered, released and dated like a parameter's.

use catalogue::Release;
use catalogue::definition::Table;

use super::typed_value::read_declared;

/// A row of a table: the value that it has for one code of its codelist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableCell<'a> {
    /// The table's id.
    pub table: &'a str,
    /// The code.
    pub key: &'a str,
}

impl<'a> TableCell<'a> {
    /// Out of the subject of a change, `tekun_basic[urban_home]`; none for a parameter or a rule.
    #[must_use]
    pub fn read(subject: &'a str) -> Option<TableCell<'a>> {
        let (table, key) = subject.strip_suffix(']')?.split_once('[')?;
        Some(TableCell { table, key })
    }

    /// As changes, packs and addresses name it.
    #[must_use]
    pub fn written(&self) -> String {
        format!("{}[{}]", self.table, self.key)
    }

    /// The table, where it has such a row.
    #[must_use]
    pub fn definition<'r>(&self, release: &'r Release) -> Option<&'r Table> {
        let table = release.tables.get(self.table)?;
        release.codelists.get(&table.key)?.title_of(self.key)?;
        Some(table)
    }

    /// What the code stands for: 城市.
    #[must_use]
    pub fn key_title<'r>(&self, release: &'r Release) -> Option<&'r str> {
        let table = release.tables.get(self.table)?;
        release.codelists.get(&table.key)?.title_of(self.key)
    }

    /// 最低生活保障标准（分城乡）：城市.
    #[must_use]
    pub fn title(&self, release: &Release) -> String {
        match (release.tables.get(self.table), self.key_title(release)) {
            (Some(table), Some(key)) => format!("{}：{key}", table.title),
            _ => self.written(),
        }
    }

    /// A typed value in the packs' spelling.
    pub(crate) fn read_value(&self, release: &Release, typed: &str) -> Result<String, String> {
        let table = self.definition(release).ok_or_else(|| format!("没有叫 {} 的标准。", self.written()))?;
        read_declared(release, table.declared(), table.unit.as_deref(), typed)
    }
}

#[cfg(test)]
mod tests {
    use super::TableCell;

    #[test]
    fn a_row_is_named_as_rules_name_it() {
        let cell = TableCell { table: "tekun_basic", key: "urban_home" };
        assert_eq!(cell.written(), "tekun_basic[urban_home]");
        assert_eq!(TableCell::read("tekun_basic[urban_home]"), Some(cell));
        for other in ["dibao_standard", "rule:dibao:condition.income", "tekun_basic[", "tekun_basic]"] {
            assert_eq!(TableCell::read(other), None, "{other}");
        }
    }
}
