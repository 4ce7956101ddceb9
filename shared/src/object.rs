//! Reads a struct from a JSON object and from nothing else: serde would take an array for its fields in order, which no
//! description of the API allows and nobody means.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// For `#[serde(deserialize_with)]` on a field that is a struct.
///
/// # Errors
/// It is no object, or the object does not fit.
pub fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    let map = Map::<String, Value>::deserialize(deserializer)?;
    of_map(map)
}

/// The same for an optional field; `null` is none.
///
/// # Errors
/// As [`object`].
pub fn optional<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let map = Option::<Map<String, Value>>::deserialize(deserializer)?;
    map.map(of_map).transpose()
}

/// The same for a list of structs.
///
/// # Errors
/// It is no list, or something in it is no object or does not fit.
pub fn objects<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Vec::<Map<String, Value>>::deserialize(deserializer)?.into_iter().map(of_map).collect()
}

/// The same for an optional field; `null` is none.
///
/// # Errors
/// As [`objects`].
pub fn optional_objects<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let maps = Option::<Vec<Map<String, Value>>>::deserialize(deserializer)?;
    maps.map(|maps| maps.into_iter().map(of_map).collect()).transpose()
}

fn of_map<T: DeserializeOwned, E: Error>(map: Map<String, Value>) -> Result<T, E> {
    T::deserialize(Value::Object(map)).map_err(E::custom)
}

#[cfg(test)]
mod tests {
    use crate::api::{CameraPatch, NewCamera};

    #[test]
    fn an_array_is_no_object() {
        let new = |text: &str| serde_json::from_str::<NewCamera>(text);
        assert!(new(r#"{"encoder": {"gop": 30}, "detect": {}}"#).is_ok());
        assert!(new(r#"{"encoder": [null, null]}"#).is_err());
        assert!(new(r#"{"detect": ["motion", 5.0, 0.0, [], false]}"#).is_err());
        assert!(new(r#"{"detect": {"second": [{"model": "a"}]}}"#).is_ok());
        assert!(new(r#"{"detect": {"second": [["a", []]]}}"#).is_err());
        let patch = |text: &str| serde_json::from_str::<CameraPatch>(text);
        assert_eq!(patch(r#"{"encoder": null}"#).expect("none").encoder, None);
        assert!(patch(r#"{"encoder": []}"#).is_err());
        assert_eq!(patch(r#"{"zones": null}"#).expect("none").zones, None);
        assert_eq!(patch(r#"{"zones": [{"id": "a"}]}"#).expect("one").zones.map_or(0, |zones| zones.len()), 1);
        assert!(patch(r#"{"zones": [["a", "A", "line"]]}"#).is_err());
        assert!(new(r#"{"zones": [["a", "A", "line"]]}"#).is_err());
        let error = new(r#"{"encoder": {"gpo": 1}}"#).expect_err("unknown").to_string();
        assert!(error.starts_with("unknown field `gpo`"), "{error}");
    }
}
