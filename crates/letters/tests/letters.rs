//! The national letters, rendered from their examples, and what the typesetter must refuse.
//!
//! Every PDF is judged by its own XMP record (standards, title, keywords, pages), which PDF/A
//! leaves uncompressed; where `pdftotext` (Debian: poppler-utils) is installed, its text is read too.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use letters::{LetterError, Typesetter};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn typesetter() -> Typesetter {
    Typesetter::new(&root().join("web/fonts")).unwrap_or_else(|error| panic!("{error}"))
}

fn folder() -> PathBuf {
    root().join("packs/national/01-assistance/letters")
}

/// Every `.typ` of the folder by name.
fn templates() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "typ") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    files
}

fn example(template: &str) -> Value {
    let path = folder().join(template.replace(".typ", ".example.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn render(template: &str, letter: &Value) -> Vec<u8> {
    typesetter().render(template, &templates(), letter).unwrap_or_else(|error| panic!("{template}: {error}"))
}

fn refused(template: &str, letter: &Value) -> String {
    match typesetter().render(template, &templates(), letter) {
        Ok(_) => panic!("{template} was rendered"),
        Err(error) => error.to_string(),
    }
}

/// One template of our own, with no other files.
fn render_text(text: &str) -> Result<Vec<u8>, LetterError> {
    let files = BTreeMap::from([("one.typ".to_owned(), text.to_owned())]);
    typesetter().render("one.typ", &files, &json!({}))
}

/// What the PDF says of itself.
struct Record {
    title: String,
    pages: usize,
    xmp: String,
}

fn record(pdf: &[u8]) -> Record {
    assert!(pdf.starts_with(b"%PDF-1.7"), "not a PDF 1.7");
    assert!(pdf.trim_ascii_end().ends_with(b"%%EOF"), "the PDF is cut short");
    let text = String::from_utf8_lossy(pdf);
    let start = text.find("<?xpacket begin").expect("an XMP record");
    let end = text[start..].find("<?xpacket end").expect("a whole XMP record") + start;
    let xmp = text[start..end].to_owned();
    let between = |open: &str, close: &str| {
        let start = xmp.find(open).unwrap_or_else(|| panic!("{open} in {xmp}")) + open.len();
        let end = xmp[start..].find(close).unwrap() + start;
        xmp[start..end].to_owned()
    };
    assert_eq!(between("<pdfaid:part>", "<"), "2");
    assert_eq!(between("<pdfaid:conformance>", "<"), "A");
    assert_eq!(between("<pdfuaid:part>", "<"), "1");
    let title = between("<dc:title>", "</dc:title>");
    let title = title.split_once("x-default\">").unwrap().1;
    Record {
        title: title.split('<').next().unwrap().to_owned(),
        pages: between("NPages>", "<").parse().unwrap(),
        xmp,
    }
}

/// The text without white space, where `pdftotext` is installed.
fn text_of(pdf: &[u8]) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("letter.pdf");
    fs::write(&path, pdf).unwrap();
    let Ok(output) = Command::new("pdftotext").arg("-raw").arg(&path).arg("-").output() else {
        eprintln!("pdftotext is not installed: only the PDF's own record was checked");
        return None;
    };
    assert!(output.status.success(), "pdftotext: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.chars().filter(|character| !character.is_whitespace()).collect())
}

/// Template, title, pages, phrases.
const EXPECTED: [(&str, &str, usize, &[&str]); 16] = [
    (
        "acceptance.typ",
        "最低生活保障申请受理通知书",
        2,
        &["金满仓：", "30个工作日，即2026年8月26日前办结", "延长至45个工作日"],
    ),
    (
        "application.typ",
        "最低生活保障申请表（已提交）",
        1,
        &["990302********0011", "（未填写）", "残疾、上学、失业", "代办人："],
    ),
    (
        "change.typ",
        "最低生活保障金减发决定书",
        2,
        &["1,030.50元（3人）", "580.00元", "2027年8月12日以当面方式听取了您的意见", "60日"],
    ),
    (
        "check.typ",
        "最低生活保障家庭经济状况核对结果告知书",
        2,
        &[
            "银行等金融机构的银行存款核对答复（询问第12号）（2026年11月6日起）",
            "50,000.00元",
            "3,000.00元",
            "3人没有答复，已催办",
            "可以在决定作出以前随时提出异议",
        ],
    ),
    (
        "confirmation.typ",
        "特困人员救助供养确认通知书",
        2,
        &[
            "2,130.00元",
            "人民币贰仟壹佰叁拾元整",
            "2026年9月起，按月发放",
            "2027年8月31日前",
            "480.00元/人·月",
        ],
    ),
    (
        "grant.typ",
        "最低生活保障确认通知书",
        2,
        &["共同生活3人", "1,030.50元", "人民币壹仟零叁拾元伍角整", "2026年9月起", "2027年8月31日前", "6个月"],
    ),
    (
        "missing.typ",
        "最低生活保障申请材料一次性补正告知书",
        2,
        &["3项材料", "住院费用票据", "不需要您提供证明", "2026年8月14日前补齐"],
    ),
    (
        "months.typ",
        "最低生活保障补发、追回决定书",
        2,
        &["150.50元", "600.00元", "每月从待遇里抵扣146.10元", "2027年1月", "-300.00", "希望分月扣", "60日"],
    ),
    (
        "notice.typ",
        "最低生活保障初审意见公示",
        1,
        &["欧阳春雨4912.00", "2026年7月31日至2026年8月6日", "0473-0000001"],
    ),
    (
        "paper_form.typ",
        "最低生活保障申请书",
        3,
        &["工资性收入", "经营净收入", "财产净收入", "转移净收入", "12个月内有效", "DB-150302-2026-P00021"],
    ),
    (
        "receipt.typ",
        "最低生活保障材料和登录码签收单",
        1,
        &["7K3M9QXW", "2026年7月21日17时", "第二联", "签收人"],
    ),
    (
        "recognition_end.typ",
        "低保边缘家庭定期核查终止认定决定书",
        2,
        &["终止对您家庭的认定", "听取了您的意见", "60日"],
    ),
    (
        "record.typ",
        "不予批准建设殡葬设施决定书",
        1,
        &[
            "康宁公墓BZ2026-003",
            "第八条",
            "办理结果为：不予批准",
            "选址在水源保护区",
            "60日内向海勃湾区人民政府",
        ],
    ),
    (
        "refusal.typ",
        "最低生活保障不予确认告知书",
        2,
        &[
            "不予确认",
            "低于760.00元",
            "人均1,125.00元",
            "第十八条",
            "60日内向乌海市海勃湾区人民政府申请行政复议",
            "6个月",
        ],
    ),
    (
        "returned.typ",
        "退汇及变更收款账户通知书",
        1,
        &[
            "2026年11月发放给您家庭的最低生活保障",
            "1,030.50元",
            "邮储银行，尾号4567",
            "账户已销户",
            "仍然是您家庭应得的",
        ],
    ),
    (
        "stop_notice.typ",
        "特困人员供养情况变化报告拟终止公示",
        1,
        &["金满仓", "2026年7月31日至2026年8月6日", "0473-0000001"],
    ),
];

#[test]
fn every_template_renders_its_example() {
    let files = templates();
    let written: Vec<&str> = files.keys().map(String::as_str).filter(|name| !name.starts_with('_')).collect();
    let expected: Vec<&str> = EXPECTED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(written, expected, "a template without an expectation, or the reverse");
    let typesetter = typesetter();
    for (template, title, pages, phrases) in EXPECTED {
        let pdf = typesetter
            .render(template, &files, &example(template))
            .unwrap_or_else(|error| panic!("{template}: {error}"));
        let record = record(&pdf);
        assert_eq!(record.title, title, "{template}");
        assert_eq!(record.pages, pages, "{template}");
        if let Some(text) = text_of(&pdf) {
            for phrase in phrases {
                assert!(text.contains(phrase), "{template} lacks {phrase}:\n{text}");
            }
        }
    }
}

#[test]
fn a_synthetic_database_marks_its_letters_and_a_real_one_does_not() {
    let mut letter = example("grant.typ");
    for synthetic in [true, false] {
        letter["synthetic"] = json!(synthetic);
        let pdf = render("grant.typ", &letter);
        assert_eq!(record(&pdf).xmp.contains("演示环境"), synthetic);
        if let Some(text) = text_of(&pdf) {
            assert_eq!(text.contains("不具有任何法律效力"), synthetic, "{text}");
        }
    }
    letter.as_object_mut().unwrap().remove("synthetic");
    let message = refused("grant.typ", &letter);
    assert!(message.contains("数据缺少字段“synthetic”"), "{message}");
}

#[test]
fn what_a_person_typed_is_text_and_never_markup() {
    let mut letter = example("grant.typ");
    letter["matter"] = json!("#panic(1) *重* $x$ //");
    letter["recipient"] = json!("#read(\"letter.json\") _金_ @x");
    let pdf = render("grant.typ", &letter);
    assert_eq!(record(&pdf).title, "#panic(1) *重* $x$ //确认通知书");
    if let Some(text) = text_of(&pdf) {
        assert!(text.contains("#read(\"letter.json\")_金_@x"), "{text}");
    }
}

/// What a grant takes the place of is said in its letter: until when, why, and for whom.
#[test]
fn a_grant_names_the_recognition_that_it_ends() {
    for template in ["grant.typ", "confirmation.typ"] {
        let mut letter = example(template);
        for whole in [true, false] {
            letter["ends"] = json!([{
                "title": "最低生活保障边缘家庭", "last_month": "2026-08", "whole": whole, "because": "低保家庭都能申请（《社会救助法》第二十一条）",
            }]);
            let Some(text) = text_of(&render(template, &letter)) else { continue };
            let said = "“最低生活保障边缘家庭”的认定到2026年8月为止";
            assert!(
                text.contains(said) && text.contains("低保家庭都能申请（《社会救助法》第二十一条）。"),
                "{text}"
            );
            assert_eq!(text.contains("家里其他人的认定不变"), !whole, "{text}");
        }
    }
}

#[test]
fn a_notice_tells_only_name_number_and_amount() {
    let letter = example("notice.typ");
    let mut telling = letter.clone();
    for family in telling["families"].as_array_mut().unwrap() {
        family["citizen_id"] = json!("990302198103050011");
        family["address"] = json!("学府社区7号楼");
        family["reason"] = json!("重病");
    }
    telling["recipient"] = json!("金满仓");
    assert!(render("notice.typ", &letter) == render("notice.typ", &telling), "the notice prints more");
}

#[test]
fn less_or_nothing_needs_a_hearing_and_a_refusal_needs_its_reasons() {
    let mut change = example("change.typ");
    change.as_object_mut().unwrap().remove("hearing");
    for kind in ["减发", "停发"] {
        change["kind"] = json!(kind);
        let message = refused("change.typ", &change);
        assert!(message.contains(&format!("{kind}决定没有听取意见记录")), "{message}");
    }
    change["kind"] = json!("增发");
    change["after_fen_per_month"] = json!(123_050);
    let raised = render("change.typ", &change);
    assert_eq!(record(&raised).title, "最低生活保障金调整决定书");
    if let Some(text) = text_of(&raised) {
        assert!(text.contains("由每月1,030.50元增加到每月1,230.50元"), "{text}");
    }

    let mut refusal = example("refusal.typ");
    refusal["conditions"] = json!([]);
    assert!(refused("refusal.typ", &refusal).contains("没有写明任何不符合的条件"));

    // Ended early, because the family would not cooperate: no condition was judged, the officer's reason stands for all.
    refusal["terminated"] = json!(true);
    assert!(refused("refusal.typ", &refusal).contains("没有写明理由"));
    refusal["reasons"] = json!([{"title": "无正当理由拒不配合", "found": "共同生活成员无正当理由拒不配合审核确认工作。",
        "basis": "《最低生活保障审核确认办法》第二十九条"}]);
    assert_eq!(record(&render("refusal.typ", &refusal)).title, "最低生活保障终止办理告知书");
}

/// Where nobody was found the letter says so, and what was tried; it claims no opinion.
#[test]
fn who_was_not_found_reads_that_nobody_was_heard() {
    let absent = json!({"absent": {
        "why": "找不到本人和家人",
        "tried": [{"on": "2027-08-02", "how": "上门，门锁着"}, {"on": "2027-08-05", "how": "电话停机，问了邻居"}],
        "witnesses": ["高娃", "孟和"],
        "posted_on": "2027-08-05",
        "posted_at": "住处门上",
        "until": "2027-08-12"
    }});
    for template in ["change.typ", "months.typ", "recognition_end.typ"] {
        let mut letter = example(template);
        letter["hearing"] = absent.clone();
        let pdf = render(template, &letter);
        let Some(text) = text_of(&pdf) else { continue };
        for said in ["没有听到您的意见", "电话停机，问了邻居", "高娃、孟和", "到2027年8月12日期满"]
        {
            assert!(text.contains(said), "{template}: {said}: {text}");
        }
        assert!(!text.contains("您的意见是"), "{template}: {text}");
    }
}

#[test]
fn messages_name_file_line_and_field() {
    let mut letter = example("grant.typ");
    letter.as_object_mut().unwrap().remove("from_month");
    let message = refused("grant.typ", &letter);
    let line = templates()["grant.typ"].lines().position(|line| line.contains("letter.from_month")).unwrap();
    assert!(message.contains(&format!("grant.typ 第 {} 行", line + 1)), "{message}");
    assert!(message.contains("数据缺少字段“from_month”"), "{message}");

    let mut letter = example("notice.typ");
    letter["families"][1]["name"] = json!("云\u{e123}");
    let message = refused("notice.typ", &letter);
    assert!(message.contains("families.2.name") && message.contains("U+E123"), "{message}");

    let unknown = typesetter().render("nothing.typ", &templates(), &json!({}));
    assert!(matches!(unknown, Err(LetterError::UnknownTemplate { .. })));
}

#[test]
fn a_template_sees_no_disk_no_network_and_no_clock() {
    for reach in [
        "#read(\"/etc/hostname\")",
        "#import \"@preview/cetz:0.3.0\": *",
        "#datetime.today()",
        "#import \"../secret.typ\": *",
    ] {
        let outcome = render_text(reach);
        assert!(matches!(outcome, Err(LetterError::Template { .. })), "{reach}: {outcome:?}");
    }
}

#[test]
fn amounts_in_figures_and_capital_numerals() {
    let cases = [
        (0_i64, "0.00", "零元整"),
        (1, "0.01", "壹分"),
        (50, "0.50", "伍角整"),
        (100, "1.00", "壹元整"),
        (1005, "10.05", "壹拾元零伍分"),
        (76000, "760.00", "柒佰陆拾元整"),
        (103050, "1,030.50", "壹仟零叁拾元伍角整"),
        (1000100, "10,001.00", "壹万零壹元整"),
        (10500000, "105,000.00", "壹拾万伍仟元整"),
        (100000000, "1,000,000.00", "壹佰万元整"),
        (10001000000, "100,010,000.00", "壹亿零壹万元整"),
        (100000100000, "1,000,001,000.00", "壹拾亿零壹仟元整"),
        (123456789012, "1,234,567,890.12", "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾元壹角贰分"),
    ];
    let mut text = String::from(
        "#import \"_official.typ\": *\n#set document(title: \"x\", date: datetime(year: 2026, month: 7, day: 1))\n",
    );
    for (fen, figures, words) in cases {
        text.push_str(&format!(
            "#assert.eq(figures({fen}), \"{figures}\")\n#assert.eq(words({fen}), \"{words}\")\n"
        ));
    }
    text.push_str("#assert.eq(figures(-5), \"-0.05\")\n#assert.eq(month(202608), month(\"2026-08\"))\n");
    let mut files = templates();
    files.insert("sums.typ".into(), text);
    typesetter().render("sums.typ", &files, &json!({})).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn one_typesetter_serves_many_threads_and_repeats_itself_to_the_byte() {
    let typesetter = typesetter();
    let files = templates();
    let letters: Vec<Value> = (1..=3)
        .map(|members| {
            let mut letter = example("notice.typ");
            letter["families"][0]["members_count"] = json!(members);
            letter
        })
        .collect();
    let render = |letter| typesetter.render("notice.typ", &files, letter).unwrap();
    let alone: Vec<Vec<u8>> = letters.iter().map(render).collect();
    assert!(alone[0] != alone[1] && alone[1] != alone[2], "each letter has its own data");
    let together: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let threads: Vec<_> = letters.iter().map(|letter| scope.spawn(move || render(letter))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(alone == together, "a letter depends on its neighbours");
}

/// PL-05: the report of an evaluation is archival and accessible whatever it has to say, and says it.
#[test]
fn the_report_of_a_plan_is_set_whatever_it_has_to_say() {
    let evaluation = root().join("crates/office/src/plans/evaluation");
    let template = fs::read_to_string(evaluation.join("report.typ")).unwrap();
    let files = BTreeMap::from([("report.typ".to_owned(), template)]);
    let full: Value =
        serde_json::from_str(&fs::read_to_string(evaluation.join("report.example.json")).unwrap()).unwrap();
    let typesetter = typesetter();
    // One dot: a photo of a project in the annex.
    const DOT: &str = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63304e9b0900020201335687e2540000000049454e44ae426082";
    let dot: Vec<u8> =
        (0..DOT.len()).step_by(2).map(|at| u8::from_str_radix(&DOT[at..at + 2], 16).unwrap()).collect();
    let pictures = BTreeMap::from([("7.png".to_owned(), dot)]);
    let set = |content: &Value| {
        typesetter
            .render_with("report.typ", &files, &pictures, content)
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let mut shown = full.clone();
    shown["pictures"] =
        json!([{ "file": "7.png", "words": "海勃湾区天盛老年公寓（2025年6月3日，海勃湾区）" }]);
    assert!(set(&shown).windows(14).any(|bytes| bytes == b"/Subtype/Image"), "the photo is printed");
    shown["unreadable"] = json!(["乌达区老年公寓（2025年7月1日，乌达区）"]);
    set(&shown);
    let missing =
        typesetter.render("report.typ", &files, &shown).expect_err("a photo that nobody hands over");
    assert!(matches!(missing, LetterError::Template { .. }), "{missing}");
    let pdf = set(&full);
    if let Some(folder) = std::env::var_os("HUIMIN_KEEP_PDF") {
        fs::write(Path::new(&folder).join("report.pdf"), &pdf).unwrap();
    }
    assert_eq!(record(&pdf).title, "乌海市“十四五”民政事业发展规划2025年总结评估报告");
    // A plan of a county without projects, adjustments, comments and values.
    let mut bare = full;
    for list in [
        "projects",
        "tasks",
        "late_tasks",
        "papers",
        "pictures",
        "counties",
        "adjustments",
        "comments",
        "indicators",
    ] {
        bare[list] = json!([]);
    }
    for text in ["overall", "deeds", "problems", "changes", "proposals"] {
        bare["texts"][text] = json!("");
    }
    (bare["next"], bare["contradictions"], bare["synthetic"]) = (Value::Null, json!("0"), json!(false));
    set(&bare);
}
