//! What a form sent: [`KeyedForm`], urlencoded or multipart, always with its idempotency key.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use store::IdempotencyKey;

use crate::error::Fault;
use crate::state::AppState;
use crate::ui::form::{DateParts, KEY};
use crate::ui::query_value;

/// A form without files, all fields together.
pub const FORM_BYTES_MAX: usize = 1024 * 1024;
/// One uploaded file. A larger one arrives as [`UploadedFile::too_large`], so that the form can say so and keep the rest.
pub const FILE_BYTES_MAX: usize = 12 * 1024 * 1024;
/// A form with all its files.
pub const UPLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// One text field of a form with files.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// How long a form with files may take on a slow line.
pub(crate) const UPLOAD_TIME_MAX: Duration = Duration::from_secs(300);

pub(crate) const TOO_LARGE: &str =
    "发来的内容太大：一次最多 64 MB，单个文件不超过 12 MB。请压缩照片或者分几次上传。";

/// For routers whose forms carry files: `upload_limit(Router::new().route(…))`.
pub fn upload_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(UPLOAD_BYTES_MAX)
}

/// A form of ours, read.
#[derive(Clone, Debug)]
pub struct KeyedForm<T> {
    /// Makes a second sending harmless.
    pub key: IdempotencyKey,
    /// The fields. Give every field of `T` a serde default: what is missing is said by the form, not by the reader.
    pub form: T,
    /// Files, in the order of the form; empty file fields are left out.
    pub files: Vec<UploadedFile>,
}

/// A file as it came.
#[derive(Clone, Debug)]
pub struct UploadedFile {
    /// The form's field.
    pub field: String,
    /// The name it had there.
    pub name: String,
    /// What the browser says it is; look at the bytes before believing it.
    pub mime: String,
    /// The content; empty when too large.
    pub bytes: Bytes,
    /// Larger than [`FILE_BYTES_MAX`]: not kept.
    pub too_large: bool,
}

impl UploadedFile {
    /// What to say beside the field about a file that is too large.
    #[must_use]
    pub fn too_large_message(&self) -> String {
        format!("文件“{}”超过 12 MB，没有上传。请压缩或者重新拍照后再选择。", self.name)
    }
}

/// Fields whose names only the pack knows, in the order they came.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first value of a field, trimmed; empty when it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a field (checkboxes).
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
    }

    /// A date or month of three or two fields, as typed.
    #[must_use]
    pub fn date(&self, name: &str) -> DateParts {
        let part = |part: &str| self.get(&format!("{name}_{part}")).to_owned();
        DateParts { year: part("year"), month: part("month"), day: part("day") }
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for KeyedForm<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Fault> {
        let (encoded, files) = match kind(&request) {
            Kind::Multipart => {
                let body = Multipart::from_request(request, state).await.map_err(|_| unreadable())?;
                let (fields, files) = read_multipart(body, true).await?;
                (encode(&fields).into(), files)
            }
            Kind::Urlencoded => (read_urlencoded(request, state).await?, Vec::new()),
            Kind::Other => return Err(unreadable()),
        };
        let fields: Fields = decode(encoded.clone()).await?;
        let key = fields.get(KEY).parse().map_err(|_| unreadable())?;
        Ok(KeyedForm { key, form: decode(encoded).await?, files })
    }
}

pub(crate) enum Kind {
    Urlencoded,
    Multipart,
    Other,
}

pub(crate) fn kind(request: &Request) -> Kind {
    let kind =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if kind.starts_with("application/x-www-form-urlencoded") {
        Kind::Urlencoded
    } else if kind.starts_with("multipart/form-data") {
        Kind::Multipart
    } else {
        Kind::Other
    }
}

fn unreadable() -> Fault {
    Fault::Request(StatusCode::BAD_REQUEST, "表单没有完整送达。请返回上一页，刷新后再提交一次。".to_owned())
}

pub(crate) async fn read_urlencoded(request: Request, state: &AppState) -> Result<Bytes, Fault> {
    Bytes::from_request(request, state).await.map_err(|refused| of_body(refused.status()))
}

fn of_body(status: StatusCode) -> Fault {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        Fault::Request(status, TOO_LARGE.to_owned())
    } else {
        unreadable()
    }
}

/// Text fields and files; with `keep_files` off the files are read over.
pub(crate) async fn read_multipart(
    mut body: Multipart,
    keep_files: bool,
) -> Result<(Vec<(String, String)>, Vec<UploadedFile>), Fault> {
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    while let Some(mut part) = body.next_field().await.map_err(|error| of_body(error.status()))? {
        let field = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let mime = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let max = match (&file, keep_files) {
            (None, _) => TEXT_BYTES_MAX,
            (Some(_), true) => FILE_BYTES_MAX,
            (Some(_), false) => 0,
        };
        let (mut bytes, mut too_large) = (Vec::new(), false);
        while let Some(chunk) = part.chunk().await.map_err(|error| of_body(error.status()))? {
            if bytes.len() + chunk.len() > max {
                too_large = true;
                bytes = Vec::new();
            }
            if !too_large {
                bytes.extend_from_slice(&chunk);
            }
        }
        match file {
            None if too_large => return Err(of_body(StatusCode::PAYLOAD_TOO_LARGE)),
            None => fields.push((field, String::from_utf8(bytes).map_err(|_| unreadable())?)),
            Some(name) if keep_files && (too_large || !bytes.is_empty()) => {
                files.push(UploadedFile { field, name, mime, bytes: bytes.into(), too_large });
            }
            Some(_) => {}
        }
    }
    Ok((fields, files))
}

pub(crate) fn encode(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", query_value(name), query_value(value))).collect();
    pairs.join("&")
}

pub(crate) async fn decode<T: DeserializeOwned>(encoded: Bytes) -> Result<T, Fault> {
    let mut request = Request::new(Body::from(encoded));
    *request.method_mut() = axum::http::Method::POST;
    let kind = axum::http::HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, kind);
    let form = axum_extra::extract::Form::<T>::from_request(request, &()).await;
    form.map(|axum_extra::extract::Form(form)| form).map_err(|_| unreadable())
}
