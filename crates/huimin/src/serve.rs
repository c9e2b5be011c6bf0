//! The server: pages and API on one address, workers beside them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use office::Office;
use office::subscriptions::address::Reach;
use web::{AppState, Site};

use crate::{Failure, packs, push, worker};

/// How an installation calls and shows itself.
#[derive(Args, Clone)]
pub struct SiteOptions {
    /// 监听地址
    #[arg(long, env = "HUIMIN_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// 工作人员页面上的系统名称；不写的，是本地名称加“民政综合平台”
    #[arg(long, env = "HUIMIN_SYSTEM")]
    pub system: Option<String>,
    /// 群众页面上的名称；不写的，是本地名称加“民政惠民服务”
    #[arg(long, env = "HUIMIN_SERVICE")]
    pub service: Option<String>,
    /// 服务热线
    #[arg(long, env = "HUIMIN_HELP_PHONE", default_value = "")]
    pub help_phone: String,
    /// 可以向其推送登记变化的内网主机，如 10.1.2.3 或 platform.intranet:8080，可写多个；公网的 https 网址不用写
    #[arg(long = "push-host", env = "HUIMIN_PUSH_HOSTS", value_delimiter = ',')]
    pub push_hosts: Vec<String>,
    /// 接收推送的系统用的不是公共证书的，签发机构的证书文件（PEM，可以含多张）；公共证书照常认
    #[arg(long = "push-ca", env = "HUIMIN_PUSH_CA")]
    pub push_ca: Option<PathBuf>,
    /// 前面有 HTTPS 反向代理
    #[arg(long, env = "HUIMIN_BEHIND_PROXY")]
    pub behind_proxy: bool,
}

/// How old figures on pages may be; the pages say when they were reckoned.
const FIGURES_KEPT: Duration = Duration::from_secs(300);

/// Serves until the process is asked to stop.
///
/// # Errors
/// The address is taken.
pub async fn serve(office: Office, options: &SiteOptions) -> Result<(), Failure> {
    let office = Arc::new(office.with_figures_kept(FIGURES_KEPT));
    let place = office::divisions::served(&office).await?.map(|place| place.name).unwrap_or_default();
    let called =
        |given: &Option<String>, what: &str| given.clone().unwrap_or_else(|| format!("{place}{what}"));
    let reach = Reach::of(options.push_hosts.iter().cloned());
    let tls = push::tls(options.push_ca.as_deref())?;
    let site = Site {
        system: called(&options.system, "民政综合平台"),
        service: called(&options.service, "民政惠民服务"),
        help_phone: options.help_phone.clone(),
        help_phone_title: "社会救助服务热线".to_owned(),
        https: options.behind_proxy,
        behind_proxy: options.behind_proxy,
        reach: reach.clone(),
        ..Site::default()
    };
    let router = web::router(AppState::new(Arc::clone(&office), site));
    let listener = tokio::net::TcpListener::bind(options.listen)
        .await
        .map_err(|error| format!("不能在 {} 上监听：{error}", options.listen))?;
    let mut workers = worker::start(&office).await;
    workers.spawn(push::run(Arc::clone(&office), reach, tls));
    println!("已启动：http://{}", options.listen);
    let differing: Vec<String> =
        packs::differing(&office.release()).iter().map(|folder| folder.display().to_string()).collect();
    if !differing.is_empty() {
        println!(
            "这里的配置包与库里装的不同：{}。要装入，先用 huimin import-pack --dry-run 看会改动什么。",
            differing.join("、")
        );
    }
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(stopped())
        .await?;
    workers.shutdown().await;
    office.db().close().await?;
    Ok(())
}

async fn stopped() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
