//! The service from outside: real sockets, no network, no weights but what a test makes itself.

#[cfg(test)]
mod shop;
#[cfg(test)]
mod support;

#[cfg(test)]
mod grpc;
#[cfg(test)]
mod converse;
#[cfg(test)]
mod http;
#[cfg(test)]
mod security;
#[cfg(test)]
mod overload;
