//! The yardstick: an axum handler that reads JSON and answers JSON of the same size, and does nothing else.

use std::io::Write;

use axum::Router;
use axum::extract::{Json, State};
use axum::routing::post;
use serde_json::Value;

/// Serves until killed; `answer` is the JSON that every request gets, `path` where.
pub(crate) fn serve(path: &str, answer: &str) -> Result<(), Box<dyn std::error::Error>> {
    let answer: &'static Value = Box::leak(Box::new(serde_json::from_str(answer)?));
    let handle = async |State(answer): State<&'static Value>, Json(asked): Json<Value>| {
        std::hint::black_box(asked);
        Json(answer)
    };
    let router = Router::new().route(path, post(handle)).with_state(answer);
    // As many threads as the cores it may use, as the server.
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        axum::serve(listener, router).await
    })?;
    Ok(())
}
