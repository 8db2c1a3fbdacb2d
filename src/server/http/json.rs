//! The proto3 JSON mapping, from the descriptors of the wire itself: a field that is added there is added here. Error
//! messages name fields and places and never values, which may be a customer's words.

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};
use serde_json::error::Category;

use crate::dispatch::Outcome;
use crate::proto::{DESCRIPTORS, v1};
use crate::server::convert;
use crate::server::error::DoorError;

/// Letters of an unknown field's name that are repeated to the caller.
const SHOWN: usize = 64;

/// The descriptors of the wire.
#[derive(Debug, Clone)]
pub(crate) struct Schema(DescriptorPool);

impl Schema {
    /// Fails only if the build has embedded something else than descriptors.
    pub(crate) fn embedded() -> Result<Self, prost_reflect::DescriptorError> {
        DescriptorPool::decode(DESCRIPTORS).map(Self)
    }

    fn descriptor<M: Name>(&self) -> Result<MessageDescriptor, DoorError> {
        self.0.get_message_by_name(&M::full_name()).ok_or(DoorError::Defect)
    }

    /// Reads one JSON document as a message.
    pub(crate) fn read<M: Message + Name + Default>(&self, text: &str) -> Result<M, DoorError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let descriptor = self.descriptor::<M>()?;
        let message = DynamicMessage::deserialize_with_options(descriptor, &mut reader, &options)
            .and_then(|message| reader.end().map(|()| message))
            .map_err(|error| refused::<M>(&error))?;
        message.transcode_to().map_err(|_| DoorError::Defect)
    }

    /// Writes a message as JSON: lowerCamelCase, enums by name, defaults left out.
    pub(crate) fn write<M: Message + Name>(
        &self,
        message: &M,
    ) -> Result<serde_json::Value, DoorError> {
        let descriptor = self.descriptor::<M>()?;
        let bytes = message.encode_to_vec();
        let dynamic = DynamicMessage::decode(descriptor, bytes.as_slice());
        let dynamic = dynamic.map_err(|_| DoorError::Defect)?;
        serde_json::to_value(dynamic).map_err(|_| DoorError::Defect)
    }
}

/// A decision as the JSON door would send it, explained in full.
pub fn decision_json(outcome: &Outcome) -> Result<serde_json::Value, DoorError> {
    let schema = Schema::embedded().map_err(|_| DoorError::Defect)?;
    schema.write(&convert::decision(outcome, v1::ExplainLevel::Full))
}

fn refused<M: Name>(error: &serde_json::Error) -> DoorError {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Io | Category::Syntax | Category::Eof => {
            DoorError::JsonMalformed { line, column }
        }
        Category::Data => match unknown_field(&error.to_string()) {
            Some(field) => DoorError::FieldUnknown { message: M::NAME, field, line, column },
            None => DoorError::JsonMismatch { message: M::NAME, line, column },
        },
    }
}

/// The name of an unknown field, as far as it looks like one.
fn unknown_field(error: &str) -> Option<String> {
    let (name, _) = error.strip_prefix("unrecognized field name '")?.split_once('\'')?;
    let shown = name.chars().take(SHOWN);
    Some(shown.map(|letter| if letter.is_ascii_graphic() { letter } else { '?' }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1;

    fn schema() -> Schema {
        Schema::embedded().unwrap()
    }

    fn request(json: &str) -> Result<v1::HandleRequest, DoorError> {
        schema().read(json)
    }

    #[test]
    fn the_mapping_is_proto3s_own() {
        let json = r#"{"message":{"requestId":"r","sequence":"7","sentAt":"2026-11-02T01:31:07Z","text":{"text":"你好"},
            "attributes":{"vip":"yes"}},"explain":"EXPLAIN_LEVEL_FULL","dryRun":true}"#;
        let read = request(json).unwrap();
        let message = read.message.clone().unwrap();
        assert_eq!((message.sequence, read.dry_run), (7, true));
        assert_eq!(read.explain(), v1::ExplainLevel::Full);
        assert_eq!(message.sent_at.unwrap().seconds, 1_793_583_067);
        let again = schema().write(&read).unwrap();
        assert_eq!(again["message"]["sequence"], "7");
        assert_eq!(again["explain"], "EXPLAIN_LEVEL_FULL");
        assert_eq!(request(&again.to_string()).unwrap(), read);
    }

    #[test]
    fn what_is_wrong_is_placed_and_never_quoted() {
        let check = |json: &str, expect: &str| {
            let error = request(json).unwrap_err();
            assert_eq!(error.to_string(), expect);
        };
        check("", "the body is not JSON at line 1, column 0");
        check("{\n  \"message\": nonsense}", "the body is not JSON at line 2, column 15");
        check("{} {}", "the body is not JSON at line 1, column 4");
        check("[1]", "the JSON does not fit HandleRequest at line 1, column 0");
        check(
            r#"{"message":"secret"}"#,
            "the JSON does not fit HandleRequest at line 1, column 19",
        );
        check(r#"{"explain":"LOUD"}"#, "the JSON does not fit HandleRequest at line 1, column 17");
        check(r#"{"mesage":{}}"#, "HandleRequest has no field mesage, at line 1, column 9");
        check(r#"{"a b'c":{}}"#, "HandleRequest has no field a?b, at line 1, column 8");
    }
}
