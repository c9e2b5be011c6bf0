//! The server under measurement, a process of its own.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Failure, Place};

pub struct Server {
    process: Child,
    pub at: SocketAddr,
    /// From its start to the first connection it takes.
    pub started_in: Duration,
}

impl Server {
    pub fn start(program: &Path, place: &Place) -> Result<Server, Failure> {
        let at = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let began = Instant::now();
        let process = Command::new(program)
            // Behind a proxy each client has its own allowance.
            .args([
                "serve",
                "--behind-proxy",
                "--database",
                &place.database,
                "--listen",
                &at.to_string(),
                "--keys",
            ])
            .arg(&place.keys)
            .stdout(Stdio::null())
            .spawn()?;
        let mut server = Server { process, at, started_in: Duration::ZERO };
        while TcpStream::connect(at).is_err() {
            if server.process.try_wait()?.is_some() || began.elapsed() > Duration::from_secs(120) {
                return Err("the server does not start".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.started_in = began.elapsed();
        Ok(server)
    }

    /// Memory that the process holds, in megabytes.
    pub fn resident_mb(&self) -> u64 {
        self.memory_mb("VmRSS:")
    }

    /// What of it are pages of files: the system takes them back whenever it needs them.
    pub fn resident_files_mb(&self) -> u64 {
        self.memory_mb("RssFile:")
    }

    fn memory_mb(&self, kind: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(kind));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
    }

    /// Waits for five seconds in which the process takes less than a twentieth of a core.
    pub fn wait_until_idle(&self) -> Result<(), Failure> {
        const LOOK: Duration = Duration::from_secs(5);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3600) {
            let before = self.processor();
            std::thread::sleep(LOOK);
            if self.processor() - before < LOOK / 20 {
                return Ok(());
            }
        }
        Err("the server is busy for an hour".into())
    }

    /// Processor time of the process so far.
    pub fn processor(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // Fields 14 and 15 of the whole: user and system time in hundredths of a second.
        let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
