//! A form with everything: pages that repeat, conditions, dates, money, files; honest and hostile answers.

use std::collections::BTreeMap;

use catalogue::definition::Form;
use catalogue::{LoadOptions, PackFiles, Release};
use chrono::NaiveDate;
use proptest::prelude::*;
use vocab::{CitizenId, Fen, Now};

use super::*;

const PACK: &str = include_str!("tests/form.toml");

fn release() -> Release {
    let head = "id = \"forms\"\ntitle = \"表单测试\"\nlayer = \"national\"\n";
    let files = [("pack.toml", head), ("form.toml", PACK)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let pack = PackFiles::new("forms", BTreeMap::from(files));
    Release::from_packs(vec![pack], LoadOptions::default()).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// 21 November 2026, noon.
fn now() -> Now {
    Now::from_unix_ms(1_795_233_600_000)
}

fn context(release: &Release) -> FormContext<'_> {
    let mut context = FormContext::new(release, now());
    context.divisions.insert("150302001001".parse().unwrap(), "海勃湾区某街道某社区".to_owned());
    for (id, bytes) in [("11", 2_000), ("12", 3_000), ("13", 4_000), ("99", UPLOAD_BYTES_MAX + 1)] {
        context.attachments.insert(id.to_owned(), UploadedFile { name: format!("照片{id}.jpg"), bytes });
    }
    context
}

fn form(release: &Release) -> &Form {
    release.forms.get("everything").unwrap()
}

fn merge(
    release: &Release,
    answers: &mut Answers,
    page: &str,
    record: Option<usize>,
    pairs: &[(&str, &str)],
) {
    let form = form(release);
    answers.merge_page(form, form.page(page).unwrap(), record, pairs);
}

fn id_of(serial: u16, born: (i32, u32, u32)) -> String {
    let born = NaiveDate::from_ymd_opt(born.0, born.1, born.2).unwrap();
    CitizenId::synthetic(serial, born, 11).expose().to_owned()
}

/// A family of two that answered everything rightly.
fn family(release: &Release) -> Answers {
    let mut answers = Answers::new();
    let head = id_of(1, (1980, 5, 1));
    merge(
        release,
        &mut answers,
        "applicant",
        None,
        &[
            ("name", "王 建国"),
            ("citizen_id", &head),
            ("phone", "138 0013 8000"),
            ("home", "150302001001"),
            ("has_car", "no"),
        ],
    );
    merge(
        release,
        &mut answers,
        "family",
        Some(0),
        &[
            ("born_on.year", "1980"),
            ("born_on.month", "5"),
            ("born_on.day", "1"),
            ("relation", "head"),
            ("disability", "none"),
        ],
    );
    let child = id_of(2, (2015, 2, 28));
    merge(
        release,
        &mut answers,
        "family",
        Some(1),
        &[
            ("name", "王小明"),
            ("citizen_id", &child),
            ("born_on.year", "2015"),
            ("born_on.month", "2"),
            ("born_on.day", "28"),
            ("relation", "child"),
            ("disability", "hearing"),
            ("disability_level", "2级"),
        ],
    );
    merge(
        release,
        &mut answers,
        "income",
        None,
        &[("member.0.wage", "1,250.5元"), ("member.0.since.year", "2024"), ("member.0.since.month", "3")],
    );
    merge(
        release,
        &mut answers,
        "rest",
        None,
        &[
            ("houses", "1"),
            ("area", "80.5"),
            ("needs", ""),
            ("needs", "coal"),
            ("needs", "care"),
            ("holder", "1"),
            ("account", "6217000000000000004"),
            ("photos", ""),
            ("photos", "11"),
            ("photos", "12"),
            ("note", "房子\r\n漏雨"),
            ("truthful", "yes"),
            ("signature", "13"),
        ],
    );
    answers
}

fn errors(release: &Release, answers: &Answers) -> Vec<(String, String)> {
    let context = context(release);
    let checked = check_form(&context, form(release), answers);
    checked.errors.iter().map(|(path, message)| (path.to_owned(), message.to_owned())).collect()
}

/// The message after one answer of a right family was replaced.
fn spoiled(release: &Release, page: &str, pairs: &[(&str, &str)], path: &str) -> Option<String> {
    let mut answers = family(release);
    merge(release, &mut answers, page, None, pairs);
    let errors = errors(release, &answers);
    errors.into_iter().find(|(known, _)| known == path).map(|(_, message)| message)
}

#[test]
fn a_right_form_gives_typed_values() {
    let release = release();
    let answers = family(&release);
    assert_eq!(errors(&release, &answers), vec![]);
    let context = context(&release);
    let checked = check_form(&context, form(&release), &answers);
    assert_eq!(checked.get("name").unwrap().as_person_name().unwrap().as_str(), "王建国");
    assert_eq!(checked.in_record("member", 0, "wage").unwrap().as_money(), Some(&Fen(125_050)));
    assert_eq!(checked.in_record("member", 1, "disability_level").unwrap().as_integer(), Some(&2));
    assert_eq!(
        checked.get("needs").unwrap().as_codes().unwrap(),
        ["care", "coal"],
        "in the order of the list"
    );
    assert_eq!(checked.get("note").unwrap().as_text(), Some("房子\n漏雨"));
    assert_eq!(checked.get("holder").unwrap().as_member(), Some(&1));
    assert!(checked.in_record("member", 1, "wage").is_none(), "a child is not asked for wages");
    insta::assert_json_snapshot!(checked.to_json());
}

#[test]
fn the_first_member_begins_with_the_applicant_and_follows_until_changed() {
    let release = release();
    let mut answers = Answers::new();
    let name = FieldPath { record: Some(("member".into(), 0)), field: "name".into() };
    merge(&release, &mut answers, "applicant", None, &[("name", "王建国"), ("phone", "13800138000")]);
    assert_eq!((answers.count("member"), answers.get(&name).unwrap().text()), (1, "王建国"));
    merge(&release, &mut answers, "applicant", None, &[("name", "王建军")]);
    assert_eq!(answers.get(&name).unwrap().text(), "王建军");
    merge(&release, &mut answers, "family", Some(0), &[("name", "王建设")]);
    merge(&release, &mut answers, "applicant", None, &[("name", "王建民")]);
    assert_eq!(answers.get(&name).unwrap().text(), "王建设");
}

/// Page, what it sends, the path that is wrong then, and the message.
type Spoiling<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, Option<&'a str>);

#[test]
fn each_wrong_answer_says_how_to_mend_it() {
    let release = release();
    let own_id = id_of(1, (1980, 5, 1));
    let last = if own_id.ends_with('1') { '2' } else { '1' };
    let mistyped = format!("{}{last}", &own_id[..17]);
    let future = id_of(3, (2090, 1, 1));
    let long = "长".repeat(201);
    #[rustfmt::skip]
    let table: &[Spoiling<'_>] = &[
        ("applicant", &[("name", " ")], "name", Some("请填写姓名")),
        ("applicant", &[("name", "王3")], "name", Some("姓名里有不能使用的字符“3”，请改用汉字、字母或间隔号“·”")),
        ("applicant", &[("citizen_id", &mistyped)], "citizen_id", Some("身份证号码最后一位不对，请核对")),
        ("applicant", &[("citizen_id", &future)], "citizen_id", Some("身份证号码里的出生日期晚于今天，请核对第7至14位")),
        ("applicant", &[("phone", "12345")], "phone", Some("电话号码有误，请填写11位手机号，或带区号的固定电话，例如 0473-2012345")),
        ("applicant", &[("home", "150302001999")], "home", Some("请从列表中选择现在住在哪里")),
        ("applicant", &[("has_car", "maybe")], "has_car", Some("您家有车吗？请选择“是”或“否”")),
        ("applicant", &[("has_car", "yes")], "plate", Some("请填写车牌号")),
        ("applicant", &[("has_car", "yes"), ("plate", &long)], "plate", Some("车牌号最多写10个字，现在有201个字，请删减")),
        ("family", &[("member.1.born_on.month", "2"), ("member.1.born_on.day", "30")], "member.1.born_on", Some("出生日期没有这一天（2015年2月30日），请核对")),
        ("family", &[("member.1.born_on.year", "")], "member.1.born_on", Some("出生日期还缺年，请补全")),
        ("family", &[("member.1.born_on.year", "15")], "member.1.born_on", Some("出生日期的年份请写四位数字，例如 1985")),
        ("family", &[("member.1.born_on.month", "13")], "member.1.born_on", Some("出生日期的月份应为1至12，请核对")),
        ("family", &[("member.1.born_on.day", "三")], "member.1.born_on", Some("出生日期只能填数字，例如 1985 年 3 月 12 日")),
        ("family", &[("member.1.born_on.year", "2026"), ("member.1.born_on.month", "11"), ("member.1.born_on.day", "22")], "member.1.born_on", Some("出生日期不能晚于今天，请核对")),
        ("family", &[("member.1.born_on", "2015年2月30日")], "member.1.born_on", Some("出生日期没有这一天或写法不对，请写成例如 1985-03-12")),
        ("family", &[("member.1.born_on", "2015年2月28日")], "member.1.born_on", None),
        ("family", &[("member.1.citizen_id", &own_id)], "member.1.citizen_id", Some("同一个人填了两次，请删去一个或核对身份证号码")),
        ("family", &[("member.1.relation", "boss")], "member.1.relation", Some("与户主关系请从列出的选项中重新选择")),
        ("family", &[("member.1.relation", "concubine")], "member.1.relation", Some("与户主关系请从列出的选项中重新选择")),
        ("family", &[("member.1.disability_level", "5")], "member.1.disability_level", Some("残疾等级不能大于4级，请核对")),
        ("family", &[("member.1.disability_level", "二")], "member.1.disability_level", Some("残疾等级请填写整数，例如 3")),
        ("income", &[("member.0.wage", "-1")], "member.0.wage", Some("收入不能是负数，请核对")),
        ("income", &[("member.0.wage", "1.234")], "member.0.wage", Some("金额最多保留两位小数（精确到分），请改为例如 35.20")),
        ("income", &[("member.0.wage", "250000")], "member.0.wage", Some("收入不能大于200000元/月，请核对")),
        ("rest", &[("houses", "0")], "member.0.rent", Some("请填写房租")),
        ("income", &[("member.0.since.year", "2027")], "member.0.since", Some("开始的月份不能晚于本月")),
        ("rest", &[("houses", "1.5")], "houses", Some("有几套房子请填写整数，例如 3")),
        ("rest", &[("area", "很大")], "area", Some("面积请填写数字，小数最多六位，例如 3.5")),
        ("rest", &[("needs", "coal"), ("needs", "gold")], "needs", Some("需要什么帮助请从列出的选项中重新选择")),
        ("rest", &[("holder", "2")], "holder", Some("请重新选择开户人")),
        ("rest", &[("account", "6217000000000000001")], "account", Some("银行卡号不对（校验位不符），请对照卡面逐位核对")),
        ("rest", &[("photos", "77")], "photos", Some("没有找到上传的文件，请重新上传照片")),
        ("rest", &[("photos", "99")], "photos", Some("文件“照片99.jpg”超过10MB，请压缩或重新拍照后上传")),
        ("rest", &[("photos", "11"), ("photos", "12"), ("photos", "13")], "photos", Some("照片最多上传2个文件，现在有3个，请删去多余的")),
        ("rest", &[("photos", "")], "photos", Some("请上传照片")),
        ("rest", &[("truthful", "")], "truthful", Some("请阅读并勾选如实申报")),
        ("rest", &[("signature", "")], "signature", Some("请签名：申请人签名")),
    ];
    for (page, pairs, path, message) in table {
        assert_eq!(spoiled(&release, page, pairs, path).as_deref(), *message, "{page} {pairs:?}");
    }
}

#[test]
fn full_width_digits_are_digits() {
    let release = release();
    let mut answers = family(&release);
    merge(&release, &mut answers, "applicant", None, &[("phone", "１３８００１３８０００")]);
    merge(
        &release,
        &mut answers,
        "family",
        Some(1),
        &[("born_on.year", "２０１５"), ("born_on.month", " ２ ")],
    );
    merge(&release, &mut answers, "income", None, &[("member.0.wage", "１，２５０．５")]);
    merge(
        &release,
        &mut answers,
        "rest",
        None,
        &[("houses", "３ 套"), ("area", "８０．５"), ("holder", "0")],
    );
    assert_eq!(errors(&release, &answers), vec![]);
}

#[test]
fn what_is_hidden_keeps_its_answer_and_counts_as_unanswered() {
    let release = release();
    let form = form(&release);
    let context = context(&release);
    let mut answers = family(&release);
    merge(&release, &mut answers, "applicant", None, &[("has_car", "yes"), ("plate", "蒙C12345")]);
    let plate = |answers: &Answers| {
        let checked = check_form(&context, form, answers);
        (checked.is_right(), checked.get("plate").is_some(), checked.get("plate_note").is_some())
    };
    merge(&release, &mut answers, "applicant", None, &[("plate_note", "谋生用")]);
    assert_eq!(plate(&answers), (true, true, true));
    merge(&release, &mut answers, "applicant", None, &[("has_car", "no")]);
    assert_eq!(plate(&answers), (true, false, false), "what depends on a hidden answer is hidden too");
    let path = FieldPath { record: None, field: "plate".to_owned() };
    assert_eq!(answers.get(&path).unwrap().text(), "蒙C12345");
    merge(&release, &mut answers, "applicant", None, &[("has_car", "yes")]);
    assert_eq!(plate(&answers), (true, true, true));

    // Nobody said whether there is a car: the field is not shown, the page that depends on it is.
    merge(&release, &mut answers, "applicant", None, &[("has_car", "")]);
    let filled = FilledForm::read(&context, form, &answers);
    let (page, field) = form.field("plate").unwrap();
    assert!(!filled.shows(page, None, field));
    assert!(filled.shows_page(form.page("car").unwrap(), None));
}

#[test]
fn the_way_through_skips_what_is_not_asked() {
    let release = release();
    let form = form(&release);
    let context = context(&release);
    let answers = family(&release);
    let filled = FilledForm::read(&context, form, &answers);
    let names = |stops: &[Stop<'_>]| -> Vec<String> {
        let name = |stop: &Stop<'_>| match stop.record {
            Some(index) => format!("{}.{index}", stop.page.id),
            None => stop.page.id.to_string(),
        };
        stops.iter().map(name).collect()
    };
    assert_eq!(names(&filled.stops()), ["applicant", "family", "income.0", "rest"]);
    let family_page = form.page("family").unwrap();
    assert_eq!(names(&[filled.next_page(family_page, Some(1)).unwrap()]), ["family"], "back to the list");
    assert_eq!(names(&[filled.next_page(family_page, None).unwrap()]), ["income.0"]);
    assert_eq!(names(&[filled.previous_page(form.page("rest").unwrap(), None).unwrap()]), ["income.0"]);
    assert_eq!(
        names(&[filled.next_page(form.page("car").unwrap(), None).unwrap()]),
        ["family"],
        "from a hidden page"
    );
    assert!(filled.next_page(form.page("rest").unwrap(), None).is_none());
    assert!(filled.previous_page(form.page("applicant").unwrap(), None).is_none());
    assert!(filled.first_open_page().is_none());
    assert_eq!(filled.progress(), Progress { done: 4, all: 4 });

    let mut open = answers.clone();
    merge(&release, &mut open, "family", Some(1), &[("relation", "")]);
    let filled = FilledForm::read(&context, form, &open);
    assert_eq!(names(&[filled.first_open_page().unwrap()]), ["family"]);
    assert_eq!(filled.progress(), Progress { done: 3, all: 4 });
}

#[test]
fn records_are_added_removed_and_moved_and_pointers_follow() {
    let release = release();
    let form = form(&release);
    let mut answers = family(&release);
    let holder = FieldPath { record: None, field: "holder".to_owned() };
    answers.move_record(form, "member", 1, 0);
    assert_eq!(answers.get(&holder).unwrap().text(), "0");
    answers.move_record(form, "member", 0, 1);
    assert_eq!(answers.get(&holder).unwrap().text(), "1");
    answers.remove_record(form, "member", 0);
    assert_eq!((answers.count("member"), answers.get(&holder).unwrap().text()), (1, "0"));
    answers.remove_record(form, "member", 0);
    assert_eq!((answers.count("member"), answers.get(&holder).unwrap().text()), (0, ""));
    let stored = serde_json::to_string(&answers).unwrap();
    assert_eq!(serde_json::from_str::<Answers>(&stored).unwrap(), answers);
    let found = errors(&release, &answers);
    assert!(found.contains(&("member".to_owned(), "“家庭成员”至少填写1项，请补充".to_owned())), "{found:?}");
    for index in 0..4 {
        assert_eq!(answers.add_record(form, "member"), Some(index));
    }
    let name = |index| FieldPath { record: Some(("member".to_owned(), index)), field: "name".to_owned() };
    assert_eq!(answers.get(&name(0)).map(Raw::text), Some("王 建国"), "the first begins with the applicant");
    assert_eq!(answers.get(&name(1)), None);
    assert_eq!(answers.add_record(form, "member"), None, "the page takes four");
    assert_eq!(answers.add_record(form, "stranger"), None);
}

#[test]
fn members_on_file_are_gone_over() {
    let release = release();
    let form = release.forms.get("visit").unwrap();
    let mut context = context(&release);
    context.on_file.insert("member".to_owned(), vec!["王建国".to_owned(), "王小明".to_owned()]);
    let mut answers = Answers::new();
    let found = check_form(&context, form, &answers).errors;
    assert_eq!(found.get("visited_on"), Some("请填写调查日期"));
    assert_eq!(found.get("member.1.income"), Some("请填写收入"));
    let (first, second) = (&form.pages[0], &form.pages[1]);
    answers.merge_page(form, first, None, &[("visited_on", "2026-11-22"), ("total", "351")]);
    answers.merge_page(form, second, Some(1), &[("income", "100")]);
    answers.merge_page(form, second, Some(0), &[("income", "250")]);
    let checked = check_form(&context, form, &answers);
    let found: Vec<_> = checked.errors.iter().collect();
    assert_eq!(found, [("visited_on", "调查日期不能晚于今天"), ("total", "与各人收入之和不符")]);
    answers.merge_page(
        form,
        first,
        None,
        &[("visited_on", "2026-11-21"), ("total", "350"), ("present", "1")],
    );
    let checked = check_form(&context, form, &answers);
    assert!(checked.is_right(), "{:?}", checked.errors);
    let filled = FilledForm::read(&context, form, &answers);
    assert_eq!(filled.in_words(true)[2].title, "收入：王小明");
}

#[test]
fn facts_and_entries_say_whom_they_are_about() {
    let release = release();
    let form = form(&release);
    let context = context(&release);
    let checked = check_form(&context, form, &family(&release));
    let fact =
        |subject, fact: &str, value: &str| FormFact { subject, fact: fact.into(), value: value.into() };
    assert_eq!(
        facts(&release, form, &checked),
        [
            fact(FormSubject::Household, "has_car", "false"),
            fact(FormSubject::Member(0), "disability", "none"),
            fact(FormSubject::Member(1), "disability", "hearing"),
            fact(FormSubject::Member(1), "disability_level", "2"),
            fact(FormSubject::Member(0), "wage", "1250.5"),
            fact(FormSubject::Household, "houses", "1"),
        ]
    );
    let entries = entries(form, &checked);
    let names: Vec<_> =
        entries.iter().filter(|entry| entry.writes == catalogue::definition::Writes::PersonName).collect();
    assert_eq!(
        names.iter().map(|entry| entry.subject).collect::<Vec<_>>(),
        [FormSubject::Applicant, FormSubject::Member(0), FormSubject::Member(1)]
    );
}

#[test]
fn words_for_people_hide_what_points_at_a_person() {
    let release = release();
    let context = context(&release);
    let answers = family(&release);
    let filled = FilledForm::read(&context, form(&release), &answers);
    let masked: Vec<String> = lines(&filled.in_words(true));
    insta::assert_snapshot!(masked.join("\n"));
    let whole = lines(&filled.in_words(false)).join("\n");
    // An ID may have come from the files: whoever fills the form reads it masked, the account as it was typed.
    assert!(!whole.contains(&id_of(1, (1980, 5, 1))) && whole.contains("6217000000000000004"));
    assert_eq!(filled.record_summary(form(&release).page("family").unwrap(), 1, true), ["王小明", "子女"]);
    assert_eq!(filled.members()[1], ("1".to_owned(), "王小明".to_owned()));
}

fn lines(sections: &[Section]) -> Vec<String> {
    let mut lines = Vec::new();
    for section in sections {
        lines.push(format!("# {}", section.title));
        lines.extend(section.rows.iter().map(|row| format!("{} | {} = {}", row.path, row.label, row.value)));
    }
    lines
}

#[test]
fn answers_survive_storage_and_sealing() {
    let release = release();
    let form = form(&release);
    let answers = family(&release);
    let text = serde_json::to_string(&answers).unwrap();
    assert_eq!(serde_json::from_str::<Answers>(&text).unwrap(), answers);
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["member"][1]["born_on"]["year"], "2015");
    assert_eq!(object["needs"], serde_json::json!(["coal", "care"]));

    let mut sealed = answers.clone();
    let seal = |text: &mut String| -> Result<(), ()> {
        *text = text.chars().rev().collect();
        Ok(())
    };
    sealed.change_sensitive(form, seal).unwrap();
    let sealed_text = serde_json::to_string(&sealed).unwrap();
    for secret in [
        id_of(1, (1980, 5, 1)),
        id_of(2, (2015, 2, 28)),
        "6217000000000000004".into(),
        "138 0013 8000".into(),
    ] {
        assert!(text.contains(&secret) && !sealed_text.contains(&secret));
    }
    sealed.change_sensitive(form, seal).unwrap();
    assert_eq!(sealed, answers);
}

#[test]
fn only_what_the_page_asks_is_taken() {
    let release = release();
    let mut answers = Answers::new();
    let send = |answers: &mut Answers, page: &str, record: Option<usize>, names: &[&str]| {
        let pairs: Vec<(&str, &str)> = names.iter().map(|name| (*name, "x")).collect();
        merge(&release, answers, page, record, &pairs);
    };
    send(
        &mut answers,
        "applicant",
        None,
        &["admin", "houses", "name.year", "name.", "member.0.name", "__proto__", "", "."],
    );
    send(
        &mut answers,
        "family",
        None,
        &["member.1.name", "member.-1.name", "member.0", "member", "member.0.", "name", "other.0.name"],
    );
    send(&mut answers, "family", Some(0), &["member.3.name", "member.0.wage", "wage"]);
    send(&mut answers, "income", None, &["member.0.wage", "member.99999999999999999999.wage"]);
    assert_eq!(answers, Answers::new());
    send(&mut answers, "family", Some(0), &["name"]);
    assert_eq!(answers.count("member"), 1);
}

#[test]
fn hostile_answers_are_bounded_and_given_back() {
    let release = release();
    let mut answers = family(&release);
    let long = "九".repeat(10_000);
    merge(&release, &mut answers, "rest", None, &[("note", &long), ("houses", &long), ("signature", &long)]);
    let many: Vec<(&str, &str)> = (0..5_000).map(|_| ("needs", "coal")).collect();
    merge(&release, &mut answers, "rest", None, &many);
    let found = errors(&release, &answers);
    let message =
        |path: &str| found.iter().find(|(known, _)| known == path).map(|(_, message)| message.as_str());
    assert_eq!(message("note"), Some("说明最多写4000个字，现在有10000个字，请删减"));
    assert_eq!(message("houses"), Some("有几套房子请填写整数，例如 3"));
    assert_eq!(message("needs"), None);
    let path = |field: &str| FieldPath { record: None, field: field.to_owned() };
    assert_eq!(answers.get(&path("note")).unwrap().text(), long);
    assert_eq!(answers.get(&path("needs")).unwrap().list().len(), 200);

    merge(&release, &mut answers, "rest", None, &[("note", "有\u{0}零\u{1b}字节\r\n\u{7}换行")]);
    let context = context(&release);
    let checked = check_form(&context, form(&release), &answers);
    assert_eq!(checked.get("note").unwrap().as_text(), Some("有零字节\n换行"));
    for index in 0..1_000 {
        merge(&release, &mut answers, "family", Some(index), &[("name", "王")]);
    }
    assert_eq!(answers.count("member"), 4);
}

#[test]
fn the_national_application_is_understood() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/national"));
    let release = Release::load(&[folder]).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let form = release.forms.get("dibao_application").unwrap();
    let context = FormContext::new(&release, now());
    let answers = Answers::new();
    let filled = FilledForm::read(&context, form, &answers);
    assert!(filled.first_open_page().is_some());
    assert!(!filled.check().errors.is_empty());

    let form = release.forms.get("dibao_visit").unwrap();
    let mut answers = Answers::new();
    let judged = [("property_judged", "no"), ("property_reason", "有两套房"), ("cooperation", "yes")];
    answers.merge_page(form, form.page("visit_property").unwrap(), None, &judged);
    let checked = check_form(&context, form, &answers);
    let finding = |condition: &str, met, reason: Option<&str>| FormFinding {
        condition: condition.to_owned(),
        met: Some(met),
        reason: reason.map(ToOwned::to_owned),
    };
    assert_eq!(
        findings(form, &checked),
        [finding("property_judged", false, Some("有两套房")), finding("cooperation", true, None)]
    );
}

fn known_name() -> impl Strategy<Value = String> {
    let fields = "(name|citizen_id|phone|home|has_car|plate|born_on|relation|disability|disability_level|wage|since|houses|area|needs|holder|account|photos|note|truthful|signature|visited_on)";
    let text = format!(r"(member\.[0-9]{{1,3}}\.)?{fields}(\.(year|month|day|x))?");
    prop_oneof![proptest::string::string_regex(&text).unwrap(), "\\PC{0,12}"]
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        ".{0,8}",
        "[0-9０-９.,,-]{0,20}",
        "(yes|no|none|head|coal|11|2026|02|29|-1|0|150302001001)",
        "[0-9]{17}[0-9Xx]",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_pairs_never_panic(
        pages in prop::collection::vec(
            (0_usize..5, prop::option::of(0_usize..6), prop::collection::vec((known_name(), any_value()), 0..12)),
            1..6,
        ),
        removed in 0_usize..4,
    ) {
        let release = release();
        let form = form(&release);
        let context = context(&release);
        let mut answers = Answers::new();
        for (page, record, pairs) in &pages {
            answers.merge_page(form, &form.pages[*page], *record, pairs);
        }
        answers.remove_record(form, "member", removed);
        answers.move_record(form, "member", 0, removed);
        let filled = FilledForm::read(&context, form, &answers);
        let checked = filled.check();
        let _ = (checked.to_json(), facts(&release, form, &checked), entries(form, &checked), findings(form, &checked));
        let _ = (filled.in_words(true), filled.in_words(false), filled.progress(), Mentions::of(form, &answers));
        // What is right has a value of its field and no message; what has a message has no value.
        for (path, _) in checked.errors.iter() {
            let json = checked.to_json();
            let mut at = Some(&json);
            for key in path.split('.') {
                at = at.and_then(|at| key.parse::<usize>().map_or_else(|_| at.get(key), |index| at.get(index)));
            }
            prop_assert!(path == "member" || at.is_none(), "{path}");
        }
        let text = serde_json::to_string(&answers).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Answers>(&text).unwrap(), &answers);
    }

    #[test]
    fn what_was_typed_is_never_lost(
        name in "\\PC{1,40}", plate in ".{1,40}", note in "(?s).{1,400}", year in "\\PC{1,6}", day in "\\PC{0,6}",
    ) {
        let release = release();
        let form = form(&release);
        let mut answers = family(&release);
        merge(&release, &mut answers, "applicant", None, &[("name", &name), ("plate", &plate)]);
        merge(&release, &mut answers, "rest", None, &[("note", &note)]);
        merge(&release, &mut answers, "family", None, &[("member.1.born_on.year", &year), ("member.1.born_on.day", &day)]);
        merge(&release, &mut answers, "applicant", None, &[("has_car", "no")]);
        let single = |field: &str| FieldPath { record: None, field: field.to_owned() };
        let born = FieldPath { record: Some(("member".into(), 1)), field: "born_on".into() };
        let _ = check_form(&context(&release), form, &answers);
        let text = serde_json::to_string(&answers).unwrap();
        let again: Answers = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(again.get(&single("name")).unwrap().text(), name);
        prop_assert_eq!(again.get(&single("plate")).unwrap().text(), plate);
        prop_assert_eq!(again.get(&single("note")).unwrap().text(), note);
        prop_assert_eq!(again.get(&born).unwrap().part("year"), year);
        prop_assert_eq!(again.get(&born).unwrap().part("month"), "2");
        prop_assert_eq!(again.get(&born).unwrap().part("day"), day);
    }
}
