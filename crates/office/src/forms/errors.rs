//! What is wrong with a form, in the order of its pages.

use std::collections::HashSet;

use crate::{OfficeError, Problem};

/// Path of a field (or the name of records) → what is wrong and how to mend it. A field has one message: the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors {
    list: Vec<(String, String)>,
    named: HashSet<String>,
}

impl Errors {
    /// Adds a message, unless the path has one.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        let path = path.into();
        if self.named.insert(path.clone()) {
            self.list.push((path, message.into()));
        }
    }

    /// The message of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == path).map(|(_, message)| message)
    }

    /// Nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many paths are wrong.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Path and message in the order of the form.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|(path, message)| (path.as_str(), message.as_str()))
    }
}

/// A use-case refuses what a form refuses.
impl From<Errors> for OfficeError {
    fn from(errors: Errors) -> OfficeError {
        let problems = errors.list.into_iter().map(|(field, message)| Problem { field, message });
        OfficeError::Invalid(problems.collect())
    }
}
