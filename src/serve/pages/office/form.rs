//! What a form says, as the action that the API would take.

use crate::serve::problem::Problem;
use serde_json::{Map, Value, json};
use tocsin_alerts::casework::CaseAction;

/// The fields of a form about a case.
pub(super) struct Fields {
    /// The id of the action: the same twice is one.
    pub(super) key: String,
    /// The version of the case that was seen.
    pub(super) version: u64,
    pub(super) action: CaseAction,
}

/// Reads a form.
///
/// # Errors
/// The field, its value and what is allowed.
pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Fields, Problem> {
    let (mut key, mut version, mut action) = (String::new(), None, Map::new());
    let mut places = Map::new();
    for (field, text) in pairs {
        let text = text.trim();
        match field.as_str() {
            "csrf" => {}
            "key" => key = text.to_owned(),
            "version" => version = Some(number(&field, text)?),
            // What was left empty was not said, but for words, which are judged.
            _ if text.is_empty() && field != "text" => {}
            "measure" => drop(action.insert(field, measure(text))),
            "founded" => drop(action.insert(field, json!(text == "yes"))),
            "until" => {
                let until = crate::time::parse_instant(text).map_err(Problem::invalid)?;
                action.insert("until_ms".to_owned(), json!(until));
            }
            "investigators" => push(&mut action, "investigators", text),
            "conduct" | "assets" | "participants" => drop(places.insert(field, list(text))),
            "person" => drop(places.insert(field, json!(text == "yes"))),
            "registered" | "domicile" => drop(places.insert(field, json!(text))),
            _ => drop(action.insert(field, json!(text))),
        }
    }
    if !places.is_empty() {
        action.insert("places".to_owned(), Value::Object(places));
    }
    let version = version.ok_or_else(|| Problem::bad_request("field `version` is missing"))?;
    if key.is_empty() {
        return Err(Problem::bad_request("field `key` is missing"));
    }
    let action = serde_json::from_value(Value::Object(action));
    Ok(Fields {
        key,
        version,
        action: action.map_err(|fault| Problem::invalid(fault.to_string()))?,
    })
}

fn number(field: &str, text: &str) -> Result<u64, Problem> {
    let wrong = |_| Problem::invalid(format!("{field} `{text}`: allowed is a whole number"));
    text.parse().map_err(wrong)
}

/// A measure by its number in the case, or by its name where it is proposed.
fn measure(text: &str) -> Value {
    text.parse::<u32>()
        .map_or_else(|_| json!(text), Value::from)
}

fn push(action: &mut Map<String, Value>, field: &str, text: &str) {
    let named = action.entry(field).or_insert_with(|| json!([]));
    if let Value::Array(named) = named {
        named.push(json!(text));
    }
}

/// Districts between commas or blanks, as one types them.
fn list(text: &str) -> Value {
    let parts = text.split([',', ',', '、', ';', ';', ' ', ' ']);
    Value::from_iter(parts.filter(|part| !part.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_alerts::casework::measure::Measure;

    fn action(pairs: &[(&str, &str)]) -> Result<CaseAction, Problem> {
        let always = [("csrf", "x"), ("key", "k"), ("version", "3")];
        let pairs = always.iter().chain(pairs);
        let pairs = pairs.map(|(field, text)| ((*field).to_owned(), (*text).to_owned()));
        read(pairs.collect()).map(|fields| fields.action)
    }

    #[test]
    fn fields_become_the_action_of_the_api() {
        let said = [
            ("do", "assign"),
            ("text", ""),
            ("investigators", "li"),
            ("investigators", "wang"),
            ("conduct", "东岭区、南屿区"),
        ];
        let CaseAction::Assign {
            places,
            investigators,
            ..
        } = action(&said).unwrap()
        else {
            panic!("another action")
        };
        assert_eq!(investigators, ["li", "wang"]);
        assert_eq!(places.conduct, ["东岭区", "南屿区"]);
        let proposed = action(&[("do", "propose"), ("measure", "talk"), ("text", "t")]).unwrap();
        assert!(matches!(
            proposed,
            CaseAction::Propose {
                measure: Measure::Talk,
                ..
            }
        ));
        let approved = action(&[("do", "approve"), ("measure", "2")]).unwrap();
        assert!(matches!(approved, CaseAction::Approve { measure: 2, .. }));
        let judged = action(&[("do", "judge"), ("founded", "yes"), ("text", "t")]).unwrap();
        assert!(matches!(judged, CaseAction::Judge { founded: true, .. }));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let refused = action(&[("do", "label"), ("outcome", "perhaps"), ("text", "t")]);
        assert!(refused.unwrap_err().detail.contains("perhaps"));
        let refused = action(&[("do", "suspend"), ("until", "soon"), ("text", "t")]);
        assert!(refused.unwrap_err().detail.contains("`soon` is no instant"));
        assert!(read(vec![("do".to_owned(), "check".to_owned())]).is_err());
    }
}
