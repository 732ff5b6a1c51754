//! What the stores must contain.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::crash::everything;
use super::client::{Kept, One};
use super::{OWNERS, QUOTA};
use crate::support::{Darkroom, sha256_hex};

/// The images that exist, and those that may exist, by the names of their files.
pub(super) struct Truth(BTreeMap<String, Kept>, BTreeMap<String, Kept>);

impl Truth {
    /// What all clients know together.
    pub(super) fn of(clients: &[One]) -> Self {
        let named = |kept: &Kept| (format!("{}.png", kept.name), kept.clone());
        let kept = clients.iter().flat_map(|client| &client.kept);
        let doubtful = clients.iter().flat_map(|client| &client.doubtful);
        Self(kept.map(named).collect(), doubtful.map(named).collect())
    }

    /// Compares it with what a host says.
    pub(super) async fn check(&self, host: &Darkroom, reads_all: bool) {
        let admin = host.scoped("root", "admin");
        let images = everything(&admin).await;
        let mut found = BTreeMap::new();
        for image in &images {
            let name = image["filename"].as_str().expect("a name");
            let twice = found.insert(name, image);
            assert_eq!(twice, None, "{name} is there twice");
        }
        for (name, kept) in &self.0 {
            let image = found.remove(name.as_str());
            let image = image.unwrap_or_else(|| panic!("lost: {kept:?}"));
            check(image, kept);
        }
        for (name, kept) in &self.1 {
            if let Some(image) = found.remove(name.as_str()) {
                check(image, kept);
            }
        }
        assert!(found.is_empty(), "nobody knows of {found:?}");
        let audited = admin.audit(&json!({"limit": 200})).await;
        assert_eq!(audited["findings"], json!([]));
        for (number, owner) in OWNERS.iter().enumerate() {
            let of_owner = || self.0.values().filter(|kept| kept.owner == number);
            let count = of_owner().count();
            let bytes: usize = of_owner().map(|kept| kept.file.len()).sum();
            assert!(count <= QUOTA, "{owner} has {count} images");
            let usage = host.client(owner).get("/v1/usage").await;
            let usage: Value = usage.json().await.expect("JSON");
            // Uploads that nobody goes on with count too, and so do descriptions and answers. The
            // audit compares the sums with all records.
            let number = |name: &str| usage[name].as_u64().expect("a number");
            let images = usize::try_from(number("images")).expect("small");
            assert!((count..=QUOTA).contains(&images), "{owner}: {usage}");
            assert!(number("bytes") >= bytes as u64, "{owner}: {usage}");
        }
        if reads_all {
            for image in images {
                let name = image["filename"].as_str().expect("a name");
                let kept = self.0.get(name).or(self.1.get(name));
                let kept = kept.expect("somebody knows of it");
                let bytes = host.client(OWNERS[kept.owner]).download(&image).await;
                assert!(bytes == kept.file, "wrong bytes of {name}");
            }
        }
    }
}

fn check(image: &Value, kept: &Kept) {
    assert_eq!(image["owner"], OWNERS[kept.owner]);
    assert_eq!(image["sha256"], sha256_hex(&kept.file));
    if let Some(id) = &kept.id {
        assert_eq!(image["id"], **id, "{image}");
    }
    if let Some(number) = kept.changed {
        assert_eq!(image["metadata"]["n"], number.to_string(), "{image}");
    }
}
