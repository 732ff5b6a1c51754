//! Request signing: AWS Signature Version 4, in the `Authorization` header. Pure: the same
//! request at the same time has the same signature.
//!
//! Specification: "Create a signed AWS API request" in the AWS IAM user guide,
//! and "Authenticating Requests (AWS Signature Version 4)" in the S3 API
//! reference for S3's differences (paths are not encoded twice).

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

/// Takes the place of a payload's hash if the payload is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// All but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const ENCODED_IN_PATHS: &AsciiSet = &ENCODED.remove(b'/');

/// The credentials of a signature, and its scope.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// Identifies the secret access key.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret_access_key: &'a str,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The service, such as `s3`.
    pub service: &'a str,
}

/// The parts of a request that are signed.
#[derive(Clone, Copy, Debug)]
pub struct ToSign<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path, not encoded.
    pub path: &'a str,
    /// Names and values of the query, not encoded, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// Names (in lower case) and values of the signed headers, in any order. They must
    /// include `host` and all headers that begin with `x-amz-`.
    pub headers: &'a [(&'a str, &'a str)],
    /// SHA-256 of the body in lower-case hex, or [`UNSIGNED_PAYLOAD`].
    pub payload_hash: &'a str,
    /// The time, as [`amz_date`] prints it.
    pub amz_date: &'a str,
}

impl Signer<'_> {
    /// Returns the value of the `Authorization` header.
    pub fn authorization(&self, request: &ToSign<'_>) -> String {
        let date = request.amz_date.get(..8).unwrap_or_default();
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let (canonical, signed_headers) = canonical_request(request);
        let to_sign = format!(
            "{ALGORITHM}\n{}\n{scope}\n{}",
            request.amz_date,
            sha256_hex(canonical.as_bytes())
        );
        let secret = format!("AWS4{}", self.secret_access_key);
        let parts = [date, self.region, self.service, "aws4_request"];
        let key = parts.iter().fold(secret.into_bytes(), |key, part| {
            hmac_sha256(&key, part.as_bytes())
        });
        let signature = hex(&hmac_sha256(&key, to_sign.as_bytes()));
        format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={signed_headers}, \
             Signature={signature}",
            self.access_key_id
        )
    }
}

/// The request in canonical form, and the names of the signed headers.
fn canonical_request(request: &ToSign<'_>) -> (String, String) {
    let mut headers: Vec<_> = request.headers.to_vec();
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let signed_headers = names.join(";");
    let lines = headers.iter().fold(String::new(), |mut lines, header| {
        let words: Vec<&str> = header.1.split_ascii_whitespace().collect();
        let _ = writeln!(lines, "{}:{}", header.0, words.join(" "));
        lines
    });
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{signed_headers}\n{}",
        request.method,
        encode_path(request.path),
        encode_query(request.query),
        request.payload_hash
    );
    (canonical, signed_headers)
}

/// Encodes a path as it is sent and signed.
pub fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, ENCODED_IN_PATHS).to_string()
}

/// Encodes a query as it is sent and signed: sorted, and with `=` after every name.
pub fn encode_query(query: &[(&str, &str)]) -> String {
    let encode = |text| utf8_percent_encode(text, ENCODED).to_string();
    let mut pairs: Vec<_> = query.iter().map(|(n, v)| (encode(n), encode(v))).collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
    pairs.join("&")
}

/// Prints a time in the form of `X-Amz-Date`: `20130524T000000Z`.
pub fn amz_date(time: OffsetDateTime) -> String {
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let month = u8::from(month);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC accepts a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// The examples of the S3 API reference, "Signature Calculations for the
    /// Authorization Header".
    fn check_s3(
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        payload_hash: &str,
        signature: &str,
    ) {
        let signer = Signer {
            access_key_id: "AKIAIOSFODNN7EXAMPLE",
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "s3",
        };
        let mut headers = headers.to_vec();
        headers.extend([
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-content-sha256", payload_hash),
        ]);
        let request = ToSign {
            method,
            path,
            query,
            headers: &headers,
            payload_hash,
            amz_date: "20130524T000000Z",
        };
        let header = signer.authorization(&request);
        let scope = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
        assert!(header.contains(scope), "{header}");
        assert!(
            header.ends_with(&format!(", Signature={signature}")),
            "{header}"
        );
    }

    #[test]
    fn the_examples_of_the_s3_reference_have_the_documented_signatures() {
        check_s3(
            "GET",
            "/test.txt",
            &[],
            &[("range", "bytes=0-9")],
            EMPTY,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        );
        let content = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        assert_eq!(sha256_hex(b"Welcome to Amazon S3."), content);
        check_s3(
            "PUT",
            "/test$file.text",
            &[],
            &[
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            content,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        );
        check_s3(
            "GET",
            "/",
            &[("lifecycle", "")],
            &[],
            EMPTY,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        );
        check_s3(
            "GET",
            "/",
            &[("prefix", "J"), ("max-keys", "2")],
            &[],
            EMPTY,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        );
    }

    /// Cases of AWS's "aws-sig-v4-test-suite".
    fn check_suite(
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        path: &str,
        names: &str,
        signature: &str,
    ) {
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service",
        };
        let mut headers = headers.to_vec();
        headers.extend([
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ]);
        let header = signer.authorization(&ToSign {
            method: "GET",
            path,
            query,
            headers: &headers,
            payload_hash: EMPTY,
            amz_date: "20150830T123600Z",
        });
        assert_eq!(
            header,
            format!(
                "AWS4-HMAC-SHA256 \
                 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={names}, Signature={signature}"
            )
        );
    }

    #[test]
    fn the_cases_of_the_test_suite_have_the_documented_signatures() {
        // get-vanilla
        check_suite(
            &[],
            &[],
            "/",
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
        // get-vanilla-query-order-key-case
        check_suite(
            &[("Param2", "value2"), ("Param1", "value1")],
            &[],
            "/",
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        );
        // get-header-value-trim
        check_suite(
            &[],
            &[("my-header1", " value1"), ("my-header2", "\"a   b   c\"")],
            "/",
            "host;my-header1;my-header2;x-amz-date",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        );
        // get-utf8
        check_suite(
            &[],
            &[],
            "/\u{1234}",
            "host;x-amz-date",
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        );
    }

    #[test]
    fn times_are_written_without_separators() {
        let time = OffsetDateTime::from_unix_timestamp(1_369_353_600).expect("a time");
        assert_eq!(amz_date(time), "20130524T000000Z");
    }

    #[test]
    fn paths_and_queries_are_encoded_once() {
        assert_eq!(encode_path("/a b/ü$~-_."), "/a%20b/%C3%BC%24~-_.");
        let query = [("uploadId", "a/b+c="), ("partNumber", "1")];
        assert_eq!(encode_query(&query), "partNumber=1&uploadId=a%2Fb%2Bc%3D");
        assert_eq!(encode_query(&[]), "");
    }
}
