//! `tocsin source rejects`: the records that were refused, also while a run is up.

use crate::cli::Rejects;
use crate::config::Settings;
use crate::masking;
use anyhow::{Context, Result};
use serde_json::json;
use std::process::ExitCode;
use tocsin_alerts::store::{StoredReject, each_reject};
use tocsin_ingest::declaration::did_you_mean;
use tocsin_ingest::source::Source;

/// One refused record in a line: where it is, what is wrong, with no person's name.
pub fn line(source: &Source, stored: &StoredReject) -> String {
    let reject = &stored.reject;
    let field = match reject.field.as_str() {
        "" => String::new(),
        field => format!(" {field} `{}`", masking::refused_value(source, reject)),
    };
    format!(
        "{}:{} (record {}, byte {}){field}: {}",
        reject.file, reject.line, reject.record, reject.byte, reject.reason
    )
}

/// What shows all of a source that wait.
pub fn how_to_list(source: &str) -> String {
    format!("tocsin source rejects {source}")
}

/// Prints them.
///
/// # Errors
/// When there is no such source, or no state directory.
pub fn list(args: &Rejects, settings: &Settings) -> Result<ExitCode> {
    let catalogue = &settings.catalogue;
    let named = args.source.as_deref().map(|id| {
        let ids: Vec<&str> = catalogue.sources().iter().map(|s| s.id.as_str()).collect();
        let unknown = || format!("no source `{id}`{}", did_you_mean(id, &ids));
        catalogue.source(id).with_context(unknown)
    });
    let named = named.transpose()?;
    let mut listed = 0_u64;
    let data = args.place.data.display();
    let take = |stored: StoredReject| -> Result<()> {
        // What a source said that is declared no longer cannot be masked.
        if let Some(source) = catalogue.source(&stored.reject.source) {
            listed += 1;
            print_one(source, &stored, args.json)?;
        }
        Ok(())
    };
    let of = named.map(|source| source.id.as_str());
    each_reject(&args.place.data, of, !args.all, take)
        .with_context(|| format!("refused records of `{data}`"))??;
    if listed == 0 && !args.json {
        say!("no record waits to be delivered again; --all lists those that were mended, too");
    }
    Ok(ExitCode::SUCCESS)
}

fn print_one(source: &Source, stored: &StoredReject, as_json: bool) -> Result<()> {
    if as_json {
        let reject = &stored.reject;
        let body = json!({"source": source.id, "seq": stored.seq, "epoch": stored.epoch,
            "mended": stored.mended, "file": reject.file, "record": reject.record,
            "line": reject.line, "byte": reject.byte, "field": reject.field,
            "value": masking::refused_value(source, reject), "reason": reject.reason});
        return crate::print(&format!("{body}\n"));
    }
    let state = match stored.mended {
        None => String::new(),
        Some(epoch) => format!("  mended in epoch {epoch}"),
    };
    crate::print(&format!("{}  {}{state}\n", source.id, line(source, stored)))
}
