//! What the bot may do, per channel and language. Switching a wider slice replaces every narrower one that it covers:
//! "off, everywhere" leaves no corner in which the bot still speaks.

use std::collections::BTreeMap;

use super::config::{Config, Slice};
use serde::{Deserialize, Serialize};

use super::error::DispatchError;
use crate::journal::record::Switch;
use crate::message::{Channel, Language, Mode};
use crate::seal::hex;

/// Slices that may have a mode of their own.
const MOST: usize = 256;

/// The modes in force.
#[derive(Debug)]
pub(super) struct Modes {
    everywhere: Mode,
    slices: BTreeMap<(Option<Channel>, Option<Language>), Mode>,
}

impl Modes {
    /// As configured.
    pub(super) fn new(config: &Config) -> Self {
        let mut modes = Self { everywhere: config.mode, slices: BTreeMap::new() };
        for (slice, mode) in &config.modes {
            modes.put(slice.clone(), *mode);
        }
        modes
    }

    /// Whether a message's language can make a difference.
    pub(super) fn tell_languages_apart(&self) -> bool {
        self.slices.keys().any(|(_, language)| language.is_some())
    }

    /// The mode for a message: the narrowest slice decides, a channel before a language.
    pub(super) fn of(&self, channel: Option<&Channel>, language: Option<Language>) -> Mode {
        let channel = channel.cloned();
        let find =
            |channel: &Option<Channel>, language| self.slices.get(&(channel.clone(), language));
        find(&channel, language)
            .or_else(|| find(&channel, None))
            .or_else(|| find(&None, language))
            .copied()
            .unwrap_or(self.everywhere)
    }

    /// The slices that have a mode of their own.
    pub(super) fn slices(&self) -> Vec<(Slice, Mode)> {
        let slice = |(channel, language): &(Option<Channel>, Option<Language>)| Slice {
            channel: channel.clone(),
            language: *language,
        };
        self.slices.iter().map(|(names, mode)| (slice(names), *mode)).collect()
    }

    /// Whether one more slice may have a mode of its own.
    pub(super) fn may_set(&self, slice: &Slice) -> Result<(), DispatchError> {
        let is_new = !self.slices.contains_key(&(slice.channel.clone(), slice.language));
        if is_new && self.slices.len() >= MOST && *slice != Slice::default() {
            return Err(DispatchError::TooManySlices { limit: MOST });
        }
        Ok(())
    }

    /// Switches a slice.
    pub(super) fn set(&mut self, slice: Slice, mode: Mode) -> Result<(), DispatchError> {
        self.may_set(&slice)?;
        self.put(slice, mode);
        Ok(())
    }

    /// As they are kept.
    pub(super) fn kept(&self, config: &Config) -> KeptModes {
        let slices = self
            .slices
            .iter()
            .map(|((channel, language), mode)| (channel.clone(), *language, *mode));
        let everywhere = (None, None, self.everywhere);
        let modes = std::iter::once(everywhere).chain(slices).collect();
        KeptModes { over: configured(config), modes }
    }

    /// Puts those that were switched in the place of the configured ones.
    pub(super) fn restore(&mut self, kept: KeptModes) {
        for (channel, language, mode) in kept.modes {
            self.put(Slice { channel, language }, mode);
        }
    }

    fn put(&mut self, slice: Slice, mode: Mode) {
        self.slices.retain(|narrower, _| !covers(&slice, narrower));
        if slice == Slice::default() {
            self.everywhere = mode;
        } else {
            self.slices.insert((slice.channel, slice.language), mode);
        }
    }
}

/// Modes as they are kept over a restart, in the order in which they were switched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptModes {
    /// Of the configured modes: where an operator changed those since, they win.
    over: String,
    modes: Vec<(Option<Channel>, Option<Language>, Mode)>,
}

impl KeptModes {
    /// None were switched.
    pub(super) fn new(config: &Config) -> Self {
        Self { over: configured(config), modes: Vec::new() }
    }

    /// Takes kept ones, unless others are configured by now.
    pub(super) fn restore(&mut self, kept: Self) {
        if kept.over == self.over {
            *self = kept;
        }
    }

    /// One was switched after them.
    pub(super) fn switch(&mut self, switch: &Switch) {
        self.modes.push((switch.channel.clone(), switch.language, switch.mode));
    }
}

/// A fingerprint of the configured modes, 16 hexadecimal digits.
pub(super) fn configured(config: &Config) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    let slices = config.modes.iter().map(|(slice, mode)| (slice.clone(), *mode));
    for (slice, mode) in std::iter::once((Slice::default(), config.mode)).chain(slices) {
        hash.update(format!("{slice:?} {mode:?}\n"));
    }
    hex(hash.finalize().get(..8).unwrap_or_default())
}

fn covers(slice: &Slice, other: &(Option<Channel>, Option<Language>)) -> bool {
    let channel = slice.channel.is_none() || slice.channel == other.0;
    let language = slice.language.is_none() || slice.language == other.1;
    channel && language
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::QueueId;

    fn slice(channel: &str, language: &str) -> Slice {
        Slice { channel: Channel::new(channel).ok(), language: Language::parse(language) }
    }

    /// Sets what the words say, `channel language mode`, and asks for one slice; `-` is every.
    fn mode_after(switches: &[(&str, &str, Mode)], channel: &str, language: &str) -> Mode {
        let config = Config::standard(BTreeMap::new(), QueueId::new("general").unwrap());
        let mut modes = Modes::new(&config);
        for (channel, language, mode) in switches {
            modes.set(slice(channel, language), *mode).unwrap();
        }
        let asked = slice(channel, language);
        modes.of(asked.channel.as_ref(), asked.language)
    }

    #[test]
    fn the_narrowest_slice_decides_and_a_wider_switch_clears_it() {
        use Mode::{Off, On, Shadow};
        let check = |switches: &[(&str, &str, Mode)], expect: Mode| {
            assert_eq!(mode_after(switches, "web", "zh"), expect, "{switches:?}");
        };
        check(&[], On);
        check(&[("", "", Off)], Off);
        check(&[("web", "", Shadow)], Shadow);
        check(&[("wechat", "", Shadow)], On);
        check(&[("", "zh", Shadow)], Shadow);
        check(&[("", "en", Shadow)], On);
        check(&[("", "zh", Off), ("web", "", Shadow)], Shadow);
        check(&[("web", "", Shadow), ("web", "zh", Off)], Off);
        check(&[("web", "zh", On), ("web", "", Off)], Off);
        check(&[("web", "zh", On), ("", "", Off)], Off);
        check(&[("", "", Off), ("web", "zh", On)], On);
    }

    #[test]
    fn slices_are_bounded() {
        let config = Config::standard(BTreeMap::new(), QueueId::new("general").unwrap());
        let mut modes = Modes::new(&config);
        for number in 0..MOST {
            modes.set(slice(&format!("c{number}"), ""), Mode::Off).unwrap();
        }
        let full = DispatchError::TooManySlices { limit: MOST };
        assert_eq!(modes.set(slice("one-more", ""), Mode::Off), Err(full));
        assert_eq!(modes.set(slice("c0", ""), Mode::On), Ok(()));
        assert_eq!(modes.set(Slice::default(), Mode::Off), Ok(()));
        assert_eq!(modes.of(None, None), Mode::Off);
    }
}
