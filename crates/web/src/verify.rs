//! 验证幸福码: whether a code is ours and good now, for anybody, without signing in. The page holds the public keys; with scripts it checks
//! in the browser and sends nothing, also when there is no network any more; without scripts the form asks us. Nothing is written down.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use office::proofs::{self, Checked, Statement};
use vocab::Now;

use crate::answer::Page;
use crate::assets;
use crate::error::Fault;
use crate::extract::Visitor;
use crate::form_body::{Fields, KeyedForm};
use crate::routes::{Routes, get};
use crate::ui::form::{ButtonKind, Field, form_post, submit, text_area};
use crate::ui::parts::{Colour, SummaryRow, heading, summary_list, tag};

/// Keeps the page for when there is no network; it lies at the root because a worker rules only what lies below it.
const WORKER: &str = include_str!("../../../web/assets/scripts/verify-worker.js");

/// Routes.
pub fn routes() -> Routes {
    Routes::new().route("/verify", get(page).post(check)).route("/verify-worker.js", get(worker))
}

async fn page(visitor: Visitor) -> Result<Page, Fault> {
    shown(&visitor, "", None)
}

/// The check without scripts.
async fn check(visitor: Visitor, KeyedForm { form, .. }: KeyedForm<Fields>) -> Result<Page, Fault> {
    let text = form.get("code");
    let office = visitor.office();
    let checked = proofs::check(office.keys(), office.now(), text);
    shown(&visitor, text, Some(&checked))
}

async fn worker() -> Response {
    let kind =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (kind, WORKER).into_response()
}

fn shown(visitor: &Visitor, text: &str, checked: Option<&Checked>) -> Result<Page, Fault> {
    let keys = visitor.office().keys().public_keys().map_err(office::OfficeError::from)?;
    let keys: Vec<_> =
        keys.iter().map(|key| serde_json::json!({ "id": key.id, "point": key.point })).collect();
    let content = html! {
        div.prose {
            (heading(None, "验证幸福码"))
            p.govuk-body { "用手机扫对方的码，会打开这一页并自动验证。也可以把码的文字粘贴到下面；浏览器能认码的，可以直接用摄像头扫，或者选一张照片。验证在您的手机或者电脑上完成，断网也能用，不留记录。" }
            div #proof data-keys=(serde_json::Value::from(keys)) data-ahead=(office::trial::ahead_ms(visitor.office())) {
                div #proof-result aria-live="polite" { @if let Some(checked) = checked { (result(checked)) } }
                (form_post("/verify", &visitor.key(), &html! {
                    (text_area(&Field::new("code", "幸福码的文字").hint("以 HM1 开头的一长串字母和数字。").value(text), 4))
                    (submit("验证", ButtonKind::Primary, None))
                }))
                // Shown by the script where the browser can read QR codes itself; without it one types, pastes, or scans with the telephone.
                div #proof-scan hidden {
                    p {
                        button.govuk-button.govuk-button--secondary type="button" id="proof-camera" { "用摄像头扫码" }
                        " "
                        button.govuk-button.govuk-button--secondary type="button" id="proof-stop" hidden { "停止扫码" }
                    }
                    div.govuk-form-group {
                        label.govuk-label for="proof-photo" { "或者选一张码的照片" }
                        input.govuk-file-upload type="file" id="proof-photo" accept="image/*";
                    }
                    p.govuk-body #proof-scan-said role="status" {}
                    video #proof-video hidden playsinline muted aria-label="摄像头画面" {}
                }
            }
            p.govuk-body { "码是真的，只说明码上写的那一件事在生成的时候属实。要认人的，请同时核对本人证件。" }
        }
        script src=(assets::VERIFY) defer {}
    };
    Ok(Page::new("验证幸福码", content).with_camera())
}

/// The same words as in the script.
fn result(checked: &Checked) -> Markup {
    match checked {
        Checked::Good(statement) => html! {
            p.govuk-body { (tag(Colour::Green, "真实有效")) }
            (said(statement))
        },
        Checked::Expired(statement) => html! {
            p.govuk-body { (tag(Colour::Grey, "已经过期")) " 请对方重新生成。" }
            (said(statement))
        },
        Checked::NotYet(statement) => html! {
            p.govuk-body { (tag(Colour::Yellow, "时间不对")) " 请核对手机或者电脑的时间。" }
            (said(statement))
        },
        Checked::Forged => html! {
            p.govuk-body { (tag(Colour::Red, "不是真的")) " 不是本系统发出的码，或者被改动过，或者没有复制完整。" }
        },
    }
}

fn said(statement: &Statement) -> Markup {
    let at = |seconds: i64| Now::from_unix_ms(seconds * 1_000).zh();
    let mut rows = vec![SummaryRow::text(statement.fact.as_str(), &statement.value)];
    if let Some(name) = &statement.name {
        rows.push(SummaryRow::text("姓名", name));
    }
    rows.push(SummaryRow::text("由谁证明", &statement.place));
    rows.push(SummaryRow::text("生成时间", &at(statement.issued_at)));
    rows.push(SummaryRow::text("有效到", &at(statement.expires_at)));
    summary_list(&rows)
}
