//! Whose case it is: Regulation 737, Article 20. A unit's case is that of its
//! place of registration, a person's that of domicile or habitual residence;
//! places of conduct, of assets and of participants cooperate.

use serde::{Deserialize, Serialize};

/// The article.
pub const BASIS: &str = "防范和处置非法集资条例(国务院令第737号)第二十条";

/// Where what lies, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Places {
    /// Whether the raiser is a natural person, not a unit.
    pub person: bool,
    /// A unit's place of registration.
    pub registered: Option<String>,
    /// A person's domicile or habitual residence.
    pub domicile: Option<String>,
    /// Where the conduct is.
    pub conduct: Vec<String>,
    /// Where the main assets are.
    pub assets: Vec<String>,
    /// Where the participants are.
    pub participants: Vec<String>,
}

/// Who leads and who cooperates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// The district that organises the investigation.
    pub district: String,
    /// Those that cooperate, in order, each once.
    pub cooperating: Vec<String>,
    /// The article.
    pub basis: String,
}

/// Routes a case.
///
/// # Errors
/// When the place that decides is not known.
pub fn route(places: &Places) -> Result<Routing, String> {
    let (lead, field) = match places.person {
        true => (&places.domicile, "domicile"),
        false => (&places.registered, "registered"),
    };
    let lead = lead.as_ref().filter(|place| !place.trim().is_empty());
    let district = lead.cloned().ok_or_else(|| {
        format!("`places.{field}` is missing: it decides whose case this is ({BASIS})")
    })?;
    let others = [&places.conduct, &places.assets, &places.participants];
    let mut cooperating: Vec<String> = others.into_iter().flatten().cloned().collect();
    cooperating.retain(|place| *place != district && !place.trim().is_empty());
    cooperating.sort();
    cooperating.dedup();
    Ok(Routing {
        district,
        cooperating,
        basis: BASIS.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_goes_to_its_registration_a_person_to_the_domicile() {
        let places = Places {
            registered: Some("南屿区".into()),
            domicile: Some("北湾区".into()),
            conduct: vec!["东港区".into(), "南屿区".into()],
            participants: vec!["北湾区".into(), "东港区".into()],
            ..Places::default()
        };
        let unit = route(&places).unwrap();
        assert_eq!(unit.district, "南屿区");
        assert_eq!(unit.cooperating, ["东港区", "北湾区"]);
        let person = route(&Places {
            person: true,
            ..places
        })
        .unwrap();
        assert_eq!(person.district, "北湾区");
        assert_eq!(person.cooperating, ["东港区", "南屿区"]);
    }

    #[test]
    fn nothing_is_guessed() {
        let fault = route(&Places::default()).unwrap_err();
        assert!(fault.contains("places.registered"), "{fault}");
        let person = Places {
            person: true,
            registered: Some("南屿区".into()),
            ..Places::default()
        };
        assert!(route(&person).unwrap_err().contains("places.domicile"));
    }
}
