//! Channel binding of the type `tls-server-end-point` (RFC 5929, section 4): a digest of the
//! server's certificate, which proves to the server that no other server is in between.

use ring::digest::{self, Algorithm, SHA256, SHA384, SHA512};

/// The object identifiers of signatures, without those of types that say nothing of a digest,
/// and the digest that stands for the certificate.
const SIGNATURES: [(&[u8], &Algorithm); 9] = [
    // RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512 (RFC 8017); RFC 5929 replaces the first two.
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", &SHA384),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", &SHA512),
    // ECDSA with SHA-1, SHA-256, SHA-384, SHA-512 (RFC 5758).
    (b"\x2a\x86\x48\xce\x3d\x04\x01", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", &SHA384),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", &SHA512),
];

/// The binding to the server of this certificate (DER), if its signature defines one.
pub(super) fn of_certificate(certificate: &[u8]) -> Option<Vec<u8>> {
    let signature = signature_algorithm(certificate)?;
    let known = SIGNATURES.iter().find(|(oid, _)| *oid == signature);
    let (_, algorithm) = known?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// The object identifier of `Certificate.signatureAlgorithm` (RFC 5280, section 4.1).
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    let (fields, _) = element(certificate, SEQUENCE)?;
    let (_signed, fields) = element(fields, SEQUENCE)?;
    let (algorithm, _) = element(fields, SEQUENCE)?;
    let (oid, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    Some(oid)
}

/// The content of a DER element with this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = bytes.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let add = |sum, byte: &u8| sum << 8 | usize::from(*byte);
            (length.iter().fold(0, add), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_signature_of_the_certificate() {
        // Certificate { signed: { }, algorithm: { ecdsa-with-SHA384 } }
        let certificate = b"\x30\x0e\x30\x00\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
        assert_eq!(of_certificate(certificate).map(|it| it.len()), Some(48));
        for end in 0..certificate.len() {
            assert_eq!(of_certificate(&certificate[..end]), None, "{end}");
        }
        // A longer form of lengths, and Ed25519, which defines none.
        let certificate = b"\x30\x81\x0a\x30\x81\x00\x30\x05\x06\x03\x2b\x65\x70";
        assert_eq!(signature_algorithm(certificate), Some(&b"\x2b\x65\x70"[..]));
        assert_eq!(of_certificate(certificate), None);
    }
}
