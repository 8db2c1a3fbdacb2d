//! What a wrong key, a moved seal and a rotation do.

use super::*;

fn folder() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("firstline-seal-{}", uuid::Uuid::new_v4()))
}

#[test]
fn what_is_sealed_opens_in_its_place_alone() {
    let secret = Secret::random();
    let sealed = secret.cipher().seal(b"here", b"words").unwrap();
    assert_eq!(sealed.len(), b"words".len() + Cipher::OVERHEAD);
    assert_eq!(secret.cipher().open(b"here", &sealed).as_deref(), Some(b"words".as_slice()));
    assert_eq!(secret.cipher().open(b"there", &sealed), None);
    assert_eq!(Secret::random().cipher().open(b"here", &sealed), None);
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert_eq!(secret.cipher().open(b"here", &altered), None, "byte {at}");
        assert_eq!(secret.cipher().open(b"here", &sealed[..at]), None, "cut at {at}");
    }
}

#[test]
fn keys_are_64_hexadecimal_digits() {
    let check = |text: &str, valid: bool| {
        assert_eq!(Secret::from_hex(text).is_some(), valid, "{text}");
    };
    check(&"0f".repeat(32), true);
    check(&"0F".repeat(32), true);
    check(&"0f".repeat(31), false);
    check(&"0g".repeat(32), false);
    check(&format!("{}0", "0f".repeat(31)), false);
    check("", false);
    check("密".repeat(32).as_str(), false);
}

#[test]
fn a_rotation_keeps_what_was_sealed_before() {
    let folder = folder();
    let first = Keyring::open(&folder, None).unwrap();
    assert!(first.made().is_some());
    let secret = Secret::random();
    let wrapped = first.wrap(b"x", &secret).unwrap();
    assert_eq!(first.unwrap(b"x", &wrapped).unwrap(), secret);
    assert!(matches!(first.unwrap(b"y", &wrapped), Err(SealError::Foreign)));

    rotate(&folder).unwrap();
    let second = Keyring::open(&folder, None).unwrap();
    assert!(second.made().is_none() && second.newest() != first.newest());
    assert_eq!(second.oldest(), first.newest());
    assert_eq!(second.unwrap(b"x", &wrapped).unwrap(), secret);
    assert!(!second.is_newest(&wrapped));
    let wrapped_again = second.wrap(b"x", &secret).unwrap();
    assert!(second.is_newest(&wrapped_again));
    assert!(matches!(first.unwrap(b"x", &wrapped_again), Err(SealError::UnknownMaster { .. })));
    fs_err::remove_dir_all(&folder).unwrap();
}

#[test]
fn given_keys_take_the_place_of_files() {
    let folder = folder();
    let (new, old) = ("11".repeat(32), "22".repeat(32));
    let keyring = Keyring::open(&folder, Some(&format!("{new}, {old}"))).unwrap();
    assert_eq!(keyring.newest(), &Secret::from_hex(&new).unwrap());
    assert_eq!(keyring.oldest(), &Secret::from_hex(&old).unwrap());
    assert!(!folder.exists());
    for given in ["", "11", "11,", &format!("{new},"), "密"] {
        let refused = Keyring::open(&folder, Some(given));
        assert!(matches!(refused, Err(SealError::BadKey { .. })), "{given}");
    }
}

#[test]
fn a_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    Keyring::open(&folder, None).unwrap();
    let mode = fs_err::metadata(folder.join("key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs_err::write(folder.join("key"), "none").unwrap();
    assert!(matches!(Keyring::open(&folder, None), Err(SealError::BadKey { .. })));
    fs_err::remove_dir_all(&folder).unwrap();
}
