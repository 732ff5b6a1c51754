//! Namespaces whose properties describe other parts of a file.
//!
//! Names like `Directory` or `Version` mean something else in every namespace. So unlike the
//! names of places, these are recognised by the namespace that their prefix stands for.

/// What the properties of a namespace describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// What cameras append to a picture: videos, gain maps, depth maps, watermarks.
    Appended,
    /// What the extended packet contains.
    Extended,
    /// Anything else.
    Other,
}

impl Namespace {
    /// The namespace with this URI. Versions differ in the last part of it.
    fn of_uri(uri: &[u8]) -> Self {
        let begins = |starts: &[&str]| starts.iter().any(|start| uri.starts_with(start.as_bytes()));
        // Google's own has much else. OPPO's, vivo's and Xiaomi's describe motion photos.
        let is_makers = uri.ends_with(b"/photos/1.0/camera/")
            && !begins(&["http://ns.google.com/photos/1.0/camera/"]);
        if is_makers
            || begins(&[
                // Motion photos, Ultra HDR, Dynamic Depth.
                "http://ns.google.com/photos/1.0/container/",
                "http://ns.google.com/photos/dd/1.0/",
                "http://ns.adobe.com/hdr-gain-map/",
                "http://ns.apple.com/HDRGainMap/",
            ])
        {
            Namespace::Appended
        } else if begins(&[
            "http://ns.google.com/photos/1.0/audio/",
            "http://ns.google.com/photos/1.0/depthmap/",
            "http://ns.google.com/photos/1.0/image/",
        ]) {
            Namespace::Extended
        } else {
            Namespace::Other
        }
    }

    /// The namespace of a prefix that no other namespace has, even if it is not declared.
    fn of_prefix(prefix: &[u8]) -> Self {
        match prefix {
            b"GContainer" | b"hdrgm" | b"HDRGainMap" | b"OpCamera" | b"VCamera" | b"MiCamera" => {
                Namespace::Appended
            }
            b"GAudio" | b"GDepth" | b"GImage" => Namespace::Extended,
            _ => Namespace::Other,
        }
    }
}

/// Whether a name is used for nothing but what is appended, in whatever namespace.
pub(super) fn is_appended(prefix: &[u8], local: &[u8]) -> bool {
    local.starts_with(b"MotionPhoto")
        || local.starts_with(b"MicroVideo")
        || (prefix, local) == (b"Container", b"Directory")
}

/// The maximum number of declarations that are remembered. Writers need a few.
const MAX_DECLARED: usize = 16;

/// What the prefixes of a packet stand for, as far as that matters.
#[derive(Debug)]
pub(super) struct Prefixes<'a> {
    declared: Vec<(&'a [u8], Namespace)>,
}

impl<'a> Prefixes<'a> {
    /// Reads the declarations of a packet. Attributes may precede those of their prefixes, so
    /// all are read before anything else. `None` if there are too many.
    pub(super) fn declared_in(packet: &'a [u8]) -> Option<Self> {
        const DECLARATION: &[u8] = b"xmlns:";
        let mut declared = Vec::new();
        for at in memchr::memmem::find_iter(packet, DECLARATION) {
            let start = at.saturating_add(DECLARATION.len());
            let rest = packet.get(start..).unwrap_or_default();
            match declaration(rest) {
                None | Some((_, Namespace::Other)) => {}
                Some(known) if declared.contains(&known) => {}
                Some(_) if declared.len() == MAX_DECLARED => return None,
                Some(new) => declared.push(new),
            }
        }
        Some(Self { declared })
    }

    /// Whether a prefix stands for this namespace anywhere in the packet.
    pub(super) fn is(&self, prefix: &[u8], namespace: Namespace) -> bool {
        Namespace::of_prefix(prefix) == namespace || self.declared.contains(&(prefix, namespace))
    }
}

/// The longest prefix and the longest URI that are read.
const MAX_PREFIX: usize = 64;
const MAX_URI: usize = 256;

/// Reads a declaration from its prefix on.
fn declaration(text: &[u8]) -> Option<(&[u8], Namespace)> {
    let head = text.get(..MAX_PREFIX).unwrap_or(text);
    let (prefix, _) = text.split_at_checked(memchr::memchr(b'=', head)?)?;
    let value = text.get(prefix.len()..)?.get(1..)?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let head = value.get(..MAX_URI).unwrap_or(value);
    let uri = head.get(..memchr::memchr(*quote, head)?)?;
    Some((prefix.trim_ascii_end(), Namespace::of_uri(uri)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_decides_what_a_prefix_stands_for() {
        let packet = b"<a a:b='' xmlns:a='http://ns.adobe.com/hdr-gain-map/1.0/'\
            xmlns:b=\"http://ns.google.com/photos/1.0/container/item/\"\
            xmlns:c = 'http://ns.google.com/photos/1.0/camera/'\
            xmlns:d='http://ns.oplus.com/photos/1.0/camera/'\
            xmlns:e='http://ns.google.com/photos/1.0/depthmap/'\
            xmlns:f='http://ns.google.com/photos/dd/1.0/device/'\
            xmlns:hdrgm='http://example.org/' xmlns:a='http://example.org/' xmlns:g='";
        let prefixes = Prefixes::declared_in(packet).expect("few");
        for (prefix, expect) in [
            ("a", Some(Namespace::Appended)),
            ("b", Some(Namespace::Appended)),
            ("c", None),
            ("d", Some(Namespace::Appended)),
            ("e", Some(Namespace::Extended)),
            ("f", Some(Namespace::Appended)),
            ("g", None),
            ("hdrgm", Some(Namespace::Appended)),
            ("", None),
        ] {
            for namespace in [Namespace::Appended, Namespace::Extended] {
                let answer = prefixes.is(prefix.as_bytes(), namespace);
                assert_eq!(answer, expect == Some(namespace), "{prefix}");
            }
        }
    }

    #[test]
    fn a_packet_has_only_so_many_declarations() {
        let declare = |number| format!("xmlns:p{number}='http://ns.apple.com/HDRGainMap/1.0/'");
        for (count, is_read) in [(MAX_DECLARED, true), (MAX_DECLARED + 1, false)] {
            let packet: String = (0..count).map(declare).collect();
            let twice = packet.repeat(2);
            assert_eq!(Prefixes::declared_in(twice.as_bytes()).is_some(), is_read);
        }
    }
}
