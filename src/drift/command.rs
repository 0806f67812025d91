//! placeholder
use crate::cli::Watch;
use anyhow::Result;
use std::process::ExitCode;
use tokio::runtime::Runtime;
/// w
pub fn watch(_args: &Watch, _runtime: &Runtime) -> Result<ExitCode> {
    Ok(ExitCode::FAILURE)
}
