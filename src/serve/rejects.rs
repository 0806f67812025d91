//! The latest refused records of a source.
//!
//! The store lists them oldest first, after a place in the list of all rejects.
//! The page that holds the last ones begins after the greatest place from which
//! a full page is left, and that is found by halving.

use tocsin_alerts::Store;
use tocsin_alerts::store::{StoreError, StoredReject};

/// The last `wanted` rejects of a source, the latest first.
pub(super) async fn latest(
    store: &Store,
    source: &str,
    wanted: usize,
) -> Result<Vec<StoredReject>, StoreError> {
    let total = store.counts().await?.rejects;
    let (mut low, mut high) = (0, total);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        match store.rejects(Some(source), middle, wanted).await?.len() {
            left if left >= wanted => low = middle,
            _ => high = middle - 1,
        }
    }
    let mut last = store.rejects(Some(source), low, wanted).await?;
    last.reverse();
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_alerts::store::{Durability, EpochCommit, RejectRow};

    fn reject(source: &str, record: u64) -> RejectRow {
        RejectRow {
            source: source.to_owned(),
            record,
            ..RejectRow::default()
        }
    }

    #[tokio::test]
    async fn the_last_ones_are_found_among_those_of_other_sources() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Durability::NoFsync)
            .await
            .unwrap();
        let rejects = (1..=300).map(|n| reject(if n % 3 == 0 { "a/b" } else { "c/d" }, n));
        let epoch = EpochCommit {
            id: 1,
            rejects: rejects.collect(),
            ..EpochCommit::default()
        };
        store.commit_epoch(&epoch).unwrap();
        let numbers = |found: Vec<StoredReject>| -> Vec<u64> {
            found.into_iter().map(|found| found.reject.record).collect()
        };
        assert_eq!(
            numbers(latest(&store, "a/b", 3).await.unwrap()),
            [300, 297, 294]
        );
        assert_eq!(numbers(latest(&store, "c/d", 2).await.unwrap()), [299, 298]);
        assert_eq!(latest(&store, "a/b", 500).await.unwrap().len(), 100);
        assert!(latest(&store, "e/f", 5).await.unwrap().is_empty());
    }
}
