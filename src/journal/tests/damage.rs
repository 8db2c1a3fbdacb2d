//! A wrong key, a flipped bit, a torn file, a full disk: detected, named, never silently continued.

use super::{Ground, now, words};
use crate::journal::{JournalError, verify};

#[test]
fn a_wrong_key_is_named_before_anything_is_written() {
    let ground = Ground::new();
    drop(ground.open());
    let before = fs_err::read(ground.file()).unwrap();
    ground.other_key();
    assert!(matches!(ground.try_open(), Err(JournalError::Seal(_))));
    assert!(fs_err::read(ground.file()).unwrap() == before);
}

#[test]
fn a_flipped_bit_anywhere_in_a_record_is_named_and_located() {
    let ground = Ground::new();
    let records: Vec<_> = (0..30).map(|at| words(at % 3, &format!("text {at}"))).collect();
    ground.write(&records);
    let frame = ground.upkeep().store.raw(17);
    let whole = fs_err::read(ground.file()).unwrap();
    let at = whole.windows(frame.len()).position(|bytes| bytes == frame).unwrap();
    for byte in 0..frame.len() {
        let mut altered = whole.clone();
        altered[at + byte] ^= 1 << (byte % 8);
        fs_err::write(ground.file(), altered).unwrap();
        let found = verify(&ground.storage, ground.keyring()).unwrap();
        assert!(!found.holds(), "byte {byte}");
        let named =
            |fault: &JournalError| matches!(fault, JournalError::Damaged { sequence: 17, .. });
        assert!(found.faults.first().is_some_and(named), "byte {byte}: {:?}", found.faults);
        assert!(found.damaged <= 2 && found.records >= 28, "byte {byte}");
    }
    fs_err::write(ground.file(), whole).unwrap();
    assert!(verify(&ground.storage, ground.keyring()).unwrap().holds());
}

#[test]
fn a_damaged_end_is_not_built_upon() {
    let ground = Ground::new();
    ground.write(&[words(1, "first"), words(1, "last")]);
    let frame = ground.upkeep().store.raw(2);
    let mut bytes = fs_err::read(ground.file()).unwrap();
    let at = bytes.windows(frame.len()).position(|bytes| bytes == frame).unwrap();
    bytes[at + frame.len() - 40] ^= 1;
    fs_err::write(ground.file(), bytes).unwrap();
    assert!(matches!(ground.try_open(), Err(JournalError::Damaged { sequence: 2, .. })));
}

#[test]
fn a_torn_file_is_named() {
    let ground = Ground::new();
    let records: Vec<_> = (0..300).map(|at| words(at, &"x".repeat(500))).collect();
    ground.write(&records);
    let whole = fs_err::read(ground.file()).unwrap();
    for share in 0..8 {
        let cut = whole.len() * share / 8;
        fs_err::write(ground.file(), &whole[..cut]).unwrap();
        let opened = ground
            .try_open()
            .and_then(|journal| journal.entries(0)?.collect::<Result<Vec<_>, _>>());
        match opened {
            Err(
                JournalError::Torn { .. }
                | JournalError::Version { .. }
                | JournalError::Damaged { .. },
            ) => {}
            other => panic!("cut at {share}/8: {other:?}"),
        }
    }
}

/// A child process whose files may not grow: appends until it is refused, then says what it was told.
#[test]
#[ignore = "started by the test below"]
fn full_child() {
    let Some(storage) = std::env::var_os("JOURNAL_STORAGE") else { return };
    let ground = std::mem::ManuallyDrop::new(Ground { storage: storage.into() });
    let journal = ground.open();
    let mut kept = 0;
    let fault = loop {
        match journal
            .append(now(), &words(1, &"x".repeat(10_000)))
            .and_then(crate::journal::Receipt::wait)
        {
            Ok(_) => kept += 1,
            Err(fault) => break fault,
        }
    };
    let again = journal.append(now(), &words(1, "x")).unwrap_err();
    let readable = journal.entries(0).map(|entries| entries.flatten().count());
    println!("said {kept} {:?} {:?} {:?}", reason(&fault), reason(&again), readable.ok());
}

fn reason(fault: &JournalError) -> &'static str {
    use crate::error::Classify as _;
    fault.reason()
}

#[test]
fn a_full_disk_is_named_and_nothing_acknowledged_is_lost() {
    let ground = Ground::new();
    drop(ground.open());
    let test = std::env::current_exe().unwrap();
    let script = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" --exact journal::tests::damage::full_child --ignored --nocapture";
    let child = std::process::Command::new("bash")
        .args(["-c", script])
        .arg(test)
        .env("JOURNAL_STORAGE", &ground.storage)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    let said = said.lines().find_map(|line| line.split("said ").nth(1)).unwrap_or_default();
    let kept: usize = said.split(' ').next().unwrap().parse().unwrap();
    assert!(kept > 20, "{said}");
    assert!(said.contains("\"JOURNAL_FULL\" \"JOURNAL_FULL\""), "{said}");
    let found = ground.read();
    assert!(found.len() >= kept, "{} of {kept}", found.len());
    assert!(verify(&ground.storage, ground.keyring()).unwrap().holds());
}
