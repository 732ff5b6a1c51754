//! Photoshop's image resources (Adobe Photoshop File Formats, "Image Resources")
//! and the IPTC-IIM records (IIM 4.2) that one of them holds.

use super::Edit;
use crate::media::meter::Meter;
use crate::media::read::Reader;

/// Precedes the resources in a JPEG's APP13 segment.
pub(super) const PREFIX: &[u8] = b"Photoshop 3.0\0";

/// The resource that contains IPTC-IIM.
const IPTC: u16 = 0x0404;
/// The resource that contains the MD5 of IPTC-IIM.
const IPTC_DIGEST: u16 = 0x0425;
/// Resources that are removed: thumbnails in two forms, Exif in two, XMP.
const REMOVABLE: [u16; 5] = [0x0409, 0x040C, 0x0422, 0x0423, 0x0424];

/// The costs of a byte, a resource and a data set, in units of the [`Meter`]. A byte is
/// read, copied and compared.
const BYTE: u64 = 4;
const RESOURCE: u64 = 48;
const DATASET: u64 = 24;

/// Removes locations and previews from a series of resources.
pub(super) fn edit(resources: &[u8], meter: &mut Meter) -> Edit {
    meter.charge_each(resources.len(), BYTE);
    let Some(all) = parse(resources) else {
        return Edit::Drop;
    };
    meter.charge_each(all.len(), RESOURCE);
    let edits: Vec<Edit> = all
        .iter()
        .map(|resource| match resource.id {
            IPTC => iim(resource.data, meter),
            id if REMOVABLE.contains(&id) => Edit::Drop,
            _ => Edit::Keep,
        })
        .collect();
    let mut pairs = all.iter().zip(&edits);
    let changed = pairs.any(|(resource, edit)| resource.id == IPTC && *edit != Edit::Keep);
    let mut edited = Vec::new();
    for (resource, edit) in all.iter().zip(edits) {
        match edit {
            _ if changed && resource.id == IPTC_DIGEST => {}
            Edit::Keep => edited.extend(resource.whole),
            Edit::Drop => {}
            Edit::Replace(data) => resource.write(&data, &mut edited),
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
    /// Writes the resource with other data.
    fn write(&self, data: &[u8], to: &mut Vec<u8>) {
        to.extend(self.head);
        to.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        to.extend(data);
        to.extend((!data.len().is_multiple_of(2)).then_some(0));
    }
}

/// Parses the resources; `None` if there is anything else.
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
        // Length and name together are even, and so is the data.
        let name = reader.u8()?;
        reader.take(usize::from(name | 1))?;
        let head = before(rest, reader.rest());
        let size = usize::try_from(reader.u32_be()?).ok()?;
        let data = reader.take(size)?;
        if !size.is_multiple_of(2) {
            reader.take(1);
        }
        let after = reader.rest();
        found.push(Resource {
            id,
            whole: before(rest, after),
            head,
            data,
        });
        rest = after;
    }
    Some(found)
}

/// The part of `all` before its end, `rest`.
fn before<'a>(all: &'a [u8], rest: &[u8]) -> &'a [u8] {
    let count = all.len().saturating_sub(rest.len());
    all.get(..count).unwrap_or_default()
}

/// Data sets that are removed: locations (content location code and name, city,
/// sublocation, province, country code and name) and previews.
const REMOVABLE_DATASETS: [u8; 10] = [26, 27, 90, 92, 95, 100, 101, 200, 201, 202];

/// Edits IPTC-IIM (IIM 4.2 §1.5): a series of data sets.
fn iim(data: &[u8], meter: &mut Meter) -> Edit {
    let mut edited = Vec::new();
    let mut rest = data;
    while rest.iter().any(|byte| *byte != 0) {
        let Some((record, dataset, after)) = next_dataset(rest) else {
            return Edit::Drop;
        };
        meter.charge(DATASET);
        if record != 2 || !REMOVABLE_DATASETS.contains(&dataset) {
            edited.extend(before(rest, after));
        }
        rest = after;
    }
    match edited {
        // Padding is not compared.
        edited if edited.len() == before(data, rest).len() => Edit::Keep,
        edited if edited.is_empty() => Edit::Drop,
        edited => Edit::Replace(edited),
    }
}

/// The numbers of the first data set, and the bytes after it.
fn next_dataset(data: &[u8]) -> Option<(u8, u8, &[u8])> {
    let mut reader = Reader::new(data);
    let [0x1C, record, dataset] = reader.array()? else {
        return None;
    };
    let mut size = usize::from(reader.u16_be()?);
    if size & 0x8000 != 0 {
        // Extended: this many bytes contain the length.
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
