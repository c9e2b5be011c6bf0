//! 幸福清单, 幸福码 and the help of other departments, on the person's own pages.

use std::fmt::Write as _;

use axum::http::{HeaderMap, header};
use catalogue::Release;
use ledger::reserve::Advance;
use maud::{Markup, PreEscaped, html};
use office::benefits;
use office::proofs::{self, Issued, LIFETIMES, Provable};
use qrcodegen::{QrCode, QrCodeEcc};
use vocab::Now;

use crate::answer::Page;
use crate::benefit_sheet::{own_record, sheet};
use crate::error::{Fault, form_errors};
use crate::extract::CitizenDesk;
use crate::form_body::{Fields, KeyedForm};
use crate::routes::{Routes, get};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, button_group, button_link, checkboxes, error_summary, form_post,
    radios, submit,
};
use crate::ui::parts::{heading, inset, print_button};

/// Modules of white around a QR code, as the standard asks.
const QUIET: i32 = 4;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/my/benefits", get(mine))
        .route("/my/help", get(help))
        .route("/my/code", get(code_form).post(code))
}

async fn mine(desk: CitizenDesk) -> Result<Page, Fault> {
    let found = benefits::own_sheet(desk.office(), desk.citizen()).await?;
    let content = html! {
        (heading(None, "幸福清单"))
        (sheet(&found, &desk.state.site.help_phone, |item| format!("/services/{item}")))
        (button_group(&html! { (button_link("/my/code", "出示幸福码", ButtonKind::Secondary)) (button_link("/my/booking", "预约到窗口办理", ButtonKind::Secondary)) }))
        (print_button())
    };
    Ok(Page::new("幸福清单", content).under("benefits"))
}

async fn help(desk: CitizenDesk) -> Result<Page, Fault> {
    let office = desk.office();
    let records = benefits::own_records(office, desk.citizen()).await?;
    let advances = benefits::own_advances(office, desk.citizen()).await?;
    let content = html! {
        (heading(None, "转给其他部门的和服务"))
        p.govuk-body { "需要医疗、教育、住房、就业等帮助的，转给主管部门办理，办到哪一步、怎么答复的，都在这里。" }
        @if records.is_empty() { p.govuk-body { "还没有。" } }
        @if !records.is_empty() { h2.govuk-heading-m { "转介和服务" } }
        @for record in &records { section { (own_record(record)) } }
        (paid_ahead(&office.release(), &advances))
        (print_button())
    };
    Ok(Page::new("转给其他部门的和服务", content).under("benefits").back("/my/benefits", "返回幸福清单"))
}

/// What a township has paid ahead out of its reserve; nothing where it has not.
pub(super) fn paid_ahead(release: &Release, advances: &[Advance]) -> Markup {
    html! {
        @if !advances.is_empty() {
            h2.govuk-heading-m { "先行救助" }
            ul.govuk-list.govuk-list--bullet {
                @for advance in advances {
                    li {
                        (vocab::zh_date(advance.at.today())) "，" (super::my::programme_title(release, &advance.programme)) "，从备用金先付 " (advance.amount.yuan_grouped()) " 元。"
                        @if advance.made_up { "手续已经补齐。" } @else { "手续还要补齐，请按通知到窗口办理。" }
                    }
                }
            }
        }
    }
}

async fn code_form(desk: CitizenDesk) -> Result<Page, Fault> {
    form_page(&desk, &Fields::default(), &Errors::none()).await
}

async fn form_page(desk: &CitizenDesk, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let provable = proofs::provable(desk.office(), desk.citizen()).await?;
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(None, "幸福码"))
            p.govuk-body { "幸福码只证明您自己选的一件事，过时作废。码里没有身份证号；不选的话，也没有姓名。" }
            @if provable.is_empty() {
                p.govuk-body { "现在没有可以证明的情况。已经申请的，批准以后就可以出示。" }
            } @else {
                (form_post("/my/code", &desk.key(), &fields(&provable, typed, errors)))
            }
        }
    };
    Ok(Page::new("幸福码", content).under("benefits").back("/my/benefits", "返回幸福清单").errors(errors))
}

fn fields(provable: &[Provable], typed: &Fields, errors: &Errors) -> Markup {
    let facts: Vec<Choice<'_>> = provable
        .iter()
        .map(|one| Choice::new(one.fact.as_str(), format!("{}：{}", one.title, one.value)))
        .collect();
    let lifetimes: Vec<Choice<'_>> =
        LIFETIMES.iter().map(|(minutes, words)| Choice::new(minutes.to_string(), *words)).collect();
    let minutes = match typed.get("minutes") {
        "" => LIFETIMES[0].0.to_string(),
        typed => typed.to_owned(),
    };
    html! {
        (radios(&Field::new("fact", "证明哪一件事").value(typed.get("fact")).errors(errors), &facts))
        (radios(&Field::new("minutes", "多长时间有效").value(minutes).inline().errors(errors), &lifetimes))
        (checkboxes(&Field::new("name", "带上姓名").hint("带上姓名的，别人拿去用不了；看的人会知道您的名字。").optional().errors(errors), &[Choice::new("yes", "带上我的姓名")], &[]))
        (submit("生成幸福码", ButtonKind::Primary, None))
    }
}

/// The code is shown once, in the answer to the form: it is kept nowhere.
async fn code(
    desk: CitizenDesk,
    headers: HeaderMap,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let minutes = form.get("minutes").parse().unwrap_or(0);
    let with_name = form.get("name") == "yes";
    match proofs::issue(desk.office(), desk.citizen(), form.get("fact"), minutes, with_name).await {
        Ok(issued) => code_page(&issued, origin(&headers, desk.state.site.https)),
        Err(error) => form_page(&desk, &form, &form_errors(error)?).await,
    }
}

/// Where this site answers, as the browser calls it.
fn origin(headers: &HeaderMap, https: bool) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = |sign: char| sign.is_ascii_alphanumeric() || ".:-[]".contains(sign);
    let scheme = if https { "https" } else { "http" };
    host.chars().all(plain).then(|| format!("{scheme}://{host}"))
}

fn code_page(issued: &Issued, origin: Option<String>) -> Result<Page, Fault> {
    let statement = &issued.statement;
    let until = Now::from_unix_ms(statement.expires_at * 1_000).zh();
    // With an address of our own a phone's camera leads straight to the check; what stands behind # is never sent to a server.
    let text = match origin {
        Some(origin) => format!("{origin}/verify#{}", issued.text),
        None => issued.text.clone(),
    };
    let content = html! {
        div.prose {
            (heading(None, "幸福码"))
            (inset(&html! {
                p.govuk-body { (statement.fact) "：" strong { (statement.value) } }
                @if let Some(name) = &statement.name { p.govuk-body { "姓名：" (name) } }
                p.govuk-body { "到 " (until) " 为止有效。" }
            }))
            (qr(&text)?)
            p.govuk-body { "给人看上面的码就可以。对方用手机扫，或者打开本系统的“验证幸福码”页面。扫不了的，把下面的文字发给对方。" }
            p.govuk-body { code.proof-text { (issued.text) } }
            p.govuk-body { (Link::new("/my/code", "换一件事，或者重新生成")) }
            (print_button())
        }
    };
    Ok(Page::new("幸福码", content).under("benefits").back("/my/benefits", "返回幸福清单"))
}

/// A QR code as a picture in the page.
fn qr(text: &str) -> Result<Markup, Fault> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low)
        .map_err(|_| Fault::Refused("这段文字太长，画不成二维码。请只选一件事再试。".to_owned()))?;
    let size = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a text does not fail.
            let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    // Numbers and letters of ours alone.
    let picture = format!(
        r##"<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img" aria-label="幸福码二维码" shape-rendering="crispEdges"><rect width="{size}" height="{size}" fill="#fff"/><path d="{path}" fill="#000"/></svg>"##
    );
    Ok(html! { p.qr-box { (PreEscaped(picture)) } })
}
