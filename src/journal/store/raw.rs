//! A record's bytes as they lie in the file: for tests that alter them.

use redb::ReadableDatabase as _;

use super::{KEYS, RECORDS, Store};

impl Store {
    pub(in crate::journal) fn raw(&self, sequence: u64) -> Vec<u8> {
        let records = self.database.begin_read().unwrap().open_table(RECORDS).unwrap();
        records.get(sequence).unwrap().unwrap().value().to_vec()
    }

    pub(in crate::journal) fn keys(&self) -> u64 {
        use redb::ReadableTableMetadata as _;
        self.database.begin_read().unwrap().open_table(KEYS).unwrap().len().unwrap()
    }
}
