//! A drawing of the server and the same as a chart of the script. Where there are scripts the chart takes the drawing's place; without them, where the script
//! does not arrive, and on paper, the drawing stands. A table of the page says the same as both. Set [`super::page::Layout::charts`] on pages that use it.

use maud::{Markup, html};
use serde::Serialize;

use super::parts::json_script;

/// `spec` is what `charts.js` draws, by its `kind`; `still` the drawing. `id` is unique on the page.
pub fn drawn(id: &str, title: &str, class: &str, spec: &impl Serialize, still: &Markup) -> Markup {
    let json = serde_json::to_string(spec).expect("text, numbers and lists of them always serialise");
    html! {
        div.drawn {
            div class={ "chart " (class) } role="img" aria-label={ (title) "，数据见下面的表格" } data-chart={ (id) "-json" } {}
            (json_script(&format!("{id}-json"), &json))
            div.drawn__still { (still) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_stands_beside_what_the_script_reads() {
        let spec = serde_json::json!({ "kind": "course", "unit": "</script>" });
        let text = drawn("course", "进度", "chart--plain", &spec, &html! { svg {} }).into_string();
        assert!(
            text.contains(r#"data-chart="course-json""#) && text.contains("drawn__still\"><svg>"),
            "{text}"
        );
        assert!(!text.contains("</script>\"") && text.contains(r"\u003c/script>"), "{text}");
    }
}
