//! Real files and hostile ones.

use std::io::{Cursor, Write};

use chrono::NaiveDate;
use rust_xlsxwriter::{Format, Workbook};
use vocab::{CitizenId, Fen};

use super::*;

fn definition() -> TableDefinition {
    let relations = vec![("head".to_owned(), "户主".to_owned()), ("child".to_owned(), "子女".to_owned())];
    TableDefinition {
        title: "低保名册".to_owned(),
        columns: vec![
            ColumnDefinition::new("family", "家庭编号", CellKind::Text).required(),
            ColumnDefinition::new("name", "姓名", CellKind::PersonName).required(),
            ColumnDefinition::new("citizen_id", "身份证号码", CellKind::CitizenId)
                .required()
                .also(&["身份证号", "公民身份号码"]),
            ColumnDefinition::new("relation", "与户主关系", CellKind::Code(relations)),
            ColumnDefinition::new("amount", "月保障金额", CellKind::Money),
            ColumnDefinition::new("start", "起始日期", CellKind::Date),
            ColumnDefinition::new("month", "起发月份", CellKind::Month),
        ],
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn person(seq: u16) -> CitizenId {
    CitizenId::synthetic(1, day("1960-05-04"), seq)
}

fn csv_of(rows: &[&str]) -> Vec<u8> {
    rows.join("\r\n").into_bytes()
}

fn table(bytes: &[u8]) -> Table {
    Table::read(&read_file("名册", bytes).expect("a file"), &definition()).expect("a table")
}

fn refused(bytes: &[u8]) -> String {
    let sheets = match read_file("名册", bytes) {
        Ok(sheets) => sheets,
        Err(refused) => return refused.to_string(),
    };
    Table::read(&sheets, &definition()).expect_err("refused").to_string()
}

fn excel(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet());
    workbook.save_to_buffer().expect("a workbook")
}

fn header(sheet: &mut rust_xlsxwriter::Worksheet, row: u32) {
    for (place, title) in
        (0..).zip(["家庭编号", "姓名", "身份证号码", "与户主关系", "月保障金额", "起始日期", "起发月份"])
    {
        sheet.write(row, place, title).expect("written");
    }
}

#[test]
fn a_workbook_as_offices_keep_it_is_read_exactly() {
    let bytes = excel(|sheet| {
        sheet.merge_range(0, 0, 0, 6, "海勃湾区城市低保对象名册", &Format::new()).expect("merged");
        for (place, title) in (0..).zip([
            "*家庭编号",
            "姓 名",
            "公民身份号码",
            "与户主关系",
            "月保障金额（元）",
            "起始日期",
            "起发月份",
            "备注",
        ]) {
            sheet.write(2, place, title).expect("written");
        }
        sheet.write(3, 0, "A1").expect("written");
        sheet.write(3, 1, "王 秀英").expect("written");
        sheet.write(3, 2, person(2).expose()).expect("written");
        sheet.write(3, 3, "户主").expect("written");
        // What 0.1 + 0.2 leaves in a binary number.
        sheet.write(3, 4, f64::from_bits(0x3FD3_3333_3333_3334)).expect("written");
        let date = Format::new().set_num_format("yyyy-mm-dd");
        sheet.write_number_with_format(3, 5, 45717, &date).expect("written");
        sheet.write_number_with_format(3, 6, 45717, &date).expect("written");
        sheet.write(3, 7, "无").expect("written");
        sheet.write(5, 0, "A2").expect("written");
        sheet.write(5, 1, "李强").expect("written");
        sheet.write(5, 2, person(3).expose().to_lowercase()).expect("written");
        sheet.write(5, 3, "child").expect("written");
        sheet.write(5, 4, "1,035.2元").expect("written");
        sheet.write(5, 5, 45717).expect("written");
        sheet.write(5, 6, "2025年3月").expect("written");
    });
    let table = table(&bytes);
    assert_eq!(table.faults, vec![]);
    assert_eq!(table.ignored(), ["备注（H3）"]);
    let [first, second] = &table.rows[..] else { panic!("two rows") };
    assert_eq!((first.number, second.number), (4, 6));
    assert_eq!(table.person_name(first, "name").expect("a name").as_str(), "王秀英");
    assert_eq!(table.citizen_id(first, "citizen_id"), Some(person(2)));
    assert_eq!(table.money(first, "amount"), Some(Fen(30)));
    assert_eq!(table.money(second, "amount"), Some(Fen(103_520)));
    assert_eq!(table.date(first, "start"), Some(day("2025-03-01")));
    assert_eq!(table.date(second, "start"), Some(day("2025-03-01")));
    assert_eq!(table.month(first, "month"), table.month(second, "month"));
    assert_eq!(table.code(second, "relation").as_deref(), Some("child"));
}

#[test]
fn every_mistake_is_named_by_its_cell() {
    let bytes = excel(|sheet| {
        header(sheet, 0);
        sheet.write(1, 0, "A1").expect("written");
        sheet.write(1, 1, "王五9").expect("written");
        sheet.write(1, 2, 150_302_199_001_011_234.0).expect("written");
        sheet.write(1, 3, "表弟").expect("written");
        sheet.write(1, 4, -5).expect("written");
        sheet.write(1, 5, "2025-02-30").expect("written");
        sheet.write_formula(1, 6, "=1+1").expect("written");
        sheet.write(2, 1, "李四").expect("written");
        let mut wrong = person(4).expose().to_owned();
        wrong.replace_range(16..17, if &wrong[16..17] == "9" { "8" } else { "9" });
        sheet.write(2, 2, wrong).expect("written");
        sheet.write(3, 0, "合计").expect("written");
        sheet.write(3, 4, 100).expect("written");
        sheet.merge_range(4, 0, 5, 0, "A9", &Format::new()).expect("merged");
    });
    let table = table(&bytes);
    let said: Vec<String> = table.faults.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    第 2 行「姓名」（B2）：姓名里有不能使用的字符“9”，请改用汉字、字母或间隔号“·”
    第 2 行「身份证号码」（C2）：被 Excel 存成了数字，后几位已经丢失（变成 0 或显示为 1.2E+17）。请把该列设为“文本”格式，再重新填写完整号码
    第 2 行「与户主关系」（D2）：“表弟”不在可选范围内，请填：户主、子女
    第 2 行「月保障金额」（E2）：金额不能是负数，请改为零或正数
    第 2 行「起始日期」（F2）：日期填写有误或不存在，请按“年-月-日”填写，例如 2026-11-03
    第 2 行「起发月份」（G2）：这是公式，系统不采用公式的结果。请选中该列复制，再“选择性粘贴—数值”
    第 3 行「家庭编号」（A3）：没有填写
    第 3 行「身份证号码」（C3）：身份证号码最后一位不对，请核对
    第 4 行：这是合计行，请删除后再上传；系统自己合计
    第 5 行「家庭编号」（A5）：A5:A6 是合并单元格，请取消合并，并在每一行都填写内容
    第 5 行「姓名」（B5）：没有填写
    第 5 行「身份证号码」（C5）：没有填写
    ");
}

#[test]
fn headers_that_cannot_be_read_for_certain_are_refused_with_their_cells() {
    let merged = excel(|sheet| {
        header(sheet, 0);
        sheet.merge_range(0, 7, 0, 8, "账户", &Format::new()).expect("merged");
    });
    let two_storeys = excel(|sheet| {
        sheet.merge_range(0, 0, 1, 0, "家庭编号", &Format::new()).expect("merged");
        sheet.write(0, 1, "姓名").expect("written");
        sheet.write(0, 2, "身份证号").expect("written");
    });
    let blank = csv_of(&["家庭编号,姓名,身份证号,", "A1,王五,x,y"]);
    let twice = csv_of(&["家庭编号,姓名,身份证号,公民身份号码", "A1,王五,x,y"]);
    let missing = csv_of(&["家庭编号,名字,身份证号", "A1,王五,x"]);
    let nothing = csv_of(&["甲,乙", "1,2"]);
    let only_header = csv_of(&["家庭编号,姓名,身份证号"]);
    let all = [merged, two_storeys, blank, twice, missing, nothing, only_header].map(|bytes| refused(&bytes));
    insta::assert_snapshot!(all.join("\n"), @r"
    表头单元格 H1:I1 是合并的，无法判断每列是什么。请取消合并，使每一列在第 1 行都有自己的名称。
    表头单元格 A1:A2 是合并的，无法判断每列是什么。请取消合并，使每一列在第 1 行都有自己的名称。
    表头 D1 是空的，但下面 D2 有内容。请补上列名，或删去这一列。
    表头「身份证号码」出现了两次：C1 和 D1。请删去其中一列。
    第 1 行表头缺少「姓名」。未识别的列：名字（B1）。请补上，或按模板改名。
    没有找到表头。前 20 行里应当有一行写着：家庭编号、姓名、身份证号码。请下载模板，把内容复制进去再上传。
    第 1 行表头下面没有内容。
    ");
}

#[test]
fn text_tables_are_read_in_every_encoding_of_the_street() {
    let id = person(6).expose().to_owned();
    let text = format!("家庭编号\t姓名\t身份证号\t月保障金额\n\nA1\t㐱\u{9FA5}㛃\t{id}\t760.5\n");
    let commas = text.replace('\t', ",");
    let (gbk, _, lossy) = encoding_rs::GB18030.encode(&commas);
    assert!(!lossy);
    let mut wide = vec![0xFF, 0xFE];
    wide.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let marked = [&[0xEF, 0xBB, 0xBF], commas.as_bytes()].concat();
    for bytes in
        [gbk.into_owned(), wide, marked, commas.clone().into_bytes(), commas.replace(',', ";").into_bytes()]
    {
        let table = table(&bytes);
        assert_eq!(table.faults, vec![]);
        assert_eq!(table.rows[0].number, 3, "blank lines count as in Excel");
        assert_eq!(table.person_name(&table.rows[0], "name").expect("a name").as_str(), "㐱\u{9FA5}㛃");
        assert_eq!(table.money(&table.rows[0], "amount"), Some(Fen(76050)));
    }
    let broken = [commas.as_bytes(), &[0xFF, 0xFF, 0xFF]].concat();
    assert!(refused_csv(&broken).contains("文字编码"), "{}", refused_csv(&broken));
    assert!(refused_csv(b"ab\x01\x02\x00").contains("表格"), "{}", refused_csv(b"ab\x01\x02\x00"));
    assert!(refused_csv("家庭编号,\"姓名\n1,2".as_bytes()).contains("引号"));
}

fn refused_csv(bytes: &[u8]) -> String {
    read_file("a.csv", bytes).expect_err("refused").to_string()
}

#[test]
fn line_breaks_in_quotes_do_not_shift_the_rows() {
    let table = table(&csv_of(&["家庭编号,姓名,身份证号", "\"A\r\n1\",王五,x", "A2,\"王\"\"六\",y"]));
    assert_eq!(table.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 3]);
    assert!(table.faults.iter().any(|fault| fault.address == "C3"));
}

#[test]
fn scientific_notation_of_a_saved_csv_is_refused_with_advice() {
    let table = table(&csv_of(&["家庭编号,姓名,身份证号", "A1,王五,1.50302E+17"]));
    assert!(
        table.faults[0].to_string().starts_with("第 2 行「身份证号码」（C2）：被 Excel 存成了数字"),
        "{}",
        table.faults[0]
    );
}

#[test]
fn hostile_files_are_refused() {
    let zipped = |parts: &[(&str, &[u8])]| {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in parts {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a part");
            archive.write_all(bytes).expect("written");
        }
        archive.finish().expect("a zip").into_inner()
    };
    const MEGABYTE: usize = 1024 * 1024;
    let blanks = vec![b' '; MEGABYTE];
    let measured = |bytes: &[u8]| {
        xlsx::measure(bytes, 4 * MEGABYTE as u64, MEGABYTE as u64 / 2).expect_err("too large").to_string()
    };
    let shared = zipped(&[("xl/workbook.xml", b"<a/>"), ("xl/sharedStrings.xml", &blanks)]);
    assert!(shared.len() < MEGABYTE / 100);
    assert!(measured(&shared).contains("解压后超过 4 MB"), "{}", measured(&shared));
    let parts = ["1", "2", "3", "4", "5"].map(|name| (name, blanks.as_slice()));
    let bomb = zipped(&[&[("xl/workbook.xml", b"<a/>".as_slice())], &parts[..]].concat());
    assert!(measured(&bomb).contains("解压后超过"));
    // The declared sizes lie: the true ones are counted too.
    let mut lying = bomb;
    let real = u32::try_from(MEGABYTE).expect("small").to_le_bytes();
    for at in 0..lying.len() - 4 {
        if lying[at..at + 4] == real {
            lying[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        }
    }
    assert!(!measured(&lying).is_empty());
    assert!(refused(&zipped(&[("a.txt", b"x")])).contains("不是 Excel"));
    assert!(refused(&zipped(&[("xl/workbook.xml", b"<workbook><sheets>")])).contains("损坏"));
    assert!(refused(b"PK\x03\x04 cut off").contains("损坏"));
    assert!(refused(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1]).contains("密码"));
    assert!(refused(&[]).contains("空的"));
    assert!(refused(&vec![b'a'; FILE_BYTES_MAX + 1]).contains("20 MB"));
    let far = excel(|sheet| {
        header(sheet, 0);
        sheet.write(1_000_000, 0, "A1").expect("written");
    });
    assert!(refused(&far).contains("200000 行"));
    let wide = excel(|sheet| {
        header(sheet, 0);
        sheet.write(1, 9_000, "A1").expect("written");
    });
    assert!(refused(&wide).contains("200 列"));
    // Formats without content far away are nothing.
    let formatted = excel(|sheet| {
        header(sheet, 0);
        sheet.write(1, 0, "A1").expect("written");
        sheet.write_blank(900_000, 0, &Format::new().set_bold()).expect("written");
    });
    assert_eq!(table(&formatted).rows.len(), 1);
}

#[test]
fn every_cut_of_a_workbook_is_a_message_and_never_a_panic() {
    let bytes = excel(|sheet| {
        header(sheet, 0);
        sheet.write(1, 0, "A1").expect("written");
    });
    for end in (0..bytes.len()).step_by(97) {
        let _ = read_file("a.xlsx", &bytes[..end]);
        let mut bent = bytes.clone();
        bent[end] ^= 0x5A;
        let _ = read_file("a.xlsx", &bent).map(|sheets| Table::read(&sheets, &definition()));
    }
}

#[test]
fn the_template_can_be_read_back_and_a_corrected_file_sent_again() {
    let bytes = template(&[definition()]).expect("a template");
    assert!(refused(&bytes).contains("下面没有内容"), "{}", refused(&bytes));
    let wrong = csv_of(&[
        "家庭编号,姓名,身份证号,月保障金额",
        "A1,王五,1,760",
        &format!("A2,王六,{},-1", person(8).expose()),
    ]);
    let first = table(&wrong);
    assert_eq!(first.faults.len(), 2);
    let given_back = corrected(&[&first]).expect("a workbook");
    let sheets = read_file("a.xlsx", &given_back).expect("a file");
    assert_eq!(sheets[0].rows[0].cell(4), &Raw::Text(CORRECTED_TITLE.to_owned()));
    assert!(sheets[0].rows[1].cell(4).shown().contains("身份证号码"));
    let second = Table::read(&sheets, &definition()).expect("a table");
    assert_eq!(second.ignored(), [] as [String; 0]);
    assert_eq!(second.faults, first.faults, "the same mistakes at the same cells");
    let again = read_file("a.xlsx", &corrected(&[&second]).expect("a workbook")).expect("a file");
    assert_eq!(again[0].rows[0].cells.len(), 5, "the column is used again, not added twice");
}

proptest::proptest! {
    /// Whatever a text begins with, it comes back as it was and is no formula on the way.
    #[test]
    fn a_text_comes_back_as_it_was(text in "['=+@ \\-\u{3000}]{0,4}[a1，,;\"'=甲]{0,3}") {
        for format in [ListFormat::Excel, ListFormat::Csv] {
            let columns = [ListColumn::new("甲", 10), ListColumn::new("乙", 10)];
            let mut list = ListWriter::new(format, "表", None, &columns).expect("a list");
            list.row(&["x".into(), text.as_str().into()]).expect("a row");
            let bytes = list.finish().expect("a file");
            let sheets = read_file("a", &bytes).expect("readable");
            let read = sheets[0].rows[1].cells.get(1).cloned().unwrap_or_default();
            proptest::prop_assert_eq!(read, Raw::text(&text), "{:?}", format);
            if format == ListFormat::Csv {
                let written = String::from_utf8(bytes).expect("UTF-8");
                let cell = written.lines().nth(1).and_then(|line| line.strip_prefix("x,")).expect("a row");
                let cell = cell.strip_prefix('"').unwrap_or(cell);
                proptest::prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{}", cell);
            }
        }
    }
}

#[test]
fn lists_hold_what_was_written_and_no_formula() {
    let columns = [ListColumn::new("姓名", 10), ListColumn::new("金额", 12), ListColumn::new("备注", 20)];
    for format in [ListFormat::Excel, ListFormat::Csv] {
        let mut list = ListWriter::new(format, "名册", Some("发放名册"), &columns).expect("a list");
        list.row(&["王五".into(), Fen(-103_520).into(), "=1+1".into()]).expect("a row");
        list.row(&["赵\"六\",七".into(), Fen(5).into(), "@x".into()]).expect("a row");
        list.totals(&["合计".into(), Fen(-103_515).into(), 2.into()]).expect("totals");
        let bytes = list.finish().expect("a file");
        let sheets = read_file("a", &bytes).expect("readable");
        let rows: Vec<Vec<String>> =
            sheets[0].rows.iter().map(|row| row.cells.iter().map(Raw::shown).collect()).collect();
        assert_eq!(rows[0][0], "发放名册");
        assert_eq!(rows[2][0], "王五");
        assert!(rows[2][1] == "-1035.2" || rows[2][1] == "-1035.20", "{rows:?}");
        assert_eq!(rows[2][2], "=1+1");
        assert_eq!(rows[3], ["赵\"六\",七", "0.05", "@x"]);
        assert_eq!(rows[4][2], "2");
        if format == ListFormat::Csv {
            let text = String::from_utf8(bytes).expect("UTF-8");
            assert!(text.starts_with('\u{FEFF}'));
            assert!(text.contains("'=1+1") && text.contains("'@x"));
        }
    }
}

#[test]
fn decimals_are_numbers_and_long_texts_are_texts() {
    let columns = [ListColumn::new("数", 10), ListColumn::new("原文", 20)];
    for format in [ListFormat::Excel, ListFormat::Csv] {
        let mut list = ListWriter::new(format, "指标", None, &columns).expect("a list");
        let quote = "到2025年，护理型床位占比达到54.1%";
        list.row(&[ListCell::Decimal("54.1".to_owned()), ListCell::prose(quote)]).expect("a row");
        // More digits than Excel keeps.
        list.row(&[ListCell::Decimal("1234567890.123456".to_owned()), ListCell::prose("")]).expect("a row");
        let sheets = read_file("a", &list.finish().expect("a file")).expect("readable");
        let rows = &sheets[0].rows;
        if format == ListFormat::Excel {
            assert_eq!(rows[1].cells[0], Raw::Number("54.1".to_owned()));
        }
        assert_eq!([rows[1].cell(0).shown(), rows[1].cell(1).shown()], ["54.1", quote]);
        assert_eq!(rows[2].cell(0).shown(), "1234567890.123456");
    }
}
