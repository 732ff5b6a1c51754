//! Lists: every image once, in every order, with every filter.

use super::{NOW, Suite};
use crate::catalog::NewImage;
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::{Filters, Image, Kind, ListQuery, Sort, SortBy, Span, Timestamp, Visibility};

/// More rows than any page of the suite examines.
const SCAN: u32 = 1000;

impl Suite<'_> {
    fn query(&self, owner: &str, limit: u32) -> ListQuery {
        ListQuery {
            owner: Some(format!("{}{owner}", self.prefix)),
            filters: Filters::default(),
            sort: Sort::default(),
            after: None,
            limit,
            scan: SCAN,
        }
    }

    /// All images that a walk visits.
    async fn walk(&self, query: &ListQuery) -> Result<Vec<Image>, Failure> {
        let (mut query, mut visited) = (query.clone(), Vec::new());
        loop {
            let page = self.step("a page", self.catalog.list(&query).await)?;
            let fits = page.images.len() <= usize::try_from(query.limit).unwrap_or_default();
            ensure("a page contains no more images than its limit", fits)?;
            visited.extend(page.images);
            let Some(next) = page.next else {
                return Ok(visited);
            };
            ensure("a walk makes progress", query.after.as_ref() != Some(&next))?;
            query.after = Some(next);
        }
    }

    /// An image whose content is derived from its number.
    fn numbered(&self, owner: &str, number: u32) -> Result<NewImage, Failure> {
        let mut new = self.image(owner, number, "a")?;
        new.image.sha256 = super::digest(&number.to_string());
        Ok(new)
    }

    /// Images that differ in everything that lists depend on. Their numbers rise with their
    /// times.
    async fn gallery(&self) -> Result<Vec<NewImage>, Failure> {
        let mut images = Vec::new();
        for number in 1..=12 {
            let mut new = self.numbered("gallery", number)?;
            let image = &mut new.image;
            // Two in each millisecond, three of each size, five names and none.
            image.created_at = Timestamp::from_millis(NOW + i64::from(number / 2));
            image.updated_at = image.created_at;
            image.blob.size = u64::from(100 + number % 4);
            image.filename = match number % 6 {
                0 => None,
                name => Some(
                    ["b.png", "B.png", "a%_.gif", "Ü.png", "b.png"]
                        [usize::try_from(name - 1).unwrap_or(0)]
                    .to_owned(),
                ),
            };
            image.width = number;
            image.height = 100 - number;
            if number % 3 == 0 {
                image.tags = vec!["three".to_owned(), "t".to_owned()];
            }
            if number % 4 == 0 {
                image.tags.push("four".to_owned());
                image.visibility = Visibility::Public;
                image.kind = Kind::Gif;
            }
            images.push(new);
        }
        self.commit(&images).await?;
        Ok(images)
    }

    async fn delete_all(&self, images: &[NewImage]) -> Result<(), Failure> {
        for image in images {
            self.delete(image).await?;
        }
        self.forget_dead().await
    }

    pub(super) async fn pages_neither_skip_nor_repeat(&self) -> Result<(), Failure> {
        let mut images = Vec::new();
        for number in 1..=23 {
            let mut new = self.numbered("pages", number)?;
            // Several in each millisecond.
            new.image.created_at = Timestamp::from_millis(NOW + i64::from(number / 4));
            new.image.updated_at = new.image.created_at;
            images.push(new);
        }
        images.push(self.image("other", 99, "b")?);
        self.commit(&images).await?;
        let visited = self.walk(&self.query("pages", 5)).await?;
        let expected: Vec<Image> = images
            .iter()
            .rev()
            .skip(1)
            .map(|new| new.image.clone())
            .collect();
        ensure(
            "pages contain every image once, newest first",
            visited == expected,
        )?;
        let full = self.catalog.list(&self.query("pages", 23)).await;
        let full = self.step("a full page", full)?;
        ensure_eq("a full last page has no next", full.next, None)?;
        let everybody = ListQuery {
            owner: None,
            ..self.query("", 1)
        };
        let newest = self.step("everybody's page", self.catalog.list(&everybody).await)?;
        ensure_eq(
            "everybody's list is not confined to one owner",
            newest.images.len(),
            1,
        )?;
        self.delete_all(&images).await
    }

    pub(super) async fn lists_have_the_requested_order(&self) -> Result<(), Failure> {
        let images = self.gallery().await?;
        for by in SortBy::ALL {
            for descending in [false, true] {
                for limit in [1, 5, 12] {
                    let query = ListQuery {
                        sort: Sort { by, descending },
                        ..self.query("gallery", limit)
                    };
                    let visited = self.walk(&query).await?;
                    let mut expected: Vec<Image> =
                        images.iter().map(|new| new.image.clone()).collect();
                    expected.sort_by_cached_key(|image| by.position(image));
                    if descending {
                        expected.reverse();
                    }
                    ensure_eq("a list is in the requested order", visited, expected)?;
                }
            }
        }
        self.delete_all(&images).await
    }

    pub(super) async fn filters_find_what_matches_all_of_them(&self) -> Result<(), Failure> {
        let images = self.gallery().await?;
        for (filters, expected) in cases() {
            for by in SortBy::ALL {
                for descending in [false, true] {
                    let query = ListQuery {
                        filters: filters.clone(),
                        sort: Sort { by, descending },
                        ..self.query("gallery", 2)
                    };
                    let visited = self.walk(&query).await?;
                    let mut numbers: Vec<u32> = visited.iter().map(|image| image.width).collect();
                    numbers.sort_unstable();
                    let promise = format!("a list contains what matches {filters:?} by {by:?}");
                    ensure_eq(&promise, numbers, expected.clone())?;
                }
            }
        }
        self.delete_all(&images).await
    }

    /// Nobody can store such a text, but anybody may ask for one.
    pub(super) async fn a_text_with_nul_finds_nothing(&self) -> Result<(), Failure> {
        let images = self.gallery().await?;
        let nul = || "\0".to_owned();
        for filters in [
            Filters {
                tags: vec![nul()],
                ..Filters::default()
            },
            Filters {
                filename: Some(nul()),
                ..Filters::default()
            },
            Filters {
                ticket: Some(nul()),
                ..Filters::default()
            },
        ] {
            let query = ListQuery {
                filters,
                ..self.query("gallery", 2)
            };
            let visited = self.walk(&query).await?;
            ensure_eq("a text with NUL is in no image", visited, vec![])?;
        }
        let ticket = self.catalog.find_ticket(&nul()).await;
        ensure_eq("a text with NUL is no ticket", ticket, Ok(None))?;
        let upload = self.catalog.find_resumable(&nul()).await;
        ensure_eq("a text with NUL is no upload", upload, Ok(None))?;
        self.delete_all(&images).await
    }

    pub(super) async fn a_page_examines_no_more_than_it_may(&self) -> Result<(), Failure> {
        let images = self.gallery().await?;
        for by in SortBy::ALL {
            for tags in [vec![], vec!["three".to_owned(), "four".to_owned()]] {
                let filters = Filters {
                    tags,
                    width: Span {
                        min: Some(12),
                        max: None,
                    },
                    ..Filters::default()
                };
                let query = ListQuery {
                    filters,
                    sort: Sort {
                        by,
                        descending: true,
                    },
                    scan: 1,
                    ..self.query("gallery", 2)
                };
                let page = self.step("a page", self.catalog.list(&query).await)?;
                ensure(
                    "a page that examines one image contains no more",
                    page.images.len() <= 1,
                )?;
                let visited = self.walk(&query).await?;
                ensure_eq("a walk of short pages visits all matches", visited.len(), 1)?;
            }
        }
        self.delete_all(&images).await
    }
}

/// Filters, and the numbers of the images in the gallery that match.
fn cases() -> Vec<(Filters, Vec<u32>)> {
    [cases_of_words(), cases_of_spans(), cases_of_several()].concat()
}

fn tags(tags: &[&str]) -> Filters {
    Filters {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..Filters::default()
    }
}

fn time(millis: i64) -> Option<Timestamp> {
    Some(Timestamp::from_millis(NOW + millis))
}

fn span(min: Option<u64>, max: Option<u64>) -> Span {
    Span { min, max }
}

/// Cases of tags, types and parts of names.
fn cases_of_words() -> Vec<(Filters, Vec<u32>)> {
    let none = Filters::default;
    let name = |part: &str| Filters {
        filename: Some(part.to_owned()),
        ..none()
    };
    vec![
        (none(), (1..=12).collect()),
        (tags(&["three"]), vec![3, 6, 9, 12]),
        (tags(&["four", "three"]), vec![12]),
        (tags(&["three", "t"]), vec![3, 6, 9, 12]),
        (tags(&["Three"]), vec![]),
        (tags(&["three", "none"]), vec![]),
        (
            Filters {
                kind: Some(Kind::Gif),
                ..none()
            },
            vec![4, 8, 12],
        ),
        (name("b.P"), vec![1, 2, 5, 7, 8, 11]),
        (name("%_"), vec![3, 9]),
        (name("Ü"), vec![4, 10]),
        (name("ü"), vec![]),
        (name("none"), vec![]),
    ]
}

/// Cases of times, dimensions and sizes.
fn cases_of_spans() -> Vec<(Filters, Vec<u32>)> {
    let none = Filters::default;
    vec![
        (
            Filters {
                created_after: time(2),
                created_before: time(5),
                ..none()
            },
            vec![6, 7, 8, 9],
        ),
        (
            Filters {
                created_before: time(1),
                ..none()
            },
            vec![1],
        ),
        (
            Filters {
                width: span(Some(3), Some(4)),
                ..none()
            },
            vec![3, 4],
        ),
        (
            Filters {
                height: span(None, Some(89)),
                ..none()
            },
            vec![11, 12],
        ),
        (
            Filters {
                size: span(Some(101), Some(102)),
                ..none()
            },
            vec![1, 2, 5, 6, 9, 10],
        ),
        (
            Filters {
                size: span(Some(0), Some(100)),
                ..none()
            },
            vec![4, 8, 12],
        ),
        (
            Filters {
                size: span(Some(u64::MAX), None),
                ..none()
            },
            vec![],
        ),
        (
            Filters {
                size: span(None, Some(u64::MAX)),
                ..none()
            },
            (1..=12).collect(),
        ),
    ]
}

/// Cases of several filters at once.
fn cases_of_several() -> Vec<(Filters, Vec<u32>)> {
    vec![
        (
            Filters {
                visibility: Some(Visibility::Private),
                ..tags(&["three"])
            },
            vec![3, 6, 9],
        ),
        (
            Filters {
                visibility: Some(Visibility::Public),
                kind: Some(Kind::Gif),
                filename: Some("PNG".to_owned()),
                size: span(None, Some(100)),
                created_after: time(1),
                ..tags(&["four"])
            },
            vec![4, 8],
        ),
    ]
}
