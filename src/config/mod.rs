//! Written already (read.rs, raw.rs, error.rs, tests.rs stand here); wired in as soon as dispatch and server are on main.
