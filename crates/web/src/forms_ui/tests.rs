use std::path::Path;

use catalogue::{LoadOptions, Release};
use office::forms::{Answers, FormContext, Raw, UploadedFile, specimen};
use vocab::Now;

use super::*;

fn release() -> Release {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/national");
    Release::load_with(&[packs.as_path()], LoadOptions { synthetic: true, ..LoadOptions::default() }).unwrap()
}

fn now() -> Now {
    Now::from_unix_ms(1_795_397_400_000)
}

fn look(errors: &Errors) -> Look<'_> {
    Look { errors, divisions: &[], files: "/desk/attachments", picks: false, on_file: None }
}

/// What a browser would send back of a page that nobody touched.
fn as_sent(html: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let attribute = |element: &str, name: &str| {
        let at = element.find(&format!(" {name}=\""))? + name.len() + 3;
        Some(element[at..].split('"').next()?.to_owned())
    };
    let unescaped = |text: &str| {
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    };
    for part in html.split('<').skip(1) {
        let element = part.split('>').next().unwrap();
        let Some(name) = attribute(element, "name") else { continue };
        if element.starts_with("textarea") {
            let text = part.split_once('>').unwrap().1;
            pairs.push((name, unescaped(text.strip_prefix('\n').unwrap_or(text))));
        } else if element.starts_with("input") {
            let kind = attribute(element, "type").unwrap();
            let box_like = kind == "radio" || kind == "checkbox";
            if kind != "file" && (!box_like || element.contains(" checked")) {
                pairs.push((name, unescaped(&attribute(element, "value").unwrap_or_default())));
            }
        }
    }
    for part in html.split("<select").skip(1) {
        let inside = part.split("</select>").next().unwrap();
        let name = attribute(inside, "name").unwrap();
        let chosen = inside
            .split("<option")
            .skip(1)
            .find(|option| option.split('>').next().unwrap().ends_with(" selected"));
        pairs.push((name, chosen.and_then(|option| attribute(option, "value")).unwrap_or_default()));
    }
    pairs
}

#[test]
fn every_form_comes_back_as_it_was_shown() {
    let release = release();
    for form in release.forms.iter() {
        let mut context = FormContext::new(&release, now());
        let photo = UploadedFile { name: "签名 <1>.jpg".to_owned(), bytes: 10 };
        context.attachments.insert("7".to_owned(), photo);
        context.on_file.insert("member".to_owned(), vec!["赵桂兰".to_owned(), "钱大勇".to_owned()]);
        let answers = specimen(&release, form, 2, "7", |_, _, _| None);
        for code in forms::Mentions::of(form, &answers).divisions {
            context.divisions.insert(code, "乌海市海勃湾区".to_owned());
        }
        let filled = FilledForm::read(&context, form, &answers);
        let shown = render_form(&filled, &look(&Errors::none())).into_string();
        let sent = Sent { pairs: as_sent(&shown), errors: Errors::none() };
        assert!(sent.form_new_questions(&filled).is_empty(), "{}", form.id.get());
        let mut again = answers.clone();
        sent.merge_form(&mut again, form);
        let before = filled.check();
        let filled_again = FilledForm::read(&context, form, &again);
        let after = filled_again.check();
        assert_eq!(after.to_json(), before.to_json(), "{}", form.id.get());
        assert_eq!(after.errors, before.errors, "{}", form.id.get());
    }
}

#[test]
fn an_answer_that_brings_up_a_question_is_noticed_and_errors_stand_at_their_field() {
    let release = release();
    let form = release.forms.get("dibao_application").unwrap();
    let context = FormContext::new(&release, now());
    let page = form.page("home").unwrap();
    let sent = Sent {
        pairs: vec![
            ("registered_here".to_owned(), "yes".to_owned()),
            (SEEN.to_owned(), "registered_here".to_owned()),
        ],
        errors: Errors::none(),
    };
    let mut answers = Answers::new();
    sent.merge_page(&mut answers, form, page, None);
    let filled = FilledForm::read(&context, form, &answers);
    assert!(sent.has_new_questions(&filled, page, None));
    let errors = page_errors(&filled.check_page(page, None).errors);
    assert!(errors.get("registered_division").is_some());
    let shown = render_page(&filled, page, None, &look(&errors)).into_string();
    assert!(shown.contains("id=\"registered_division-error\""));
    assert!(shown.contains("name=\"registered_here\" type=\"radio\" value=\"yes\" checked"));
}

/// A field that stood there free and is needed by another answer is a question first, and an error only when it was asked and left empty.
#[test]
fn what_an_answer_makes_needed_is_asked_before_it_is_wrong() {
    let release = release();
    let form = release.forms.get("child_visit").unwrap();
    let mut context = FormContext::new(&release, now());
    let photo = UploadedFile { name: "照片.jpg".to_owned(), bytes: 10 };
    context.attachments.insert("7".to_owned(), photo);
    let answers = specimen(&release, form, 0, "7", |_, _, field| match field.id.as_str() {
        "safe" | "seen_child" => Some(Raw::from("yes")),
        "found" => Some(Raw::from("")),
        _ => None,
    });
    let shown =
        render_form(&FilledForm::read(&context, form, &answers), &look(&Errors::none())).into_string();
    let mut pairs = as_sent(&shown);
    for pair in &mut pairs {
        if pair.0 == "safe" {
            pair.1 = "no".to_owned();
        }
    }
    let sent = Sent { pairs, errors: Errors::none() };
    let mut answers = answers.clone();
    sent.merge_form(&mut answers, form);
    let filled = FilledForm::read(&context, form, &answers);
    let fresh = sent.form_new_questions(&filled);
    let paths: Vec<&str> = fresh.iter().map(|question| question.path.as_str()).collect();
    assert_eq!(paths, ["found"]);
    let note = questions_note(&fresh).into_string();
    assert!(note.contains("还有一个问题要回答") && note.contains("href=\"#found\""), "{note}");
    assert!(!note.contains("error"), "{note}");
    // Asked and left empty, it is wrong.
    let again = render_form(&filled, &look(&Errors::none())).into_string();
    let sent = Sent { pairs: as_sent(&again), errors: Errors::none() };
    assert!(sent.form_new_questions(&filled).is_empty());
    assert!(filled.check().errors.get("found").is_some());
}
