//! The roll taken over, taken back, taken out; and a month's money from the run to the bank's answer.

use catalogue::definition::Side;
use ledger::approve::ControlTotals;
use ledger::pages::RollFilter;
use ledger::reissue::Lines;
use ledger::{EntitlementId, RunId, RunState};
use office::OfficeError;
use office::access::Actor;
use office::indicators::{Opens, counted};
use office::people::NewAccount;
use office::roll::import::{self, RollPreview, RollSettings};
use office::roll::payments::{self, AnswerOutcomeRead, BankFile};
use office::roll::{self, RollTotals, export};
use office::tabular::{self, ListFormat, Raw};
use store::{PersonId, Query, jobs};
use vocab::{CitizenId, Fen, Month};

use crate::indicators;
use crate::town::{Town, grant, towns};

const HEADER: &str = "家庭编号,姓名,身份证号,与户主关系,村（社区）代码,城乡类别,月保障金额（元）,起始月份,下次复核日期,开户银行,银行账号,工资性收入";

pub async fn accountant(town: &Town) -> Actor {
    town.actor("accountant", town.county, &["county_accountant"]).await
}

pub fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn settings(families: i64, members: i64, monthly: i64) -> RollSettings {
    RollSettings {
        programme: "dibao".to_owned(),
        first_due: month("2026-11"),
        reference: "东民救〔2026〕9号".to_owned(),
        expected: RollTotals { families, members, monthly: Fen(monthly) },
    }
}

/// An account number that no card scheme checks.
fn account(number: u64) -> String {
    format!("10{number:014}")
}

/// Two families: one of two in town, one of one in the country.
pub struct Sheet {
    pub ids: [CitizenId; 3],
    text: String,
}

fn sheet(town: &Town) -> Sheet {
    let ids = ["1960-03-01", "1962-04-02", "1950-05-03"].map(|born| town.new_citizen_id(born));
    let [one, two, three] = ids.map(|id| id.expose().to_owned());
    let rows = [
        HEADER.to_owned(),
        format!(
            "F1,王秀英,{one},本人（户主）,990101001001,城镇,760.50,2025-03,2027-03-01,农商银行,{},300",
            account(1)
        ),
        format!("F1,李强,{two},配偶,,,,,,,,"),
        format!("F2,赵六,{three},本人（户主）,990101002001,农村,500,2024-01,,信用社,{},", account(2)),
    ];
    Sheet { ids, text: rows.join("\n") }
}

async fn preview(
    town: &Town,
    actor: &Actor,
    settings: &RollSettings,
    text: &str,
) -> Result<RollPreview, OfficeError> {
    import::preview(&town.office, &grant(actor), settings, "名册.csv", text.as_bytes()).await
}

async fn work(town: &Town) {
    while let Some(claim) =
        jobs::claim(town.office.db(), &[import::ROLL_JOB, payments::RUN_JOB], "test").await.unwrap()
    {
        if claim.job.kind == import::ROLL_JOB {
            import::work(&town.office, &claim).await.unwrap();
        } else {
            payments::work_run(&town.office, &claim).await.unwrap();
        }
    }
}

async fn count(town: &Town, sql: &'static str) -> i64 {
    Query::system("test", sql).scalar(town.office.db()).await.unwrap()
}

pub async fn imported(town: &Town, accountant: &Actor) -> (Sheet, roll::RollImportId) {
    let sheet = sheet(town);
    let seen = preview(town, accountant, &settings(2, 3, 126_050), &sheet.text).await.unwrap();
    assert_eq!(seen.faults, vec![]);
    assert_eq!(seen.disagreements, [] as [String; 0]);
    let (id, _) = import::commit(&town.office, &grant(accountant), seen.upload).await.unwrap();
    work(town).await;
    (sheet, id)
}

#[tokio::test]
async fn a_roll_is_taken_over_once() {
    for town in towns("roll").await {
        let accountant = accountant(&town).await;
        let (sheet, id) = imported(&town, &accountant).await;
        assert_eq!(count(&town, "SELECT COUNT(*) FROM entitlement").await, 2);
        assert_eq!(count(&town, "SELECT COUNT(*) FROM membership").await, 3);
        assert_eq!(count(&town, "SELECT COUNT(*) FROM fact WHERE source = 'roll'").await, 1);
        assert_eq!(count(&town, "SELECT COUNT(*) FROM payee WHERE state = 'confirmed'").await, 2);
        assert_eq!(
            count(&town, "SELECT CAST(SUM(amount_fen) AS BIGINT) FROM entitlement_amount").await,
            126_050
        );
        assert_eq!(count(&town, "SELECT COUNT(*) FROM upload WHERE content_sealed IS NOT NULL").await, 0);

        // The same file again changes nothing, by whatever way.
        let again = preview(&town, &accountant, &settings(2, 3, 126_050), &sheet.text).await.unwrap();
        assert!(again.known);
        assert_eq!((again.new, again.already, again.faults.len()), (0, 2, 0));
        assert_eq!(import::commit(&town.office, &grant(&accountant), again.upload).await.unwrap().0, id);
        let other_file = format!("{}\n", sheet.text);
        let again = preview(&town, &accountant, &settings(2, 3, 126_050), &other_file).await.unwrap();
        assert!(!again.known);
        import::commit(&town.office, &grant(&accountant), again.upload).await.unwrap();
        work(&town).await;
        assert_eq!(count(&town, "SELECT COUNT(*) FROM entitlement").await, 2);
        // Another amount for a family on the roll is a change, not an import.
        let dearer = sheet.text.replace("760.50", "800");
        let seen = preview(&town, &accountant, &settings(2, 3, 130_000), &dearer).await.unwrap();
        assert!(seen.faults[0].to_string().contains("第 2 行「月保障金额」（G2）"), "{:?}", seen.faults);
        // A township's clerk does not import the county's roll.
        let clerk = town.clerk(town.hedong).await;
        assert!(matches!(
            preview(&town, &clerk, &settings(2, 3, 1), &sheet.text).await,
            Err(OfficeError::Forbidden(_))
        ));
    }
}

#[tokio::test]
async fn every_fault_is_said_and_nothing_is_taken_in() {
    for town in towns("roll_faults").await {
        let accountant = accountant(&town).await;
        let clerk = town.clerk(town.hedong).await;
        let office = &town.office;
        let elsewhere = town.new_person("钱七", "1970-01-01", town.stone_village);
        let neighbour = town.actor("neighbour", town.other_county, &["county_clerk"]).await;
        office::people::register_person(office, &grant(&neighbour), &elsewhere).await.unwrap();
        let (_, persons) = town.family(&clerk, town.first_community, &["孙八", "孙九"]).await;
        let in_family: PersonId = persons[1];
        let sealed: Vec<u8> = Query::system("test", "SELECT citizen_id_sealed FROM person WHERE id = ?")
            .bind(in_family)
            .scalar(office.db())
            .await
            .unwrap();
        let in_family = office.keys().open(&sealed).unwrap().to_string();
        let fresh: Vec<String> =
            (0..4).map(|_| town.new_citizen_id("1980-01-01").expose().to_owned()).collect();
        let rows = [
            HEADER.to_owned(),
            format!("A,王一,{},本人（户主）,990101001001,城镇,100,2025-01,,,,", fresh[0]),
            format!("A,王二,{},本人（户主）,,,,,,,,", fresh[1]),
            format!("B,王三,{},配偶,990101001001,城镇,100,2025-01,,,,", fresh[2]),
            format!("C,王四,{},本人（户主）,990102001001,城镇,0,2099-01,,农商银行,,-5", fresh[3]),
            format!("D,王一,{},本人（户主）,990101001001,城镇,100,2025-01,,,,", fresh[0]),
            format!(
                "E,钱七,{},本人（户主）,990101001001,城镇,100,2025-01,,,,",
                elsewhere.citizen_id.expose()
            ),
            format!("G,孙九,{in_family},本人（户主）,990101001001,城镇,100,2025-01,,,,"),
        ];
        let text = rows.join("\n");
        let seen = preview(&town, &accountant, &settings(9, 9, 9), &text).await.unwrap();
        let said: Vec<String> = seen.faults.iter().map(ToString::to_string).collect();
        insta::allow_duplicates! { insta::assert_snapshot!(said.join("\n"), @r"
        第 3 行「与户主关系」（D3）：家庭 A 有 2 名户主，每户只能有一名
        第 4 行「与户主关系」（D4）：家庭 B 没有户主，请在“与户主关系”中指定一名
        第 5 行「工资性收入」（L5）：金额不能是负数，请改为零或正数
        第 5 行「村（社区）代码」（E5）：不是本县（区）的乡镇（街道）或村（社区）代码，请核对
        第 5 行「月保障金额」（G5）：月保障金额应大于零
        第 5 行「起始月份」（H5）：起始月份不能晚于下个月
        第 5 行「银行账号」（K5）：填写了开户银行，还要填写账号
        第 6 行「身份证号码」（C6）：此人已出现在第 2 行，一个人不能在名册中出现两次、不能属于两个家庭
        第 7 行「身份证号码」（C7）：此人已在他处登记，请联系县级民政部门核对
        第 8 行「身份证号码」（C8）：此人已登记在另一个家庭，或登记的家庭成员与名册不同。请先办理成员变动
        "); }
        assert_eq!(seen.disagreements.len(), 3);
        let corrected = import::corrected(office, &grant(&accountant), seen.upload).await.unwrap();
        let sheets = tabular::read_file("a.xlsx", &corrected).unwrap();
        assert!(sheets[0].rows[6].cells.last().unwrap().shown().contains("他处登记"));
        let refused = import::commit(office, &grant(&accountant), seen.upload).await.unwrap_err();
        assert!(refused.to_string().contains("处错误"), "{refused}");
        // Control totals that disagree stop a file without faults.
        let good = sheet(&town);
        let seen = preview(&town, &accountant, &settings(2, 3, 126_049), &good.text).await.unwrap();
        assert_eq!(seen.disagreements, ["月保障金额：账面 1,260.49 元，文件 1,260.50 元"]);
        assert!(import::commit(office, &grant(&accountant), seen.upload).await.is_err());
        assert_eq!(count(&town, "SELECT COUNT(*) FROM roll_import").await, 0);
        assert_eq!(count(&town, "SELECT COUNT(*) FROM entitlement").await, 0);
    }
}

#[tokio::test]
async fn two_sheets_are_read_as_one_roll() {
    for town in towns("roll_two").await {
        let accountant = accountant(&town).await;
        let bytes = roll::roll_template(&town.office, &grant(&accountant), true).unwrap();
        let empty = tabular::read_file("a.xlsx", &bytes).unwrap();
        assert_eq!(
            empty.iter().map(|sheet| sheet.name.as_str()).collect::<Vec<_>>(),
            ["家庭", "成员", "填写说明"]
        );
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let mut write = |name: &str, rows: &[&[&str]]| {
            let sheet = workbook.add_worksheet();
            sheet.set_name(name).unwrap();
            for (row, cells) in (0_u32..).zip(rows) {
                for (column, cell) in (0_u16..).zip(*cells) {
                    sheet.write(row, column, *cell).unwrap();
                }
            }
        };
        write(
            "家庭",
            &[
                &["家庭编号", "村（社区）代码", "城乡类别", "月保障金额", "起始月份"],
                &["1", "990101001001", "城镇", "300", "2026年1月"],
                &["2", "990101001009", "城镇", "", "2026年1月"],
            ],
        );
        let ids = [town.new_citizen_id("1980-01-01"), town.new_citizen_id("1990-01-01")];
        write(
            "成员",
            &[
                &["家庭编号", "姓名", "身份证号码", "与户主关系"],
                &["1", "王一", ids[0].expose(), "本人（户主）"],
                &["3", "王三", ids[1].expose(), "本人（户主）"],
            ],
        );
        let bytes = workbook.save_to_buffer().unwrap();
        let seen =
            import::preview(&town.office, &grant(&accountant), &settings(1, 1, 30_000), "a.xlsx", &bytes)
                .await
                .unwrap();
        let said: Vec<String> = seen.faults.iter().map(ToString::to_string).collect();
        insta::allow_duplicates! { insta::assert_snapshot!(said.join("\n"), @r"
        第 3 行「家庭编号」（家庭!A3）：成员表中没有这个家庭的成员
        第 3 行「家庭编号」（成员!A3）：家庭表中没有编号为 3 的家庭
        "); }
    }
}

#[tokio::test]
async fn a_whole_import_is_taken_back_until_something_is_in_a_run() {
    for town in towns("roll_undo").await {
        let accountant = accountant(&town).await;
        let office = &town.office;
        let (sheet, id) = imported(&town, &accountant).await;
        assert!(import::undo(office, &grant(&accountant), id, " ").await.is_err());
        import::undo(office, &grant(&accountant), id, "名册拿错了").await.unwrap();
        work(&town).await;
        assert_eq!(
            count(&town, "SELECT COUNT(*) FROM membership WHERE until_on IS NULL AND superseded_at IS NULL")
                .await,
            0
        );
        assert_eq!(count(&town, "SELECT COUNT(*) FROM fact WHERE superseded_at IS NULL").await, 0);
        let page = import::imports(office, &grant(&accountant), None, 10).await.unwrap();
        assert_eq!((page.rows[0].state.as_str(), page.rows[0].taken), ("undone", 0));
        assert!(import::undo(office, &grant(&accountant), id, "再撤一次").await.is_err());
        // Taken back, it can be taken in again; once in a run, no more.
        let seen = preview(&town, &accountant, &settings(2, 3, 126_050), &sheet.text).await.unwrap();
        assert_eq!(seen.faults, vec![]);
        let (second, _) = import::commit(office, &grant(&accountant), seen.upload).await.unwrap();
        assert_ne!(second, id);
        work(&town).await;
        payments::make_run(office, &grant(&accountant), "dibao", month("2026-11")).await.unwrap();
        work(&town).await;
        let refused = import::undo(office, &grant(&accountant), second, "拿错了").await.unwrap_err();
        assert!(refused.to_string().contains("2 户"), "{refused}");
        let late = preview(&town, &accountant, &settings(2, 3, 126_050), &sheet.text).await.unwrap_err();
        assert!(late.to_string().contains("首发月份"), "{late}");
    }
}

/// A roll of families of one, three batches of them.
fn long_sheet(town: &Town, first: u64) -> String {
    let rows = (first..first + 120).map(|number| {
        let id = town.new_citizen_id("1961-02-03").expose().to_owned();
        format!("L{number},周五,{id},本人(户主),990101001001,城镇,100,2025-03,,,,")
    });
    std::iter::once(HEADER.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}

/// Confirms a roll and stops its job as soon as some of it is in.
async fn stopped_half_way(town: &Town, accountant: &Actor, text: &str) -> roll::RollImportId {
    let office = &town.office;
    let seen = preview(town, accountant, &settings(120, 120, 1_200_000), text).await.unwrap();
    assert_eq!((seen.faults.len(), seen.disagreements.len()), (0, 0));
    let (id, job) = import::commit(office, &grant(accountant), seen.upload).await.unwrap();
    let claim = jobs::claim(office.db(), &[import::ROLL_JOB], "test").await.unwrap().unwrap();
    let before = count(town, "SELECT COUNT(*) FROM roll_import_family").await;
    let stop = async {
        while count(town, "SELECT COUNT(*) FROM roll_import_family").await == before {
            tokio::task::yield_now().await;
        }
        let tx = office.db().begin().await.unwrap();
        jobs::request_cancel(&tx, job.unwrap()).await.unwrap();
        tx.commit().await.unwrap();
    };
    let (worked, ()) = tokio::join!(import::work(office, &claim), stop);
    worked.unwrap();
    id
}

#[tokio::test]
async fn a_stopped_import_goes_on_or_is_taken_back() {
    for town in towns("roll_stopped").await {
        let accountant = accountant(&town).await;
        let office = &town.office;
        let view = async |id: roll::RollImportId| {
            let page = import::imports(office, &grant(&accountant), None, 10).await.unwrap();
            page.rows.into_iter().find(|view| view.id == id).unwrap()
        };
        let text = long_sheet(&town, 0);
        let id = stopped_half_way(&town, &accountant, &text).await;
        let half = view(id).await;
        assert_eq!((half.state.as_str(), half.stopped.as_deref()), ("importing", Some("已按要求停止")));
        assert!(half.taken > 0 && half.taken < 120, "{}", half.taken);
        // Confirmed again, or let go on: the same import, each family once.
        let again = preview(&town, &accountant, &settings(120, 120, 1_200_000), &text).await.unwrap();
        assert!(!again.known);
        assert_eq!(i64::try_from(again.already).unwrap(), half.taken);
        let (same, job) = import::commit(office, &grant(&accountant), again.upload).await.unwrap();
        assert_eq!(same, id);
        assert_eq!(import::resume(office, &grant(&accountant), id).await.unwrap(), job.unwrap());
        assert_eq!(view(id).await.stopped, None);
        assert!(import::undo(office, &grant(&accountant), id, "等不及").await.is_err(), "it is under way");
        work(&town).await;
        assert_eq!((view(id).await.state.as_str(), view(id).await.taken), ("done", 120));
        assert!(import::resume(office, &grant(&accountant), id).await.is_err());
        assert_eq!(count(&town, "SELECT COUNT(*) FROM entitlement").await, 120);

        // Another one is taken back as far as it came, in two goes.
        let text = long_sheet(&town, 1000);
        let id = stopped_half_way(&town, &accountant, &text).await;
        assert!(view(id).await.taken < 120);
        let job = import::undo(office, &grant(&accountant), id, "名册拿错了").await.unwrap();
        let tx = office.db().begin().await.unwrap();
        jobs::request_cancel(&tx, job).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((view(id).await.state.as_str(), view(id).await.stopped.is_some()), ("undoing", true));
        import::resume(office, &grant(&accountant), id).await.unwrap();
        work(&town).await;
        assert_eq!((view(id).await.state.as_str(), view(id).await.taken), ("undone", 0));
        let living = "SELECT COUNT(*) FROM membership WHERE until_on IS NULL AND superseded_at IS NULL";
        assert_eq!(count(&town, living).await, 120);
        assert_eq!(
            count(
                &town,
                "SELECT COUNT(*) FROM upload WHERE content_sealed IS NOT NULL AND committed_at IS NOT NULL"
            )
            .await,
            0
        );
        // And can be taken in after all.
        let seen = preview(&town, &accountant, &settings(120, 120, 1_200_000), &text).await.unwrap();
        assert_eq!((seen.known, seen.new), (false, 120));
        let (last, _) = import::commit(office, &grant(&accountant), seen.upload).await.unwrap();
        work(&town).await;
        assert_eq!((view(last).await.state.as_str(), view(last).await.taken), ("done", 120));
        assert_eq!(ledger::verify(office.db()).await.unwrap(), []);
    }
}

pub async fn approved(town: &Town, accountant: &Actor, approver: &Actor) -> (RunId, ControlTotals) {
    let office = &town.office;
    let (run, _) = payments::make_run(office, &grant(accountant), "dibao", month("2026-11")).await.unwrap();
    let (same, _) = payments::make_run(office, &grant(accountant), "dibao", month("2026-11")).await.unwrap();
    assert_eq!(run, same);
    work(town).await;
    let made = payments::find_run(office, &grant(accountant), run).await.unwrap();
    let totals = ControlTotals { count: made.line_count, total: made.total };
    payments::approve(office, &grant(approver), run, totals).await.unwrap();
    (run, totals)
}

pub fn answer(file: &BankFile, outcome: impl Fn(&str) -> &'static str) -> String {
    let sheets = tabular::read_file("a.csv", &file.file.bytes).unwrap();
    let mut rows = vec!["序号,户名,账号,金额,处理结果,失败原因,流水号".to_owned()];
    for row in &sheets[0].rows[1..] {
        let cell = |column: usize| row.cell(column).shown();
        if cell(0) == "合计" {
            rows.push(format!("合计,,,{},,,", cell(4)));
            continue;
        }
        let said = outcome(&cell(1));
        let reason = if said == "失败" { "账户已销户" } else { "" };
        rows.push(format!("{},{},{},{},{said},{reason},L{}", cell(0), cell(1), cell(2), cell(4), cell(0)));
    }
    rows.join("\n")
}

#[tokio::test]
async fn a_month_goes_to_the_bank_and_back() {
    for town in towns("payments").await {
        let accountant = accountant(&town).await;
        let office = &town.office;
        imported(&town, &accountant).await;
        let approver = town.actor("approver", town.county, &["county_payment_approver"]).await;
        let (run, totals) = approved(&town, &accountant, &approver).await;
        assert_eq!(totals, ControlTotals { count: 2, total: Fen(126_050) });
        let (summary, differences) =
            payments::compare(office, &grant(&accountant), run, EntitlementId(0), 10).await.unwrap();
        assert_eq!((summary.unexplained, differences.len()), (0, 2));

        let file =
            payments::export_bank_file(office, &grant(&accountant), run, ListFormat::Csv).await.unwrap();
        let text = String::from_utf8(file.file.bytes.clone()).unwrap();
        assert!(
            text.contains(&account(1)) && text.contains("760.50") && text.contains("2026年11月最低生活保障"),
            "{text}"
        );
        assert!(text.ends_with("合计,2 笔,,,1260.50,\r\n"), "{text}");
        assert_eq!(file.sm3, office::uploads::sm3_of(&file.file.bytes));
        let again =
            payments::export_bank_file(office, &grant(&accountant), run, ListFormat::Csv).await.unwrap();
        assert_eq!(again, file, "the same file for ever");
        let excel =
            payments::export_bank_file(office, &grant(&accountant), run, ListFormat::Excel).await.unwrap();
        let sheets = tabular::read_file("a.xlsx", &excel.file.bytes).unwrap();
        assert_eq!(sheets[0].rows[1].cell(2), &Raw::Text(account(1)), "an account is text");
        assert!(sheets[0].rows[3].cell(5).shown().contains(&file.sm3));
        assert_eq!(
            payments::find_run(office, &grant(&accountant), run).await.unwrap().state,
            RunState::Exported
        );
        // No account number stands in the audit.
        assert_eq!(
            count(&town, "SELECT COUNT(*) FROM audit WHERE details LIKE '%1000000000000001%'").await,
            0
        );

        let read = async |text: &str, totals| {
            payments::read_answer(office, &grant(&accountant), run, "回盘.csv", text.as_bytes(), totals)
                .await
                .unwrap()
        };
        let failed = answer(&file, |name| if name == "赵六" { "失败" } else { "交易成功" });
        let wrong = failed.replace("760.50", "760.05");
        let AnswerOutcomeRead::Refused(faults) = read(&wrong, totals).await else { panic!("refused") };
        assert!(faults.iter().any(|fault| fault.row == 2), "{faults:?}");
        let AnswerOutcomeRead::Refused(faults) = read(&failed.replace("交易成功", "不知道"), totals).await
        else {
            panic!("refused")
        };
        assert_eq!(faults[0].address, "E2");
        for _ in 0..2 {
            assert!(matches!(read(&failed, totals).await, AnswerOutcomeRead::Read { .. }));
            work(&town).await;
        }
        assert_eq!(
            payments::find_run(office, &grant(&accountant), run).await.unwrap().state,
            RunState::Answered
        );
        assert_eq!(count(&town, "SELECT COUNT(*) FROM attempt WHERE state = 'succeeded'").await, 1);
        // What was paid and what was not is an indicator, over the very lines.
        let reader = town.actor("reader", town.county, &["county_clerk"]).await;
        indicators::reckon_now(&town, &reader).await;
        let figure = async |id: &str| indicators::figures(&town, &reader, id).await[0].clone();
        assert_eq!(figure("paid_in_month").await, ("50.0".to_owned(), "1 / 2".to_owned(), 0));
        assert_eq!(figure("paid_sum").await.0, "760.50");
        assert_eq!(
            (figure("roll_people").await.0, figure("roll_old").await.0),
            ("3".to_owned(), "1".to_owned())
        );

        // The family gives another account; a second person confirms; the failed line goes again.
        let entitlement: i64 =
            count(&town, "SELECT entitlement_id FROM payment_line WHERE state = 'failed'").await;
        let holder: i64 = Query::system("test", "SELECT holder_person_id FROM entitlement WHERE id = ?")
            .bind(entitlement)
            .scalar(office.db())
            .await
            .unwrap();
        let new = NewAccount {
            person: PersonId(holder),
            holder_name: "赵六".parse().unwrap(),
            bank: "邮储银行".to_owned(),
            number: account(77).parse().unwrap(),
        };
        let payee = payments::propose_payee(
            office,
            &grant(&accountant),
            EntitlementId(entitlement),
            &new,
            "变更〔2026〕1号",
            "原账户已销户",
        )
        .await
        .unwrap();
        payments::settle_payee(office, &grant(&approver), payee, true).await.unwrap();
        let (second, _) = payments::reissue(office, &grant(&accountant), run, &Lines::All).await.unwrap();
        work(&town).await;
        let made = payments::find_run(office, &grant(&accountant), second).await.unwrap();
        let totals = ControlTotals { count: made.line_count, total: made.total };
        assert_eq!(totals, ControlTotals { count: 1, total: Fen(50_000) });
        payments::approve(office, &grant(&approver), second, totals).await.unwrap();
        let file =
            payments::export_bank_file(office, &grant(&accountant), second, ListFormat::Csv).await.unwrap();
        assert!(String::from_utf8(file.file.bytes.clone()).unwrap().contains(&account(77)));
        let said = answer(&file, |_| "成功");
        payments::read_answer(office, &grant(&accountant), second, "a.csv", said.as_bytes(), totals)
            .await
            .unwrap();
        work(&town).await;
        payments::close(office, &grant(&accountant), second).await.unwrap();
        payments::close(office, &grant(&accountant), run).await.unwrap();
        assert_eq!(count(&town, "SELECT COUNT(*) FROM attempt WHERE state = 'succeeded'").await, 2);
        indicators::reckon_now(&town, &reader).await;
        assert_eq!(figure("paid_in_month").await.1, "1 / 2", "the month's own run");
        assert_eq!(figure("paid_sum").await.0, "1260.50", "and what was issued again");
        paid_lines_are_opened(&town, &reader).await;
    }
}

/// Behind the sum stand the lines that were paid, each leading to its benefit; whoever may not read payments sees neither.
async fn paid_lines_are_opened(town: &Town, reader: &Actor) {
    let (release, month) = (town.office.release(), town.office.now().month());
    let indicator = release.indicators.get("paid_sum").unwrap();
    let asked = (&**indicator, Side::Part);
    let behind =
        async |actor: &Actor| counted(&town.office, &grant(actor), asked, actor.division, month, 0).await;
    let whole = behind(reader).await.unwrap().unwrap();
    let titles: Vec<&str> = whole.rows.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["王秀英 最低生活保障 2026年11月", "赵六 最低生活保障 2026年11月"]);
    assert!(whole.rows.iter().all(|row| matches!(row.opens, Opens::Entitlement(_))));
    let clerk = town.clerk(town.hedong).await;
    assert_eq!(behind(&clerk).await.unwrap().unwrap().rows.len(), 1, "their own township's");
    let worker = town.actor("worker", town.first_community, &["village_worker"]).await;
    assert!(matches!(behind(&worker).await, Err(OfficeError::NotFound(_))));
    // Reports may be read without opening anybody's payments.
    let planner = town.actor("planner", town.county, &["county_planner"]).await;
    assert_eq!(indicators::figures(town, &planner, "paid_sum").await[0].0, "1260.50");
    assert_eq!(behind(&planner).await.unwrap(), None);
}

#[tokio::test]
async fn a_list_taken_out_is_masked_and_says_who_took_it() {
    for town in towns("roll_export").await {
        let accountant = accountant(&town).await;
        let office = &town.office;
        let (sheet, _) = imported(&town, &accountant).await;
        let filter = RollFilter::of(month("2026-11"));
        let take = async |whole: bool, purpose: &str| {
            let reveal = grant(&accountant);
            export::export_roll(
                office,
                &grant(&accountant),
                whole.then_some(&reveal),
                &filter,
                ListFormat::Csv,
                purpose,
            )
            .await
        };
        assert!(take(false, " ").await.is_err());
        let masked = String::from_utf8(take(false, "年度审计").await.unwrap().bytes).unwrap();
        assert!(
            masked.contains("王秀英") && masked.contains(&sheet.ids[0].masked()) && masked.contains("760.50"),
            "{masked}"
        );
        assert!(!masked.contains(sheet.ids[0].expose()));
        assert!(masked.contains("用途：年度审计") && masked.contains("合计,2 户,,3,1260.50"), "{masked}");
        let whole = String::from_utf8(take(true, "年度审计").await.unwrap().bytes).unwrap();
        assert!(whole.contains(sheet.ids[0].expose()));
        let clerk = town.clerk(town.hexi).await;
        let own = export::export_roll(office, &grant(&clerk), None, &filter, ListFormat::Csv, "核对")
            .await
            .unwrap();
        assert_eq!(own.rows, 1, "a township takes out its own");
        assert_eq!(count(&town, "SELECT COUNT(*) FROM audit WHERE action = 'roll.exported'").await, 3);
    }
}
