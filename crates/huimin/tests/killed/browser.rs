//! A browser of one page at a time, over a connection that it keeps: what it cannot reach is an error, as for a person.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What came back.
pub struct Seen {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub text: String,
    /// From the request to the whole answer.
    pub took: Duration,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of an input of the page.
    pub fn field(&self, name: &str) -> Option<&str> {
        let at = self.text.find(&format!("name=\"{name}\""))?;
        let start = self.text[..at].rfind('<')?;
        let element = &self.text[start..start + self.text[start..].find('>')?];
        element.split("value=\"").nth(1)?.split('"').next()
    }

    /// What the page's first tag says: where a run stands.
    pub fn tag(&self) -> &str {
        let tag = self.text.split("<strong class=\"govuk-tag").nth(1).and_then(|rest| rest.split_once('>'));
        tag.and_then(|(_, rest)| rest.split('<').next()).unwrap_or("")
    }
}

/// Keeps its cookies while servers come and go.
pub struct Browser {
    at: SocketAddr,
    cookies: Vec<(String, String)>,
    /// The address that a proxy would say it comes from.
    pub from: Option<String>,
    connection: Option<BufReader<TcpStream>>,
}

impl Browser {
    pub fn new(at: SocketAddr) -> Browser {
        Browser { at, cookies: Vec::new(), from: None, connection: None }
    }

    pub fn get(&mut self, path: &str) -> io::Result<Seen> {
        self.send("GET", path, "text/plain", b"")
    }

    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Seen> {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        self.send("POST", path, "application/x-www-form-urlencoded", pairs.join("&").as_bytes())
    }

    /// A form with a file.
    pub fn upload(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        name: &str,
        content: &str,
    ) -> io::Result<Seen> {
        let mut body = String::new();
        for (field, value) in fields {
            body.push_str(&format!(
                "--xyz\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n\
             {content}\r\n--xyz--\r\n"
        ));
        self.send("POST", path, "multipart/form-data; boundary=xyz", body.as_bytes())
    }

    fn send(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> io::Result<Seen> {
        // After an error the connection is gone.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect(self.at)?;
                stream.set_read_timeout(Some(Duration::from_secs(60)))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let from = self.from.as_ref().map(|from| format!("X-Forwarded-For: {from}\r\n")).unwrap_or_default();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {at}\r\nOrigin: http://{at}\r\nCookie: {}\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n{from}\r\n",
            cookies.join("; "),
            body.len(),
            at = self.at,
        )
        .into_bytes();
        request.extend(body);
        let began = Instant::now();
        connection.get_mut().write_all(&request)?;
        let mut seen = read(&mut connection)?;
        seen.took = began.elapsed();
        for (_, cookie) in seen.headers.iter().filter(|(name, _)| name == "set-cookie") {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.retain(|(known, _)| known != name);
                if !value.is_empty() {
                    self.cookies.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        if seen.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(seen)
    }
}

/// One line without its end; an error if the server died before it.
fn line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(text) => Ok(text.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn read(connection: &mut BufReader<TcpStream>) -> io::Result<Seen> {
    let unreadable = || io::Error::from(io::ErrorKind::InvalidData);
    let first = line(connection)?;
    let status: u16 = first.split(' ').nth(1).and_then(|text| text.parse().ok()).ok_or_else(unreadable)?;
    let mut headers = Vec::new();
    loop {
        let header = line(connection)?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').ok_or_else(unreadable)?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = Vec::new();
    match length.map(|(_, length)| length.parse::<usize>()) {
        Some(length) => {
            body.resize(length.map_err(|_| unreadable())?, 0);
            connection.read_exact(&mut body)?;
        }
        None if status == 204 || status == 304 => {}
        // Chunked: each piece with its length in front.
        None => loop {
            let size = usize::from_str_radix(&line(connection)?, 16).map_err(|_| unreadable())?;
            let mut piece = vec![0; size];
            connection.read_exact(&mut piece)?;
            line(connection)?;
            if size == 0 {
                break;
            }
            body.extend(piece);
        },
    }
    Ok(Seen { status, headers, text: String::from_utf8_lossy(&body).into_owned(), took: Duration::ZERO })
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
