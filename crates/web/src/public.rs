//! Pages for anybody: the front door, help, text size, privacy and accessibility; and the probes of the machine room.

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use maud::{Markup, html};
use office::access::{self, SignedIn};
use serde::Deserialize;

use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::extract::Visitor;
use crate::frame;
use crate::routes::{Routes, get};
use crate::state::AppState;
use crate::ui::form::{ButtonKind, Field, Width, form_get, submit, text_input};
use crate::ui::page::TextSize;
use crate::ui::parts::{Figure, figure_cards, heading};

/// Pages without sign-in.
pub fn routes() -> Routes {
    Routes::new()
        .route("/", get(home))
        .route("/help", get(help))
        .route("/privacy", get(privacy))
        .route("/accessibility", get(accessibility))
        .route(TextSize::PATH, get(text_size))
}

/// `/healthz`: the process answers. `/readyz`: the database answers too. Neither says more.
pub(crate) fn probes() -> Routes {
    Routes::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready))
}

async fn ready(State(state): State<AppState>) -> impl IntoResponse {
    let answer = match store::setting(state.office.db(), store::SYNTHETIC).await {
        Ok(_) => (StatusCode::OK, "ok"),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "database")
        }
    };
    ([(header::CACHE_CONTROL, "no-store")], answer)
}

async fn home(visitor: Visitor) -> Page {
    let signed_in = matches!(visitor.frame.signed_in, Some(SignedIn::Citizen(_)));
    let mine = if signed_in { "/my/cases" } else { "/sign-in?to=/my/cases" };
    let doors = [
        Figure::new("我要办事", "看谁能申请、要准备什么、多久办好，在网上提交").href("/services"),
        Figure::new("查进度", "凭回执上的验证码登录，看办到哪一步、发了多少钱").href(mine),
        Figure::new("找人帮忙", "打电话、到窗口，或者请村（居）委会代办").href("/help"),
    ];
    let search = html! {
        (text_input(&Field::new("q", "找您要办的事").hint("例如：低保、家里有困难").width(Width::Full)))
        (submit("查找", ButtonKind::Primary, None))
    };
    let content = html! {
        (heading(None, "生活有困难，找民政"))
        div.prose { (form_get("/services", &search)) }
        (figure_cards(&doors))
        div.prose {
            p.govuk-body { "不用注册。事先看看能不能申请，也不用登录。不会上网的，家人、邻居、村（居）委会都可以代办。" }
            p.govuk-body { "工作人员请从" a.govuk-link href="/desk" { "工作台" } "进入。" }
        }
    };
    Page::new("首页", content).under("home")
}

async fn help(visitor: Visitor) -> Page {
    let help = visitor.state.site.help();
    let content = html! {
        div.prose {
            (heading(None, "找人帮忙"))
            h2.govuk-heading-m { "打电话" }
            @if help.phone.is_empty() {
                p.govuk-body { "请拨打当地乡镇人民政府、街道办事处或者县级民政部门的电话。" }
            } @else {
                p.govuk-body { (help.phone_title) "：" (crate::ui::page::phone_link(&help.phone)) }
            }
            h2.govuk-heading-m { "到窗口" }
            p.govuk-body { (help.text) }
            p.govuk-body { "带上身份证就可以。能从公安、社保等部门查到的材料，不用您再提交。" }
            h2.govuk-heading-m { "请人代办" }
            p.govuk-body { "行动不便的，可以委托家人、邻居，或者请村（居）委会代为提出申请。代办不收费。" }
            h2.govuk-heading-m { "忘了验证码" }
            p.govuk-body { "验证码印在受理回执上，也可以到村（社区）或者乡镇（街道）窗口当面领取。每个验证码只能用一次。" }
        }
    };
    Page::new("找人帮忙", content)
}

async fn privacy() -> Page {
    let points: [(&str, &str); 6] = [
        (
            "收集什么",
            "只收集办理您申请的事项所必需的信息。能从其他部门查到的，经您书面授权后查询，不要求您重复提交。",
        ),
        ("怎样保护", "身份证号、银行账号、电话号码加密保存，页面上只显示一部分。查看完整号码必须写明用途。"),
        ("谁能看到", "只有本辖区办理您事项的工作人员可以查看。每次查看都会记录，记录不能修改。"),
        (
            "您可以做什么",
            "登录后可以查看自己的资料、看谁查看过、要求更正。可以随时撤回核对授权；撤回后，需要核对的事项无法继续办理。",
        ),
        (
            "公示、公布什么",
            "依照规定公示、公布时，只写姓名、人数和救助金额等，不写身份证号、住址和电话；未成年人不写姓名。待遇终止的当天撤下，一次性救助到期撤下。",
        ),
        ("这个网站", "只使用登录和字号所必需的 Cookie，不用于其他目的，也不向其他网站发送任何信息。"),
    ];
    Page::new("隐私说明", prose("隐私说明", &points))
}

async fn accessibility() -> Page {
    let points: [(&str, &str); 4] = [
        (
            "大字",
            "每页上方可以切换“长辈版（大字）”，字号放大到 125% 或 150%，内容和功能不减少，也没有时间限制。",
        ),
        (
            "键盘和读屏软件",
            "所有操作都可以用键盘完成。按 Tab 键可以先到“跳到正文”。出错时，页面上方会列出要修改的地方。",
        ),
        ("不用脚本也能用", "浏览器禁用脚本、版本较旧或者在微信里打开，都可以办理。"),
        ("不方便上网", "可以到窗口或者请人代办，结果一样，不会因此多要材料。"),
    ];
    Page::new("无障碍说明", prose("无障碍说明", &points))
}

fn prose(title: &str, points: &[(&str, &str)]) -> Markup {
    html! {
        div.prose {
            (heading(None, title))
            @for (point, text) in points {
                h2.govuk-heading-m { (point) }
                p.govuk-body { (text) }
            }
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    size: String,
    #[serde(default)]
    to: String,
}

/// Remembers the text size on this machine and, for a citizen, with the session.
async fn text_size(visitor: Visitor, Query(wanted): Query<Wanted>) -> Result<SeeOther, Fault> {
    let size = TextSize::parse(&wanted.size);
    if let Some(SignedIn::Citizen(citizen)) = &visitor.frame.signed_in {
        access::set_large_text(visitor.office(), citizen, size != TextSize::Standard).await?;
    }
    let cookie = frame::lasting_cookie(&visitor.state, TextSize::COOKIE, size.as_str().to_owned());
    let to = if frame::is_local(&wanted.to) { wanted.to } else { "/".to_owned() };
    Ok(SeeOther::to(to).cookie(cookie))
}
