//! `GET /docs`: the description of the interface as a page, to read and to try out.
//!
//! The page is Swagger UI, whose files come with the crate; nothing is fetched from elsewhere.

use std::io::Read;
use std::sync::Arc;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use utoipa_swagger_ui::Config;

use super::compressed::{ready, takes_gzip};
use super::problem::Problem;

const PAGE: &str = include_str!("page.html");
/// Lets the page begin, which itself holds no script.
const START: &str = include_str!("start.js");

/// Scripts and styles of this server only, none within the page, and calls to this server only. Icons in the styles
/// are written out in them.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");
const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");

/// The page.
pub(super) async fn get_docs() -> Response {
    ([(CONTENT_TYPE, HTML), (CONTENT_SECURITY_POLICY, POLICY)], PAGE).into_response()
}

/// How it looks.
pub(super) async fn get_docs_style(headers: HeaderMap) -> Result<Response, Problem> {
    file("swagger-ui.css", CSS, &headers)
}

/// What it does.
pub(super) async fn get_docs_script(headers: HeaderMap) -> Result<Response, Problem> {
    file("swagger-ui-bundle.js", JAVASCRIPT, &headers)
}

/// With what it begins.
pub(super) async fn get_docs_start() -> Response {
    ([(CONTENT_TYPE, JAVASCRIPT)], START).into_response()
}

/// A file of the crate's.
fn file(name: &str, media_type: HeaderValue, headers: &HeaderMap) -> Result<Response, Problem> {
    let found = utoipa_swagger_ui::serve(name, Arc::new(Config::default())).map_err(Problem::internal)?;
    let found = found.ok_or_else(|| Problem::internal(format!("{name} is not in the crate")))?;
    let mut bytes = found.bytes.into_owned();
    // In the program they are compressed, since that is how nearly everybody takes them.
    if found.gzpipped {
        if takes_gzip(headers) {
            return Ok(ready(media_type, bytes));
        }
        let packed = std::mem::take(&mut bytes);
        GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).map_err(Problem::internal)?;
    }
    Ok(([(CONTENT_TYPE, media_type)], bytes).into_response())
}
