//! Timestamps over HTTP (RFC 3161, 3.4).

use std::time::Duration;

use ureq::Proxy;

use crate::codesign::{TIMESTAMP_QUERY, TIMESTAMP_REPLY, TimestampServer};
use crate::failure::Failure;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that an answer may have: a token with its certificates takes some thousand.
const LONGEST: u64 = 1 << 20;

/// A server at a URL.
pub struct HttpServer {
    url: String,
    agent: ureq::Agent,
}

impl HttpServer {
    /// `proxy` is the URL of a proxy to go through.
    ///
    /// # Errors
    /// [`Failure`] when `url` is no `http://` URL, or `proxy` is none of a proxy.
    pub fn new(url: &str, proxy: Option<&str>) -> Result<HttpServer, Failure> {
        if url.starts_with("https://") {
            let what = "is a timestamp server with TLS, which is not spoken here";
            return Err(Failure::new(url, what, "name its http:// address: a timestamp is signed by itself"));
        }
        let is_url = url
            .parse::<ureq::http::Uri>()
            .is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
        if !is_url {
            return Err(Failure::new(
                url,
                "is no address of a timestamp server",
                "give --timestamp-url an http:// URL, or none",
            ));
        }
        let proxy = proxy.map(Proxy::new).transpose().map_err(|error| {
            Failure::new("HTTP_PROXY", format!("names no proxy: {error}"), "correct it, or unset it")
        })?;
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(proxy).build();
        Ok(HttpServer { url: url.to_owned(), agent: config.into() })
    }
}

impl TimestampServer for HttpServer {
    fn name(&self) -> &str {
        &self.url
    }

    fn answer(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        let post = self
            .agent
            .post(&self.url)
            .header("Content-Type", TIMESTAMP_QUERY)
            .header("Accept", TIMESTAMP_REPLY);
        let mut response = post.send(request).map_err(|error| match error {
            ureq::Error::StatusCode(status) => format!("answers with the HTTP status {status}"),
            ureq::Error::Io(error) => format!("could not be reached: {}", without_number(&error)),
            other => format!("could not be reached: {other}"),
        })?;
        let body = response.body_mut().with_config().limit(LONGEST).read_to_vec();
        body.map_err(|error| format!("breaks off its answer: {error}"))
    }
}

/// The system's words without Rust's "(os error 111)".
fn without_number(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Serves one request, and hands back what was asked.
    fn served_once(reply: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/ts", listener.local_addr().expect("an address"));
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut asked = Vec::new();
            let mut some = [0; 1024];
            while !asked.ends_with(b"question") {
                let count = stream.read(&mut some).expect("a request");
                asked.extend_from_slice(&some[..count]);
            }
            stream.write_all(reply.as_bytes()).expect("a reader");
            String::from_utf8_lossy(&asked).into_owned()
        });
        (url, thread)
    }

    #[test]
    fn a_question_is_posted_and_answered() {
        let (url, thread) =
            served_once("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nanswer");
        let server = HttpServer::new(&url, None).unwrap();
        assert_eq!(server.answer(b"question").unwrap(), b"answer");
        let asked = thread.join().expect("no panic").to_lowercase();
        assert!(
            asked.starts_with("post /ts http/1.1")
                && asked.contains("content-type: application/timestamp-query"),
            "{asked}"
        );
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let (url, thread) =
            served_once("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let refused = HttpServer::new(&url, None).unwrap().answer(b"question").unwrap_err();
        assert_eq!(refused, "answers with the HTTP status 503");
        drop(thread.join());
        let gone = HttpServer::new(&url, None).unwrap().answer(b"question").unwrap_err();
        assert!(gone.starts_with("could not be reached: ") && !gone.contains("os error"), "{gone}");
    }

    #[test]
    fn only_plain_http_is_spoken() {
        let refusal =
            |url| HttpServer::new(url, None).err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(
            refusal("https://timestamp.example").contains("name its http:// address"),
            "{}",
            refusal("https://x")
        );
        assert!(refusal("timestamp").contains("is no address"), "{}", refusal("timestamp"));
        assert!(refusal("ftp://timestamp").contains("is no address"));
        assert_eq!(refusal("http://timestamp.example/ts"), "");
    }
}
