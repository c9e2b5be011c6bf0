//! The signing keys of 幸福码 from the command line: a new one from time to time, and the old ones forgotten once no code of theirs is good
//! any more. The keys that seal fields are not touched here: what they sealed would have to be sealed again first.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use store::Keys;
use vocab::Now;

use crate::{Failure, open};

/// How long the servers may take to be started anew after a rotation; until then they sign with the old key.
const RESTART_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(clap::Args, Clone)]
pub struct KeyFile {
    /// 密钥文件
    #[arg(long, env = "HUIMIN_KEYS", default_value = "data/huimin.keys")]
    keys: PathBuf,
}

#[derive(Subcommand)]
pub enum KeysAction {
    /// 列出幸福码的签名密钥（只显示公钥）
    List(KeyFile),
    /// 换一把新的签名密钥：以后的幸福码用新的签，已经发出的照样验得过；换完要重启全部服务
    Rotate(KeyFile),
    /// 忘掉旧的签名密钥：换钥、重启满两天，旧码都已过期以后才做
    Retire {
        #[command(flatten)]
        file: KeyFile,
        /// 旧密钥可能已经泄露：不等，马上忘掉；还没有过期的旧码随之作废
        #[arg(long)]
        now: bool,
    },
}

/// # Errors
/// The key file cannot be read or written.
pub fn run(action: &KeysAction) -> Result<ExitCode, Failure> {
    match action {
        KeysAction::List(file) => {
            for key in Keys::load(&file.keys)?.public_keys()? {
                println!("第{}号 {} {}", key.id, Now::from_unix_ms(key.created_at).zh(), key.point);
            }
            Ok(ExitCode::SUCCESS)
        }
        KeysAction::Rotate(file) => {
            let mut keys = Keys::load(&file.keys)?;
            keys.rotate_signing()?;
            keys.save(&file.keys)?;
            let number = keys.public_keys()?.last().map_or(0, |key| key.id);
            println!(
                "已换成第{number}号签名密钥。请马上重启全部服务，并更新另外保管的密钥副本。旧码在有效期内照样验得过；两天以后执行 huimin keys retire 忘掉旧的。"
            );
            Ok(ExitCode::SUCCESS)
        }
        KeysAction::Retire { file, now: at_once } => {
            let mut keys = Keys::load(&file.keys)?;
            let now = open::machine_clock()();
            match keys.older_signing_over_at(office::proofs::LASTING_MS, RESTART_MS) {
                None => {
                    println!("只有一把签名密钥，没有可以忘掉的。");
                    Ok(ExitCode::SUCCESS)
                }
                Some(over_at) if now.at_ms() < over_at && !at_once => {
                    eprintln!(
                        "旧密钥签的幸福码可能还在有效期内，{}以后才能忘掉旧密钥。什么都没有改。",
                        Now::from_unix_ms(over_at).zh()
                    );
                    Ok(ExitCode::FAILURE)
                }
                Some(_) => {
                    keys.retire_signing();
                    keys.save(&file.keys)?;
                    println!("旧的签名密钥已经忘掉。请重启全部服务，并更新另外保管的密钥副本。");
                    Ok(ExitCode::SUCCESS)
                }
            }
        }
    }
}
