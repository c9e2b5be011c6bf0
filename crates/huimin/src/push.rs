//! Sends to other systems what they subscribed ([`office::subscriptions`]): HTTPS, to each system one message after the other, to several
//! systems at once, so that one that is slow to answer holds up nobody else.
//!
//! The name in an address is resolved once, every address it stands for is looked at, and the connection goes to one of those: a host that
//! nobody named in the configuration cannot stand for anything inside the house. Redirections are failures. Of an answer only the status
//! counts; no more than a little of it is read.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use office::Office;
use office::subscriptions::address::{Reach, is_public};
use office::subscriptions::deliver::{self, Outcome, Parcel};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use url::Url;

use crate::Failure;

/// Between two looks at what is due.
const REST: Duration = Duration::from_secs(2);
/// Until a connection stands.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Until the answer is there.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Of an answer this much is read, bytes.
const ANSWER_BYTES: usize = 4096;

/// Systems that are being told at a time. Of each one message: the lease of [`deliver::claim`] keeps the next until it is settled.
const AT_ONCE: usize = 16;

/// Sends for as long as the runtime lives.
pub async fn run(office: Arc<Office>, reach: Reach, tls: TlsConnector) {
    let reach = Arc::new(reach);
    let mut under_way = JoinSet::new();
    loop {
        let full = under_way.len() >= AT_ONCE;
        if !full {
            match deliver::claim(&office).await {
                Ok(Some(parcel)) => {
                    let (office, reach, tls) = (Arc::clone(&office), Arc::clone(&reach), tls.clone());
                    under_way.spawn(async move { tell(&office, &parcel, &reach, &tls).await });
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "subscriptions cannot be read");
                    tokio::time::sleep(REST * 10).await;
                }
            }
        }
        // Whoever has been told may have more to hear at once.
        tokio::select! {
            Some(_) = under_way.join_next() => {}
            () = tokio::time::sleep(REST), if !full => {}
        }
    }
}

/// Sends a message and writes what came of it. A failure to write leaves it to whoever takes over the lease.
async fn tell(office: &Office, parcel: &Parcel, reach: &Reach, tls: &TlsConnector) {
    let outcome = sent(parcel, reach, tls).await;
    if let Err(error) = deliver::settle(office, parcel, &outcome).await {
        tracing::error!(subscription.id = parcel.subscription.0, %error, "a delivery could not be settled");
    }
}

/// Whom receivers are known by: the public authorities, and those of a PEM file of the installation's own (an authority of the government's
/// network, a receiver that signed for itself).
///
/// # Errors
/// The file cannot be read, or holds no certificate.
pub fn tls(own_authorities: Option<&Path>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = own_authorities {
        let name = file.display();
        let text = std::fs::read(file).map_err(|error| format!("读不了证书文件 {name}：{error}"))?;
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|error| format!("证书文件 {name} 不是 PEM：{error}"))?;
            roots.add(certificate).map_err(|error| format!("证书文件 {name} 里的证书不能用：{error}"))?;
            found += 1;
        }
        if found == 0 {
            return Err(format!(
                "证书文件 {name} 里没有证书，应当是 PEM 格式（-----BEGIN CERTIFICATE-----）"
            )
            .into());
        }
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Makes one attempt.
async fn sent(parcel: &Parcel, reach: &Reach, tls: &TlsConnector) -> Outcome {
    let begun = Instant::now();
    let answer = match tokio::time::timeout(ANSWER_MAX, attempt(parcel, reach, tls)).await {
        Ok(answer) => answer,
        Err(_) => Err("对方没有在规定时间内答复".to_owned()),
    };
    let took_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    match answer {
        Ok(status) => Outcome { status: Some(status), problem: None, took_ms },
        Err(problem) => Outcome { status: None, problem: Some(problem), took_ms },
    }
}

async fn attempt(parcel: &Parcel, reach: &Reach, tls: &TlsConnector) -> Result<u16, String> {
    // What was allowed when it was entered may not be any more.
    let url = reach.check(&parcel.address)?;
    let stream = connected(&url, reach).await?;
    if url.scheme() == "http" {
        return answered(TokioIo::new(stream), &url, parcel).await;
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|_| "网址里的主机名不对".to_owned())?;
    let stream = tls.connect(name, stream).await.map_err(|error| format!("TLS：{error}"))?;
    answered(TokioIo::new(stream), &url, parcel).await
}

/// A connection to the host of an address, at an address that it may stand for.
async fn connected(url: &Url, reach: &Reach) -> Result<TcpStream, String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let found =
        tokio::net::lookup_host((host, port)).await.map_err(|error| format!("找不到主机：{error}"))?;
    let named = reach.names(url);
    let addresses: Vec<SocketAddr> = found.filter(|address| named || is_public(address.ip())).collect();
    if addresses.is_empty() {
        return Err("这台主机在内网，启动参数里没有写明，不能推送".to_owned());
    }
    match tokio::time::timeout(CONNECT_MAX, TcpStream::connect(addresses.as_slice())).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(format!("连接不上：{error}")),
        Err(_) => Err("连接超时".to_owned()),
    }
}

/// Sends the message over a connection; the status of the answer.
async fn answered<S>(stream: TokioIo<S>, url: &Url, parcel: &Parcel) -> Result<u16, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| format!("对方答复有误：{error}");
    let (mut sender, connection) = http1::handshake(stream).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let mut request = Request::post(path)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header(USER_AGENT, concat!("huimin/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &parcel.heads {
        request = request.header(*name, value);
    }
    let request = request
        .body(Full::new(Bytes::from(parcel.body.clone())))
        .map_err(|error| format!("消息写不成：{error}"))?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    let status = answer.status().as_u16();
    // Whatever else is said is of no interest; too much of it is not read.
    let _ = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
    connection.abort();
    Ok(status)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use catalogue::LoadOptions;
    use store::{Db, Query};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use vocab::{Calendar, Month, Now};

    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    fn parcel(address: String) -> Parcel {
        Parcel::new(
            address,
            vec![("huimin-signature", "hmac-sm3=abc".to_owned())],
            "{\"events\":[]}".to_owned(),
        )
    }

    /// Answers one request with these words, and gives what was asked.
    async fn listening(answer: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            while !heard.ends_with(b"{\"events\":[]}") {
                let mut some = [0_u8; 1024];
                let read = stream.read(&mut some).await.unwrap();
                assert!(read > 0, "{}", String::from_utf8_lossy(&heard));
                heard.extend_from_slice(&some[..read]);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(heard).unwrap()
        });
        (port, heard)
    }

    #[tokio::test]
    async fn a_message_goes_to_a_named_host_and_its_status_comes_back() {
        let (port, heard) = listening("HTTP/1.1 204 No Content\r\n\r\n").await;
        let reach = Reach::of([format!("127.0.0.1:{port}")]);
        let to = parcel(format!("http://127.0.0.1:{port}/in?from=huimin"));
        let outcome = sent(&to, &reach, &tls(None).unwrap()).await;
        assert!(outcome.arrived(), "{outcome:?}");
        let heard = heard.await.unwrap();
        assert!(heard.starts_with("POST /in?from=huimin HTTP/1.1\r\n"), "{heard}");
        let heard = heard.to_lowercase();
        assert!(
            heard.contains("huimin-signature: hmac-sm3=abc")
                && heard.contains(&format!("host: 127.0.0.1:{port}"))
        );
    }

    #[tokio::test]
    async fn nobody_is_followed_and_nothing_inside_the_house_is_reached() {
        let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        let (port, _heard) = listening(elsewhere).await;
        let reach = Reach::of([format!("127.0.0.1:{port}")]);
        let outcome = sent(&parcel(format!("http://127.0.0.1:{port}/in")), &reach, &tls(None).unwrap()).await;
        assert_eq!((outcome.status, outcome.arrived()), (Some(302), false), "{outcome:?}");
        // A name that stands for this machine, and nobody named it.
        let inside =
            sent(&parcel("https://localhost:9/".to_owned()), &Reach::default(), &tls(None).unwrap()).await;
        assert!(inside.problem.as_ref().is_some_and(|problem| problem.contains("内网")), "{inside:?}");
        // Named no longer since it was entered.
        let gone =
            sent(&parcel(format!("http://127.0.0.1:{port}/in")), &Reach::default(), &tls(None).unwrap())
                .await;
        assert!(gone.status.is_none() && gone.problem.is_some(), "{gone:?}");
        // Nobody there.
        let reach = Reach::of(["127.0.0.1".to_owned()]);
        let nobody = sent(&parcel("http://127.0.0.1:1/".to_owned()), &reach, &tls(None).unwrap()).await;
        assert!(nobody.problem.as_ref().is_some_and(|problem| problem.contains("连接不上")), "{nobody:?}");
    }

    /// A receiver with a certificate that no public authority signed.
    async fn receiving_privately() -> u16 {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/push");
        let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // Whoever does not know the authority goes away.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut some = [0_u8; 4096];
                let _ = stream.read(&mut some).await;
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
                let _ = stream.shutdown().await;
            }
        });
        port
    }

    #[tokio::test]
    async fn a_private_certificate_is_taken_where_the_installation_knows_its_authority() {
        let port = receiving_privately().await;
        let reach = Reach::of([format!("localhost:{port}")]);
        let to = parcel(format!("https://localhost:{port}/in"));
        let unknown = sent(&to, &reach, &tls(None).unwrap()).await;
        assert!(unknown.problem.as_ref().is_some_and(|problem| problem.contains("TLS")), "{unknown:?}");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/push");
        let known = sent(&to, &reach, &tls(Some(&folder.join("ca.pem"))).unwrap()).await;
        assert!(known.arrived(), "{known:?}");
        // Its name must be the one that was asked for, whoever signed it.
        let reach = Reach::of(["127.0.0.2".to_owned()]);
        let other = parcel(format!("https://127.0.0.2:{port}/in"));
        let other = sent(&other, &reach, &tls(Some(&folder.join("ca.pem"))).unwrap()).await;
        assert!(other.problem.as_ref().is_some_and(|problem| problem.contains("TLS")), "{other:?}");
        let Err(error) = tls(Some(&folder.join("server.key"))) else { panic!("a key is no certificate") };
        assert!(error.to_string().contains("没有证书"), "{error}");
    }

    /// An office with two subscriptions and so many events of one register.
    async fn subscribed(db: Db, ports: [u16; 2], events: i64) -> Arc<Office> {
        db.migrate(&office::migrations()).await.unwrap();
        let packs = store::testing::packs();
        let folders = ["national", "wuhai", "demo-wuhai"].map(|name| packs.join(name));
        let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
        let release = catalogue::Release::load_with(&folders, LoadOptions { synthetic: true }).unwrap();
        office::divisions::import(&db, &release, Month::FIRST.first_day()).await.unwrap();
        let calendar = Calendar::from_json(include_str!("../../../facts/holidays.json")).unwrap();
        let now = Arc::new(|| Now::from_unix_ms(1_795_397_400_000));
        let office = Arc::new(Office::new(db, Arc::new(calendar), Arc::new(release), now));
        let place = office::divisions::by_code(office.db(), "150300").await.unwrap().id;
        office::access::create_first_administrator(&office, "root", "周建国", place).await.unwrap();
        for port in ports {
            let id = Query::system(
                "test",
                "INSERT INTO subscription (division_id, title, address, signs, secret_sealed, state, sent_seq, tries, next_at, lease_until, \
                 made_by, made_at) VALUES (?, 'test', ?, 'hmac-sm3', ?, 'active', 0, 0, 0, 0, 1, 0) RETURNING id",
            )
            .bind(place)
            .bind(format!("http://127.0.0.1:{port}/in"))
            .bind(office.keys().seal("0123456789abcdef").unwrap())
            .insert(office.db())
            .await
            .unwrap();
            let sql =
                "INSERT INTO subscription_register (subscription_id, register) VALUES (?, 'volunteer_team')";
            Query::system("test", sql).bind(id).execute(office.db()).await.unwrap();
        }
        for record in 1..=events {
            let sql = "INSERT INTO record_event (register, record_id, version, deed, state, division_id, at) \
                       VALUES ('volunteer_team', ?, 1, 'added', 'active', ?, 0)";
            Query::system("test", sql).bind(record).bind(place).execute(office.db()).await.unwrap();
        }
        office
    }

    /// Whether head and body have come.
    fn whole(text: &str) -> bool {
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        body.len() >= length.parse().unwrap()
    }

    /// Answers every message after a while; what was heard, and when the first was answered.
    async fn receiving(after: Duration) -> (u16, Arc<Mutex<Vec<(i64, Instant)>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&heard);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let list = Arc::clone(&list);
                tokio::spawn(async move {
                    let mut text = String::new();
                    while !whole(&text) {
                        let mut some = [0_u8; 65_536];
                        let read = stream.read(&mut some).await.unwrap();
                        text.push_str(std::str::from_utf8(&some[..read]).unwrap());
                    }
                    tokio::time::sleep(after).await;
                    let body: serde_json::Value =
                        serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
                    list.lock().unwrap().push((body["after"].as_i64().unwrap(), Instant::now()));
                    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
                });
            }
        });
        (port, heard)
    }

    #[tokio::test]
    async fn one_who_is_slow_to_answer_holds_up_nobody_else() {
        for db in store::testing::databases("push").await {
            let (slow_port, slow) = receiving(Duration::from_secs(2)).await;
            let (quick_port, quick) = receiving(Duration::ZERO).await;
            let office = subscribed(db, [slow_port, quick_port], 250).await;
            let reach = Reach::of(["127.0.0.1".to_owned()]);
            let running = tokio::spawn(run(Arc::clone(&office), reach, tls(None).unwrap()));
            let done = async {
                while slow.lock().unwrap().len() < 2 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), done).await.unwrap();
            running.abort();
            let (slow, quick) = (slow.lock().unwrap().clone(), quick.lock().unwrap().clone());
            // 250 events are three messages, in order, each after the one before it was answered.
            let numbers: Vec<i64> = quick.iter().map(|(after, _)| *after).collect();
            assert_eq!(numbers, [0, 100, 200]);
            assert_eq!(slow.iter().map(|(after, _)| *after).collect::<Vec<_>>(), [0, 100]);
            assert!(slow[1].1 - slow[0].1 >= Duration::from_secs(2), "one at a time");
            assert!(quick[2].1 < slow[0].1, "the quick one had everything before the slow one answered once");
        }
    }
}
