//! SQL expressions over the columns of a source: `when`, `value`, `date`.
//!
//! A text is parsed by sqlparser, lowered to DataFusion's physical expressions
//! by `lower`, checked once against the source's columns, and then evaluated
//! a batch at a time. Only deterministic functions are allowed: an expression
//! must say the same of a record today and when it is retracted.

mod lower;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, cast::AsArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema};
use datafusion_physical_expr::PhysicalExpr;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;
use std::sync::Arc;
use thiserror::Error;

/// Why an expression was refused when its declaration was read, or why it
/// could not be evaluated over a batch.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct SqlError(String);

impl SqlError {
    fn new(text: impl Into<String>) -> Self {
        SqlError(text.into())
    }
}

impl From<datafusion_common::DataFusionError> for SqlError {
    fn from(error: datafusion_common::DataFusionError) -> Self {
        SqlError(error.strip_backtrace())
    }
}

impl From<arrow_schema::ArrowError> for SqlError {
    fn from(error: arrow_schema::ArrowError) -> Self {
        SqlError(error.to_string())
    }
}

/// What an expression must yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A condition: true, false or null.
    Condition,
    /// A number: integer or floating point.
    Number,
    /// A day.
    Date,
}

/// A compiled expression over the columns of one source.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    physical: Arc<dyn PhysicalExpr>,
    cast_to: Option<DataType>,
}

impl Expression {
    /// Compiles `text` over `schema`.
    ///
    /// # Errors
    /// When the text is no SQL expression, names an unknown column or function,
    /// uses one whose answer can change, or does not yield what is `wanted`.
    pub fn compile(text: &str, schema: &Schema, wanted: Wanted) -> Result<Self, SqlError> {
        let mut parser = Parser::new(&GenericDialect {})
            .try_with_sql(text)
            .map_err(|error| SqlError::new(error.to_string()))?;
        let ast = parser
            .parse_expr()
            .map_err(|error| SqlError::new(error.to_string()))?;
        let rest = parser.peek_token();
        if rest.token != Token::EOF {
            return Err(SqlError::new(format!(
                "unexpected `{}` after the end of the expression",
                rest.token
            )));
        }
        let physical = lower::lower(&ast, schema)?;
        let found = physical.data_type(schema)?;
        let cast_to = match_type(&found, wanted)?;
        let expression = Expression {
            text: text.to_owned(),
            physical,
            cast_to,
        };
        expression.evaluate(&RecordBatch::new_empty(Arc::new(schema.clone())))?;
        Ok(expression)
    }

    /// The text as it was declared.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef, SqlError> {
        let array = self
            .physical
            .evaluate(batch)?
            .into_array(batch.num_rows())?;
        match &self.cast_to {
            Some(wanted) => Ok(cast(&array, wanted)?),
            None => Ok(array),
        }
    }

    /// Evaluates a condition: one nullable boolean a row.
    ///
    /// # Errors
    /// When a row of the batch cannot be evaluated (a division by zero, say).
    pub fn conditions(&self, batch: &RecordBatch) -> Result<BooleanArray, SqlError> {
        Ok(self.evaluate(batch)?.as_boolean().clone())
    }

    /// Evaluates a number: one nullable number a row, integer where it is exact.
    ///
    /// # Errors
    /// As [`Expression::conditions`].
    pub fn numbers(&self, batch: &RecordBatch) -> Result<Numbers, SqlError> {
        let array = self.evaluate(batch)?;
        match array.data_type() {
            DataType::Int64 => Ok(Numbers::Integers(array.as_primitive().clone())),
            _ => Ok(Numbers::Floats(array.as_primitive().clone())),
        }
    }

    /// Evaluates a date: one nullable day number a row.
    ///
    /// # Errors
    /// As [`Expression::conditions`].
    pub fn days(&self, batch: &RecordBatch) -> Result<arrow_array::Date32Array, SqlError> {
        Ok(self.evaluate(batch)?.as_primitive().clone())
    }
}

/// The numbers that an expression yielded for a batch.
#[derive(Debug, Clone)]
pub enum Numbers {
    /// Whole numbers.
    Integers(Int64Array),
    /// Floating point; may hold infinities and NaN, which the mapping refuses.
    Floats(Float64Array),
}

/// The cast that turns what was found into what is wanted, if one is needed.
fn match_type(found: &DataType, wanted: Wanted) -> Result<Option<DataType>, SqlError> {
    use DataType::{Boolean, Date32, Float64, Int64};
    let target = match wanted {
        Wanted::Condition if matches!(found, Boolean | DataType::Null) => Boolean,
        Wanted::Number if found.is_integer() => Int64,
        Wanted::Number if found.is_floating() || found.is_null() => Float64,
        Wanted::Date if matches!(found, Date32 | DataType::Null | DataType::Timestamp(..)) => {
            Date32
        }
        Wanted::Condition => return Err(mismatch(found, "a condition (true or false)")),
        Wanted::Number => return Err(mismatch(found, "a number")),
        Wanted::Date => return Err(mismatch(found, "a date")),
    };
    Ok((found != &target).then_some(target))
}

fn mismatch(found: &DataType, wanted: &str) -> SqlError {
    SqlError::new(format!("yields {found}, but {wanted} is needed here"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Date32Array, StringArray};
    use arrow_schema::Field;

    fn batch() -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("金额", DataType::Int64, true),
            Field::new("rate", DataType::Float64, true),
            Field::new("类型", DataType::Utf8, true),
            Field::new("日期", DataType::Date32, true),
        ]);
        RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(Int64Array::from(vec![Some(250), Some(-3), None])),
                Arc::new(Float64Array::from(vec![Some(0.5), Some(2.0), Some(1.0)])),
                Arc::new(StringArray::from(vec![Some("投诉"), Some("Job"), None])),
                Arc::new(Date32Array::from(vec![Some(18262), None, Some(0)])),
            ],
        )
        .unwrap()
    }

    fn conditions(text: &str) -> Vec<Option<bool>> {
        let batch = batch();
        let expression = Expression::compile(text, &batch.schema(), Wanted::Condition).unwrap();
        expression.conditions(&batch).unwrap().iter().collect()
    }

    fn numbers(text: &str) -> Vec<Option<f64>> {
        let batch = batch();
        let expression = Expression::compile(text, &batch.schema(), Wanted::Number).unwrap();
        match expression.numbers(&batch).unwrap() {
            Numbers::Integers(array) => array.iter().map(|v| v.map(|v| v as f64)).collect(),
            Numbers::Floats(array) => array.iter().collect(),
        }
    }

    fn fault(text: &str, wanted: Wanted) -> String {
        Expression::compile(text, &batch().schema(), wanted)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn conditions_follow_sql() {
        assert_eq!(conditions("金额 >= 100"), [Some(true), Some(false), None]);
        assert_eq!(
            conditions("类型 IN ('投诉', '举报')"),
            [Some(true), Some(false), None]
        );
        assert_eq!(
            conditions("类型 LIKE 'J%' OR rate < 1"),
            [Some(true), Some(true), None]
        );
        assert_eq!(
            conditions("类型 IS NULL"),
            [Some(false), Some(false), Some(true)]
        );
        assert_eq!(
            conditions("日期 >= DATE '2020-01-01'"),
            [Some(true), None, Some(false)]
        );
        assert_eq!(
            conditions("rate BETWEEN 0.5 AND 1"),
            [Some(true), Some(false), Some(true)]
        );
        assert_eq!(conditions("NOT 金额 = -3"), [Some(true), Some(false), None]);
        assert_eq!(
            conditions("regexp_like(类型, '^投')"),
            [Some(true), Some(false), None]
        );
    }

    #[test]
    fn numbers_follow_sql() {
        assert_eq!(numbers("金额 / 100"), [Some(2.0), Some(0.0), None]);
        assert_eq!(numbers("金额 / 100.0"), [Some(2.5), Some(-0.03), None]);
        assert_eq!(numbers("abs(金额) + 1"), [Some(251.0), Some(4.0), None]);
        assert_eq!(numbers("ascii(类型)"), [Some(25237.0), Some(74.0), None]);
        assert_eq!(
            numbers("coalesce(金额, 7)"),
            [Some(250.0), Some(-3.0), Some(7.0)]
        );
        assert_eq!(
            numbers("CASE 类型 WHEN 'Job' THEN 2 ELSE 1.5 END"),
            [Some(1.5), Some(2.0), Some(1.5)]
        );
        assert_eq!(
            numbers("CASE WHEN 金额 > 0 THEN 1 END"),
            [Some(1.0), None, None]
        );
        assert_eq!(
            numbers("date_part('year', 日期)"),
            [Some(2020.0), None, Some(1970.0)]
        );
        assert_eq!(numbers("length(类型)"), [Some(2.0), Some(3.0), None]);
        assert_eq!(
            numbers("CAST(substr(类型, 1, 0) = '' AS BIGINT)"),
            [Some(1.0), Some(1.0), None]
        );
        assert_eq!(numbers("nullif(金额, -3)"), [Some(250.0), None, None]);
        assert_eq!(
            numbers("greatest(金额, 0)"),
            [Some(250.0), Some(0.0), Some(0.0)]
        );
        assert_eq!(
            numbers("round(ln(1 + rate), 2)"),
            [Some(0.41), Some(1.1), Some(0.69)]
        );
    }

    #[test]
    fn faults_say_what_is_allowed() {
        assert!(
            fault("金頟 > 1", Wanted::Condition).contains("no column `金頟`; did you mean `金额`")
        );
        assert!(fault("金额 +", Wanted::Number).contains("Expected"));
        assert!(fault("金额 > 1 2", Wanted::Condition).contains("unexpected `2`"));
        assert!(fault("金额", Wanted::Condition).contains("yields Int64, but a condition"));
        assert!(fault("类型", Wanted::Number).contains("but a number"));
        assert!(fault("lnn(金额)", Wanted::Number).contains("no function `lnn`"));
        assert!(fault("random()", Wanted::Number).contains("not deterministic"));
        assert!(fault("EXISTS (SELECT 1)", Wanted::Condition).contains("not supported"));
    }
}
