//! Values that remember where they were written.
//!
//! A checker that cannot name the line is of no use to the person who wrote the file, so every reference and expression in a pack is
//! read as a [`Located`] value. It behaves like the value itself and keeps its byte range for [`line_of`].

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer};

/// A value with its byte range in the file it was read from.
#[derive(Clone, Default)]
pub struct Located<T> {
    value: T,
    start: usize,
}

/// An expression of the rules language, as written.
pub type Expression = Located<String>;
/// The identifier of another definition.
pub type Reference = Located<String>;

impl<T> Located<T> {
    /// Byte offset in the file.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start
    }

    /// Another value written at the same place.
    #[must_use]
    pub fn with<U>(&self, value: U) -> Located<U> {
        Located { value, start: self.start }
    }

    /// The value without its place.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for Located<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Located<T> {}

impl PartialEq<str> for Located<String> {
    fn eq(&self, other: &str) -> bool {
        self.value == other
    }
}

impl PartialEq<String> for Located<String> {
    fn eq(&self, other: &String) -> bool {
        self.value == *other
    }
}

impl PartialEq<&str> for Located<String> {
    fn eq(&self, other: &&str) -> bool {
        self.value == *other
    }
}

impl<T: serde::Serialize> serde::Serialize for Located<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let start = spanned.span().start;
        Ok(Self { value: spanned.into_inner(), start })
    }
}

/// A list of references, or one written alone, as packs did that databases still keep; one alone does not remember its place.
pub(crate) fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Reference>, D::Error> {
    struct OneOrMore;
    impl<'de> serde::de::Visitor<'de> for OneOrMore {
        type Value = Vec<Reference>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok(vec![Located { value: value.to_owned(), start: 0 }])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = seq.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_any(OneOrMore)
}

/// The 1-based line of a byte offset.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    1 + text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count()
}
