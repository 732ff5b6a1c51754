//! Walks while images are added, deleted and changed, compared with what a walk must visit.

use std::collections::{BTreeMap, BTreeSet};

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use uuid::Uuid;

use super::*;
use crate::catalog::testing::MemoryCatalog;
use crate::catalog::{Catalog, Lease, NewImage};
use crate::model::{BlobRef, Image, Kind, Quota, Sha256};

/// The properties of an image that can be changed.
#[derive(Clone, Debug)]
struct Editable {
    filename: Option<String>,
    tags: Vec<String>,
    visibility: Visibility,
}

/// The properties that cannot.
#[derive(Clone, Debug)]
struct Fixed {
    owner: &'static str,
    created_at: i64,
    size: u64,
    width: u32,
    kind: Kind,
}

/// A change between two pages. Images are identified by their number, modulo the number of
/// images that have ever existed.
#[derive(Clone, Debug)]
enum Event {
    Add(Fixed, Editable),
    Edit(usize, Editable),
    Delete(usize),
}

fn editable() -> impl Strategy<Value = Editable> {
    let filename = option::of(select(vec!["a.png", "A.png", "b.gif", "b.png", "%"]));
    let tags = subsequence(vec!["x", "y", "z"], 0..=3);
    let visibility = select(vec![Visibility::Private, Visibility::Public]);
    (filename, tags, visibility).prop_map(|(filename, tags, visibility)| Editable {
        filename: filename.map(str::to_owned),
        tags: tags.into_iter().map(str::to_owned).collect(),
        visibility,
    })
}

fn fixed() -> impl Strategy<Value = Fixed> {
    let kind = select(vec![Kind::Png, Kind::Gif]);
    let owner = select(vec!["alice", "alice", "alice", "bob"]);
    (owner, 0i64..5, 1u64..4, 1u32..4, kind).prop_map(|(owner, created_at, size, width, kind)| {
        Fixed {
            owner,
            created_at,
            size,
            width,
            kind,
        }
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (fixed(), editable()).prop_map(|(fixed, editable)| Event::Add(fixed, editable)),
        2 => (any::<usize>(), editable()).prop_map(|(at, editable)| Event::Edit(at, editable)),
        2 => any::<usize>().prop_map(Event::Delete),
    ]
}

fn filters() -> impl Strategy<Value = Filters> {
    let span = |most: u64| {
        let bound = move || option::weighted(0.2, 1..=most);
        (bound(), bound()).prop_map(|(min, max)| Span { min, max })
    };
    let time = || option::weighted(0.2, (0i64..5).prop_map(Timestamp::from_millis));
    let tags = prop_oneof![3 => Just(vec![]), 2 => subsequence(vec!["x", "y", "z"], 1..=3)];
    let kind = option::weighted(0.2, select(vec![Kind::Png, Kind::Gif]));
    let filename = option::weighted(0.3, select(vec!["A", "png", "b", "%"]));
    let visibility = option::weighted(0.2, Just(Visibility::Public));
    let texts = (tags, kind, filename, visibility);
    (texts, time(), time(), span(3), span(3)).prop_map(
        |((tags, kind, filename, visibility), created_after, created_before, width, size)| {
            Filters {
                tags: tags.into_iter().map(str::to_owned).collect(),
                kind,
                filename: filename.map(str::to_owned),
                created_after,
                created_before,
                width,
                height: Span::default(),
                size,
                visibility,
                ticket: None,
            }
        },
    )
}

fn query() -> impl Strategy<Value = ListQuery> {
    let sort = (select(SortBy::ALL.to_vec()), any::<bool>());
    let owner = option::weighted(0.8, Just("alice".to_owned()));
    (filters(), sort, owner, 1u32..5, 1u32..8).prop_map(
        |(filters, (by, descending), owner, limit, scan)| ListQuery {
            owner,
            filters,
            sort: Sort { by, descending },
            after: None,
            limit,
            scan,
        },
    )
}

/// A catalog and its images.
struct World<'a> {
    catalog: &'a dyn Catalog,
    images: BTreeMap<Uuid, Image>,
    /// The ids of all images that have ever existed, in the order of their creation.
    ids: Vec<Uuid>,
}

const LEASE: &str = "lease";

impl World<'_> {
    async fn happen(&mut self, event: &Event) {
        let at = |at: usize| self.ids.get(at.checked_rem(self.ids.len())?).copied();
        match event {
            Event::Add(fixed, editable) => self.add(fixed, editable).await,
            Event::Edit(number, editable) => {
                let known = at(*number).and_then(|id| self.images.get_mut(&id));
                let Some(image) = known else { return };
                let seen = image.updated_at;
                edit(image, editable);
                image.updated_at = Timestamp::from_millis(seen.millis() + 1);
                let updated = self.catalog.update(image, seen, Quota::default()).await;
                assert_eq!(updated, Ok(true));
            }
            Event::Delete(number) => {
                let Some(id) = at(*number) else { return };
                let known = self.images.remove(&id).is_some();
                assert_eq!(self.catalog.delete(id, None, None).await, Ok(known));
            }
        }
    }

    async fn add(&mut self, fixed: &Fixed, editable: &Editable) {
        let number = self.ids.len() as u128 + 1;
        // Ids that are not in order.
        let id = Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let created_at = Timestamp::from_millis(fixed.created_at);
        let digest = Sha256::from(std::array::from_fn(|at| number.to_be_bytes()[at % 16]));
        let mut image = Image {
            id,
            owner: fixed.owner.to_owned(),
            blob: BlobRef {
                id: crate::model::BlobId::new(format!("{LEASE}.{number}")).expect("an id"),
                size: fixed.size,
                chunk_size: 1,
            },
            sha256: digest,
            original_sha256: digest,
            kind: fixed.kind,
            width: fixed.width,
            height: 1,
            frames: 1,
            traits: None,
            placeholder: None,
            filename: None,
            visibility: Visibility::Private,
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            ticket: None,
            link_epoch: 0,
            created_at,
            updated_at: created_at,
        };
        edit(&mut image, editable);
        let new = NewImage {
            image: image.clone(),
            lease: LEASE.to_owned(),
            answer: None,
            completes: None,
        };
        let now = Timestamp::from_millis(0);
        let committed = self.catalog.commit(&[new], Quota::default(), now).await;
        committed.expect("is committed");
        self.images.insert(id, image);
        self.ids.push(id);
    }
}

fn edit(image: &mut Image, editable: &Editable) {
    image.filename.clone_from(&editable.filename);
    image.tags.clone_from(&editable.tags);
    image.visibility = editable.visibility;
}

/// Walks while `events` happen, some of them before each page, and checks what is visited.
async fn check(catalog: &dyn Catalog, query: &ListQuery, before: &[Event], events: &[Vec<Event>]) {
    let lease = Lease {
        id: LEASE.to_owned(),
        capacity: 1000,
        expires_at: Timestamp::from_millis(1000),
    };
    catalog.lease(&lease).await.expect("is recorded");
    let mut world = World {
        catalog,
        images: BTreeMap::new(),
        ids: Vec::new(),
    };
    for event in before {
        world.happen(event).await;
    }
    let matches = |image: &&Image| {
        let ours = query
            .owner
            .as_ref()
            .is_none_or(|owner| *owner == image.owner);
        ours && query.filters.match_image(image)
    };
    let places = |world: &World<'_>| -> BTreeSet<Position> {
        let matches = world.images.values().filter(matches);
        matches.map(|image| query.sort.by.position(image)).collect()
    };
    // What exists, matches and keeps its place all the while.
    let mut steady = places(&world);
    let (mut visited, mut next) = (Vec::new(), query.clone());
    let mut events = events.iter();
    loop {
        let page = catalog.list(&next).await.expect("a page");
        assert!(page.images.len() as u64 <= u64::from(query.limit));
        for image in &page.images {
            assert_eq!(
                world.images.get(&image.id),
                Some(image),
                "a visited image is as it is now"
            );
            assert!(matches(&image), "a visited image matches");
            visited.push(query.sort.by.position(image));
        }
        let Some(place) = page.next else { break };
        next.after = Some(place);
        for event in events.next().into_iter().flatten() {
            world.happen(event).await;
            let now = places(&world);
            steady.retain(|position| now.contains(position));
        }
    }
    if query.sort.descending {
        visited.reverse();
    }
    assert!(
        visited.is_sorted_by(|a, b| a < b),
        "in order, and no place twice: {visited:?}"
    );
    let visited: BTreeSet<Position> = visited.into_iter().collect();
    let missed: Vec<&Position> = steady.difference(&visited).collect();
    assert!(missed.is_empty(), "missed: {missed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_visits_once_each_image_that_keeps_its_place_and_matches(
        query in query(),
        before in proptest::collection::vec(event(), 0..25),
        events in proptest::collection::vec(proptest::collection::vec(event(), 0..4), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            check(&MemoryCatalog::default(), &query, &before, &events).await;
            let sql = SqlCatalog::open(Native::new()).await.expect("opens");
            check(&sql, &query, &before, &events).await;
        });
    }
}
