//! A citizen's one-time code: handed over face to face or printed on a receipt, shown once.

use maud::html;
use office::access::{self, CodeChannel, FileForOther};
use store::PersonId;
use vocab::Now;

use super::on_file::OnFile;
use super::person::seen;
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::{Begun, Desk};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::Link;
use crate::ui::form::{Choice, Errors, Field, buttons, error_summary, form_post, radios};
use crate::ui::parts::{SummaryRow, heading, panel, print_button, summary_list};

pub(super) async fn form(desk: Desk<FileForOther>, OnFile(id): OnFile) -> Result<Page, Fault> {
    let name = seen(&desk, id).await?.name;
    Ok(channel_page(&desk, id, &name, &Errors::none()))
}

fn channel_page(desk: &Desk<FileForOther>, id: PersonId, name: &str, errors: &Errors) -> Page {
    let back = format!("/desk/people/{id}");
    let body = html! {
        (radios(&Field::new("channel", "怎样交给本人").errors(errors), &[
            Choice::new("face", "当面告知").hint("已核对本人的身份证件。有效期较短。"),
            Choice::new("paper", "印在回执上").hint("随受理回执交给本人或者代办人。有效期较长。"),
        ]))
        (buttons("发放验证码", &[Link::new(back.clone(), "不发了")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(name), "发放登录验证码"))
            p.govuk-body { "本人凭验证码和身份证号后四位登录，查看办件和自己的资料。发放新的验证码后，以前没有用过的验证码作废。" }
            (form_post(&format!("/desk/people/{id}/code"), &desk.key(), &body))
        }
    };
    Page::new("发放登录验证码", content).under("people").errors(errors).back(back, name.to_owned())
}

pub(super) async fn issue(
    desk: Desk<FileForOther>,
    OnFile(id): OnFile,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let person = seen(&desk, id).await?;
    let channel = match form.get("channel") {
        "face" => CodeChannel::Face,
        "paper" => CodeChannel::Paper,
        _ => {
            let mut errors = Errors::none();
            errors.add("channel", "请选择怎样把验证码交给本人。");
            return Ok(channel_page(&desk, id, &person.name, &errors));
        }
    };
    // The code cannot be read again, so a form sent twice gets no second one: the key is kept when the code is out.
    let write = match desk.begin(&key).await? {
        Begun::Again(_) => {
            return Err(Fault::Refused(
                "这张表单的验证码已经发放，只显示一次。没有记下的，请重新发放。".to_owned(),
            ));
        }
        Begun::First(write) => write,
    };
    let issued =
        access::issue_citizen_code_in(desk.office(), write.tx(), desk.granted(), id, channel).await?;
    write.finish("").await?;
    let code = issued.code.reveal();
    let (first, second) = code.split_at(code.len() / 2);
    let rows = [
        SummaryRow::text("姓名", &person.name),
        SummaryRow::text("身份证号", &person.citizen_id),
        SummaryRow::text("有效期到", &Now::from_unix_ms(issued.expires_at).zh()),
        SummaryRow::text("发放单位", &desk.actor().division_name),
        SummaryRow::text("发放时间", &desk.office().now().zh()),
    ];
    let content = html! {
        (panel("登录验证码", &html! { (first) " " (second) }))
        (summary_list(&rows))
        div.prose {
            h2.govuk-heading-m { "怎样使用" }
            ol.govuk-list.govuk-list--number {
                li { "打开" (desk.state.site.service) "，点“查进度”。" }
                li { "输入上面的验证码和身份证号后四位。" }
                li { "验证码只能用一次。用过或者丢失的，可以到窗口重新领取。" }
            }
            (print_button())
            p.govuk-body { (Link::new(format!("/desk/people/{id}"), "返回人员档案")) }
        }
    };
    Ok(Page::new("登录验证码", content).under("people"))
}
