//! Columns: a header and the expression that fills it.

/// What fills a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Uscc,
    UsccClean,
    Name,
    ToldName,
    MaybeUscc,
    OldNumber,
    OrgCode,
    Type,
    Sector,
    SectorCode,
    Scope,
    District,
    Street,
    Address,
    LegalRep,
    LegalRepId,
    Phone,
    Email,
    Domain,
    Founded,
    Capital,
    PaidCapital,
    Status,
    Staff,
    Changes,
    Controller,
    ControllerId,
    Shareholder,
    ShareholderId,
    ShareholderUscc,
    Account,
    Bank,
    Date,
    Until,
    Period,
    Year,
    Topic,
    Text,
    Yuan,
    Wan,
    Count,
    Percent,
    StatusOf,
    Person,
    PersonId,
    OtherName,
    OtherUscc,
    PersonalAccount,
    Institution,
    Patterns,
    /// What was written into the remarks of payments; nothing where none is told.
    Remarks,
    Confidence,
    Op,
    Before,
    After,
    LeadAccount,
    Since,
    YuanOut,
    Places,
    /// A number of the event's own, with a prefix.
    Number(String),
    /// The same text in every row.
    Constant(String),
    /// One of several texts; the same for an event's corrections.
    OneOf(Vec<String>),
    /// A whole number from the first to the second.
    Int(i64, i64),
}

/// Expressions without parameters.
const NAMED: [(&str, Expression); 59] = [
    ("uscc", Expression::Uscc),
    ("uscc_clean", Expression::UsccClean),
    ("name", Expression::Name),
    ("told_name", Expression::ToldName),
    ("maybe_uscc", Expression::MaybeUscc),
    ("old_number", Expression::OldNumber),
    ("org_code", Expression::OrgCode),
    ("type", Expression::Type),
    ("sector", Expression::Sector),
    ("sector_code", Expression::SectorCode),
    ("scope", Expression::Scope),
    ("district", Expression::District),
    ("street", Expression::Street),
    ("address", Expression::Address),
    ("legal_rep", Expression::LegalRep),
    ("legal_rep_id", Expression::LegalRepId),
    ("phone", Expression::Phone),
    ("email", Expression::Email),
    ("domain", Expression::Domain),
    ("founded", Expression::Founded),
    ("capital", Expression::Capital),
    ("paid_capital", Expression::PaidCapital),
    ("status", Expression::Status),
    ("staff", Expression::Staff),
    ("changes", Expression::Changes),
    ("controller", Expression::Controller),
    ("controller_id", Expression::ControllerId),
    ("shareholder", Expression::Shareholder),
    ("shareholder_id", Expression::ShareholderId),
    ("shareholder_uscc", Expression::ShareholderUscc),
    ("account", Expression::Account),
    ("bank", Expression::Bank),
    ("date", Expression::Date),
    ("until", Expression::Until),
    ("period", Expression::Period),
    ("year", Expression::Year),
    ("topic", Expression::Topic),
    ("text", Expression::Text),
    ("yuan", Expression::Yuan),
    ("wan", Expression::Wan),
    ("count", Expression::Count),
    ("percent", Expression::Percent),
    ("status_of", Expression::StatusOf),
    ("person", Expression::Person),
    ("person_id", Expression::PersonId),
    ("other_name", Expression::OtherName),
    ("other_uscc", Expression::OtherUscc),
    ("personal_account", Expression::PersonalAccount),
    ("institution", Expression::Institution),
    ("patterns", Expression::Patterns),
    ("remarks", Expression::Remarks),
    ("confidence", Expression::Confidence),
    ("op", Expression::Op),
    ("before", Expression::Before),
    ("after", Expression::After),
    ("lead_account", Expression::LeadAccount),
    ("since", Expression::Since),
    ("yuan_out", Expression::YuanOut),
    ("places", Expression::Places),
];

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) header: String,
    pub(super) expression: Expression,
}

impl Column {
    /// Reads a column, or says what is wrong and what is allowed.
    pub(super) fn read(header: &str, text: &str) -> Result<Column, String> {
        let expression = expression(text).ok_or_else(|| {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            format!(
                "expression `{text}`: allowed are {}, `number PREFIX`, `= TEXT`, \
                 `one of A / B`, `int LOW HIGH`",
                names.join(" ")
            )
        })?;
        Ok(Column {
            header: header.to_owned(),
            expression,
        })
    }
}

fn expression(text: &str) -> Option<Expression> {
    if let Some((_, expression)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Some(expression.clone());
    }
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "number" => Some(Expression::Number(rest.to_owned())),
        "=" => Some(Expression::Constant(rest.to_owned())),
        "one" => {
            let list = rest.strip_prefix("of ")?;
            Some(Expression::OneOf(
                list.split(" / ")
                    .map(|item| item.trim().to_owned())
                    .collect(),
            ))
        }
        "int" => {
            let (low, high) = rest.split_once(' ')?;
            let (low, high): (i64, i64) = (low.parse().ok()?, high.parse().ok()?);
            (low <= high).then_some(Expression::Int(low, high))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_or_named() {
        assert_eq!(
            expression("number 滨01民初"),
            Some(Expression::Number("滨01民初".to_owned()))
        );
        assert_eq!(
            expression("= 有效"),
            Some(Expression::Constant("有效".to_owned()))
        );
        assert_eq!(expression("int 3 9"), Some(Expression::Int(3, 9)));
        assert_eq!(expression("int 9 3"), None);
        let fault = Column::read("代码", "usc").map(|_| ());
        assert!(fault.is_err_and(|what| what.contains("`usc`") && what.contains("uscc_clean")));
    }
}
