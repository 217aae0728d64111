//! How values of the domain stand in columns: names, JSON, ids.

use std::{fmt::Display, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Result, StoreError};

/// As JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Defect(error.to_string()))
}

/// From JSON; the error names the place, never the content.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::Defect(format!(
            "a stored {} does not read back (column {})",
            std::any::type_name::<T>(),
            error.column()
        ))
    })
}

/// A unit variant of one of the domain's enums by its name.
pub(crate) fn named<T: DeserializeOwned>(name: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned()))
        .map_err(|_| StoreError::Defect(format!("no {} is called {name}", std::any::type_name::<T>())))
}

/// The name of a unit variant.
pub(crate) fn name<T: Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        Ok(_) | Err(_) => {
            Err(StoreError::Defect(format!("a {} has no plain name", std::any::type_name::<T>())))
        }
    }
}

pub(crate) fn id<T: FromStr>(text: &str) -> Result<T>
where
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| StoreError::Defect(error.to_string()))
}

pub(crate) fn maybe_id<T: FromStr>(text: Option<String>) -> Result<Option<T>>
where
    T::Err: Display,
{
    text.as_deref().map(id).transpose()
}

pub(crate) fn time(millis: i64) -> domain::Timestamp {
    domain::Timestamp::from_millis(millis)
}

pub(crate) fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}
