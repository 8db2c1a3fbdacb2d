//! firstline from outside: real sockets, the real binary, the real models where their absence would prove nothing.

#[cfg(test)]
mod shop;
#[cfg(test)]
mod support;

#[cfg(test)]
mod grpc;
#[cfg(test)]
mod converse;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod http;
#[cfg(test)]
mod security;
#[cfg(test)]
mod evaluated;
#[cfg(test)]
mod bursts;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod webdriver;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod models;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod fast_path;
#[cfg(test)]
mod certify;
#[cfg(test)]
mod journal;
