//! Other systems that are told what becomes of records: the list, one of them with its log, and what may be done with it.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::ManageExchange;
use office::subscriptions::{
    self, DeliveryView, NewSubscription, Signs, SubscriptionId, SubscriptionView, Turn,
};
use serde::Deserialize;
use vocab::Now;

use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{ROWS, cursor};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, checkboxes, error_summary, form_post, hidden, password_input,
    radios, submit, text_input,
};
use crate::ui::parts::{Colour, SummaryRow, details, heading, summary_list, tag, warning_text};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

pub(super) const NAV_ID: &str = "subscriptions";
pub(super) const HERE: &str = "/desk/admin/subscriptions";
const TURN: &str = "turn";

/// `GET /desk/admin/subscriptions`
pub(super) async fn list(desk: Desk<ManageExchange>) -> Result<Page, Fault> {
    listed(&desk, &Fields::default(), &Errors::none()).await
}

async fn listed(desk: &Desk<ManageExchange>, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let office = desk.office();
    let views = subscriptions::list(office, desk.granted()).await?;
    let release = office.release();
    let title =
        |id: &str| release.registers.get(id).map_or_else(|| id.to_owned(), |register| register.title.clone());
    let rows = views.iter().map(|view| {
        let registers: Vec<String> = view.registers.iter().map(|id| title(id)).collect();
        vec![
            html! { (Link::new(format!("{HERE}/{}", view.id), view.title.as_str())) },
            html! { (view.address) },
            html! { (registers.join("、")) },
            html! { (view.division_name) },
            state(view),
        ]
    });
    let content = html! {
        (error_summary(errors))
        (heading(Some(&desk.actor().division_name), "对外推送"))
        p.govuk-body { "登记簿有变化时，系统按先后顺序告诉对方系统：哪个登记簿的哪一条、第几版、做了什么。推送里没有任何个人信息，对方要看内容，须用自己的账号调用接口。" }
        (given_up(&views))
        (Table {
            id: "subscriptions".into(),
            caption: "推送给哪些系统".into(),
            columns: ["对方系统", "网址", "登记簿", "范围", "状态"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "还没有登记推送。".into(),
            ..Table::default()
        })
        (form(desk, typed, errors))
    };
    Ok(Page::new("对外推送", content).under(NAV_ID).errors(errors))
}

/// What nobody receives any more is said before everything else.
fn given_up(views: &[SubscriptionView]) -> Markup {
    let dead: Vec<&str> =
        views.iter().filter(|view| view.state == "dead").map(|view| view.title.as_str()).collect();
    html! {
        @if !dead.is_empty() {
            (warning_text(&format!("已连续三天推送不到，系统停止了推送：{}。请与对方联系，修好后点开它恢复推送；这期间的变化会一并补上。", dead.join("、"))))
        }
    }
}

fn state(view: &SubscriptionView) -> Markup {
    match view.state.as_str() {
        "active" if view.tries > 0 => tag(Colour::Orange, "推送不到，正在重试"),
        "active" => tag(Colour::Green, "正常"),
        "paused" => tag(Colour::Grey, "已暂停"),
        "dead" => tag(Colour::Red, "已停止"),
        _ => tag(Colour::Grey, "已停用"),
    }
}

fn form(desk: &Desk<ManageExchange>, typed: &Fields, errors: &Errors) -> Markup {
    let registers = subscriptions::offered(&desk.office().release());
    let registers: Vec<Choice<'_>> =
        registers.iter().map(|(id, title)| Choice::new(id.as_str(), title.as_str())).collect();
    let signs = match typed.get("signs") {
        "" => Signs::Sm3.code(),
        signs => signs,
    };
    let body = html! {
        (text_input(&Field::new("title", "对方系统的名称").value(typed.get("title")).max_chars(60).width(Width::Full).errors(errors)))
        (text_input(&Field::new("address", "接收推送的网址").hint("以 https:// 开头。").value(typed.get("address")).max_chars(500).width(Width::Full).errors(errors)))
        (radios(&Field::new("signs", "签名方式").value(signs).errors(errors), &[
            Choice::new(Signs::Sm3.code(), "HMAC-SM3（国密）"),
            Choice::new(Signs::Sha256.code(), "HMAC-SHA256"),
        ]))
        (password_input(&Field::new("secret", "签名密钥").hint("16 个以上的字母、数字或者符号，与对方约定。加密保存，不再显示。").max_chars(200).autocomplete("off").errors(errors)))
        (checkboxes(&Field::new("registers", "推送哪些登记簿的变化").errors(errors), &registers, &typed.all("registers").collect::<Vec<_>>()))
        (submit("登记推送", ButtonKind::Primary, None))
    };
    let form = html! { div.prose { (form_post(HERE, &desk.key(), &body)) } };
    html! {
        @if errors.is_empty() { (details("登记一项推送", &form)) }
        @else { h2.govuk-heading-m { "登记一项推送" } (form) }
    }
}

/// `POST /desk/admin/subscriptions`
pub(super) async fn create(
    desk: Desk<ManageExchange>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let office = desk.office();
    let mut errors = Errors::none();
    match Signs::from_code(form.get("signs")) {
        None => errors.add("signs", "请选择签名方式。"),
        Some(signs) => {
            subscriptions::ready(office).await?;
            let new = NewSubscription {
                title: form.get("title"),
                address: form.get("address"),
                registers: form.all("registers").map(str::to_owned).collect(),
                signs,
                secret: form.get("secret"),
            };
            let write = match desk.begin(&key).await? {
                Begun::Again(to) => return Ok(SeeOther::to(to).into()),
                Begun::First(write) => write,
            };
            let reach = &desk.state.site.reach;
            match subscriptions::create_in(office, write.tx(), desk.granted(), &new, reach).await {
                Ok(id) => {
                    let to = format!("{HERE}/{id}");
                    write.finish(&to).await?;
                    return Ok(SeeOther::to(to).done("已登记，从现在起的变化会推送给对方。").into());
                }
                Err(error) => {
                    drop(write);
                    errors = form_errors(error)?;
                }
            }
        }
    }
    Ok(listed(&desk, &form, &errors).await?.into())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
}

/// `GET /desk/admin/subscriptions/{subscription}`
pub(super) async fn page(
    desk: Desk<ManageExchange>,
    Path(id): Path<SubscriptionId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Fault> {
    shown(&desk, id, &asked, &Fields::default(), &Errors::none()).await
}

async fn shown(
    desk: &Desk<ManageExchange>,
    id: SubscriptionId,
    asked: &Asked,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let office = desk.office();
    let after = cursor(&asked.after)?;
    let (view, log) = subscriptions::page(office, desk.granted(), id, after.as_ref(), ROWS).await?;
    let here = format!("{HERE}/{id}");
    let release = office.release();
    let registers: Vec<String> = view
        .registers
        .iter()
        .map(|id| release.registers.get(id).map_or_else(|| id.clone(), |register| register.title.clone()))
        .collect();
    let at = |moment: i64| Now::from_unix_ms(moment).zh();
    let mut rows = vec![
        SummaryRow::new("状态", state(&view)),
        SummaryRow::text("网址", &view.address),
        SummaryRow::text("范围", &view.division_name),
        SummaryRow::text("登记簿", &registers.join("、")),
        SummaryRow::text("签名方式", &view.signs),
        SummaryRow::text("对方已收到", &format!("到第{}号事件", view.sent_seq)),
    ];
    if let Some(since) = view.failing_since {
        rows.push(SummaryRow::text("推送不到", &format!("从{}起，已试{}次", at(since), view.tries)));
        rows.push(SummaryRow::text("下次重试", &at(view.next_at)));
    }
    let content = html! {
        (error_summary(errors))
        (heading(Some("对外推送"), &view.title))
        (given_up(std::slice::from_ref(&view)))
        (summary_list(&rows))
        @if view.state != "ended" { (turns(desk, &here, &view, typed, errors)) }
        (Table {
            id: "log".into(),
            caption: "推送记录".into(),
            columns: ["时间", "事件", "条数", "结果", "用时"].map(Column::new).into(),
            rows: log.rows.iter().map(|one| line(one, &at(one.at))).collect(),
            empty: "还没有推送过。".into(),
            pager: Some(Pager {
                previous: after.is_some().then(|| here.clone().into()),
                next: log.next.as_ref().map(|next| address(&here, &[("after", &next.to_string())]).into()),
            }),
            ..Table::default()
        })
    };
    Ok(Page::new(view.title.clone(), content).under(NAV_ID).back(HERE, "返回对外推送").errors(errors))
}

fn line(one: &DeliveryView, at: &str) -> Vec<Markup> {
    let result = match (one.status, &one.problem) {
        (Some(status @ 200..300), _) => tag(Colour::Green, &format!("已收到（{status}）")),
        (Some(status), _) => tag(Colour::Red, &format!("对方答复 {status}")),
        (None, problem) => {
            html! { (tag(Colour::Red, "没有送到")) " " (problem.as_deref().unwrap_or_default()) }
        }
    };
    vec![
        html! { (at) },
        html! { (one.after_seq + 1) "—" (one.through_seq) },
        html! { (one.events) },
        result,
        html! { (one.took_ms) "毫秒" },
    ]
}

fn turns(
    desk: &Desk<ManageExchange>,
    here: &str,
    view: &SubscriptionView,
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let form = |turn: &str, more: Markup, text: &str, kind: ButtonKind| {
        form_post(here, &desk.key(), &html! { (hidden(TURN, turn)) (more) (submit(text, kind, None)) })
    };
    let replay = text_input(
        &Field::new("after", "从第几号事件之后重新推送")
            .hint("填 0 就是从头推送。对方会再次收到已经收过的事件。")
            .value(typed.get("after"))
            .width(Width::Chars10)
            .inputmode("numeric")
            .errors(errors),
    );
    let secret = password_input(
        &Field::new("secret", "新的签名密钥").max_chars(200).autocomplete("off").errors(errors),
    );
    html! {
        div.govuk-button-group {
            @if view.state == "active" { (form("pause", html! {}, "暂停推送", ButtonKind::Secondary)) }
            @else { (form("resume", html! {}, "恢复推送", ButtonKind::Primary)) }
            (form("end", html! {}, "停用", ButtonKind::Warning))
        }
        (details("重新推送", &form("replay", replay, "重新推送", ButtonKind::Secondary)))
        (details("更换签名密钥", &form("secret", secret, "更换", ButtonKind::Secondary)))
    }
}

/// `POST /desk/admin/subscriptions/{subscription}`
pub(super) async fn turn(
    desk: Desk<ManageExchange>,
    Path(id): Path<SubscriptionId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let here = format!("{HERE}/{id}");
    let mut errors = Errors::none();
    let turn = match form.get(TURN) {
        "pause" => Some((Turn::Pause, "已暂停推送。")),
        "resume" => Some((Turn::Resume, "已恢复推送，积下的变化会依次送出。")),
        "end" => Some((Turn::End, "已停用。")),
        "secret" => Some((Turn::Secret(form.get("secret")), "密钥已更换。")),
        "replay" => match form.get("after").trim().parse() {
            Ok(after) => Some((Turn::Replay(after), "会从这里重新推送。")),
            Err(_) => {
                errors.add("after", "请填写事件号，只写数字。");
                None
            }
        },
        _ => return Err(Fault::Hidden),
    };
    if let Some((turn, done)) = turn {
        let write = match desk.begin(&key).await? {
            Begun::Again(to) => return Ok(SeeOther::to(to).into()),
            Begun::First(write) => write,
        };
        match subscriptions::turn_in(desk.office(), write.tx(), desk.granted(), id, turn).await {
            Ok(()) => {
                write.finish(&here).await?;
                return Ok(SeeOther::to(here).done(done).into());
            }
            Err(error) => {
                drop(write);
                errors = form_errors(error)?;
            }
        }
    }
    Ok(shown(&desk, id, &Asked::default(), &form, &errors).await?.into())
}
