//! The command `huimin`: makes a database, serves it, checks packs, proves the books. It wires the rooms together and holds no logic.

mod decide;
mod demo;
mod import;
mod keys;
mod open;
mod packs;
mod plan;
mod push;
mod serve;
mod simulate;
mod sql;
mod sweep;
mod verify;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// What stopped the command, for the person at the terminal.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(name = "huimin", version, about = "惠民：市县乡村四级民政业务系统")]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Args, Clone)]
struct Database {
    /// 数据库地址：sqlite:文件 或 postgres://用户@主机/库名
    #[arg(long, env = "HUIMIN_DATABASE", default_value = "sqlite:data/huimin.db")]
    database: String,
    /// 密钥文件；与数据库、备份分开保管
    #[arg(long, env = "HUIMIN_KEYS", default_value = "data/huimin.keys")]
    keys: PathBuf,
    /// 人口快照文件；不写时 SQLite 库放在库旁边，PostgreSQL 库放在 data/huimin.population
    #[arg(long, env = "HUIMIN_POPULATION")]
    population: Option<PathBuf>,
}

impl Database {
    /// Where the population snapshot is kept.
    fn population_file(&self) -> PathBuf {
        let beside = || match self.database.strip_prefix("sqlite:") {
            Some(path) => PathBuf::from(path).with_extension("population"),
            None => PathBuf::from("data/huimin.population"),
        };
        self.population.clone().unwrap_or_else(beside)
    }
}

#[derive(Subcommand)]
enum Action {
    /// 建一个新库，装入规则包，给出首位管理员的一次性密码
    Create {
        #[command(flatten)]
        database: Database,
        /// 规则包文件夹，从全国到本市
        #[arg(long, required = true, num_args = 1..)]
        packs: Vec<PathBuf>,
        /// 本市的统计代码，如 150300
        #[arg(long)]
        city: String,
        /// 演示库：可以装演示参数，永远带着演示标记
        #[arg(long)]
        synthetic: bool,
    },
    /// 启动服务
    Serve {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        site: serve::SiteOptions,
    },
    /// 没有库就造一座演示城市，然后启动服务
    Demo {
        /// 哪个地方
        #[arg(long, value_enum, default_value_t)]
        city: demo::City,
        /// 放库和密钥的文件夹；不写的，乌海是 data/demo，其他是 data/demo-地方
        #[arg(long)]
        folder: Option<PathBuf>,
        /// 人口；不写是两万
        #[arg(long, default_value_t = 20_000)]
        people: u64,
        #[command(flatten)]
        site: serve::SiteOptions,
    },
    /// 检查规则包：每处错误的文件、行号和写法
    CheckPack {
        /// 规则包文件夹，从全国到本市
        #[arg(required = true)]
        packs: Vec<PathBuf>,
        /// 也允许演示包
        #[arg(long)]
        synthetic: bool,
        /// 用哪种语言说
        #[arg(long, value_enum, default_value_t)]
        lang: packs::Language,
    },
    /// 一个家庭按全部项目算一遍：能享受什么、多少、为什么
    Decide {
        #[command(flatten)]
        options: decide::DecideOptions,
    },
    /// 把一个项目写成一条 SQL 查询
    Sql {
        #[command(flatten)]
        options: sql::SqlOptions,
    },
    /// 把新的规则包装进已经在用的库：先检查，再与正在用的比较，不会损坏正在用的内容才装
    ImportPack(import::ImportOptions),
    /// 把正在用的规则（连同页面上发布的标准）写成文件
    ExportPack {
        #[command(flatten)]
        database: Database,
        /// 写到哪个文件夹
        folder: PathBuf,
    },
    /// 核验账簿、审计链和全部认定结论
    Verify {
        #[command(flatten)]
        database: Database,
        /// 只重放认定结论
        #[arg(long)]
        determinations: bool,
        /// 只核验审计链
        #[arg(long)]
        audit: bool,
        /// 只核验账簿
        #[arg(long)]
        ledger: bool,
        /// 演示库：运行一次夜间比对，看查到多少埋在部门文件里的差错（演示文件夹里的 planted.json）
        #[arg(long, conflicts_with_all = ["determinations", "audit", "ledger"])]
        planted: Option<PathBuf>,
    },
    /// 生成人口快照：从数据库（--database），或者从按列存放的数据（--columns；列文件和 manifest.json 的写法见 crates/columns/src/packed.rs）
    Snapshot(sweep::SnapshotOptions),
    /// 假设改一项标准，测算全市（县）的人数、金额和增减
    Simulate(simulate::SimulateOptions),
    /// 对快照里的全部家庭和人员核算各个项目
    Sweep(sweep::SweepOptions),
    /// 规划文本：核对、导出、比较
    Plan {
        #[command(subcommand)]
        action: plan::PlanAction,
    },
    /// 幸福码的签名密钥：查看、换新、忘掉旧的
    Keys {
        #[command(subcommand)]
        action: keys::KeysAction,
    },
    /// 备份 SQLite 库（密钥不在其中）
    Backup {
        #[command(flatten)]
        database: Database,
        /// 备份文件，必须还不存在
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let command = Command::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("HUIMIN_LOG")
        .unwrap_or_else(|_| "warn,huimin=info".into());
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("无法启动：{error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(command.action)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(action: Action) -> Result<ExitCode, Failure> {
    match action {
        Action::Create { database, packs, city, synthetic } => {
            let office = open::create(&database, &packs, synthetic, open::machine_clock()).await?;
            let division = office::divisions::by_code(office.db(), &city).await?;
            let once =
                office::access::create_first_administrator(&office, "admin", "系统管理员", division.id)
                    .await?;
            println!("库已建好。首位管理员：admin，一次性密码：{}（首次登录后必须修改）", once.reveal());
            office.db().close().await?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Serve { database, site } => {
            let office = open::connect(&database).await?;
            serve::serve(office, &site).await?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Demo { city, folder, people, site } => {
            let folder = folder.unwrap_or_else(|| city.folder());
            demo::run(city, &folder, people, &site).await?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Snapshot(options) => sweep::snapshot(&options).await,
        Action::Simulate(options) => simulate::simulate(&options).await,
        Action::Sweep(options) => sweep::sweep(&options),
        Action::CheckPack { packs, synthetic, lang } => Ok(packs::check(&packs, synthetic, lang)),
        Action::Decide { options } => decide::decide(&options),
        Action::Sql { options } => sql::sql(&options),
        Action::ImportPack(options) => import::import(&options).await,
        Action::ExportPack { database, folder } => {
            let office = open::connect(&database).await?;
            office::releases::export_pack(&office.release(), &folder)?;
            println!("已写到 {}", folder.display());
            Ok(ExitCode::SUCCESS)
        }
        Action::Verify { database, determinations, audit, ledger, planted } => {
            let office = open::connect(&database).await?;
            if let Some(list) = planted {
                return verify::recall(&office, &list).await;
            }
            let all = !(determinations || audit || ledger);
            verify::verify(&office, all || determinations, all || audit, all || ledger).await
        }
        Action::Plan { action } => plan::run(&action).await,
        Action::Keys { action } => keys::run(&action),
        Action::Backup { database, file } => {
            let office = open::connect(&database).await?;
            office.db().backup_to(&file).await?;
            println!("已备份到 {}；密钥文件 {} 请另外保管", file.display(), database.keys.display());
            Ok(ExitCode::SUCCESS)
        }
    }
}
