//! Styles, scripts and the icon, embedded in the program. Names carry a hash of the content, so a browser keeps
//! them for ever and a new release is seen at once. Compression is the router's business (tower-http).

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::RustEmbed;

/// The stylesheet of every page.
pub const STYLE: &str = concat!("/assets/", env!("HUIMIN_STYLE"));
/// The script of every page; pages work without it.
pub const SCRIPT: &str = concat!("/assets/", env!("HUIMIN_SCRIPT"));
/// Charts and maps; for pages with [`crate::ui::chart`] only.
pub const CHARTS: &str = concat!("/assets/", env!("HUIMIN_CHARTS"));
/// Checks codes in the browser; for the page that checks them only.
pub const VERIFY: &str = concat!("/assets/", env!("HUIMIN_VERIFY"));
/// The icon in the browser's tab.
pub const ICON: &str = concat!("/assets/", env!("HUIMIN_ICON"));

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// `GET /assets/{name}`, without session or rights.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>) -> Response {
    match Dist::get(&name) {
        Some(file) => (
            [
                (header::CONTENT_TYPE, file.metadata.mimetype()),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            file.data,
        )
            .into_response(),
        None => (StatusCode::NOT_FOUND, "没有这个文件").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    async fn fetch(path: &str) -> Response {
        routes().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn every_named_asset_is_served_for_ever() {
        for (path, kind) in [
            (STYLE, "text/css"),
            (SCRIPT, "text/javascript"),
            (CHARTS, "text/javascript"),
            (VERIFY, "text/javascript"),
            (ICON, "image/svg+xml"),
        ] {
            let answer = fetch(path).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(answer.headers()[header::CONTENT_TYPE], kind);
            assert!(answer.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        }
    }

    #[tokio::test]
    async fn nothing_else_is_served() {
        for path in ["/assets/app.css", "/assets/..%2f..%2fCargo.toml", "/assets/%2e%2e%2fbuild.rs"] {
            assert_eq!(fetch(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn styles_and_scripts_fetch_nothing_from_elsewhere() {
        for name in Dist::iter() {
            let file = Dist::get(&name).unwrap();
            let text = String::from_utf8_lossy(&file.data);
            if name.ends_with(".css") {
                assert!(
                    !text.contains("url(") && !text.contains("GDS Transport") && !text.contains("crown"),
                    "{name}"
                );
            }
            assert!(!text.contains("cdn."), "{name}");
        }
    }
}
