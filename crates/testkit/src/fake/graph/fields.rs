//! Graph's field expansion: `id,messages.limit(5){id,message}`.

use serde_json::{Map, Value};

/// One wanted field, how many of it, and what of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    name: String,
    limit: Option<usize>,
    of_each: Vec<Field>,
}

/// Reads a `fields` parameter; what is not understood is left out, as Graph does with unknown modifiers.
pub(super) fn parse(text: &str) -> Vec<Field> {
    let mut letters = text.chars().peekable();
    list(&mut letters)
}

/// `value` with only the wanted fields; `id` is always told. Fields of an edge (`{"data": […]}`) are those of
/// its items.
pub(super) fn project(value: &Value, fields: &[Field]) -> Value {
    let mut kept = Map::new();
    if let Some(id) = value.get("id") {
        kept.insert("id".to_owned(), id.clone());
    }
    for field in fields {
        if let Some(inner) = value.get(&field.name) {
            kept.insert(field.name.clone(), narrowed(inner, field));
        }
    }
    Value::Object(kept)
}

fn narrowed(inner: &Value, field: &Field) -> Value {
    let Some(items) = inner.get("data").and_then(Value::as_array) else {
        return if field.of_each.is_empty() { inner.clone() } else { project(inner, &field.of_each) };
    };
    let items = items
        .iter()
        .take(field.limit.unwrap_or(usize::MAX))
        .map(|item| if field.of_each.is_empty() { item.clone() } else { project(item, &field.of_each) });
    let mut edge = inner.clone();
    if let Some(fields) = edge.as_object_mut() {
        fields.insert("data".to_owned(), items.collect());
    }
    edge
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn list(letters: &mut Letters<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    loop {
        let name = word(letters);
        if !name.is_empty() {
            fields.push(rest_of(name, letters));
        }
        match letters.next() {
            Some(',') => {}
            Some('}') | None => return fields,
            Some(_) => {}
        }
    }
}

fn rest_of(name: String, letters: &mut Letters<'_>) -> Field {
    let mut field = Field { name, limit: None, of_each: Vec::new() };
    while letters.peek() == Some(&'.') {
        letters.next();
        let modifier = word(letters);
        if letters.peek() == Some(&'(') {
            letters.next();
            let argument: String = letters.by_ref().take_while(|letter| *letter != ')').collect();
            if modifier == "limit" {
                field.limit = argument.parse().ok();
            }
        }
    }
    if letters.peek() == Some(&'{') {
        letters.next();
        field.of_each = list(letters);
    }
    field
}

fn word(letters: &mut Letters<'_>) -> String {
    let mut word = String::new();
    while let Some(letter) = letters.next_if(|letter| letter.is_alphanumeric() || *letter == '_') {
        word.push(letter);
    }
    word
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_expanded_limited_and_nothing_else_is_told() {
        let talk = json!({
            "id": "t_1", "updated_time": "now", "link": "/x",
            "messages": {"data": [{"id": "m_1", "message": "a", "from": {"id": "1", "name": "x"}},
                                  {"id": "m_2", "message": "b"}]},
        });
        let told = project(&talk, &parse("updated_time,messages.limit(1){message,from{name}},nothing"));
        assert_eq!(
            told,
            json!({"id": "t_1", "updated_time": "now",
                   "messages": {"data": [{"id": "m_1", "message": "a", "from": {"id": "1", "name": "x"}}]}})
        );
        assert_eq!(project(&talk, &parse("")), json!({"id": "t_1"}));
        assert_eq!(parse("}{,.(").len(), 0);
    }
}
