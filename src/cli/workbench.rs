//! From a configuration to the parts that commands need: the encoder's threads, the loaded knowledge, a bundle. Loading shows
//! how far it is.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Terminal, explained, models};
use crate::certify::Desk;
use crate::config::Config;
use crate::encoder::{self, Batcher};
use crate::knowledge::{Diagnostic, LoadOptions, Loaded};
use crate::message::Timestamp;
use crate::release::{Bundle, Source, Step, VectorCache};
use crate::seal::Keyring;
use crate::{knowledge, release};

/// The encoder's threads; `pull` brings a missing model.
pub(super) fn batcher(
    config: &Config,
    pull: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<Arc<Batcher>> {
    let model = &config.model;
    let folder = if pull {
        models::ensure(&model.name, &model.dir, terminal)?
    } else {
        model.dir.join(&model.name)
    };
    let encoder =
        encoder::load_with(&folder, model.max_tokens, model.backend).map_err(explained)?;
    Ok(Arc::new(Batcher::start(encoder, &model.batcher).map_err(explained)?))
}

/// Says that a key was made, for whoever has to keep it.
pub(super) fn tell_of_key(desk: &Desk, terminal: &mut Terminal) {
    if let Some(key) = desk.new_key() {
        let said = terminal.pick(
            "已生成密钥，请妥善备份；没有它，日志和校准数据都无法打开",
            "a key was made; keep a copy, without it neither the journal nor the calibration can be opened",
        );
        terminal.note(&format!("{said}: {}", key.display()));
    }
}

/// The master keys: those of the environment, else of the storage directory.
pub(super) fn keyring(storage: &Path) -> anyhow::Result<Keyring> {
    let given = std::env::var("FIRSTLINE_KEY").ok().filter(|keys| !keys.is_empty());
    Keyring::open(storage, given.as_deref()).map_err(explained)
}

/// Today, where the knowledge's days begin.
pub(super) fn today(config: &Config) -> Date {
    config.knowledge.timezone.to_datetime(Timestamp::now()).date()
}

/// What the rules need to know of the configuration.
pub(super) fn load_options(config: &Config) -> LoadOptions {
    let queues = &config.routing.queues;
    LoadOptions {
        queues: (!queues.is_empty()).then(|| queues.keys().cloned().collect()),
        today: today(config),
        own_contacts: config.knowledge.own_contacts.clone(),
    }
}

/// The configured knowledge directory.
pub(super) fn load(config: &Config) -> anyhow::Result<Loaded> {
    knowledge::load(&config.knowledge.dir, &load_options(config)).map_err(explained)
}

/// The vectors that earlier runs computed.
pub(super) fn vectors(config: &Config, batcher: &Batcher) -> VectorCache {
    VectorCache::open(&config.storage.join("vectors"), batcher.model())
}

/// Builds the bundle that would serve.
pub(super) fn bundle(
    config: &Config,
    loaded: &Loaded,
    (batcher, vectors): (&Batcher, &VectorCache),
    terminal: &Terminal,
) -> anyhow::Result<Bundle> {
    let source = Source {
        articles: loaded.served_on(today(config)),
        phrases: loaded.phrases.clone(),
        policy: config.policy.clone(),
        outside: Desk::outside_of(&config.storage).map_err(explained)?,
    };
    let bar = terminal.bar(terminal.pick("编码知识库", "encoding the knowledge"), 0);
    let built = Bundle::build(source, batcher, vectors, &mut |step| match step {
        Step::Encode { done, of } => {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
        Step::Fit => {
            bar.set_message(terminal.pick("训练分类器", "fitting the classifier").to_owned());
        }
        Step::Learn => {
            bar.set_message(terminal.pick("校准门槛", "calibrating the gate").to_owned());
        }
    });
    bar.finish_and_clear();
    built.map_err(explained)
}

/// What only a model can see wrong with the knowledge, by one encoder however often it is asked: a watch asks at every
/// change.
#[derive(Debug, Default)]
pub(super) struct Checker(Option<(Arc<Batcher>, VectorCache)>);

impl Checker {
    /// Builds what would serve and runs the rules that need it. The encoder starts with the first call.
    pub(super) fn check(
        &mut self,
        config: &Config,
        loaded: &Loaded,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Vec<Diagnostic>> {
        let (batcher, vectors) = self.started(config, terminal)?;
        let bundle = bundle(config, loaded, (batcher, vectors), terminal)?;
        release::check::check(&bundle, batcher, vectors).map_err(explained)
    }

    fn started(
        &mut self,
        config: &Config,
        terminal: &mut Terminal,
    ) -> anyhow::Result<&(Arc<Batcher>, VectorCache)> {
        let started = if let Some(started) = self.0.take() {
            started
        } else {
            let batcher = batcher(config, true, terminal)?;
            let vectors = vectors(config, &batcher);
            (batcher, vectors)
        };
        Ok(self.0.insert(started))
    }
}
