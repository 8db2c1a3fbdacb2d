//! What a customer typed, made readable for the stages behind: normalised, its language named, its questions set apart,
//! whether it leans on what was said before, its shape counted, and its personal numbers struck out; and the nearest known
//! word to a mistyped one. Pure functions of their arguments. Nothing here knows what a message means: that is for
//! `encoder` and `decision`.

pub mod follow;
pub mod language;
pub mod nearest;
pub mod normalize;
pub mod redact;
pub mod script;
pub mod shape;
pub mod split;

pub use normalize::{Normalized, normalize};
