//! The wire: code generated from `proto/` and the codec that reads it. Nothing below the doors speaks these types.

use std::any::Any;
use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf as _;
use tonic::Status;
use tonic::codec::{self, BufferSettings, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

/// Package `firstline.v1`.
#[expect(
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    reason = "generated from proto/"
)]
pub mod v1 {
    tonic::include_proto!("firstline.v1");
}

/// Every message and service with its comments, for reflection and the JSON mapping.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Protobuf as gRPC carries it, but for what happens to bytes that are not what they should be: a unary call is the caller's
/// mistake and not a defect of ours, and on a stream they arrive as an empty frame, so that one bad frame cannot end a stream
/// that carries the messages of others.
#[derive(Debug, Clone)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = Reader<U>;

    fn encoder(&mut self) -> ProstEncoder<T> {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Reader<U> {
        Reader(PhantomData)
    }
}

/// The reading half of [`Codec`].
#[derive(Debug, Clone)]
pub struct Reader<U>(PhantomData<U>);

impl<U: Message + Default + 'static> Decoder for Reader<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // Taken whole first: what a failed decoding leaves unread would be taken for the next frame's header.
        let frame = buffer.copy_to_bytes(buffer.remaining());
        match U::decode(frame) {
            Ok(message) => Ok(Some(message)),
            Err(error) => empty_frame().map(Some).ok_or_else(|| malformed(&error)),
        }
    }
}

fn empty_frame<U: Default + 'static>() -> Option<U> {
    let gateway: Box<dyn Any> = Box::new(v1::ConverseRequest::default());
    let agent: Box<dyn Any> = Box::new(v1::WorkRequest::default());
    gateway.downcast().or_else(|_| agent.downcast()).ok().map(|frame| *frame)
}

/// Names the field and what is wrong with it, never its content.
fn malformed(error: &prost::DecodeError) -> Status {
    Status::invalid_argument(error.to_string())
}
