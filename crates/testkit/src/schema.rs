//! Checks a JSON value against a schema of an OpenAPI 3.0 document: the keywords that the kept documents use.

use anyhow::Context as _;
use serde_json::{Map, Value};

/// An OpenAPI document.
#[derive(Debug)]
pub(crate) struct Document(Value);

/// What is wrong, and where: `messages[0].text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) property: String,
}

impl Document {
    pub(crate) fn parse(json: &str) -> anyhow::Result<Self> {
        Ok(Self(serde_json::from_str(json).context("the OpenAPI document is no JSON")?))
    }

    /// A lone JSON schema, under the name `it`.
    pub(crate) fn of_schema(schema: &Value) -> Self {
        Self(serde_json::json!({ "components": { "schemas": { "it": schema } } }))
    }

    /// Everything in which `value` departs from the schema of this name. Properties that the document does not
    /// know are faults too, although the real platforms pass over many of them: a misspelt name must be found.
    pub(crate) fn check(&self, schema: &str, value: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        match self.named(schema) {
            Some(found) => self.walk(found, value, "", &mut faults),
            None => faults.push(Fault { message: format!("no schema {schema}"), property: String::new() }),
        }
        faults
    }

    fn named(&self, name: &str) -> Option<&Value> {
        self.0.get("components")?.get("schemas")?.get(name)
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.rsplit('/').next())
            .and_then(|name| self.named(name))
            .unwrap_or(schema)
    }

    /// The schema that the discriminator's value chooses; an unknown value is a fault.
    fn chosen<'a>(
        &'a self,
        schema: &'a Value,
        value: &Value,
        at: &str,
        faults: &mut Vec<Fault>,
    ) -> Option<&'a Value> {
        let Some(discriminator) = schema.get("discriminator") else { return Some(schema) };
        let property = discriminator.get("propertyName").and_then(Value::as_str).unwrap_or("type");
        let Some(kind) = value.get(property).and_then(Value::as_str) else {
            push(faults, "May not be empty", &join(at, property));
            return None;
        };
        let mapped =
            discriminator.get("mapping").and_then(|mapping| mapping.get(kind)).and_then(Value::as_str);
        let chosen =
            mapped.and_then(|reference| reference.rsplit('/').next()).and_then(|name| self.named(name));
        if chosen.is_none() {
            push(faults, "Must be one of the known types", &join(at, property));
        }
        chosen
    }

    fn walk(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<Fault>) {
        let schema = self.resolved(schema);
        let Some(schema) = self.chosen(schema, value, at, faults) else { return };
        let mut kinds = Vec::new();
        self.flatten(schema, &mut kinds);
        for kind in &kinds {
            self.walk_one(kind, value, at, faults);
        }
        let Some(fields) = value.as_object() else { return };
        let closed = kinds.iter().any(|kind| kind.get("properties").is_some())
            && !kinds.iter().any(|kind| extra(kind).is_some());
        for (name, field) in fields {
            let described = kinds.iter().find_map(|kind| kind.get("properties")?.get(name));
            let other = kinds.iter().find_map(|kind| extra(kind));
            match (described, other) {
                (Some(schema), _) | (None, Some(schema)) => {
                    self.walk(schema, field, &join(at, name), faults);
                }
                (None, None) if closed => push(faults, "Is not a property of this object", &join(at, name)),
                (None, None) => {}
            }
        }
    }

    /// The schema itself and everything it is composed of, references followed.
    fn flatten<'a>(&'a self, schema: &'a Value, kinds: &mut Vec<&'a Value>) {
        let schema = self.resolved(schema);
        kinds.push(schema);
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.flatten(part, kinds);
        }
    }

    /// The keywords that look at the value alone; properties are walked by the caller.
    fn walk_one(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<Fault>) {
        if value.is_null() && schema.get("nullable").and_then(Value::as_bool) == Some(true) {
            return;
        }
        if let Some(kind) = schema.get("type")
            && !is_one_of(value, kind)
        {
            push(faults, &format!("Must be of type {}", kind.as_str().unwrap_or("listed")), at);
            return;
        }
        if let Some(alternatives) =
            schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array)
        {
            let fits = |alternative: &Value| {
                let mut inner = Vec::new();
                self.walk(alternative, value, at, &mut inner);
                inner.is_empty()
            };
            if !alternatives.iter().any(fits) {
                push(faults, "Must fit one of the alternatives", at);
            }
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            push(faults, "Must be one of the allowed values", at);
        }
        if let Some(text) = value.as_str() {
            check_text(schema, text, at, faults);
        }
        if let Some(number) = value.as_f64() {
            check_number(schema, number, at, faults);
        }
        if let Some(items) = value.as_array() {
            let (least, most) = (count(schema, "minItems"), count(schema, "maxItems"));
            if least.is_some_and(|least| items.len() < least) || most.is_some_and(|most| items.len() > most) {
                push(faults, &size_message(least, most), at);
            }
            if let Some(schema) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    self.walk(schema, item, &format!("{at}[{index}]"), faults);
                }
            }
        }
        if let Some(fields) = value.as_object() {
            for name in required(schema, fields) {
                push(faults, "May not be empty", &join(at, name));
            }
        }
    }
}

/// What stands for properties that are not named; `false` closes the object.
fn extra(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|extra| **extra != Value::Bool(false))
}

fn required<'a>(schema: &'a Value, fields: &Map<String, Value>) -> Vec<&'a str> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).filter(|name| fields.get(*name).is_none_or(Value::is_null)).collect()
}

fn check_text(schema: &Value, text: &str, at: &str, faults: &mut Vec<Fault>) {
    let length = text.encode_utf16().count();
    let (least, most) = (count(schema, "minLength"), count(schema, "maxLength"));
    if least.is_some_and(|least| length < least) || most.is_some_and(|most| length > most) {
        push(faults, &format!("Length must be between {} and {}", least.unwrap_or(0), shown(most)), at);
    }
    if schema.get("format").and_then(Value::as_str) == Some("uri") && url::Url::parse(text).is_err() {
        push(faults, "Must be a valid URI", at);
    }
}

fn check_number(schema: &Value, number: f64, at: &str, faults: &mut Vec<Fault>) {
    let least = schema.get("minimum").and_then(Value::as_f64);
    let most = schema.get("maximum").and_then(Value::as_f64);
    if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
        push(faults, "Is out of range", at);
    }
}

/// `type` is a name or a list of names; Google writes them in capitals.
fn is_one_of(value: &Value, kind: &Value) -> bool {
    match kind {
        Value::String(kind) => is_a(value, kind),
        Value::Array(kinds) => kinds.iter().any(|kind| is_one_of(value, kind)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind.to_ascii_lowercase().as_str() {
        "null" => value.is_null(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    }
}

fn count(schema: &Value, keyword: &str) -> Option<usize> {
    schema.get(keyword).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok())
}

fn size_message(least: Option<usize>, most: Option<usize>) -> String {
    format!("Size must be between {} and {}", least.unwrap_or(0), shown(most))
}

fn shown(most: Option<usize>) -> String {
    most.map_or_else(|| "any".to_owned(), |most| most.to_string())
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn push(faults: &mut Vec<Fault>, message: &str, property: &str) {
    let fault = Fault { message: message.to_owned(), property: property.to_owned() };
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}
