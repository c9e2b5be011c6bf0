//! What newer packs change, said by kind.

use std::collections::BTreeMap;

use catalogue::{Compared, LoadOptions, PackFiles, Release};

use crate::shown;

const GOOD: &str = include_str!("good.toml");
const HEAD: &str = "id = \"small\"\ntitle = \"小\"\nlayer = \"city\"\n";
const DIVISIONS: &str = "nbs_code,level,name,parent_nbs_code,mca_code,flag\n990100,prefecture,试市,,,\n990101,county,试区,990100,,\n990101001,township,试镇,990101,,\n";
const PLAN: &str = "标准达到月人均760元,以后提高到800元。区里的都下放。无劳动能力100元,有劳动能力20元。";

fn release(main: &str, divisions: &str, letter: &str) -> Release {
    let files = [
        ("pack.toml", HEAD),
        ("main.toml", main),
        ("divisions.csv", divisions),
        ("plan.txt", PLAN),
        ("answer.typ", letter),
    ];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    Release::from_packs(vec![PackFiles::new("small", files)], LoadOptions::default())
        .unwrap_or_else(|findings| panic!("{}", shown(&findings)))
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// One line for each kind and what became of it.
fn lines(compared: &[Compared]) -> Vec<String> {
    let mut lines = Vec::new();
    for one in compared {
        lines.extend(one.added.iter().map(|title| format!("{} + {title}", one.kind)));
        for change in &one.changed {
            lines.push(format!("{} {} {}", one.kind, change.title, change.details.join("；")));
        }
        lines.extend(one.removed.iter().map(|title| format!("{} - {title}", one.kind)));
    }
    lines
}

#[test]
fn newer_packs_say_what_they_change_by_kind() {
    let older = release(GOOD, DIVISIONS, "");
    let value = "value = 800\nsource = \"提高到800元\"\nseed = \"plan.txt\"\n";
    let next = "[[parameter.value]]\nfrom = 2026-01-01\nvalue = 760\nsource = \"标准达到月人均760元\"\nseed = \"plan.txt\"\n";
    let main = changed(GOOD, value, &format!("until = 2025-12-31\n{value}\n{next}"));
    let main = changed(&main, "rows = { none = 100, full = 20 }", "rows = { none = 100 }");
    let main = changed(&main, "label = \"几辆\"", "label = \"几辆汽车\"");
    let spot = "[[register.group.field]]\nid = \"spot\"";
    let floors = "[[register.group.field]]\nid = \"floors\"\nlabel = \"层数\"\ntype = \"integer\"\n\n";
    let main = changed(&main, spot, &format!("{floors}{spot}"));
    let main = format!("{main}\n[[department]]\nid = \"office_of_homes\"\ntitle = \"房管处\"\n");
    let newer = release(&main, &changed(DIVISIONS, "试镇", "新镇"), "另一种写法");
    assert_eq!(
        lines(&newer.compared_with(&older)),
        [
            "参数 标准 全国自2021-01-01起的 800：期限或者出处有改动；全国自2026-01-01起为 760（新增）",
            "数表 增发 有：全国自2020-01-01起的 20（去掉）",
            "表单 申请 改动字段：几辆汽车",
            "登记簿 养老院 增加字段：层数",
            "文书 决定书 文书模板有改动",
            "部门 + 房管处",
            "行政区划 新镇（990101001） 名称由“试镇”改为“新镇”",
        ]
    );
    // Read the other way round, what was added is what goes.
    let back = lines(&older.compared_with(&newer));
    assert!(back.contains(&"登记簿 养老院 去掉字段：层数".to_owned()), "{back:?}");
    assert!(back.contains(&"部门 - 房管处".to_owned()), "{back:?}");
}

/// Comments, files and the order of things are no change.
#[test]
fn what_reads_the_same_is_the_same() {
    let older = release(GOOD, DIVISIONS, "");
    let (law, rest) = GOOD.split_once("[[codelist]]").expect("laws come first");
    let moved = format!("# 换了位置\n[[codelist]]{rest}\n{law}");
    let newer = release(&moved, DIVISIONS, "");
    assert_ne!(older.hash, newer.hash);
    assert_eq!(lines(&newer.compared_with(&older)), Vec::<String>::new());
}
