//! Long answers in fewer bytes, for whoever reads gzip.

use std::io::Read;

use flate2::read::GzDecoder;

use super::under_test::Served;

/// The raw bytes of an answer, without what a client would undo by itself.
fn raw(served: &Served, path: &str, accepts: &str) -> (String, Vec<u8>) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {accepts}\r\nConnection: close\r\n\r\n"
    );
    let answer = served.raw_bytes(&request);
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_ascii_lowercase(), answer[end + 4..].to_vec())
}

#[test]
fn a_long_answer_is_the_same_in_fewer_bytes() {
    let served = Served::with_winback();
    for path in [
        "/experiments/winback",
        "/experiments/winback/results.csv",
        "/v1/experiments/winback/results",
        "/openapi.json",
        "/docs/swagger-ui-bundle.js",
    ] {
        let (plain_head, plain) = raw(&served, path, "br");
        let (head, packed) = raw(&served, path, "br, gzip");
        assert!(!plain_head.contains("content-encoding"), "{plain_head}");
        assert!(plain_head.contains("\r\nvary: accept-encoding"), "{plain_head}");
        assert!(
            head.contains("\r\ncontent-encoding: gzip") && head.contains("\r\nvary: accept-encoding"),
            "{head}"
        );
        assert!(head.contains(&format!("\r\ncontent-length: {}", packed.len())), "{head}");
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain, "{path}");
        assert!(packed.len() * 2 < plain.len(), "{path}: {} of {}", packed.len(), plain.len());
    }
}

#[test]
fn what_is_short_or_refused_or_repeats_its_address_is_sent_as_it_is() {
    let served = Served::with_winback();
    for (path, status) in
        [("/v1/experiments/winback/versions", "200"), ("/experiments/none", "404"), ("/sign-in", "303")]
    {
        let (head, _) = raw(&served, path, "gzip");
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(!head.contains("content-encoding"), "{path}: {head}");
    }
}
