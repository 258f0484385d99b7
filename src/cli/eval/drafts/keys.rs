//! An object of a line, read key by key, so that an error names the key.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// An object of the line, and where it stands in it.
pub(super) struct Keys<'a> {
    /// Ends with a dot, or is empty.
    pub path: String,
    pub object: &'a Map<String, Value>,
}

impl<'a> Keys<'a> {
    pub fn read<T: DeserializeOwned>(&self, key: &str, expected: &str) -> Result<T, String> {
        let Some(value) = self.object.get(key) else {
            return Err(format!("{}{key}: missing; expected {expected}", self.path));
        };
        T::deserialize(value).map_err(|e| format!("{}{key}: {e}; expected {expected}", self.path))
    }

    /// `None`: no such key, or null.
    pub fn optional<T: DeserializeOwned>(&self, key: &str, expected: &str) -> Result<Option<T>, String> {
        if self.object.contains_key(key) { self.read(key, expected) } else { Ok(None) }
    }

    pub fn one_of(&self, key: &str, names: &[&str]) -> Result<String, String> {
        let right = names.join(", ");
        let name: String = self.read(key, &right)?;
        if names.contains(&name.as_str()) {
            return Ok(name);
        }
        Err(format!("{}{key}: {name:?}; expected one of {right}", self.path))
    }

    pub fn inside(&self, key: &str) -> Result<Keys<'a>, String> {
        let Some(Value::Object(object)) = self.object.get(key) else {
            return Err(format!("{}{key}: missing or no object; expected {{…}}", self.path));
        };
        Ok(Keys { path: format!("{}{key}.", self.path), object })
    }

    pub fn objects(&self, key: &str) -> Result<Vec<Keys<'a>>, String> {
        let wrong = || format!("{}{key}: missing or no list of objects; expected [{{…}}, …]", self.path);
        let list = self.object.get(key).and_then(Value::as_array).ok_or_else(wrong)?;
        let each = list.iter().enumerate().map(|(at, value)| {
            let object = value.as_object().ok_or_else(wrong)?;
            Ok(Keys { path: format!("{}{key}[{at}].", self.path), object })
        });
        each.collect()
    }
}
