//! Every component on a few pages with invented words, for the browser: the test writes them to `target/gallery`,
//! `tests/browser/gallery.mjs` opens them at several widths and text sizes, checks them with axe and takes pictures.
//! Snapshots hold the HTML of those components whose markup carries meaning for assistive technology.

use std::path::Path;

use maud::{Markup, html};

use super::chart::{Chart, CountyMap, Kind, Place, Series};
use super::form::*;
use super::page::*;
use super::parts::*;
use super::table::*;
use super::{Link, address};

const BANNER: &str = "演示环境：页面中的人员和数据均为虚构。";

fn help() -> HelpBox<'static> {
    HelpBox {
        phone: "0473-000 0000".into(),
        phone_title: "社会救助服务热线".into(),
        text: "可以到户籍所在地的乡镇人民政府、街道办事处窗口办理，也可以请村（居）委会代为申请。".into(),
        href: "/help".into(),
    }
}

fn citizen(title: &'static str, here: &'static str) -> Layout<'static> {
    Layout {
        help: help(),
        here: here.into(),
        synthetic: Some(BANNER.into()),
        back: Some(Link::new("/back", "返回上一步")),
        ..Layout::new(title, "民政惠民服务", Face::Citizen, "gallery")
    }
}

fn staff(title: &'static str, current: &'static str) -> Layout<'static> {
    let nav = [
        ("worklist", "我的待办"),
        ("accept", "受理登记"),
        ("people", "对象档案"),
        ("pay", "资金发放"),
        ("alerts", "监测预警"),
        ("reports", "统计报表"),
        ("admin", "系统管理"),
    ];
    Layout {
        help: help(),
        nav: nav.into_iter().map(|(id, text)| NavLink::new(id, format!("/{id}"), text)).collect(),
        current: current.into(),
        user: Some(UserBox {
            name: "王科员".into(),
            post: "社会救助科".into(),
            links: vec![Link::new("/posts", "切换岗位")],
            sign_out: "/sign-out".into(),
        }),
        ..Layout::new(title, "示例市民政综合平台", Face::Staff, "gallery")
    }
}

fn application(errors: &Errors, typed_id: &str) -> Markup {
    let more = text_area(&Field::new("reason", "为什么不同意").optional(), 3);
    let body = html! {
        (text_input(&Field::new("name", "姓名").hint("与身份证上的一致。生僻字打不出来，可以点“生僻字”。").value("赵桂兰")
            .autocomplete("name").errors(errors)))
        (text_input(&Field::new("citizen_id", "身份证号码").hint("18 位，最后一位可能是字母 X。").value(typed_id).max_chars(18).errors(errors)))
        (text_input(&Field::new("phone", "手机号码").hint("没有手机的，可以留子女或者村（居）委会的电话。").width(Width::Chars10)
            .autocomplete("tel").inputmode("tel").errors(errors)))
        (date_input(&Field::new("hard_from", "何时开始生活困难").hint("记不清日子，只填年和月也可以。例如 2026 年 3 月").errors(errors), &DateParts::default()))
        (money_input(&Field::new("income", "全家上个月一共收入多少").value("1,200.50").errors(errors)))
        (radios(&Field::new("consent", "是否同意核对家庭经济状况")
            .hint("同意后，民政部门可以查询全家的户籍、社保、不动产、车辆、银行存款等信息。不同意的，无法办理低保。").errors(errors),
            &[Choice::new("yes", "同意，全家人都已知道"), Choice::new("no", "不同意").then(more)]))
        (file_upload(&Field::new("papers", "上传材料").hint("可以拍照上传。每个文件不超过 10 MB。").optional().errors(errors), "image/*,.pdf", true))
        (buttons("保存并继续", &[Link::new("/later", "先保存，以后再填")]))
    };
    let main = html! {
        (error_summary(errors))
        (heading(Some(&steps("最低生活保障申请", 2, 5)), "申请人信息"))
        p.govuk-body { "由一名共同生活的家庭成员代表全家申请。能从公安、社保等部门查到的材料，不用您再提交。" }
        (form_upload("/apply/2", "key-1", &body))
    };
    let limits = [
        "受理后 3 个工作日内开始调查",
        "初审意见公示 7 天",
        "受理后 30 个工作日内办完，特殊情况最长 45 个工作日",
    ];
    with_aside(&main, &help_aside(&help(), &limits))
}

fn two_errors() -> Errors {
    let mut errors = Errors::none();
    errors.add("citizen_id", "身份证号码最后一位不对，请核对");
    errors.add("consent", "请选择是否同意核对家庭经济状况");
    errors
}

fn worklist_table() -> Table<'static> {
    let by = |column: &str| address("/worklist", &[("kind", "最低生活保障"), ("sort", column)]);
    let cases = [
        (
            "DB2026-000317",
            "最低生活保障",
            "赵桂兰",
            "9913**********1524",
            "莲池区·东关街道",
            Colour::Blue,
            "家庭经济状况调查",
            "2026-11-23",
            "剩 1 个工作日",
            Urgency::Warning,
        ),
        (
            "TK2026-000081",
            "特困人员供养",
            "孙德福",
            "9913**********3316",
            "易县·良岗镇",
            Colour::Yellow,
            "公示中（第 5 天）",
            "2026-11-23",
            "剩 1 天",
            Urgency::Warning,
        ),
        (
            "DB2026-000299",
            "最低生活保障",
            "李秀芳",
            "9913**********0829",
            "唐县·仁厚镇",
            Colour::Blue,
            "县级审核确认",
            "2026-11-18",
            "超期 2 个工作日",
            Urgency::Danger,
        ),
        (
            "WF2026-000045",
            "事实无人抚养儿童",
            "周某某（监护人代）",
            "9913**********0017",
            "阜平县·天生桥镇",
            Colour::Blue,
            "乡镇查验",
            "2026-12-04",
            "剩 10 个工作日",
            Urgency::Calm,
        ),
        (
            "CJ2026-000512",
            "残疾人两项补贴",
            "高建军",
            "9913**********6617",
            "高碑店市·新城镇",
            Colour::Grey,
            "残联审核",
            "2026-12-02",
            "剩 8 个工作日",
            Urgency::Calm,
        ),
        (
            "LS2026-000204",
            "临时救助",
            "王晓燕",
            "9913**********4425",
            "涿州市·双塔街道",
            Colour::Orange,
            "先行救助待补手续",
            "2026-11-30",
            "剩 6 个工作日",
            Urgency::Calm,
        ),
        (
            "DB2026-000321",
            "最低生活保障",
            "冯铁柱",
            "9913**********7712",
            "曲阳县·孝墓镇",
            Colour::Red,
            "退回补正",
            "2026-11-27",
            "剩 5 个工作日",
            Urgency::Calm,
        ),
    ];
    Table {
        id: "worklist".into(),
        caption: "待办事项，按到期日升序".into(),
        columns: vec![
            Column::new("受理号").sort(by("number"), Sorted::Not),
            Column::new("业务").sort(by("kind"), Sorted::Not),
            Column::new("申请人").sort(by("name"), Sorted::Not),
            Column::new("所属乡镇").sort(by("town"), Sorted::Not),
            Column::new("当前环节"),
            Column::new("办理期限").sort(by("-due"), Sorted::Ascending),
        ],
        rows: cases
            .into_iter()
            .map(|(number, kind, name, id, town, colour, step, day, left, urgency)| {
                vec![
                    html! { (Link::new(format!("/cases/{number}"), number)) },
                    html! { (kind) },
                    html! { (name) br; (id) },
                    html! { (town) },
                    tag(colour, step),
                    due(day, left, urgency),
                ]
            })
            .collect(),
        total: Some(Total::AtLeast(1000)),
        pager: Some(Pager {
            previous: Some("/worklist?before=7".into()),
            next: Some("/worklist?after=7".into()),
        }),
        exports: vec![Link::new("/worklist.xlsx", "导出 Excel").about("待办事项")],
        ..Table::default()
    }
}

fn worklist() -> Markup {
    let kinds = ["最低生活保障", "特困人员供养", "临时救助", "残疾人两项补贴", "事实无人抚养儿童"]
        .map(|kind| Choice::new(kind, kind));
    let panel = filter(
        "/worklist",
        &[Link::new("/worklist", "本科室")],
        &html! {
            (text_input(&Field::new("q", "受理号或姓名").width(Width::Full)))
            (checkboxes(&Field::new("kind", "业务类型"), &kinds, &["最低生活保障"]))
            (select(&Field::new("county", "县（市、区）"), &[Choice::new("1", "莲池区"), Choice::new("2", "易县")], Some("全部 22 个")))
        },
    );
    let main = html! {
        (heading(None, "我的待办"))
        (figure_cards(&[
            Figure::new("7", "待我办理").href("/worklist"),
            Figure::new("2", "一个工作日内到期").href("/worklist?due=1").urgency(Urgency::Warning),
            Figure::new("1", "已超期").href("/worklist?late=1").urgency(Urgency::Danger),
            Figure::new("23", "本月已办结"),
        ]))
        (worklist_table())
    };
    with_sidebar(&panel, &main)
}

fn case_page() -> Markup {
    let step = |title: &'static str, state, when: &'static str, note: Option<&str>| TimelineStep {
        title: title.into(),
        state,
        when: when.into(),
        note: note.map(|note| html! { (note) }),
    };
    html! {
        (breadcrumbs(&[Link::new("/worklist", "我的待办"), Link::new("/people", "对象档案")]))
        (heading(Some("最低生活保障 · DB2026-000317"), "赵桂兰一家"))
        (tabs("这一家", &[NavLink::new("case", "/c", "办件"), NavLink::new("members", "/m", "成员"), NavLink::new("pay", "/p", "发放")], "case"))
        (warning_text("减少或者停发之前，要先听取家庭的意见并记录；没有记录，不能变更。"))
        (summary_list(&[
            SummaryRow::text("申请人", "赵桂兰").action(Link::new("/edit", "修改").about("申请人")),
            SummaryRow::new("身份证号码", masked("9913**********1524", Some(&Link::new("/reveal", "查看").about("身份证号码")))),
            SummaryRow::text("家庭人口", "3 人").action(Link::new("/members", "修改").about("家庭人口")),
            SummaryRow::new("当前环节", tag(Colour::Blue, "家庭经济状况调查")),
        ]))
        h2.govuk-heading-m { "办理过程" }
        (timeline(&[
            step("申请", StepState::Done, "2026-11-02 网上提交", None),
            step("受理", StepState::Done, "2026-11-03 东关街道 李干事", Some("材料齐全，当场受理。")),
            step("家庭经济状况调查", StepState::Current, "应于 2026-11-23 前完成", None),
            step("公示 7 天", StepState::Waiting, "", None),
            step("县级审核确认", StepState::Waiting, "最迟 2026-12-15", None),
        ]))
        (timeline(&[step("撤回申请", StepState::Stopped, "2026-11-09 本人撤回", None)]))
        (law_basis("中华人民共和国社会救助法", "第四十八条", Some("条文原文显示在这里。")))
        (details("为什么要查这些？", &html! { p.govuk-body { "核对结果只用于这一次申请。" } }))
        (inset(&html! { "这一家去年领取过临时救助。" }))
        h2.govuk-heading-m { "还要做的事" }
        (task_list("tasks", &[
            Task { href: Some("/t1".into()), title: "家庭成员".into(), hint: "三人".into(), status: html! { "已填写" } },
            Task { href: Some("/t2".into()), title: "收入和支出".into(), hint: "".into(), status: tag(Colour::Blue, "未填写") },
            Task { href: None, title: "核对授权".into(), hint: "先填家庭成员".into(), status: html! { "还不能填" } },
        ]))
        (form_post("/decide", "key-2", &html! {
            (fieldset("审核意见", &html! {
                (month_input(&Field::new("from", "从哪个月起发"), &DateParts { year: "2026".into(), month: "12".into(), day: String::new() }))
                (radios(&Field::new("opinion", "意见").inline(), &[Choice::new("yes", "同意"), Choice::new("no", "不同意").hint("写明理由")]))
                (unit_input(&Field::new("area", "住房面积").width(Width::Chars5).inputmode("decimal"), "平方米"))
            }))
            (button_group(&html! {
                (submit("提交意见", ButtonKind::Primary, None))
                (submit("退回补正", ButtonKind::Secondary, Some(("action", "return"))))
                (submit("不予批准", ButtonKind::Warning, Some(("action", "refuse"))))
                (print_button())
            }))
        }))
        (Table { id: "empty".into(), caption: "异议".into(), columns: vec![Column::new("日期"), Column::new("内容")], ..Table::default() })
        (Table {
            id: "dues".into(), caption: "发放记录".into(), cards: false,
            columns: vec![Column::new("月份"), Column::new("应发（元）").numeric(), Column::new("实发（元）").numeric()],
            rows: vec![vec![html! { "2026-10" }, html! { "1,520.00" }, html! { "1,520.00" }]],
            sums: Some(vec![html! { "合计" }, html! { "1,520.00" }, html! { "1,520.00" }]),
            ..Table::default()
        })
    }
}

fn dashboard() -> Markup {
    let outline: serde_json::Value =
        serde_json::from_str(include_str!("../../../../facts/geo/130600.json")).expect("the outline is JSON");
    let outside = ["130632", "130629", "130638", "130682"];
    let places = outline["features"].as_array().unwrap().iter().map(|feature| &feature["properties"]);
    let places: Vec<Place<'static>> = places
        .filter(|place| !outside.contains(&place["code"].as_str().unwrap()))
        .zip((1_i64..).map(|turn| turn * 977 % 2600))
        .map(|(place, value)| Place {
            href: None,
            code: place["code"].as_str().unwrap().to_owned().into(),
            name: place["name"].as_str().unwrap().to_owned().into(),
            value: Some(value),
        })
        .collect();
    let chart = |id: &'static str, kind| Chart {
        opens: Vec::new(),
        id: id.into(),
        title: if kind == Kind::Bar { "各月新增和退出，2026 年" } else { "在保户数，2026 年" }.into(),
        category_title: "月份".into(),
        kind,
        unit: "户".into(),
        categories: ["5 月", "6 月", "7 月", "8 月", "9 月", "10 月"].map(Into::into).to_vec(),
        series: vec![
            Series {
                name: "城市".into(),
                values: vec![Some(312), Some(320), Some(305), None, Some(340), Some(338)],
            },
            Series {
                name: "农村".into(),
                values: vec![Some(1201), Some(1188), Some(1190), Some(1172), Some(1160), Some(1158)],
            },
        ],
    };
    html! {
        (heading(None, "低保在保情况"))
        (CountyMap { id: "map".into(), title: "在保户数，2026 年 10 月".into(), unit: "户".into(), outline, places,
            hatched: "定州市、雄安新区三县，不属本市管理".into() })
        (chart("line", Kind::Line))
        (chart("bar", Kind::Bar))
    }
}

fn pages() -> Vec<(&'static str, Markup)> {
    let errors = two_errors();
    let flash = |kind, text: &'static str| Some(Flash { kind, text: text.into() });
    let done = html! {
        (panel("申请已提交", &html! { "您的受理号是" br; strong { "DB2026-000317" } }))
        (print_button())
    };
    vec![
        ("apply", citizen("申请人信息", "/apply/2?draft=7").render(&application(&Errors::none(), ""))),
        (
            "apply-error",
            Layout { has_errors: true, ..citizen("申请人信息", "/apply/2") }
                .render(&application(&errors, "991306195608121520")),
        ),
        (
            "apply-error-large",
            Layout { has_errors: true, large: TextSize::Large, ..citizen("申请人信息", "/apply/2") }
                .render(&application(&errors, "991306195608121520")),
        ),
        (
            "apply-larger",
            Layout { large: TextSize::Larger, ..citizen("申请人信息", "/apply/2") }
                .render(&application(&Errors::none(), "")),
        ),
        ("done", Layout { back: None, ..citizen("申请已提交", "/done") }.render(&done)),
        ("worklist", staff("我的待办", "worklist").render(&worklist())),
        (
            "worklist-larger",
            Layout { large: TextSize::Larger, ..staff("我的待办", "worklist") }.render(&worklist()),
        ),
        (
            "case",
            Layout {
                synthetic: Some(BANNER.into()),
                notice: flash(FlashKind::Success, "已受理，受理通知书可以打印。"),
                ..staff("赵桂兰一家", "people")
            }
            .render(&case_page()),
        ),
        (
            "error",
            Layout {
                notice: flash(FlashKind::Important, "今晚 22 时起系统升级。"),
                ..citizen("没有找到这一页", "/x")
            }
            .render(&error_page(
                "没有找到这一页",
                "地址可能不完整，或者您没有查看的权限。请从首页重新进入。",
                Some("7F3A"),
                &help(),
            )),
        ),
        ("dash", Layout { charts: true, ..staff("低保在保情况", "reports") }.render(&dashboard())),
    ]
}

#[test]
fn the_gallery_is_written_and_obeys_the_policy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/gallery");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, page) in pages() {
        let page = page.into_string();
        assert!(!page.contains(" style="), "{name}: style attributes are refused by the policy");
        assert!(
            !page.contains(" onclick=") && !page.contains("javascript:"),
            "{name}: inline handlers are refused by the policy"
        );
        for script in page.split("<script").skip(1) {
            let head = script.split('>').next().unwrap();
            let inert = head.contains("application/json") || head.contains(" src=");
            assert!(inert || head.contains("nonce=\"gallery\""), "{name}: script{head}");
        }
        for form in page.split("<form method=\"post\"").skip(1) {
            assert!(
                form.split("</form>").next().unwrap().contains("name=\"_key\""),
                "{name}: a form without idempotency key"
            );
        }
        for tag in page.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap();
            assert!(tag.matches(" class=\"").count() < 2, "{name}: of two classes the second is lost: {tag}");
        }
        let letters: Vec<char> = page.chars().collect();
        for three in letters.windows(3) {
            let chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
            let narrow = chinese(three[0]) && ",;:?!()".contains(three[1]) && chinese(three[2]);
            assert!(!narrow, "{name}: Chinese text takes full-width punctuation: {three:?}");
        }
        let mut ids: Vec<&str> =
            page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}: an id stands twice");
        std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}

/// HTML with a line per element, so that a change shows as a few lines.
fn lines(markup: &Markup) -> String {
    markup.0.replace("><", ">\n<")
}

#[test]
fn a_wrong_answer_is_tied_to_its_message() {
    let errors = two_errors();
    let field = Field::new("citizen_id", "身份证号码").hint("18 位").value("99\"<1").errors(&errors);
    insta::assert_snapshot!(lines(&html! { (error_summary(&errors)) (text_input(&field)) }));
}

#[test]
fn a_date_has_three_fields_and_its_first_takes_the_errors_link() {
    let errors = Errors::none();
    let day = chrono::NaiveDate::from_ymd_opt(1956, 8, 12).unwrap();
    insta::assert_snapshot!(lines(&date_input(
        &Field::new("born", "出生日期").autocomplete("bday").errors(&errors),
        &day.into()
    )));
}

#[test]
fn a_list_says_how_it_is_sorted() {
    let mut table = worklist_table();
    table.rows.truncate(1);
    insta::assert_snapshot!(lines(&html! { (table) }));
}

#[test]
fn a_timeline_says_in_words_where_each_step_stands() {
    let step = |title: &'static str, state| TimelineStep {
        title: title.into(),
        state,
        when: "2026-11-03".into(),
        note: None,
    };
    insta::assert_snapshot!(lines(&timeline(&[
        step("受理", StepState::Done),
        step("调查", StepState::Current),
        step("公示", StepState::Waiting),
        step("撤回", StepState::Stopped),
    ])));
}

#[test]
fn the_frame_has_its_landmarks() {
    let page = Layout { large: TextSize::Large, ..staff("我的待办", "worklist") }
        .render(&html! { h1 { "我的待办" } });
    let page = [crate::assets::STYLE, crate::assets::SCRIPT, crate::assets::ICON]
        .iter()
        .fold(lines(&page), |page, path| page.replace(path, "/assets/…"));
    insta::assert_snapshot!(page);
}

#[test]
fn the_first_message_of_a_field_stays() {
    let mut errors = Errors::none();
    errors.add("phone", "一");
    errors.add("phone", "二");
    assert_eq!(errors.iter().collect::<Vec<_>>(), [("phone", "一")]);
}

#[test]
fn text_sizes_survive_the_cookie() {
    for size in [TextSize::Standard, TextSize::Large, TextSize::Larger] {
        assert_eq!(TextSize::parse(size.as_str()), size);
    }
    assert_eq!(TextSize::parse("9000"), TextSize::Standard);
}

#[test]
fn addresses_escape_their_values() {
    assert_eq!(address("/a", &[("q", "赵 &=#"), ("empty", "")]), "/a?q=%E8%B5%B5%20%26%3D%23");
    assert_eq!(address("/a", &[("q", "")]), "/a");
}
