//! Lists: sorted and paged by links on the server, first column a row header, cards on a phone, exportable, printable.
//! On pages with scripts the sort and page links swap only the list (htmx), with the same addresses.

use maud::{Markup, html};

use super::{Link, Text};

/// Which way a list is sorted by a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorted {
    /// ▲
    Ascending,
    /// ▼
    Descending,
    /// By another column.
    Not,
}

impl Sorted {
    fn aria(self) -> &'static str {
        match self {
            Sorted::Ascending => "ascending",
            Sorted::Descending => "descending",
            Sorted::Not => "none",
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Sorted::Ascending => " ▲",
            Sorted::Descending => " ▼",
            Sorted::Not => "",
        }
    }
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    /// Words at its head; on a phone they stand before each cell.
    pub header: Text<'a>,
    /// Numbers: set right, figures of one width.
    pub numeric: bool,
    /// Address that sorts by this column, and how it is sorted now.
    pub sort: Option<(Text<'a>, Sorted)>,
}

impl<'a> Column<'a> {
    /// A column of words.
    pub fn new(header: impl Into<Text<'a>>) -> Self {
        Column { header: header.into(), numeric: false, sort: None }
    }

    /// A column of numbers.
    pub fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }

    /// May be sorted by: `href` is where a click leads.
    pub fn sort(mut self, href: impl Into<Text<'a>>, now: Sorted) -> Self {
        self.sort = Some((href.into(), now));
        self
    }
}

/// How many rows there are. Counts are capped: nobody waits for a count of a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// 共 7 条.
    Exactly(u64),
    /// 共 1000+ 条.
    AtLeast(u64),
}

impl maud::Render for Total {
    fn render(&self) -> Markup {
        match self {
            Total::Exactly(count) => html! { "共 " (count) " 条" },
            Total::AtLeast(count) => html! { "共 " (count) "+ 条" },
        }
    }
}

/// Paging by cursor: addresses of the neighbouring pages.
#[derive(Clone, Debug, Default)]
pub struct Pager<'a> {
    /// 上一页.
    pub previous: Option<Text<'a>>,
    /// 下一页.
    pub next: Option<Text<'a>>,
}

/// A list or a table of figures. `Table { id, caption, columns, rows, ..Table::default() }`.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    /// Unique on the page.
    pub id: Text<'a>,
    /// What the rows are.
    pub caption: Text<'a>,
    /// The caption is for screen readers only: a heading above says the same.
    pub caption_hidden: bool,
    /// Columns.
    pub columns: Vec<Column<'a>>,
    /// Rows of cells, as many as columns; the first cell is the row's header.
    pub rows: Vec<Vec<Markup>>,
    /// Last row with sums, as many cells as columns.
    pub sums: Option<Vec<Markup>>,
    /// What to say when there is no row.
    pub empty: Text<'a>,
    /// Number of rows.
    pub total: Option<Total>,
    /// Paging.
    pub pager: Option<Pager<'a>>,
    /// 导出 links.
    pub exports: Vec<Link<'a>>,
    /// On a phone every row becomes a card. Off for tables of figures: those scroll sideways in their own box.
    pub cards: bool,
}

impl Default for Table<'_> {
    fn default() -> Self {
        Table {
            id: "list".into(),
            caption: "".into(),
            caption_hidden: false,
            columns: Vec::new(),
            rows: Vec::new(),
            sums: None,
            empty: "没有符合条件的记录。".into(),
            total: None,
            pager: None,
            exports: Vec::new(),
            cards: true,
        }
    }
}

/// Columns of figures that a phone has room for.
const FIT: usize = 3;

impl Table<'_> {
    fn role(&self, role: &'static str) -> Option<&'static str> {
        // `display: block` on a phone takes a table's meaning away; explicit roles keep it.
        self.cards.then_some(role)
    }

    /// A link that htmx follows inside the list.
    fn inner_link(&self, href: &str, body: &Markup, rel: Option<&str>) -> Markup {
        let region = format!("#{}-region", self.id);
        html! {
            a.govuk-link.govuk-link--no-visited-state href=(href) rel=[rel] hx-get=(href) hx-target=(region) hx-select=(region)
                hx-swap="outerHTML show:top" hx-push-url="true" { (body) }
        }
    }

    fn head(&self) -> Markup {
        html! {
            thead.govuk-table__head role=[self.role("rowgroup")] {
                tr.govuk-table__row role=[self.role("row")] {
                    @for column in &self.columns {
                        th.govuk-table__header .govuk-table__header--numeric[column.numeric] scope="col" role=[self.role("columnheader")]
                            aria-sort=[column.sort.as_ref().map(|(_, sorted)| sorted.aria())] {
                            @match &column.sort {
                                Some((href, sorted)) => (self.inner_link(href, &html! {
                                    (column.header) span aria-hidden="true" { (sorted.mark()) }
                                }, None)),
                                None => (column.header),
                            }
                        }
                    }
                }
            }
        }
    }

    fn pager_links(&self, pager: &Pager<'_>) -> Markup {
        html! {
            @if pager.previous.is_some() || pager.next.is_some() {
                nav.pager aria-label={ (self.caption) " 翻页" } {
                    ul.pager__links {
                        @if let Some(href) = &pager.previous { li { (self.inner_link(href, &html! { "上一页" }, Some("prev"))) } }
                        @if let Some(href) = &pager.next { li { (self.inner_link(href, &html! { "下一页" }, Some("next"))) } }
                    }
                }
            }
        }
    }

    fn row(&self, cells: &[Markup]) -> Markup {
        html! {
            tr.govuk-table__row role=[self.role("row")] {
                @for (index, (cell, column)) in cells.iter().zip(&self.columns).enumerate() {
                    @if index == 0 {
                        th.govuk-table__header scope="row" role=[self.role("rowheader")] { (cell) }
                    } @else {
                        td.govuk-table__cell .govuk-table__cell--numeric[column.numeric] .table__blank[self.cards && cell.0.is_empty()] role=[self.role("cell")]
                            data-label=[self.cards.then_some(&column.header)] { div { (cell) } }
                    }
                }
            }
        }
    }
}

impl maud::Render for Table<'_> {
    fn render(&self) -> Markup {
        html! {
            div id={ (self.id) "-region" } {
                // Seen on a phone only; the region itself is for keys and readers.
                @if !self.cards && self.columns.len() > FIT { p.table-hint aria-hidden="true" { "表格放不下时，可以左右滑动" } }
                div.table-scroll role="region" aria-labelledby={ (self.id) "-caption" } tabindex="0" {
                    table.govuk-table .table--stack[self.cards] role=[self.role("table")] {
                        caption.govuk-table__caption .govuk-table__caption--m[!self.caption_hidden]
                            .govuk-visually-hidden[self.caption_hidden] id={ (self.id) "-caption" } {
                            (self.caption) @if let Some(total) = &self.total { "，" (total) }
                        }
                        (self.head())
                        tbody.govuk-table__body role=[self.role("rowgroup")] {
                            @for cells in &self.rows { (self.row(cells)) }
                            @if self.rows.is_empty() {
                                tr.govuk-table__row role=[self.role("row")] {
                                    td.govuk-table__cell.table__empty role=[self.role("cell")] colspan=(self.columns.len().max(1)) { (self.empty) }
                                }
                            }
                            @if let Some(sums) = &self.sums { (self.row(sums)) }
                        }
                    }
                }
                @if self.pager.is_some() || !self.exports.is_empty() {
                    div.table-foot {
                        @if let Some(pager) = &self.pager { (self.pager_links(pager)) }
                        @if !self.exports.is_empty() { p.govuk-body-s.table-exports { @for link in &self.exports { (link) " " } } }
                    }
                }
            }
        }
    }
}
