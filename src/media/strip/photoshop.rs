//! Photoshop's image resources (Adobe Photoshop File Formats, "Image Resources")
//! and the IPTC-IIM records (IIM 4.2) that one of them holds.

use super::Edit;
use crate::media::read::Reader;

/// What a JPEG's APP13 segment with resources begins with.
pub(super) const PREFIX: &[u8] = b"Photoshop 3.0\0";

/// The resource that holds IPTC-IIM.
const IPTC: u16 = 0x0404;
/// The MD5 of that.
const IPTC_DIGEST: u16 = 0x0425;
/// Thumbnails in two forms, Exif in two, XMP.
const SECRET: [u16; 5] = [0x0409, 0x040C, 0x0422, 0x0423, 0x0424];

/// The edit of a series of resources that takes places and previews out.
pub(super) fn edit(resources: &[u8]) -> Edit {
    let Some(all) = parse(resources) else {
        return Edit::Drop;
    };
    let iptc = |resource: &Resource<'_>| resource.id == IPTC;
    let changed = all
        .iter()
        .any(|resource| iptc(resource) && iim(resource.data) != Edit::Keep);
    let mut edited = Vec::new();
    for resource in &all {
        match resource.id {
            IPTC_DIGEST if changed => {}
            id if SECRET.contains(&id) => {}
            IPTC => match iim(resource.data) {
                Edit::Keep => edited.extend(resource.whole),
                Edit::Drop => {}
                Edit::Replace(data) => resource.write(&data, &mut edited),
            },
            _ => edited.extend(resource.whole),
        }
    }
    match edited {
        edited if edited.is_empty() => Edit::Drop,
        edited if edited == resources => Edit::Keep,
        edited => Edit::Replace(edited),
    }
}

struct Resource<'a> {
    id: u16,
    /// From the signature to the padding.
    whole: &'a [u8],
    /// From the signature to the name.
    head: &'a [u8],
    data: &'a [u8],
}

impl Resource<'_> {
    /// Writes it with other data.
    fn write(&self, data: &[u8], to: &mut Vec<u8>) {
        to.extend(self.head);
        to.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        to.extend(data);
        to.resize(to.len() + data.len() % 2, 0);
    }
}

/// The resources; `None` if that is not all there is.
fn parse(resources: &[u8]) -> Option<Vec<Resource<'_>>> {
    let mut found = Vec::new();
    let mut rest = resources;
    while rest.iter().any(|byte| *byte != 0) {
        let mut reader = Reader::new(rest);
        let signature: [u8; 4] = reader.array()?;
        if ![b"8BIM", b"PHUT", b"AgHg", b"DCSR", b"MeSa"].contains(&&signature) {
            return None;
        }
        let id = reader.u16_be()?;
        let name = usize::from(reader.u8()?);
        // Length and name together are even, and so is the data.
        reader.take(name + (name + 1) % 2)?;
        let head = rest.len() - reader.rest().len();
        let size = usize::try_from(reader.u32_be()?).ok()?;
        let data = reader.take(size)?;
        if size % 2 == 1 {
            reader.take(1);
        }
        let after = reader.rest();
        found.push(Resource {
            id,
            whole: rest.get(..rest.len() - after.len())?,
            head: rest.get(..head)?,
            data,
        });
        rest = after;
    }
    Some(found)
}

/// Records of places (content location code and name, city, sublocation,
/// province, country code and name), and of previews.
const SECRET_DATASETS: [u8; 10] = [26, 27, 90, 92, 95, 100, 101, 200, 201, 202];

/// The edit of IPTC-IIM (IIM 4.2 §1.5): a series of data sets.
fn iim(data: &[u8]) -> Edit {
    let mut edited = Vec::new();
    let mut rest = data;
    while rest.iter().any(|byte| *byte != 0) {
        let Some((record, dataset, after)) = next_dataset(rest) else {
            return Edit::Drop;
        };
        if record != 2 || !SECRET_DATASETS.contains(&dataset) {
            let whole = rest.len() - after.len();
            edited.extend(rest.get(..whole).unwrap_or_default());
        }
        rest = after;
    }
    match edited {
        edited if edited.len() + rest.len() == data.len() => Edit::Keep,
        edited if edited.is_empty() => Edit::Drop,
        edited => Edit::Replace(edited),
    }
}

/// The numbers of the first data set, and what follows it.
fn next_dataset(data: &[u8]) -> Option<(u8, u8, &[u8])> {
    let mut reader = Reader::new(data);
    let [0x1C, record, dataset] = reader.array()? else {
        return None;
    };
    let mut size = usize::from(reader.u16_be()?);
    if size & 0x8000 != 0 {
        // Extended: so many bytes hold the length.
        let bytes = reader.take(size & 0x7FFF)?;
        let significant = bytes.iter().skip_while(|byte| **byte == 0);
        let mut number: u64 = 0;
        for byte in significant {
            number = number.checked_mul(256)?.checked_add((*byte).into())?;
        }
        size = usize::try_from(number).ok()?;
    }
    reader.take(size)?;
    Some((record, dataset, reader.rest()))
}

#[cfg(test)]
mod tests;
