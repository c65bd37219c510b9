//! The tables of a policy file, as they are written.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use toml::Spanned;

type Text = Spanned<String>;
type Texts = Spanned<Vec<Text>>;
type Number = Option<Spanned<Amount>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) version: Spanned<i64>,
    pub(super) profile: Option<Text>,
    pub(super) grants: Option<Texts>,
    #[serde(default)]
    pub(super) limits: BTreeMap<Text, Spanned<Amount>>,
    #[serde(default)]
    pub(super) exec: Vec<Spanned<RawExec>>,
    #[serde(default)]
    pub(super) files: Vec<Spanned<RawTree>>,
    #[serde(default)]
    pub(super) signals: Vec<Spanned<RawSignals>>,
    pub(super) artifacts: Option<Spanned<RawArtifacts>>,
    #[serde(default)]
    pub(super) secrets: BTreeMap<Text, Spanned<RawSecret>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExec {
    pub(super) name: Text,
    pub(super) program: Text,
    #[serde(default)]
    pub(super) follow: bool,
    pub(super) blake3: Option<Text>,
    pub(super) args: Option<Texts>,
    pub(super) env: Option<BTreeMap<Text, Spanned<RawEnv>>>,
    pub(super) pass_env: Option<Texts>,
    pub(super) cwd: Option<Text>,
    pub(super) stdin: Option<bool>,
    pub(super) stdin_bytes: Number,
    pub(super) stdout_bytes: Number,
    pub(super) stderr_bytes: Number,
    pub(super) deadline: Number,
    pub(super) concurrency: Number,
    pub(super) memory: Number,
    pub(super) processes: Number,
    pub(super) file_bytes: Number,
    pub(super) network: Option<Text>,
    pub(super) targets: Option<Texts>,
    pub(super) read: Option<Texts>,
    pub(super) write: Option<Texts>,
    pub(super) require: Option<Texts>,
    #[serde(default)]
    pub(super) holes: BTreeMap<Text, Spanned<RawHole>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHole {
    pub(super) r#type: Text,
    #[serde(default)]
    pub(super) option: bool,
    pub(super) max_count: Number,
    pub(super) min: Option<Spanned<i64>>,
    pub(super) max: Option<Spanned<i64>>,
    pub(super) names: Option<Texts>,
    pub(super) values: Option<Texts>,
    pub(super) below: Option<Text>,
    pub(super) pattern: Option<Text>,
    pub(super) max_bytes: Number,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTree {
    pub(super) path: Text,
    pub(super) access: Texts,
    pub(super) bytes: Number,
    pub(super) files: Number,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignals {
    pub(super) program: Text,
    pub(super) uid: Option<Spanned<u32>>,
    pub(super) pid: Option<Spanned<i32>>,
    pub(super) start: Number,
    pub(super) signals: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArtifacts {
    pub(super) bytes: Number,
    pub(super) count: Number,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSecret {
    pub(super) env: Option<Text>,
    pub(super) file: Option<Text>,
    pub(super) command: Option<Texts>,
}

/// A whole number, or text such as `64KiB` or `5s`.
#[derive(Debug)]
pub(super) enum Amount {
    Number(i64),
    Text(String),
}

/// A text, or `{ secret = "NAME" }`.
#[derive(Debug)]
pub(super) enum RawEnv {
    Text(String),
    Secret(Text),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnvSecret {
    secret: Text,
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or text with a unit")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Amount, E> {
                Ok(Amount::Number(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
                Ok(Amount::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for RawEnv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawEnv, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RawEnv;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, or { secret = \"NAME\" }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawEnv, E> {
                Ok(RawEnv::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawEnv, A::Error> {
                let of = RawEnvSecret::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawEnv::Secret(of.secret))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
