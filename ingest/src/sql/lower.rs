//! Lowers a parsed SQL expression to a DataFusion physical expression.
//!
//! DataFusion's own planner would do it too, but it brings its aggregate and
//! nested function crates with it; this needs the scalar functions only.

use super::SqlError;
use arrow_schema::{DataType, Schema};
use datafusion_common::ScalarValue;
use datafusion_common::config::ConfigOptions;
use datafusion_expr::type_coercion::binary::{
    BinaryTypeCoercer, comparison_coercion, type_union_resolution,
};
use datafusion_expr::type_coercion::functions::fields_with_udf;
use datafusion_expr::{Operator, ScalarUDF, Volatility};
use datafusion_physical_expr::expressions as physical;
use datafusion_physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    UnaryOperator, Value,
};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

type Lowered = Result<Arc<dyn PhysicalExpr>, SqlError>;

/// Lowers `ast` over the columns of `schema`, casting operands where SQL does.
pub(super) fn lower(ast: &Expr, schema: &Schema) -> Lowered {
    let sub = |ast: &Expr| lower(ast, schema);
    match ast {
        Expr::Nested(inner) => sub(inner),
        Expr::Identifier(name) => column(&name.value, schema),
        Expr::Value(value) => literal(&value.value),
        Expr::TypedString(typed) => {
            let text = typed.value.clone().into_string().unwrap_or_default();
            cast_literal(text, &data_type(&typed.data_type)?)
        }
        Expr::UnaryOp { op, expr } => unary(*op, sub(expr)?, schema),
        Expr::BinaryOp { left, op, right } => {
            compare(sub(left)?, operator(op)?, sub(right)?, schema)
        }
        Expr::Cast {
            expr,
            data_type: target,
            format: None,
            ..
        } => cast(sub(expr)?, &data_type(target)?, schema),
        Expr::Case {
            operand,
            conditions,
            else_result,
            ..
        } => case(
            operand.as_deref(),
            conditions,
            else_result.as_deref(),
            schema,
        ),
        Expr::Function(function) => call_function(function, schema),
        _ => predicate(ast, schema),
    }
}

/// The forms that SQL has for tests of a value.
fn predicate(ast: &Expr, schema: &Schema) -> Lowered {
    use Operator::{IsDistinctFrom, IsNotDistinctFrom};
    let sub = |ast: &Expr| lower(ast, schema);
    let is = |ast: &Expr, op, flag| compare(sub(ast)?, op, truth(flag), schema);
    match ast {
        Expr::IsNull(inner) => Ok(physical::is_null(sub(inner)?)?),
        Expr::IsNotNull(inner) => Ok(physical::is_not_null(sub(inner)?)?),
        Expr::IsTrue(inner) => is(inner, IsNotDistinctFrom, true),
        Expr::IsFalse(inner) => is(inner, IsNotDistinctFrom, false),
        Expr::IsNotTrue(inner) => is(inner, IsDistinctFrom, true),
        Expr::IsNotFalse(inner) => is(inner, IsDistinctFrom, false),
        Expr::Between {
            expr,
            negated,
            low,
            high,
        } => between(sub(expr)?, *negated, sub(low)?, sub(high)?, schema),
        Expr::InList {
            expr,
            list,
            negated,
        } => in_list(sub(expr)?, list, *negated, schema),
        Expr::Like {
            negated,
            any: false,
            expr,
            pattern,
            escape_char: None,
        } => like(*negated, false, sub(expr)?, sub(pattern)?, schema),
        Expr::ILike {
            negated,
            any: false,
            expr,
            pattern,
            escape_char: None,
        } => like(*negated, true, sub(expr)?, sub(pattern)?, schema),
        _ => written_function(ast, schema),
    }
}

/// The functions that SQL writes in a way of their own.
fn written_function(ast: &Expr, schema: &Schema) -> Lowered {
    let sub = |ast: &Expr| lower(ast, schema);
    match ast {
        Expr::Extract { field, expr, .. } => {
            let part = physical::lit(field.to_string().to_lowercase());
            call("date_part", vec![part, sub(expr)?], schema)
        }
        Expr::Floor { expr, .. } => call("floor", vec![sub(expr)?], schema),
        Expr::Ceil { expr, .. } => call("ceil", vec![sub(expr)?], schema),
        Expr::Position { expr, r#in } => call("strpos", vec![sub(r#in)?, sub(expr)?], schema),
        Expr::Trim {
            expr,
            trim_where: None,
            trim_what: None,
            trim_characters: None,
        } => call("btrim", vec![sub(expr)?], schema),
        Expr::Substring {
            expr,
            substring_from,
            substring_for,
            ..
        } => {
            let mut args = vec![sub(expr)?];
            for bound in [substring_from, substring_for].into_iter().flatten() {
                args.push(sub(bound)?);
            }
            call("substr", args, schema)
        }
        other => Err(SqlError::new(format!(
            "`{other}` is not supported in a source's expression"
        ))),
    }
}

fn column(name: &str, schema: &Schema) -> Lowered {
    match schema.index_of(name) {
        Ok(index) => Ok(Arc::new(physical::Column::new(name, index))),
        Err(_) => {
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            let hint = crate::declaration::did_you_mean(name, &names);
            Err(SqlError::new(format!("no column `{name}`{hint}")))
        }
    }
}

fn literal(value: &Value) -> Lowered {
    let scalar = match value {
        Value::Number(text, _) => number(text)?,
        Value::SingleQuotedString(text) => ScalarValue::Utf8(Some(text.clone())),
        Value::Boolean(flag) => ScalarValue::Boolean(Some(*flag)),
        Value::Null => ScalarValue::Null,
        other => return Err(SqlError::new(format!("literal `{other}` is not supported"))),
    };
    Ok(physical::lit(scalar))
}

fn number(text: &str) -> Result<ScalarValue, SqlError> {
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(ScalarValue::Int64(Some(whole)));
    }
    text.parse::<f64>()
        .map(|float| ScalarValue::Float64(Some(float)))
        .map_err(|_| SqlError::new(format!("`{text}` is not a number")))
}

fn truth(flag: bool) -> Arc<dyn PhysicalExpr> {
    physical::lit(flag)
}

fn unary(op: UnaryOperator, inner: Arc<dyn PhysicalExpr>, schema: &Schema) -> Lowered {
    match op {
        UnaryOperator::Not => Ok(physical::not(inner)?),
        UnaryOperator::Minus => Ok(physical::negative(inner, schema)?),
        UnaryOperator::Plus => Ok(inner),
        other => Err(SqlError::new(format!(
            "operator `{other}` is not supported"
        ))),
    }
}

fn operator(op: &BinaryOperator) -> Result<Operator, SqlError> {
    Ok(match op {
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Modulo,
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::GtEq => Operator::GtEq,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
        BinaryOperator::StringConcat => Operator::StringConcat,
        other => {
            return Err(SqlError::new(format!(
                "operator `{other}` is not supported"
            )));
        }
    })
}

/// A binary operation, its operands cast to the types SQL would compare.
fn compare(
    left: Arc<dyn PhysicalExpr>,
    op: Operator,
    right: Arc<dyn PhysicalExpr>,
    schema: &Schema,
) -> Lowered {
    let (left_type, right_type) = (left.data_type(schema)?, right.data_type(schema)?);
    let (to_left, to_right) =
        BinaryTypeCoercer::new(&left_type, &op, &right_type).get_input_types()?;
    let left = cast(left, &to_left, schema)?;
    let right = cast(right, &to_right, schema)?;
    Ok(physical::binary(left, op, right, schema)?)
}

fn between(
    expr: Arc<dyn PhysicalExpr>,
    negated: bool,
    low: Arc<dyn PhysicalExpr>,
    high: Arc<dyn PhysicalExpr>,
    schema: &Schema,
) -> Lowered {
    let above = compare(Arc::clone(&expr), Operator::GtEq, low, schema)?;
    let below = compare(expr, Operator::LtEq, high, schema)?;
    let inside = compare(above, Operator::And, below, schema)?;
    if negated {
        Ok(physical::not(inside)?)
    } else {
        Ok(inside)
    }
}

fn in_list(expr: Arc<dyn PhysicalExpr>, list: &[Expr], negated: bool, schema: &Schema) -> Lowered {
    let mut common = expr.data_type(schema)?;
    let mut items = Vec::with_capacity(list.len());
    for item in list {
        let item = lower(item, schema)?;
        let found = item.data_type(schema)?;
        common = comparison_coercion(&common, &found).ok_or_else(|| {
            SqlError::new(format!("cannot compare {common} with {found} in IN (…)"))
        })?;
        items.push(item);
    }
    let items = items
        .into_iter()
        .map(|item| cast(item, &common, schema))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(physical::in_list(
        cast(expr, &common, schema)?,
        items,
        &negated,
        schema,
    )?)
}

fn like(
    negated: bool,
    any_case: bool,
    expr: Arc<dyn PhysicalExpr>,
    pattern: Arc<dyn PhysicalExpr>,
    schema: &Schema,
) -> Lowered {
    let expr = cast(expr, &DataType::Utf8, schema)?;
    let pattern = cast(pattern, &DataType::Utf8, schema)?;
    Ok(physical::like(negated, any_case, expr, pattern, schema)?)
}

fn cast(expr: Arc<dyn PhysicalExpr>, target: &DataType, schema: &Schema) -> Lowered {
    if &expr.data_type(schema)? == target {
        return Ok(expr);
    }
    Ok(physical::cast(expr, schema, target.clone())?)
}

fn cast_literal(text: String, target: &DataType) -> Lowered {
    let scalar = ScalarValue::Utf8(Some(text)).cast_to(target)?;
    Ok(physical::lit(scalar))
}

fn data_type(declared: &sqlparser::ast::DataType) -> Result<DataType, SqlError> {
    use sqlparser::ast::DataType as Sql;
    Ok(match declared {
        Sql::BigInt(_) | Sql::Int(_) | Sql::Integer(_) => DataType::Int64,
        Sql::Double(_) | Sql::DoublePrecision | Sql::Float(_) | Sql::Real => DataType::Float64,
        Sql::Text | Sql::Varchar(_) | Sql::String(_) => DataType::Utf8,
        Sql::Boolean | Sql::Bool => DataType::Boolean,
        Sql::Date => DataType::Date32,
        other => {
            return Err(SqlError::new(format!(
                "type `{other}` is not supported; allowed are BIGINT, DOUBLE, TEXT, BOOLEAN and DATE"
            )));
        }
    })
}

fn case(
    operand: Option<&Expr>,
    conditions: &[CaseWhen],
    otherwise: Option<&Expr>,
    schema: &Schema,
) -> Lowered {
    let mut branches = Vec::with_capacity(conditions.len());
    for branch in conditions {
        let condition = lower(&branch.condition, schema)?;
        let condition = match operand {
            Some(operand) => compare(lower(operand, schema)?, Operator::Eq, condition, schema)?,
            None => condition,
        };
        branches.push((condition, lower(&branch.result, schema)?));
    }
    let otherwise = otherwise.map(|expr| lower(expr, schema)).transpose()?;
    branch(branches, otherwise, schema)
}

/// `CASE WHEN … END` over lowered parts, the results cast to their common type.
fn branch(
    branches: Vec<(Arc<dyn PhysicalExpr>, Arc<dyn PhysicalExpr>)>,
    otherwise: Option<Arc<dyn PhysicalExpr>>,
    schema: &Schema,
) -> Lowered {
    let mut types = Vec::new();
    for result in branches.iter().map(|(_, result)| result).chain(&otherwise) {
        types.push(result.data_type(schema)?);
    }
    let common = type_union_resolution(&types)
        .ok_or_else(|| SqlError::new(format!("the branches have no common type: {types:?}")))?;
    let branches = branches
        .into_iter()
        .map(|(when, then)| Ok((when, cast(then, &common, schema)?)))
        .collect::<Result<Vec<_>, SqlError>>()?;
    let otherwise = otherwise
        .map(|expr| cast(expr, &common, schema))
        .transpose()?;
    Ok(physical::case(None, branches, otherwise)?)
}

fn call_function(function: &Function, schema: &Schema) -> Lowered {
    let FunctionArguments::List(list) = &function.args else {
        return Err(SqlError::new(format!(
            "`{function}` needs arguments in brackets"
        )));
    };
    let mut args = Vec::with_capacity(list.args.len());
    for arg in &list.args {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => args.push(lower(expr, schema)?),
            other => {
                return Err(SqlError::new(format!(
                    "argument `{other}` is not supported"
                )));
            }
        }
    }
    call(&function.name.to_string().to_lowercase(), args, schema)
}

/// Calls a scalar function by name; `coalesce` and `nullif` become CASE, which
/// evaluates only the branch it needs.
fn call(name: &str, args: Vec<Arc<dyn PhysicalExpr>>, schema: &Schema) -> Lowered {
    match (name, args.as_slice()) {
        ("coalesce", [first @ .., last]) if !first.is_empty() => {
            let branches = first
                .iter()
                .map(|arg| Ok((physical::is_not_null(Arc::clone(arg))?, Arc::clone(arg))))
                .collect::<Result<Vec<_>, SqlError>>()?;
            branch(branches, Some(Arc::clone(last)), schema)
        }
        ("nullif", [value, unwanted]) => {
            let equal = compare(
                Arc::clone(value),
                Operator::Eq,
                Arc::clone(unwanted),
                schema,
            )?;
            let differs = compare(equal, Operator::IsDistinctFrom, truth(true), schema)?;
            branch(vec![(differs, Arc::clone(value))], None, schema)
        }
        _ => scalar_function(name, args, schema),
    }
}

fn scalar_function(name: &str, args: Vec<Arc<dyn PhysicalExpr>>, schema: &Schema) -> Lowered {
    let udf = find_function(name)?;
    let fields = args
        .iter()
        .map(|arg| arg.return_field(schema))
        .collect::<Result<Vec<_>, _>>()?;
    let wanted = fields_with_udf(&fields, udf.as_ref())?;
    let args = args
        .into_iter()
        .zip(&wanted)
        .map(|(arg, field)| cast(arg, field.data_type(), schema))
        .collect::<Result<Vec<_>, _>>()?;
    let config = Arc::new(ConfigOptions::default());
    Ok(Arc::new(ScalarFunctionExpr::try_new(
        udf, args, schema, config,
    )?))
}

fn find_function(name: &str) -> Result<Arc<ScalarUDF>, SqlError> {
    let Some(udf) = functions().get(name) else {
        let names: Vec<&str> = functions().keys().map(String::as_str).collect();
        let hint = crate::declaration::did_you_mean(name, &names);
        return Err(SqlError::new(format!("no function `{name}`{hint}")));
    };
    if udf.signature().volatility != Volatility::Immutable {
        return Err(SqlError::new(format!(
            "function `{name}` is not deterministic: a record must say the same when it is retracted"
        )));
    }
    Ok(Arc::clone(udf))
}

fn functions() -> &'static HashMap<String, Arc<ScalarUDF>> {
    static FUNCTIONS: OnceLock<HashMap<String, Arc<ScalarUDF>>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let mut by_name = HashMap::new();
        for udf in datafusion_functions::all_default_functions() {
            for alias in udf.aliases() {
                by_name.insert(alias.clone(), Arc::clone(&udf));
            }
            by_name.insert(udf.name().to_owned(), udf);
        }
        by_name
    })
}
