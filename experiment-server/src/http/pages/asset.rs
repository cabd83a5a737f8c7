//! `GET /assets/{name}`: the script, the stylesheet and the icon, whose names change with their content.

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::http::extract::InPath;
use crate::http::problem::{Kind, Problem};
use crate::page::asset;

/// Another content has another name.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A file of the pages.
pub(crate) async fn get_asset(InPath([name]): InPath<1>) -> Result<Response, Problem> {
    let Some(asset) = asset(&name) else {
        let mend = "load the page again, it names those there are";
        return Err(Problem::new(
            Kind::UnknownRoute,
            format!("no file of the pages has this name; mend: {mend}"),
        ));
    };
    let media_type = HeaderValue::from_static(asset.media_type);
    Ok(([(CONTENT_TYPE, media_type), (CACHE_CONTROL, FOR_EVER)], asset.text).into_response())
}
