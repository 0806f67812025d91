//! Who signs a deed of the registry.
//!
//! Contract: where the configuration has accounts, only one of them whose role may
//! does anything, after it has proved who it is, and what is signed is the person's
//! own name. Where there are none a name is taken at its word: whoever may write the
//! folder could write any.

use super::Version;
use super::log::Action;
use crate::casework::Desk;
use crate::casework::command::read_password;
use crate::casework::sign_in::{SignIn, session_of, sign_in, sign_out};
use crate::config::office_of;
use crate::time::now_ms;
use anyhow::{Context, Result, bail};
use std::path::Path;
use tocsin_alerts::casework::person::same_person;
use tocsin_alerts::casework::{Person, Role};
use tocsin_alerts::docket::{CredentialKind, Secret};
use tokio::runtime::Runtime;

/// Where programs have their token.
const TOKEN: &str = "TOCSIN_TOKEN";

/// Somebody who may do a thing.
pub(super) struct Signer {
    /// What is signed.
    pub(super) name: String,
    /// Every name that their account ever bore; empty where there are no accounts.
    borne: Vec<String>,
}

/// The roles that do a thing with a version.
fn roles(action: Action) -> &'static [Role] {
    match action {
        Action::Submit | Action::Shadow | Action::Retire => &[Role::Analyst, Role::Engineer],
        Action::Approve => &[Role::Head, Role::Analyst],
        Action::Rollback => &[Role::Head, Role::Analyst, Role::Engineer],
    }
}

impl Signer {
    /// Whoever says that they are `said`; asks for a password where there are accounts
    /// and no token.
    ///
    /// # Errors
    /// When they are not, may not do this, or the accounts cannot be read.
    pub(super) fn prove(
        config: &Path,
        said: &str,
        action: Action,
        runtime: &Runtime,
    ) -> Result<Signer> {
        let by_word = Signer {
            name: said.to_owned(),
            borne: Vec::new(),
        };
        let (office, clock) = office_of(config).map_err(|fault| anyhow::anyhow!("{fault}"))?;
        runtime.block_on(async {
            let Some(desk) = Desk::open_for(&office, clock).await? else {
                return Ok(by_word);
            };
            if !desk.has_people().await? {
                return Ok(by_word);
            }
            let person = match std::env::var(TOKEN).ok().filter(|token| !token.is_empty()) {
                Some(token) => by_token(&desk, said, token).await?,
                None => by_password(&desk, said).await?,
            };
            check_role(&person, action)?;
            let borne = desk.docket.names(&person.name).await?;
            Ok(Signer {
                name: person.display,
                borne,
            })
        })
    }

    /// Whether they may approve a version: not who had a part in it, by whatever name.
    ///
    /// # Errors
    /// What part.
    pub(super) fn may_approve(&self, version: &Version) -> Result<()> {
        let parts = [
            (Some(&version.submitted), "submitted it"),
            (
                version.shadowed.as_ref(),
                "put it beside the model in force",
            ),
        ];
        for (signed, did) in parts {
            let own = |name: &String| signed.is_some_and(|by| same_person(&by.person, name));
            if self.borne.iter().any(own) {
                bail!(
                    "version `{}` cannot be approved by `{}`, who {did}: a second person has to (four eyes)",
                    version.version,
                    self.name
                );
            }
        }
        Ok(())
    }
}

async fn by_token(desk: &Desk, said: &str, token: String) -> Result<Person> {
    let found = desk.docket.credential(&Secret::new(token)).await?;
    let found = found.filter(|found| {
        found.kind == CredentialKind::Token && found.person == said && found.expires_ms > now_ms()
    });
    let found = found.with_context(|| {
        format!(
            "the token of {TOKEN} is none of `{said}`, or has run out: tocsin people token {said}"
        )
    })?;
    desk.docket.note_use(&found.id, now_ms()).await?;
    let person = desk.docket.person(said).await?;
    let open = person.filter(|person| !person.disabled);
    open.with_context(|| format!("account `{said}` is closed"))
}

/// A session that begins and ends: the log says when, and wrong passwords count.
async fn by_password(desk: &Desk, said: &str) -> Result<Person> {
    let password = read_password(said)?;
    match sign_in(desk, said, password).await? {
        SignIn::In { person, secret } => {
            let session = session_of(desk, secret).await?;
            sign_out(desk, &person.name, &session).await?;
            Ok(*person)
        }
        SignIn::Wrong => bail!(
            "`{said}` is no account, or the password is wrong; `--as` names an account, and a program shows its token in {TOKEN}"
        ),
        SignIn::Later(seconds) => bail!("too many attempts as `{said}`: again in {seconds} s"),
    }
}

fn check_role(person: &Person, action: Action) -> Result<()> {
    let may = roles(action);
    if person.roles.iter().any(|role| may.contains(role)) {
        return Ok(());
    }
    let names = |roles: &[Role]| {
        let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        names.join(", ")
    };
    bail!(
        "`{}` may not {} a model, being {}; allowed are {}",
        person.name,
        action.name(),
        names(&person.roles),
        names(may)
    )
}
