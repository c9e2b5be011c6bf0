//! A changed standard, walked to the family's money: more is confirmed in bulk, less is heard.

use std::ops::ControlFlow;

use ledger::EntitlementId;
use office::OfficeError;
use office::casework::{determine, view};
use office::releases::{
    self, ChangeState, NewStandardChange, ReviewKind, RulePart, StandardChangeId, StandardLine,
};
use store::{Query, StoreError};
use vocab::{Fen, Month};

use crate::town::day;
use crate::wuhai::{Family, Wuhai, cities, grant};

async fn granted(city: &Wuhai) -> EntitlementId {
    let case = city.published(&Family::default()).await;
    city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
    city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
    view::open(&city.office, &grant(&city.county_director), case).await.unwrap().case.entitlement.unwrap()
}

async fn propose(city: &Wuhai, yuan: &str, month: Month) -> StandardChangeId {
    let new = NewStandardChange {
        parameter: "dibao_standard".to_owned(),
        division: city.prefecture,
        from: month.first_day(),
        stated_until: Some(day("2027-12-31")),
        value: yuan.to_owned(),
        document_title: "关于调整城乡最低生活保障标准的通知".to_owned(),
        document_number: format!("测民发〔2026〕{yuan}号"),
        attachment: None,
        reason: "年度调整".to_owned(),
        recompute_from: Some(month),
    };
    releases::propose(&city.office, &grant(&city.policy), &new).await.unwrap()
}

/// Releases it and does the work of the job.
async fn release(city: &Wuhai, id: StandardChangeId) {
    let released = releases::release_change(&city.office, &grant(&city.releaser), id, 1).await.unwrap();
    let job = released.review.expect("the change asks for a review");
    let claim = store::jobs::claim(city.office.db(), &[releases::REVIEW_JOB], "test").await.unwrap().unwrap();
    assert_eq!(claim.job.id, job);
    assert_eq!(releases::make_reviews(&city.office, &claim).await.unwrap(), 1);
}

async fn monthly(city: &Wuhai, id: EntitlementId, month: Month) -> Option<Fen> {
    let scope = city.county_director.scope();
    ledger::pages::entitlement(city.office.db(), &scope, id, month).await.unwrap().monthly
}

#[tokio::test]
async fn more_is_confirmed_by_the_county_and_less_is_never_taken_in_bulk() {
    for city in cities("standard_change").await {
        let id = granted(&city).await;
        let month = Month::containing(city.office.now().today()).next();
        let before = monthly(&city, id, month).await.unwrap();
        // The month's run is made while the proposal waits.
        let officer = ledger::Officer { staff: city.county_director.staff, at: city.office.now() };
        let county = city.county_director.division;
        let scope = city.county_director.scope();
        let watch = &mut |_| ControlFlow::Continue(());
        ledger::make_run(city.office.db(), &scope, county, "dibao", month, officer, watch).await.unwrap();

        let more = propose(&city, "1000", month).await;
        let preview = releases::preview_change(&city.office, &city.releaser, more).await.unwrap();
        assert_eq!((preview.month, preview.families), (month, 1));
        assert!(preview.programmes.iter().any(|(id, title)| id == "dibao" && !title.is_empty()));
        let effects = preview.effects.unwrap();
        let effect = effects[&ReviewKind::Increase];
        assert_eq!((effects.len(), effect.families, effect.old), (1, 1, before));
        assert!(effect.new >= Fen(before.0 + 3 * 4_000), "three persons, 40 yuan more each: {effect:?}");
        assert_eq!(monthly(&city, id, month).await, Some(before), "a preview writes nothing");
        assert!(matches!(
            releases::preview_change(&city.office, &city.county_director, more).await,
            Err(OfficeError::Forbidden(_))
        ));

        release(&city, more).await;
        assert_eq!(monthly(&city, id, month).await, Some(before), "a release pays nothing");
        let lines =
            releases::reviews(&city.office, &city.county_director, more, ReviewKind::Increase, None, 20)
                .await
                .unwrap();
        assert_eq!((lines.rows.len(), lines.rows[0].new), (1, Some(effect.new)));
        assert_eq!(lines.rows[0].holder, "金满仓");
        let township = releases::confirm_increases(&city.office, &grant(&city.township_head), more).await;
        assert!(matches!(township, Err(OfficeError::Conflict(_))), "{township:?}");
        // A run that has not gone to the bank stands in the way: nothing is done by halves.
        let early = releases::confirm_increases(&city.office, &grant(&city.county_director), more).await;
        assert!(matches!(early, Err(OfficeError::Ledger(_))), "{early:?}");
        assert_eq!(monthly(&city, id, month).await, Some(before));
        Query::system(
            "test",
            "UPDATE payment_run SET state = 'exported', approved_by = ?, file_sm3 = 'x' WHERE month = ?",
        )
        .bind(city.county_clerk.staff)
        .bind(month)
        .execute(city.office.db())
        .await
        .unwrap();
        let confirmed =
            releases::confirm_increases(&city.office, &grant(&city.county_director), more).await.unwrap();
        assert_eq!((confirmed.raised, confirmed.stale), (1, 0));
        assert_eq!(confirmed.arrears, Fen(effect.new.0 - before.0), "the month that was run already");
        assert_eq!(monthly(&city, id, month).await, Some(effect.new));
        let again =
            releases::confirm_increases(&city.office, &grant(&city.county_director), more).await.unwrap();
        assert_eq!((again.raised, again.arrears), (0, Fen(0)));

        // What was determined under the old release comes out again under it.
        let (count, mismatches) = determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(count > 0 && mismatches.is_empty(), "{mismatches:?}");

        // Next year's standard is reckoned from the same inputs; an amount that nobody reckoned is shown to somebody.
        let next = propose(&city, "1100", month.next()).await;
        let effects =
            releases::preview_change(&city.office, &city.policy, next).await.unwrap().effects.unwrap();
        assert_eq!(effects[&ReviewKind::Increase].old, effect.new);
        Query::system(
            "test",
            "UPDATE entitlement_amount SET amount_fen = amount_fen + 1 WHERE superseded_at IS NULL",
        )
        .execute(city.office.db())
        .await
        .unwrap();
        release(&city, next).await;
        let differs =
            releases::reviews(&city.office, &city.county_director, next, ReviewKind::Differs, None, 20)
                .await
                .unwrap();
        assert_eq!(differs.rows.len(), 1);
    }
}

#[tokio::test]
async fn less_waits_for_a_hearing() {
    for city in cities("standard_less").await {
        let id = granted(&city).await;
        let month = Month::containing(city.office.now().today()).next();
        let before = monthly(&city, id, month).await.unwrap();
        let less = propose(&city, "500", month).await;
        release(&city, less).await;
        let list =
            releases::reviews(&city.office, &city.county_director, less, ReviewKind::Decrease, None, 20)
                .await
                .unwrap();
        assert_eq!((list.rows.len(), list.rows[0].old), (1, before));
        let confirmed =
            releases::confirm_increases(&city.office, &grant(&city.county_director), less).await.unwrap();
        assert_eq!(confirmed, releases::Confirmed::default());
        assert_eq!(monthly(&city, id, month).await, Some(before));
        // Not even by a mistake in the program.
        let forced = Query::system(
            "test",
            "UPDATE standard_review SET state = 'applied', decided_by = ?, decided_at = 1 WHERE id = ?",
        )
        .bind(city.county_director.staff)
        .bind(list.rows[0].id)
        .execute(city.office.db())
        .await;
        assert!(matches!(forced, Err(StoreError::Refused(_))), "{forced:?}");
        let review = list.rows[0].id;
        assert!(
            releases::settle_review(&city.office, &grant(&city.county_director), review, " ").await.is_err()
        );
        releases::settle_review(&city.office, &grant(&city.county_director), review, "转入复核办件")
            .await
            .unwrap();
        let twice =
            releases::settle_review(&city.office, &grant(&city.county_director), review, "转入复核办件")
                .await;
        assert!(matches!(twice, Err(OfficeError::NotFound(_))));
        // A standard under which nobody in the family qualifies: heard as well.
        let none = propose(&city, "300", month.next()).await;
        release(&city, none).await;
        let lost = releases::reviews(&city.office, &city.county_director, none, ReviewKind::Lost, None, 20)
            .await
            .unwrap();
        assert_eq!(lost.rows.len(), 1);
        assert!(lost.rows[0].note.contains("不再满足"), "{}", lost.rows[0].note);
    }
}

#[tokio::test]
async fn a_rule_is_rewritten_by_two_and_holds_from_its_day() {
    for city in cities("rule_change").await {
        let id = granted(&city).await;
        let month = Month::containing(city.office.now().today()).next();
        let before = monthly(&city, id, month).await.unwrap();
        let rule =
            RulePart { programme: "dibao", part: rules::Part::Definition("countable_income".to_owned()) };
        let new = |division, text: &str| NewStandardChange {
            parameter: rule.written(),
            division,
            from: month.first_day(),
            stated_until: None,
            value: text.to_owned(),
            document_title: "关于完善低保家庭收入计算办法的通知".to_owned(),
            document_number: "测民发〔2026〕31号".to_owned(),
            attachment: None,
            reason: "每户另扣 50 元".to_owned(),
            recompute_from: Some(month),
        };
        let text = "greatest(gross_income - rigid_deduction - 50, 0)";
        let policy = grant(&city.policy);
        let said = |refused: Result<StandardChangeId, OfficeError>| match refused {
            Err(OfficeError::Invalid(list)) => list.into_iter().map(|one| one.message).collect::<String>(),
            other => panic!("{other:?}"),
        };
        let wrong = releases::propose(&city.office, &policy, &new(city.prefecture, "gross_incom - 50")).await;
        let wrong = said(wrong);
        assert!(wrong.contains("gross_income"), "the name that was meant is proposed: {wrong}");
        let own = rule.text_on(&city.office.release(), month.first_day()).unwrap();
        let same = releases::propose(&city.office, &policy, &new(city.prefecture, &own)).await;
        assert!(said(same).contains("没有改动"));
        let there = releases::propose(&city.office, &policy, &new(city.county_director.division, text)).await;
        assert!(said(there).contains("一律适用"), "a rule holds in the whole city");

        let change = releases::propose(&city.office, &policy, &new(city.prefecture, text)).await.unwrap();
        let preview = releases::preview_change(&city.office, &city.releaser, change).await.unwrap();
        let effect = preview.effects.unwrap()[&ReviewKind::Increase];
        assert_eq!((effect.families, effect.old, effect.new), (1, before, Fen(before.0 + 5_000)));
        release(&city, change).await;

        let in_force = city.office.release();
        let eve = month.first_day().pred_opt().unwrap();
        assert_eq!(rule.text_on(&in_force, eve).as_deref(), Some(own.as_str()));
        assert_eq!(rule.text_on(&in_force, month.first_day()).as_deref(), Some(text));
        assert_eq!(monthly(&city, id, month).await, Some(before), "a release pays nothing");
        let confirmed =
            releases::confirm_increases(&city.office, &grant(&city.county_director), change).await.unwrap();
        assert_eq!(confirmed.raised, 1);
        assert_eq!(monthly(&city, id, month).await, Some(effect.new));
        // A family of today's law is decided as before, and what was decided comes out again.
        let today = city.published(&Family::default()).await;
        let open = view::open(&city.office, &grant(&city.county_clerk), today).await.unwrap();
        let decided = open.determinations.iter().find(|one| one.programme == "dibao").unwrap();
        assert_eq!(decided.amount, Some(before), "{decided:?}");
        let (count, mismatches) = determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(count > 1 && mismatches.is_empty(), "{mismatches:?}");

        // A second change of the same part stands beside the first; what is exported says both.
        let later = NewStandardChange {
            from: month.next().first_day(),
            recompute_from: None,
            ..new(city.prefecture, "greatest(gross_income - rigid_deduction - 80, 0)")
        };
        let later = releases::propose(&city.office, &policy, &later).await.unwrap();
        releases::release_change(&city.office, &grant(&city.releaser), later, 1).await.unwrap();
        let in_force = city.office.release();
        let options = catalogue::LoadOptions { synthetic: true };
        let again = catalogue::Release::from_packs(in_force.pack_files(), options).unwrap();
        assert_eq!((&again.hash, &again.amended), (&in_force.hash, &in_force.amended));
        assert_eq!(again.amended[0].texts.len(), 3);
        assert_eq!(rule.text_on(&again, month.last_day()).as_deref(), Some(text));
    }
}

/// 分类施保 of minors from 15% to 25%, from a month on.
fn raised_for_minors(city: &Wuhai, month: Month) -> NewStandardChange {
    NewStandardChange {
        parameter: "supplement_percent[minor]".to_owned(),
        division: city.prefecture,
        from: month.first_day(),
        stated_until: Some(day("2027-12-31")),
        value: "25".to_owned(),
        document_title: "关于提高社会救助标准的通知".to_owned(),
        document_number: "测民发〔2026〕88号".to_owned(),
        attachment: None,
        reason: "年度调整".to_owned(),
        recompute_from: Some(month),
    }
}

fn line(parameter: &str, value: &str) -> StandardLine {
    StandardLine { parameter: parameter.to_owned(), value: value.to_owned() }
}

#[tokio::test]
async fn one_document_raises_a_standard_and_rows_of_tables_together() {
    for city in cities("standard_rows").await {
        let id = granted(&city).await;
        let month = Month::containing(city.office.now().today()).next();
        let before = monthly(&city, id, month).await.unwrap();
        let new = raised_for_minors(&city, month);
        let others = [line("dibao_standard", "1000"), line("tekun_basic[urban_home]", "1900")];
        let change = releases::propose_together(&city.office, &grant(&city.policy), &new, &others).await;
        let change = change.unwrap();
        let twice = releases::propose(&city.office, &grant(&city.policy), &new).await;
        assert!(matches!(twice, Err(OfficeError::Conflict(_))), "{twice:?}");
        let waiting = releases::changes(&city.office, &city.policy, ChangeState::Proposed, None, 20).await;
        let waiting = waiting.unwrap();
        assert_eq!((waiting.rows.len(), waiting.rows[0].id, waiting.rows[0].others), (1, change, 2));

        let preview = releases::preview_change(&city.office, &city.releaser, change).await.unwrap();
        let effect = preview.effects.unwrap()[&ReviewKind::Increase];
        // 40 more for each of three; of one of them 15% of 960 becomes 25% of 1000.
        assert_eq!((effect.families, effect.old, effect.new), (1, before, Fen(before.0 + 22_600)));
        for read in ["dibao", "tekun"] {
            assert!(preview.programmes.iter().any(|(id, _)| id == read), "{:?}", preview.programmes);
        }
        let lines = releases::change_lines(&city.office, &city.releaser, change).await.unwrap();
        assert_eq!(lines.iter().filter(|line| line.led_by == Some(change)).count(), 2);
        let own = releases::release_change(&city.office, &grant(&city.releaser), change, 2).await;
        assert!(matches!(own, Err(OfficeError::Conflict(_))), "an old page releases nothing: {own:?}");
        // Whichever line is named, all of them go, and a family is looked at once.
        release(&city, lines[2].id).await;
        for line in releases::change_lines(&city.office, &city.policy, change).await.unwrap() {
            assert_eq!((line.state, line.version), (ChangeState::Released, 2), "{}", line.parameter);
        }

        let in_force = city.office.release();
        let cell =
            |table: &str, key: &str, on| in_force.cell(table, key, "150302", on).unwrap().value.to_string();
        let (eve, first) = (month.first_day().pred_opt().unwrap(), month.first_day());
        assert_eq!(cell("supplement_percent", "minor", eve), "15");
        assert_eq!(cell("supplement_percent", "minor", first), "25");
        assert_eq!(cell("supplement_percent", "elderly", first), "10", "nobody changed it");
        assert_eq!(cell("tekun_basic", "urban_home", first), "1900");
        assert_eq!(cell("tekun_basic", "urban_institution", first), "1800", "nobody changed it");
        let confirmed =
            releases::confirm_increases(&city.office, &grant(&city.county_director), change).await.unwrap();
        assert_eq!((confirmed.raised, confirmed.stale), (1, 0));
        assert_eq!(monthly(&city, id, month).await, Some(effect.new));

        // Whoever files afterwards is decided by the new rows, and everything comes out again.
        city.days(42).await;
        let later = city.published(&Family::default()).await;
        let open = view::open(&city.office, &grant(&city.county_clerk), later).await.unwrap();
        let decided = open.determinations.iter().find(|one| one.programme == "dibao").unwrap();
        assert_eq!(decided.amount, Some(effect.new), "{decided:?}");
        assert_eq!(decided.release_hash, in_force.hash);
        let city = city.restarted().await;
        let (count, mismatches) = determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(count > 1 && mismatches.is_empty(), "{mismatches:?}");
        let options = catalogue::LoadOptions { synthetic: true };
        let again = catalogue::Release::from_packs(in_force.pack_files(), options).unwrap();
        assert_eq!(again.hash, in_force.hash);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_row_is_told_by_the_row() {
    for city in cities("standard_rows_wrong").await {
        let month = Month::containing(city.office.now().today()).next();
        let policy = grant(&city.policy);
        let new = raised_for_minors(&city, month);
        let others = [line("tekun_basic[urban_home]", "很多"), line("supplement_percent[minor]", "30")];
        let wrong = releases::propose_together(&city.office, &policy, &new, &others).await;
        let Err(OfficeError::Invalid(problems)) = wrong else { panic!("{wrong:?}") };
        let told = |field: &str, said: &str| {
            problems.iter().any(|problem| problem.field == field && problem.message.contains(said))
        };
        assert!(told("tekun_basic[urban_home]", "不是数"), "{problems:?}");
        assert!(told("supplement_percent[minor]", "填写了两次"), "{problems:?}");
        for (value, said) in [("201", "超出允许的范围"), ("12.5", "请填整数")] {
            let wrong = NewStandardChange { value: value.to_owned(), ..new.clone() };
            let wrong = releases::propose(&city.office, &policy, &wrong).await;
            let Err(OfficeError::Invalid(problems)) = wrong else { panic!("{value}: {wrong:?}") };
            assert!(problems[0].field == "value" && problems[0].message.contains(said), "{problems:?}");
        }
        for nothing in ["supplement_percent[nobody]", "no_table[minor]", "supplement_percent"] {
            let wrong = NewStandardChange { parameter: nothing.to_owned(), ..new.clone() };
            let wrong = releases::propose(&city.office, &policy, &wrong).await;
            let Err(OfficeError::Invalid(problems)) = wrong else { panic!("{nothing}: {wrong:?}") };
            assert_eq!(problems[0].field, "parameter", "{nothing}");
        }
        let rule = line("rule:dibao:definition.countable_income", "gross_income");
        let mixed = releases::propose_together(&city.office, &policy, &new, &[rule]).await;
        let Err(OfficeError::Invalid(problems)) = mixed else { panic!("{mixed:?}") };
        assert!(problems.iter().any(|problem| problem.message.contains("单独提出")), "{problems:?}");
        let none =
            releases::changes(&city.office, &city.policy, ChangeState::Proposed, None, 20).await.unwrap();
        assert!(none.rows.is_empty(), "nothing of it was saved");

        // The second person says no to all of it, and the first takes all of it back.
        let others = [line("supplement_percent[elderly]", "20")];
        let refused = releases::propose_together(&city.office, &policy, &new, &others).await.unwrap();
        releases::refuse_change(&city.office, &grant(&city.releaser), refused, 1, "数字有误").await.unwrap();
        let withdrawn = releases::propose_together(&city.office, &policy, &new, &others).await.unwrap();
        releases::withdraw_change(&city.office, &policy, withdrawn, 1).await.unwrap();
        for (change, state) in [(refused, ChangeState::Refused), (withdrawn, ChangeState::Withdrawn)] {
            let lines = releases::change_lines(&city.office, &city.policy, change).await.unwrap();
            assert_eq!(lines.len(), 2);
            assert!(lines.iter().all(|line| line.state == state), "{lines:?}");
        }
    }
}
