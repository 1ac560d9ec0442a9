//! Encoding messages as headers and a body, for any broker.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::message::Message;
use crate::record::TRACEPARENT;
use crate::stream::{InvalidStreamId, Revision, StreamId};

/// How a message is written as headers and a body. [`read`] recognizes each format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// The payload unchanged, and everything else in headers. The default.
    #[default]
    Headers,
    /// [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md)
    /// in structured mode: one JSON object, with the payload in `data`.
    CloudEvents {
        /// The attribute `source`: a URI of the sender, such as `/loans`.
        source: String,
    },
}

/// A message as headers and a body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why headers and a body are not a message. The error contains none of their text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedMessage {
    /// A header is missing.
    #[error("the header `{0}` is missing; the message was not sent by a publisher of this framework")]
    Missing(&'static str),
    /// A header does not have a valid value.
    #[error("the header `{0}` is not {1}")]
    Header(&'static str, &'static str),
    /// The category and the key cannot name a stream.
    #[error(transparent)]
    Stream(#[from] InvalidStreamId),
    /// The body is not a JSON object of CloudEvents 1.0 with the attributes of a message.
    #[error("the body is not a CloudEvent of a publisher of this framework: line {line}, column {column}")]
    CloudEvent {
        /// The line of the body.
        line: usize,
        /// The column of that line.
        column: usize,
    },
}

/// How many headers there are at most.
const HEADERS: usize = 9;

const CONTENT_TYPE: &str = "content-type";
const ID: &str = "es-id";
const STREAM: &str = "es-stream";
const REVISION: &str = "es-revision";
const NAME: &str = "es-name";
const VERSION: &str = "es-version";
const TIME: &str = "es-time";
const CORRELATION: &str = "es-correlation-id";
const CAUSATION: &str = "es-causation-id";

const JSON: &str = "application/json";
const CLOUD_EVENTS: &str = "application/cloudevents+json";

/// The JSON format of CloudEvents 1.0; its extensions are named in lower-case letters.
#[derive(Serialize, Deserialize)]
struct CloudEvent<'a> {
    specversion: &'a str,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    name: String,
    subject: String,
    #[serde(with = "time::serde::rfc3339")]
    time: OffsetDateTime,
    datacontenttype: String,
    #[serde(rename = "escategory")]
    category: String,
    #[serde(rename = "esrevision")]
    revision: u64,
    #[serde(rename = "esversion")]
    version: u32,
    #[serde(rename = "escorrelationid", default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<Uuid>,
    #[serde(rename = "escausationid", default, skip_serializing_if = "Option::is_none")]
    causation_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Message {
    /// Encodes the message as headers and a body. If the payload is not JSON, which no event's is, the
    /// encoding is [`Encoding::Headers`] in any case.
    ///
    /// ```
    /// use es_core::messaging::{Encoding, Message, read};
    /// use es_core::uuid::Uuid;
    /// use es_core::StreamId;
    ///
    /// let loan = StreamId::new("loan", "L-7")?;
    /// let message = Message::new(Uuid::now_v7(), loan, "loan.approved", 1, b"{}".to_vec());
    /// let encoded = message.encode(&Encoding::CloudEvents { source: "/loans".to_owned() });
    /// let headers = &encoded.headers;
    /// let header = |name: &str| headers.iter().find(|header| header.0 == name).map(|header| &*header.1);
    /// assert_eq!(read(header, &encoded.body)?, message);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn encode(&self, encoding: &Encoding) -> Encoded {
        match encoding {
            Encoding::Headers => self.in_headers(),
            Encoding::CloudEvents { source } => match self.as_cloud_event(source) {
                Some(body) => Encoded { headers: vec![(CONTENT_TYPE, CLOUD_EVENTS.to_owned())], body },
                None => self.in_headers(),
            },
        }
    }

    fn in_headers(&self) -> Encoded {
        let mut headers = Vec::with_capacity(HEADERS);
        headers.extend([
            (ID, text_of(self.id)),
            (STREAM, escaped(&self.stream.to_string())),
            (REVISION, self.revision.get().to_string()),
            (NAME, escaped(&self.name)),
            (VERSION, self.version.to_string()),
            (TIME, self.occurred_at.format(&Rfc3339).unwrap_or_default()),
        ]);
        let known = [(CORRELATION, self.correlation_id), (CAUSATION, self.causation_id)];
        headers.extend(known.into_iter().filter_map(|(name, id)| Some((name, text_of(id?)))));
        headers.extend(self.traceparent.as_deref().map(|trace| (TRACEPARENT, escaped(trace))));
        Encoded { headers, body: self.payload.clone() }
    }

    fn as_cloud_event(&self, source: &str) -> Option<Vec<u8>> {
        let event = CloudEvent {
            specversion: "1.0",
            id: self.id,
            source: source.to_owned(),
            name: self.name.clone().into_owned(),
            subject: self.stream.key().to_owned(),
            time: self.occurred_at,
            datacontenttype: JSON.to_owned(),
            category: self.stream.category().to_owned(),
            revision: self.revision.get(),
            version: self.version,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            traceparent: self.traceparent.clone(),
            data: serde_json::from_slice(&self.payload).ok()?,
        };
        serde_json::to_vec(&event).ok()
    }
}

/// Decodes a message from headers and a body. `header` returns the header with this lower-case name.
///
/// # Errors
///
/// [`MalformedMessage`] when they were not written by [`Message::encode`].
pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> Result<Message, MalformedMessage> {
    if header(CONTENT_TYPE).is_some_and(|content| content.starts_with(CLOUD_EVENTS)) {
        return read_cloud_event(body);
    }
    let needed = |name| header(name).ok_or(MalformedMessage::Missing(name));
    let id = |name| match header(name) {
        None => Ok(None),
        Some(text) => Uuid::parse_str(text).map(Some).map_err(|_| MalformedMessage::Header(name, "a UUID")),
    };
    let number = |name| needed(name)?.parse().map_err(|_| MalformedMessage::Header(name, "a number"));
    let text = |name| unescaped(needed(name)?).ok_or(MalformedMessage::Header(name, "percent-encoded text"));
    let time = OffsetDateTime::parse(needed(TIME)?, &Rfc3339)
        .map_err(|_| MalformedMessage::Header(TIME, "an RFC 3339 time"))?;
    let version = needed(VERSION)?.parse().map_err(|_| MalformedMessage::Header(VERSION, "a number"))?;
    Ok(Message {
        id: id(ID)?.ok_or(MalformedMessage::Missing(ID))?,
        stream: text(STREAM)?.parse().map_err(without_text)?,
        revision: Revision::new(number(REVISION)?),
        name: text(NAME)?.into(),
        version,
        occurred_at: time,
        correlation_id: id(CORRELATION)?,
        causation_id: id(CAUSATION)?,
        traceparent: header(TRACEPARENT).and_then(unescaped),
        payload: body.to_vec(),
    })
}

fn read_cloud_event(body: &[u8]) -> Result<Message, MalformedMessage> {
    let event: CloudEvent<'_> = serde_json::from_slice(body)
        .map_err(|error| MalformedMessage::CloudEvent { line: error.line(), column: error.column() })?;
    Ok(Message {
        id: event.id,
        stream: StreamId::new(&event.category, &event.subject)?,
        revision: Revision::new(event.revision),
        name: event.name.into(),
        version: event.version,
        occurred_at: event.time,
        correlation_id: event.correlation_id,
        causation_id: event.causation_id,
        traceparent: event.traceparent,
        payload: event.data.get().as_bytes().to_vec(),
    })
}

fn without_text(error: InvalidStreamId) -> MalformedMessage {
    match error {
        InvalidStreamId::Text { .. } => MalformedMessage::Header(STREAM, "CATEGORY/KEY"),
        error => error.into(),
    }
}

fn text_of(id: Uuid) -> String {
    String::from(&*id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
}

/// Text that is valid in any header: everything except visible ASCII is percent-encoded, and so is `%`.
fn escaped(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%';
    if text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn unescaped(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (code, others) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?);
        rest = others;
    }
    String::from_utf8(bytes).ok()
}
