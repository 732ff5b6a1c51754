//! Edits of images.

use super::*;

#[tokio::test]
async fn concurrent_edits_are_all_kept() {
    let bench = Bench::new();
    let image = bench
        .upload("alice", &testing::png_of_size(100))
        .await
        .expect("is accepted");
    let edits = (0..20).map(|n| {
        let member = BTreeMap::from([(format!("k{n}"), Some("v".to_owned()))]);
        let patch = Patch {
            metadata: Some(Some(member)),
            ..Patch::default()
        };
        let service = bench.service.clone();
        async move {
            service
                .edit(&grant("alice"), image.id, &patch, Quota::default(), None)
                .await
        }
    });
    for edited in futures_util::future::join_all(edits).await {
        assert!(edited.expect("is edited").updated_at > image.updated_at);
    }
    let edited = bench
        .service
        .find(&grant("alice"), image.id)
        .await
        .expect("exists");
    assert_eq!(edited.metadata.len(), 20);
    let foreign = bench
        .service
        .edit(
            &grant("bob"),
            image.id,
            &Patch::default(),
            Quota::default(),
            None,
        )
        .await;
    assert_eq!(foreign, Err(EditError::Service(ServiceError::NotFound)));
}

#[tokio::test]
async fn a_patch_sets_keeps_and_resets_fields() {
    let bench = Bench::new();
    let image = bench
        .upload("alice", &testing::png_of_size(100))
        .await
        .expect("is accepted");
    let edit = async |patch: Patch| {
        bench
            .service
            .edit(&grant("alice"), image.id, &patch, Quota::default(), None)
            .await
    };
    let members = |value: Option<&str>| {
        Some(Some(BTreeMap::from([(
            "k".to_owned(),
            value.map(str::to_owned),
        )])))
    };
    let set = edit(Patch {
        filename: Some(Some("b.png".into())),
        tags: Some(Some(vec!["t".into(), "t".into()])),
        visibility: Some(Some(crate::model::Visibility::Public)),
        metadata: members(Some("v")),
    });
    let set = set.await.expect("is edited");
    assert_eq!(
        (set.filename.as_deref(), set.tags.len()),
        (Some("b.png"), 1)
    );
    assert_eq!(set.metadata.get("k").map(String::as_str), Some("v"));
    let kept = edit(Patch::default()).await.expect("is edited");
    assert_eq!(
        (kept.filename, kept.tags, kept.metadata),
        (set.filename, set.tags, set.metadata)
    );
    let back = edit(Patch {
        filename: Some(None),
        tags: Some(None),
        visibility: Some(None),
        metadata: members(None),
    });
    let back = back.await.expect("is edited");
    assert_eq!(
        back,
        crate::model::Image {
            filename: None,
            updated_at: back.updated_at,
            ..image.clone()
        }
    );
    let long = edit(Patch {
        metadata: members(Some(&"v".repeat(5000))),
        ..Patch::default()
    })
    .await;
    assert!(matches!(long, Err(EditError::Field(_))));
}
