//! What bodies and answers are made of: `schemas.toml` as JSON Schema, which is
//! what OpenAPI 3.1 has.

use serde_json::{Map, Value, json};

const SCHEMAS: &str = include_str!("schemas.toml");

/// Every type by its name. The file is part of the program, and tested.
pub(super) fn schemas() -> Map<String, Value> {
    let types: toml::Table = toml::from_str(SCHEMAS).unwrap_or_default();
    types
        .iter()
        .filter_map(|(name, fields)| Some((name.clone(), schema(fields.as_table()?))))
        .collect()
}

/// A type: a table of fields, or one line that says what it is instead.
fn schema(fields: &toml::Table) -> Value {
    if let (1, Some(toml::Value::String(alone))) = (fields.len(), fields.get("type")) {
        return of(alone);
    }
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, said) in fields {
        let field = name.trim_end_matches('?');
        if field.len() == name.len() {
            required.push(field);
        }
        properties.insert(field.to_owned(), of(said.as_str().unwrap_or_default()));
    }
    json!({"type": "object", "required": required, "properties": properties})
}

/// What a field holds.
fn of(said: &str) -> Value {
    let said = said.trim();
    if let Some(inner) = said.strip_suffix('?') {
        return json!({"anyOf": [of(inner), {"type": "null"}]});
    }
    if let Some(item) = said
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return json!({"type": "array", "items": of(item)});
    }
    if let Some(value) = said
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        return json!({"type": "object", "additionalProperties": of(value)});
    }
    match said {
        "any" => json!({}),
        "text" => json!({"type": "string"}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "day" => json!({"type": "string", "format": "date"}),
        "integer" | "number" | "boolean" => json!({ "type": said }),
        "text | integer" => json!({"type": ["string", "integer"]}),
        name if name.starts_with(|first: char| first.is_ascii_uppercase()) => reference(name),
        texts => {
            let texts: Vec<&str> = texts.split('|').map(str::trim).collect();
            json!({"type": "string", "enum": texts})
        }
    }
}

/// A type by its name.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_is_there() {
        let types: toml::Table = toml::from_str(SCHEMAS).unwrap();
        let schemas = schemas();
        assert_eq!(schemas.len(), types.len());
        let all = serde_json::to_string(&schemas).unwrap();
        for named in all.split("#/components/schemas/").skip(1) {
            let name = named.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "there is no `{name}`");
        }
    }
}
