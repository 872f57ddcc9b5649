//! A set of texts: their bytes one behind the other, found by hash. A text takes its bytes and little more.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::error::Result;

/// Of twice as many places as texts, or more, one is soon free.
const FEWEST_PLACES: usize = 1024;

/// A set of texts.
#[derive(Debug, Default)]
pub(super) struct KnownTexts {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
    hashes: Vec<u64>,
    /// Numbers of texts from 1, each as near behind the place of its hash as there is room; 0 is free. A power of two.
    places: Vec<u32>,
}

impl KnownTexts {
    /// Adds texts; nulls are none.
    pub(super) fn add(&mut self, texts: &ArrayRef) -> Result<()> {
        let (texts, hashes) = hashed(texts)?;
        for (text, hash) in texts.as_string::<i32>().iter().zip(hashes) {
            let Some(text) = text else { continue };
            if (self.ends.len() + 1) * 2 > self.places.len() {
                self.make_room();
            }
            let place = self.place(hash, text);
            if self.places[place] == 0 {
                self.bytes.extend_from_slice(text.as_bytes());
                self.ends.push(self.bytes.len());
                self.hashes.push(hash);
                self.places[place] = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
            }
        }
        Ok(())
    }

    /// Whether each of some texts is in the set; null is not.
    pub(super) fn look_up(&self, texts: &ArrayRef) -> Result<BooleanArray> {
        let (texts, hashes) = hashed(texts)?;
        let texts: &StringArray = texts.as_string();
        if self.places.is_empty() {
            return Ok(BooleanArray::from(vec![false; texts.len()]));
        }
        // Rows of one key often stand together.
        let mut last: Option<(u64, &str, bool)> = None;
        let found = texts.iter().zip(hashes).map(|(text, hash)| {
            let Some(text) = text else { return Some(false) };
            if let Some((seen, before, found)) = last
                && seen == hash
                && before == text
            {
                return Some(found);
            }
            let found = self.places[self.place(hash, text)] != 0;
            last = Some((hash, text, found));
            Some(found)
        });
        Ok(found.collect())
    }

    /// Bytes that the set takes.
    pub(super) fn size(&self) -> usize {
        let each = self.ends.capacity() * size_of::<usize>() + self.hashes.capacity() * size_of::<u64>();
        self.bytes.capacity() + each + self.places.capacity() * size_of::<u32>()
    }

    /// The place of a text, or the free one where it would stand. There must be a free one.
    fn place(&self, hash: u64, text: &str) -> usize {
        let mask = self.places.len() - 1;
        let mut place = usize::try_from(hash & mask as u64).unwrap_or_default();
        while let Some(number) = (self.places[place] as usize).checked_sub(1) {
            if self.hashes[number] == hash && self.text(number) == text.as_bytes() {
                break;
            }
            place = (place + 1) & mask;
        }
        place
    }

    fn text(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    fn make_room(&mut self) {
        let count = (self.places.len() * 2).max(FEWEST_PLACES);
        let mask = count - 1;
        let mut places = vec![0; count];
        for (number, hash) in (1..).zip(&self.hashes) {
            let mut place = usize::try_from(hash & mask as u64).unwrap_or_default();
            while places[place] != 0 {
                place = (place + 1) & mask;
            }
            places[place] = number;
        }
        self.places = places;
    }
}

fn hashed(texts: &ArrayRef) -> Result<(ArrayRef, Vec<u64>)> {
    let texts = cast(texts, &DataType::Utf8)?;
    let mut hashes = vec![0; texts.len()];
    create_hashes([&texts], &RandomState::with_seed(0), &mut hashes)?;
    Ok((texts, hashes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn all_that_was_added_is_found() {
        let texts = |numbers: std::ops::Range<u32>| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(numbers.map(|it| it.to_string())))
        };
        let mut known = KnownTexts::default();
        assert_eq!(known.look_up(&texts(0..3)).unwrap().true_count(), 0);
        for _ in 0..2 {
            known.add(&texts(0..3000)).unwrap();
            known.add(&texts(2000..5000)).unwrap();
        }
        assert_eq!(known.ends.len(), 5000);
        assert_eq!(known.look_up(&texts(0..10_000)).unwrap().true_count(), 5000);
        let odd: ArrayRef = Arc::new(StringArray::from(vec![None, Some(""), Some("7"), Some("7")]));
        let found: Vec<Option<bool>> = known.look_up(&odd).unwrap().iter().collect();
        assert_eq!(found, [Some(false), Some(false), Some(true), Some(true)]);
        known.add(&odd).unwrap();
        assert_eq!(known.look_up(&odd).unwrap().true_count(), 3);
    }
}
