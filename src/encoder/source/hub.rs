//! Models on the hub, fetched over HTTP, resumed where an earlier attempt ended. The address is the usual one unless
//! another is given; a plain file server with the same paths will do.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Repo, RepoType};
use ureq::http::StatusCode;
use ureq::http::header::{ACCEPT_ENCODING, CONTENT_RANGE, RANGE};
use ureq::{Agent, Body, http::Response};

use super::manifest::{Hub, Pin};
use super::stage::Stage;
use super::{SourceError, Step, files};

/// Attempts at one file; each goes on where the last one ended.
const ATTEMPTS: usize = 4;

/// Fills the stage from the hub.
pub(super) fn fetch(
    hub: &Hub,
    endpoint: Option<&str>,
    stage: &Stage,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<(), SourceError> {
    let repository = repository(hub, endpoint)?;
    let agent: Agent = Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .http_status_as_error(false)
        .build()
        .into();
    for pin in &hub.files {
        let ready = stage.ready(&pin.name);
        if files::hash(&ready, &mut |_| ())?.is_some_and(|hash| hash == pin.sha256) {
            continue;
        }
        let part = stage.part(&format!("{}.part", pin.name));
        let download = Download { agent: &agent, url: repository.url(&pin.name), pin, part: &part };
        download.run(progress)?;
        fs::rename(&part, &ready).map_err(SourceError::files(&ready))?;
    }
    Ok(())
}

fn repository(hub: &Hub, endpoint: Option<&str>) -> Result<ApiRepo, SourceError> {
    let mut builder = ApiBuilder::from_env();
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
    }
    let api = builder.build().map_err(|error| SourceError::Network {
        what: hub.repository.clone(),
        detail: error.to_string(),
    })?;
    let (name, revision) = (hub.repository.clone(), hub.revision.clone());
    Ok(api.repo(Repo::with_revision(name, RepoType::Model, revision)))
}

/// One file on its way into `part`.
struct Download<'a> {
    agent: &'a Agent,
    url: String,
    pin: &'a Pin,
    part: &'a Path,
}

/// How an attempt failed: for good, or so that another may go on.
enum Failure {
    Final(SourceError),
    Broken(String),
}

impl Download<'_> {
    fn run(&self, progress: &mut dyn FnMut(Step<'_>)) -> Result<(), SourceError> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            match self.attempt(progress) {
                Ok(()) => return self.check(),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Broken(detail)) => last = detail,
            }
        }
        Err(SourceError::Network { what: self.pin.name.clone(), detail: last })
    }

    /// Asks for what is missing and appends it.
    fn attempt(&self, progress: &mut dyn FnMut(Step<'_>)) -> Result<(), Failure> {
        let have = fs::metadata(self.part).map_or(0, |part| part.len());
        if have == self.pin.size {
            return Ok(());
        }
        let have = if have > self.pin.size { 0 } else { have };
        let mut request = self.agent.get(&self.url).header(ACCEPT_ENCODING, "identity");
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let response = request.call().map_err(|error| Failure::Broken(error.to_string()))?;
        let start = self.start(&response, have)?;
        self.append(response, start, progress)
    }

    /// Where the bytes of an answer belong.
    fn start(&self, response: &Response<Body>, have: u64) -> Result<u64, Failure> {
        let status = response.status();
        let goes_on = format!("bytes {have}-");
        let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        match status {
            StatusCode::OK => Ok(0),
            StatusCode::PARTIAL_CONTENT
                if range.is_some_and(|range| range.starts_with(&goes_on)) =>
            {
                Ok(have)
            }
            _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(Failure::Broken(status.to_string()))
            }
            _ => {
                let (what, detail) = (self.pin.name.clone(), status.to_string());
                Err(Failure::Final(SourceError::NotOffered { what, detail }))
            }
        }
    }

    fn append(
        &self,
        response: Response<Body>,
        start: u64,
        progress: &mut dyn FnMut(Step<'_>),
    ) -> Result<(), Failure> {
        let written = |error| Failure::Final(SourceError::files(self.part)(error));
        let mut part = self.open(start).map_err(written)?;
        // One byte more than there should be, so that a longer file is found out.
        let room = (self.pin.size + 1).saturating_sub(start);
        let mut body = response.into_body().into_reader().take(room);
        let (mut done, mut block) = (start, vec![0; 1 << 16]);
        loop {
            let read = body.read(&mut block).map_err(|error| Failure::Broken(error.to_string()))?;
            if read == 0 {
                break;
            }
            part.write_all(block.get(..read).unwrap_or_default()).map_err(written)?;
            done += read as u64;
            progress(Step::Fetching { file: &self.pin.name, done, total: self.pin.size });
        }
        match done.cmp(&self.pin.size) {
            std::cmp::Ordering::Less => {
                Err(Failure::Broken("the connection ended early".to_owned()))
            }
            std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => Ok(()),
        }
    }

    fn open(&self, start: u64) -> io::Result<File> {
        let part = OpenOptions::new().create(true).append(true).open(self.part)?;
        if start == 0 {
            part.set_len(0)?;
        }
        Ok(part)
    }

    /// A file with the wrong bytes is removed: to go on from it would be to keep them.
    fn check(&self) -> Result<(), SourceError> {
        let actual = files::hash(self.part, &mut |_| ())?.unwrap_or_else(|| "none".to_owned());
        if actual == self.pin.sha256 {
            return Ok(());
        }
        drop(fs::remove_file(self.part));
        let (file, expected) = (self.pin.name.clone(), self.pin.sha256.clone());
        Err(SourceError::WrongHash { file, expected, actual })
    }
}
