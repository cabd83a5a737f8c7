//! A small blocking client for a server on this machine, for commands that talk to a running one.

use std::io::{self, Read, Write};
use std::time::Duration;

use serde_json::Value;

/// Longest wait for one answer; verifying a large folder takes a while.
const TIMEOUT: Duration = Duration::from_secs(600);
/// Bytes of an answer that are kept at once.
const COPY_BYTES: usize = 64 * 1024;

/// One server, and what opens its doors.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    key: Option<String>,
    start_token: Option<String>,
}

/// An answer: its status, its ETag and its body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The ETag, if there is one.
    pub etag: Option<String>,
    /// The body as JSON, or as a JSON string when it is something else.
    pub body: Value,
}

/// Why there is no usable answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody answers there.
    #[error("no server answers at {url}; start one with `experiment serve`")]
    Unreachable {
        /// Where it was sought.
        url: String,
        /// What went wrong.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The answer did not come whole.
    #[error("the answer ended early; see the server's log, then try again")]
    CutOff(#[source] io::Error),
    /// It came, and can't be kept.
    #[error("the answer cannot be written; mend: make room or name another place")]
    Write(#[source] io::Error),
    /// The server refuses.
    #[error("the server answered {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem in its words.
        detail: String,
    },
}

impl Client {
    /// A client of the server at `url`, such as `http://127.0.0.1:8016`.
    #[must_use]
    pub fn new(url: &str, key: Option<String>, start_token: Option<String>) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .build();
        Client { agent: config.into(), url: url.trim_end_matches('/').to_owned(), key, start_token }
    }

    /// Where the server is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// GETs a path.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub fn get(&self, path: &str) -> Result<Answer, ClientError> {
        let request = self.agent.get(format!("{}{path}", self.url));
        self.read(self.signed(request).call())
    }

    /// POSTs a body of the given content type.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Result<Answer, ClientError> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("content-type", content_type);
        self.read(self.signed(request).send(body))
    }

    /// DELETEs what is at a path.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub fn delete(&self, path: &str) -> Result<Answer, ClientError> {
        let request = self.agent.delete(format!("{}{path}", self.url));
        self.read(self.signed(request).call())
    }

    /// PUTs a JSON body over the version that `etag` names.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub fn put(&self, path: &str, etag: &str, body: &[u8]) -> Result<Answer, ClientError> {
        let request = self.agent.put(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json").header("if-match", etag);
        self.read(self.signed(request).send(body))
    }

    /// POSTs a body and writes the answer to `to` as it comes, however long it takes.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`], [`ClientError::Refused`], or the answer ended early or can't be written.
    pub fn download(&self, path: &str, body: &[u8], to: &mut dyn Write) -> Result<(), ClientError> {
        let request =
            self.agent.post(format!("{}{path}", self.url)).header("content-type", "application/json");
        let request = self.signed(request).config().timeout_global(None).build();
        let answer = request.send(body);
        if answer.as_ref().is_ok_and(|answer| !answer.status().is_success()) {
            return Err(match self.read(answer)?.success() {
                Err(refused) => refused,
                Ok(answer) => ClientError::Refused { status: answer.status, detail: answer.problem() },
            });
        }
        let answer = answer.map_err(|source| self.unreachable(source))?;
        let (mut from, mut piece) = (answer.into_body().into_reader(), vec![0; COPY_BYTES]);
        loop {
            let read = from.read(&mut piece).map_err(ClientError::CutOff)?;
            if read == 0 {
                return Ok(());
            }
            to.write_all(&piece[..read]).map_err(ClientError::Write)?;
        }
    }

    fn unreachable(&self, source: ureq::Error) -> ClientError {
        ClientError::Unreachable { url: self.url.clone(), source: Box::new(source) }
    }

    fn signed<B>(&self, mut request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if let Some(token) = &self.start_token {
            request = request.header("x-start-token", token);
        }
        request
    }

    fn read(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, ClientError> {
        let unreachable = |source| self.unreachable(source);
        let mut answer = answer.map_err(unreachable)?;
        let etag = answer.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let text = answer.body_mut().with_config().limit(u64::MAX).read_to_string().map_err(unreachable)?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { status: answer.status().as_u16(), etag, body })
    }
}

impl Answer {
    /// The answer itself when its status is one of success.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the problem in the server's words.
    pub fn success(self) -> Result<Answer, ClientError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(ClientError::Refused { status: self.status, detail: self.problem() })
    }

    /// The problem in one text: its detail and each field's.
    #[must_use]
    pub fn problem(&self) -> String {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut lines = vec![text(self.body.get("detail").or(self.body.get("title")).unwrap_or(&self.body))];
        for error in self.body.get("errors").and_then(Value::as_array).into_iter().flatten() {
            let part = |name: &str| error.get(name).map(text).unwrap_or_default();
            // Requests have fields, definitions have paths.
            let place = format!("{}{}", part("field"), part("path"));
            lines.push(format!("  {place}: {}; mend: {}", part("detail"), part("mend")));
        }
        lines.join("\n")
    }
}
