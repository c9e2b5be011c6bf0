//! Plans at the terminal: what does not fit together in one, everything it says as a file, and several side by side. No database is needed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalogue::plan::{Contradiction, DocumentState, Held, PlanBook};
use clap::{Subcommand, ValueEnum};
use office::plans::{peers, sheet};
use office::tabular::ListFormat;
use serde::Serialize;

use crate::decide::show;
use crate::{Database, Failure, open, packs};

#[derive(Subcommand)]
pub enum PlanAction {
    /// 逐一核对规划文本：分项之和、同一目标两个数、口径、期限、百分比，上位规划和法律的要求
    Check {
        /// 一个或几个市的规则包文件夹，如 packs/suqian
        #[arg(required = true)]
        packs: Vec<PathBuf>,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 写出一个规划的全部内容和原文出处
    Export {
        /// 市的规则包文件夹
        pack: PathBuf,
        /// json 或 xlsx
        #[arg(long, value_enum, default_value_t = PlanFormat::Json)]
        format: PlanFormat,
        /// 写到哪个文件；xlsx 必须写明
        #[arg(long, required_if_eq("format", "xlsx"))]
        output: Option<PathBuf>,
    },
    /// 把外地的规划导入数据库，在“规划”页面上与本地的并排比较
    Peers {
        #[command(flatten)]
        database: Database,
        /// 外地市的规则包文件夹
        #[arg(required = true)]
        packs: Vec<PathBuf>,
    },
    /// 几个规划里的同一指标并排比较
    Compare {
        /// 几个市的规则包文件夹
        #[arg(required = true, num_args = 2..)]
        packs: Vec<PathBuf>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    Json,
    Xlsx,
}

/// Runs one of them.
///
/// # Errors
/// A pack that cannot be read, with every mistake; a file that cannot be written.
pub async fn run(action: &PlanAction) -> Result<ExitCode, Failure> {
    match action {
        PlanAction::Check { packs, json } => check(packs, *json),
        PlanAction::Export { pack, format, output } => {
            let book = load(pack)?;
            let bytes = match format {
                PlanFormat::Json => serde_json::to_vec_pretty(&book)?,
                PlanFormat::Xlsx => sheet::text(&book, ListFormat::Excel)?,
            };
            match output {
                Some(path) => {
                    std::fs::write(path, bytes)?;
                    show(&format!("已写到 {}", path.display()))
                }
                None => show(&String::from_utf8(bytes)?),
            }
        }
        PlanAction::Peers { database, packs } => {
            let office = open::connect(database).await?;
            take_in(&office, packs).await?;
            office.db().close().await?;
            show("外地规划已导入。")
        }
        PlanAction::Compare { packs } => {
            let books = packs.iter().map(|pack| load(pack)).collect::<Result<Vec<_>, _>>()?;
            show(compared(&books).trim_end())
        }
    }
}

/// Takes in the plans of other places.
///
/// # Errors
/// A pack that cannot be read; one's own.
pub async fn take_in(office: &office::Office, packs: &[PathBuf]) -> Result<(), Failure> {
    for pack in packs {
        peers::take_in_peer(office, &load(pack)?).await?;
    }
    Ok(())
}

fn load(folder: &Path) -> Result<PlanBook, Failure> {
    Ok(PlanBook::load(folder).map_err(|findings| packs::listed(&findings, packs::Language::Zh))?)
}

/// All that was found of one plan.
#[derive(Serialize)]
struct Found {
    contradictions: Vec<Contradiction>,
    superior: Vec<Held>,
    documents: Vec<DocumentState>,
}

fn check(folders: &[PathBuf], json: bool) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    let mut all: BTreeMap<String, Found> = BTreeMap::new();
    for folder in folders {
        let book = load(folder)?;
        let found = book.contradictions();
        let _ = writeln!(text, "{}", book.plan.name);
        let _ = writeln!(
            text,
            "指标{}项、重点项目{}个、任务{}项、已有成效{}条、标准{}条；文本中不一致之处{}处。",
            book.indicators.len(),
            book.projects.len(),
            book.tasks.len(),
            book.achievements.len(),
            book.standards.len(),
            found.len()
        );
        for (number, one) in found.iter().enumerate() {
            let _ =
                writeln!(text, "\n{}. 【{}】{}：{}", number + 1, one.kind.title(), one.about, one.finding);
            for quote in &one.quotes {
                let section =
                    quote.section.as_deref().map(|section| format!("（{section}）")).unwrap_or_default();
                let _ = writeln!(text, "   {}{section} {}", quote.name, quote.figure);
                let _ = writeln!(text, "   原文：“{}” [{}，第{}行]", quote.source, quote.id, quote.line);
            }
        }
        let (superior, documents) = (book.superior(), book.document_states());
        text.push_str(&above(&superior, &documents));
        text.push('\n');
        all.insert(book.plan.name.clone(), Found { contradictions: found, superior, documents });
    }
    if json { show(&serde_json::to_string_pretty(&all)?) } else { show(text.trim_end()) }
}

/// The numbers beside what is demanded from above, and the documents that have to be looked at.
fn above(held: &[Held], documents: &[DocumentState]) -> String {
    let mut text = String::new();
    if !held.is_empty() {
        let _ = writeln!(text, "\n上位规划和法律的要求：");
    }
    for one in held {
        let _ = writeln!(
            text,
            "  【{}】{}：{}，要求{}。",
            one.verdict.title(),
            one.name,
            one.figure,
            one.demanded
        );
        let _ = writeln!(text, "   {}：{}“{}” [{}]", one.title, one.by, one.source, one.entry);
        if let Some(note) = &one.note {
            let _ = writeln!(text, "   {note}");
        }
    }
    let superior: Vec<&str> =
        documents.iter().filter(|one| one.superior).map(|one| one.name.as_str()).collect();
    if !superior.is_empty() {
        let _ = writeln!(text, "\n上位规划：{}", superior.join("、"));
    }
    for one in documents.iter().filter(|one| !one.findings.is_empty()) {
        let _ = writeln!(text, "  《{}》（{}）：{}", one.name, one.role, one.findings.join(""));
    }
    text
}

/// The same measure in several plans; what is counted over something else is marked.
fn compared(books: &[PlanBook]) -> String {
    let mut measures: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let measured: Vec<_> = books.iter().map(|book| (&book.plan.name, book.measured())).collect();
    for (plan, ones) in &measured {
        for one in ones {
            let baseline = one.baseline.as_ref().map(|(year, words)| format!("{year}年{words} → "));
            let year = one.year.map(|year| format!("{year}年")).unwrap_or_default();
            let base = one.base.as_ref().map(|base| format!("；口径：{base}")).unwrap_or_default();
            let alike =
                one.per_ten_thousand.as_ref().map(|number| format!("，合每万人{number}")).unwrap_or_default();
            measures.entry(one.measure.as_str()).or_default().push(format!(
                "  {plan}　{}{year}{}{}{}{alike}（{}{base}）\n    原文：“{}”",
                baseline.unwrap_or_default(),
                one.comparator,
                one.target,
                one.unit,
                one.kind,
                one.quote
            ));
        }
    }
    measures.retain(|_, lines| lines.len() > 1);
    let mut text = String::new();
    for (measure, lines) in measures {
        let _ = writeln!(text, "{measure}\n{}\n", lines.join("\n"));
    }
    text
}
