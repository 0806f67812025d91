//! The part of JSON Schema that the API's document uses. Stricter than it: a field
//! that the schema does not name is a fault.

use serde_json::Value;

/// What of a value does not fit; `document` has the types that are named.
pub fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let place = name.trim_start_matches('#');
        let Some(named) = document.pointer(place) else {
            return found.push(format!("{at}: there is no {name}"));
        };
        return check(document, named, value, at, found);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let all = choices.iter().map(|choice| faults(document, choice, value));
        let best = all.min_by_key(Vec::len).unwrap_or_default();
        return found.extend(best.into_iter().map(|fault| format!("{at}{fault}")));
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        Value::Null => Vec::new(),
        kind => vec![kind.clone()],
    };
    let is = |kind: &Value| match kind.as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("null") => value.is_null(),
        _ => false,
    };
    if !kinds.is_empty() && !kinds.iter().any(is) {
        return found.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|texts| !texts.contains(value))
    {
        found.push(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        check(
            document,
            &schema["items"],
            item,
            &format!("{at}[{place}]"),
            found,
        );
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Null) if schema["properties"].is_object() => {
                found.push(format!("{at}: it is not described"));
            }
            (Value::Null, others) => check(document, others, inner, &at, found),
            (field, _) => check(document, field, inner, &at, found),
        }
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap_or_default()).is_none() {
            found.push(format!("{at}: `{name}` is missing"));
        }
    }
}
