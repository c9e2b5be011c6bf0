//! Sends to other systems what they subscribed ([`office::subscriptions`]): HTTPS, one message after the other, each answered in seconds.
//!
//! The name in an address is resolved once, every address it stands for is looked at, and the connection goes to one of those: a host that
//! nobody named in the configuration cannot stand for anything inside the house. Redirections are failures. Of an answer only the status
//! counts; no more than a little of it is read.

use std::net::SocketAddr;
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
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use url::Url;

/// Between two looks at what is due.
const REST: Duration = Duration::from_secs(2);
/// Until a connection stands.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Until the answer is there.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Of an answer this much is read, bytes.
const ANSWER_BYTES: usize = 4096;

/// Sends for as long as the runtime lives.
pub async fn run(office: Arc<Office>, reach: Reach) {
    let tls = match tls() {
        Ok(tls) => tls,
        Err(error) => {
            tracing::error!(%error, "nothing is sent to other systems without TLS");
            return;
        }
    };
    loop {
        match deliver::claim(&office).await {
            Ok(Some(parcel)) => {
                let outcome = sent(&parcel, &reach, &tls).await;
                if let Err(error) = deliver::settle(&office, &parcel, &outcome).await {
                    tracing::error!(subscription.id = parcel.subscription.0, %error, "a delivery could not be settled");
                    tokio::time::sleep(REST).await;
                }
            }
            Ok(None) => tokio::time::sleep(REST).await,
            Err(error) => {
                tracing::error!(%error, "subscriptions cannot be read");
                tokio::time::sleep(REST * 10).await;
            }
        }
    }
}

fn tls() -> Result<TlsConnector, tokio_rustls::rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
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
        let outcome = sent(&to, &reach, &tls().unwrap()).await;
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
        let outcome = sent(&parcel(format!("http://127.0.0.1:{port}/in")), &reach, &tls().unwrap()).await;
        assert_eq!((outcome.status, outcome.arrived()), (Some(302), false), "{outcome:?}");
        // A name that stands for this machine, and nobody named it.
        let inside =
            sent(&parcel("https://localhost:9/".to_owned()), &Reach::default(), &tls().unwrap()).await;
        assert!(inside.problem.as_ref().is_some_and(|problem| problem.contains("内网")), "{inside:?}");
        // Named no longer since it was entered.
        let gone =
            sent(&parcel(format!("http://127.0.0.1:{port}/in")), &Reach::default(), &tls().unwrap()).await;
        assert!(gone.status.is_none() && gone.problem.is_some(), "{gone:?}");
        // Nobody there.
        let reach = Reach::of(["127.0.0.1".to_owned()]);
        let nobody = sent(&parcel("http://127.0.0.1:1/".to_owned()), &reach, &tls().unwrap()).await;
        assert!(nobody.problem.as_ref().is_some_and(|problem| problem.contains("连接不上")), "{nobody:?}");
    }
}
