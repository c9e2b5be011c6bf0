//! Pages and the JSON API: handlers, components ([`ui`]) and embedded files ([`assets`]). No rule and no SQL lives here.

pub mod assets;
pub mod ui;
