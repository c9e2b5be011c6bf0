//! The way through a form, page by page.

use catalogue::definition::Page;

use super::answers::records_of;
use super::filled::FilledForm;

/// A place to stop: a page, the list of a page that adds records, or one record of a page that goes over them.
#[derive(Debug, Clone, Copy)]
pub struct Stop<'a> {
    /// The page.
    pub page: &'a Page,
    /// The record; none on plain pages and for the list of records.
    pub record: Option<usize>,
}

impl PartialEq for Stop<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.page.id == other.page.id && self.record == other.record
    }
}

impl Eq for Stop<'_> {}

/// How far a form is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Stops without anything wrong or missing.
    pub done: usize,
    /// All stops.
    pub all: usize,
}

impl<'a> FilledForm<'a> {
    /// Every stop that is shown, in order. Records that are being added are visited from their list, not by themselves.
    #[must_use]
    pub fn stops(&self) -> Vec<Stop<'a>> {
        let mut stops = Vec::new();
        for page in &self.form.pages {
            let adds = page.repeat.as_ref().is_some_and(|repeat| repeat.add);
            if adds && self.shows_page(page, None) {
                stops.push(Stop { page, record: None });
            } else if !adds {
                stops.extend(self.instances(page).into_iter().map(|record| Stop { page, record }));
            }
        }
        stops
    }

    /// Whether nothing on a stop is wrong or missing.
    #[must_use]
    pub fn is_done(&self, stop: Stop<'_>) -> bool {
        self.check_page(stop.page, stop.record).is_right()
    }

    /// The first stop with something wrong or missing; none when the form can be sent.
    #[must_use]
    pub fn first_open_page(&self) -> Option<Stop<'a>> {
        self.stops().into_iter().find(|stop| !self.is_done(*stop))
    }

    /// The stop after a page; after one record of a list that is the list. None after the last: show the answers.
    #[must_use]
    pub fn next_page(&self, page: &Page, record: Option<usize>) -> Option<Stop<'a>> {
        self.own_list(page, record).or_else(|| {
            let place = self.place_of(page, record);
            self.stops().into_iter().find(|stop| self.place_of(stop.page, stop.record) > place)
        })
    }

    /// The stop before a page; before one record of a list that is the list. None before the first.
    #[must_use]
    pub fn previous_page(&self, page: &Page, record: Option<usize>) -> Option<Stop<'a>> {
        self.own_list(page, record).or_else(|| {
            let place = self.place_of(page, record);
            self.stops().into_iter().rev().find(|stop| self.place_of(stop.page, stop.record) < place)
        })
    }

    /// How far the form is filled.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let stops = self.stops();
        let done = stops.iter().filter(|stop| self.is_done(**stop)).count();
        Progress { done, all: stops.len() }
    }

    fn own_list(&self, page: &Page, record: Option<usize>) -> Option<Stop<'a>> {
        record?;
        records_of(page)?;
        let page = self.form.pages.iter().find(|known| known.id == page.id)?;
        page.repeat.as_ref()?.add.then_some(Stop { page, record: None })
    }

    /// Order of stops; a page that has just been hidden still has its place.
    fn place_of(&self, page: &Page, record: Option<usize>) -> (usize, Option<usize>) {
        (self.index_of(page).unwrap_or(usize::MAX), record)
    }
}
