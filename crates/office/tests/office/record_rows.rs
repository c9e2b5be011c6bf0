//! Rows of lists of which somebody does not write every field: what they do not write stays with its row, wherever the row then stands.

use std::sync::Arc;

use catalogue::{LoadOptions, Release};
use office::OfficeError;
use office::access::{Actor, KeepRecords, Right};
use office::forms::{Answers, Raw, RawRecord};
use office::records::{self, Deed, NewVersion, RecordId, Saved, rows, save};

use crate::records::{open, seen, shelter};
use crate::town::{Town, grant, pack, towns};

const LEADERS: &str = "leaders";

/// In the town's register of homes the county alone reads and writes what it found of a leader.
async fn vetting(town: &Town) {
    let mut files = pack();
    let field = "[[register.group.field]]\nid = \"leader_from\"";
    let text = files.files["registers.toml"].clone();
    assert!(text.contains(field));
    let vetted = "[[register.group.field]]\nid = \"vetted\"\nlabel = \"审查\"\ntype = \"text\"\nmax = 20\nread = { levels = [\"county\"] }\n\n";
    files.files.insert("registers.toml".to_owned(), text.replacen(field, &format!("{vetted}{field}"), 1));
    let release = Release::from_packs(vec![files], LoadOptions { synthetic: true }).unwrap();
    records::prepare(town.office.db(), &release).await.unwrap();
    town.office.put_in_force(Arc::new(release));
}

fn leader(name: &str, vetted: &str) -> RawRecord {
    let mut row = RawRecord::new();
    row.insert("leader".to_owned(), Raw::from(name));
    if !vetted.is_empty() {
        row.insert("vetted".to_owned(), Raw::from(vetted));
    }
    row
}

/// The answers of the record as somebody begins on them, with its version.
async fn begun(town: &Town, actor: &Actor, id: RecordId) -> (Answers, i64) {
    let open = open(town, actor, "shelter", Right::KeepRecords);
    let record = seen(town, actor, "shelter", id).await.record;
    let mut answers = record.answers(open.register());
    rows::number(open.release().record_form(&open.register().id).unwrap(), &mut answers);
    (answers, record.version)
}

async fn written(
    town: &Town,
    actor: &Actor,
    record: (RecordId, i64),
    answers: Answers,
) -> Result<Saved, OfficeError> {
    let open = open(town, actor, "shelter", Right::KeepRecords);
    let new =
        NewVersion {
            record: Some(record), answers, state: None, deed: Deed::Changed, reason: "年度核对"
        };
    save(&town.office, &grant::<KeepRecords>(actor), &open, new, None).await
}

/// Each leader with what the county found of them.
async fn found(town: &Town, county: &Actor, id: RecordId) -> Vec<(String, String)> {
    let (answers, _) = begun(town, county, id).await;
    let text =
        |row: &RawRecord, field: &str| row.get(field).map(|raw| raw.text().to_owned()).unwrap_or_default();
    answers.list(LEADERS).iter().map(|row| (text(row, "leader"), text(row, "vetted"))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, vetted)| ((*name).to_owned(), (*vetted).to_owned())).collect()
}

#[tokio::test]
async fn what_somebody_does_not_write_stays_with_its_row() {
    for town in towns("record_rows").await {
        vetting(&town).await;
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let clerk = town.clerk(town.hedong).await;
        let id = shelter(&town, &clerk, "A1", "990101001001", "30").await;
        let (mut answers, version) = begun(&town, &county, id).await;
        answers.set_list(
            LEADERS,
            vec![leader("张甲", "合格"), leader("李乙", "待查"), leader("王丙", "不合格")],
        );
        written(&town, &county, (id, version), answers).await.unwrap();

        // The first is left out, the last moved to the front, another added: as a page sends it.
        let (mut answers, version) = begun(&town, &clerk, id).await;
        rows::arrange(&mut answers, LEADERS, ["2", "1", ""].into_iter());
        let mut list = answers.list(LEADERS).to_vec();
        list[2] = leader("赵丁", "自己写的");
        answers.set_list(LEADERS, list);
        written(&town, &clerk, (id, version), answers).await.unwrap();
        let kept = [("王丙", "不合格"), ("李乙", "待查"), ("赵丁", "")];
        assert_eq!(found(&town, &county, id).await, pairs(&kept));

        // As a program sends it, which knows no places: whole rows, one fewer, none with what it may not read.
        let (mut answers, version) = begun(&town, &clerk, id).await;
        answers.set_list(LEADERS, vec![leader("李乙", "合格"), leader("赵丁", "")]);
        written(&town, &clerk, (id, version), answers).await.unwrap();
        assert_eq!(found(&town, &county, id).await, pairs(&[("李乙", "待查"), ("赵丁", "")]));

        // The county writes what it found while the clerk takes a row out: both are shown, and the clerk's goes on with the county's word.
        let (mut mine, version) = begun(&town, &clerk, id).await;
        let (mut theirs, _) = begun(&town, &county, id).await;
        let mut list = theirs.list(LEADERS).to_vec();
        list[1].insert("vetted".to_owned(), Raw::from("合格"));
        theirs.set_list(LEADERS, list);
        written(&town, &county, (id, version), theirs).await.unwrap();
        rows::arrange(&mut mine, LEADERS, ["1"].into_iter());
        let saved = written(&town, &clerk, (id, version), mine).await.unwrap();
        let Saved::Clash { answers, version, clashes } = saved else { panic!("{saved:?}") };
        assert_eq!(clashes.iter().map(|clash| clash.field.as_str()).collect::<Vec<_>>(), [LEADERS]);
        written(&town, &clerk, (id, version), answers).await.unwrap();
        assert_eq!(found(&town, &county, id).await, pairs(&[("赵丁", "合格")]));
    }
}
