//! What codes are called. Rules compare and store codes; whoever reads a reason reads the titles of their code lists.

use std::collections::BTreeMap;

use crate::compiled::{Node, NodeType};
use crate::types::Shapes;
use crate::value::Value;

/// Title by code, of the code lists that some trees speak of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Titles(BTreeMap<String, BTreeMap<String, String>>);

impl Titles {
    /// The code lists that the trees speak of.
    pub(crate) fn of<'n>(trees: impl IntoIterator<Item = &'n Node>, shapes: &Shapes) -> Titles {
        let mut titles = Titles::default();
        for tree in trees {
            tree.visit(&mut |node| {
                if let NodeType::Code(codelist) = &node.ty
                    && !titles.0.contains_key(codelist)
                    && let Some(codes) = shapes.codelists.get(codelist)
                {
                    titles.0.insert(codelist.clone(), codes.clone());
                }
            });
        }
        titles
    }

    /// The title of a code; nothing for what is no code, or for one that its list does not have.
    pub(crate) fn of_code(&self, value: &Value, ty: &NodeType) -> Option<&str> {
        match (value, ty) {
            (Value::Text(code), NodeType::Code(codelist)) => {
                self.0.get(codelist)?.get(code).map(String::as_str)
            }
            _ => None,
        }
    }

    /// A value as a person reads it.
    pub(crate) fn shown(&self, value: &Value, ty: &NodeType) -> String {
        self.of_code(value, ty).map_or_else(|| value.to_string(), str::to_owned)
    }
}
