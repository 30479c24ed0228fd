//! What is configured through the node: written beside the file that has it, put into effect with what the files say as a reload
//! does, and then put in that file's place.
//!
//! A crash in between leaves the file as it was, and whoever asked without an answer.

use super::error::NotManaged;
use super::{Newer, ReloadError, Reloader, log_outcome};
use crate::control::{Cause, Refusal, Reply};
use crate::draft::{self, Draft};
use crate::inbox::Door;
use crate::manage::Managing;
use crate::tls::Watch;
use std::sync::Arc;
use strowger_config::{Config, Managed, managed_file};
use strowger_kernel::ManageError;
use tokio::sync::watch;

impl Reloader {
    /// Configures something through the node, or takes away what was configured so.
    pub(crate) async fn manage(
        &mut self,
        what: Managing,
        door: &Door,
        told: &watch::Sender<Arc<Config>>,
        watch: &mut Watch,
    ) -> Reply {
        let done = match self.draft(&what) {
            Ok((newer, draft)) => {
                let done = self.put_into_effect(newer, door, told, watch).await;
                done.and_then(|changes| {
                    draft.keep()?;
                    Ok(changes)
                })
            }
            Err(error) => Err(error),
        };
        log_outcome(&done);
        match (done, what) {
            (Err(error), _) => Reply::Refused(error.refusal()),
            (Ok(changes), Managing::Adaptor { .. }) => Reply::Reloaded(changes),
            (Ok(_), Managing::Link { .. }) => Reply::Done,
        }
    }

    /// What would be configured, compared with what is, and its file beside the one that counts.
    fn draft(&mut self, what: &Managing) -> Result<(Newer, Draft), ReloadError> {
        let Some(running) = &self.running else {
            return Err(ReloadError::NoSource);
        };
        let file = managed_file(&running.config.node.data_dir);
        let mut managed = Managed::read(&draft::read(&file)?)?;
        match what {
            Managing::Adaptor {
                name,
                table: Some(table),
            } => managed.set(name, table)?,
            Managing::Adaptor { name, table: None } => {
                if !managed.remove(name) {
                    return Err(ReloadError::NotManaged(NotManaged {
                        known: running.config.adaptors.contains_key(name),
                        adaptor: name.clone(),
                    }));
                }
            }
            Managing::Link {
                link,
                adaptor: Some(adaptor),
            } => bind(&mut managed, &running.config, link, adaptor)?,
            Managing::Link {
                link,
                adaptor: None,
            } => self.unbind(&mut managed, link)?,
        }
        let text = managed.text()?;
        let draft = Draft::write(file, &text)?;
        Ok((self.compare(Some(text), false)?, draft))
    }

    /// Takes a link name from the adaptor that was given it through the node.
    fn unbind(&mut self, managed: &mut Managed, link: &str) -> Result<(), ReloadError> {
        let (Some(read), Some(running)) = (&mut self.read, &self.running) else {
            return Err(ReloadError::NoSource);
        };
        let Some(adaptor) = holder(&running.config, link) else {
            let reason = format!("there is no link `{link}`");
            return Err(ReloadError::Refused(Refusal::new(Cause::Unknown, reason)));
        };
        // Without what was configured through the node; that may not be a whole configuration.
        let files = read(Some(String::new())).ok();
        let files = files.and_then(|mut files| files.config.adaptors.remove(adaptor));
        let files = files.map(|adaptor| adaptor.links);
        let is = |name: &String| name == link;
        let mut links = managed.links(adaptor).unwrap_or_default();
        if !links.iter().any(is) || files.iter().flatten().any(is) {
            let reason = format!(
                "link `{link}` was not bound through the node: it goes with `links` of adaptor `{adaptor}`, where the node is configured"
            );
            return Err(ReloadError::Refused(Refusal::new(Cause::State, reason)));
        }
        links.retain(|name| name != link);
        let same = files.as_ref() == Some(&links) || (files.is_none() && links.is_empty());
        managed.set_links(adaptor, (!same).then_some(links));
        Ok(())
    }
}

/// Gives an adaptor one more link name.
fn bind(
    managed: &mut Managed,
    config: &Config,
    link: &str,
    adaptor: &str,
) -> Result<(), ReloadError> {
    let Some(known) = config.adaptors.get(adaptor) else {
        let reason = format!("there is no adaptor `{adaptor}`");
        let mut refusal = Refusal::new(Cause::Unknown, reason);
        refusal.field = Some("adaptor".to_owned());
        return Err(ReloadError::Refused(refusal));
    };
    if holder(config, link).is_some() {
        let reason = ManageError::LinkTaken(link.to_owned()).to_string();
        return Err(ReloadError::Refused(Refusal::new(Cause::State, reason)));
    }
    let mut links = known.links.clone();
    links.push(link.to_owned());
    managed.set_links(adaptor, Some(links));
    Ok(())
}

/// The adaptor that a link name leads to.
fn holder<'a>(config: &'a Config, link: &str) -> Option<&'a String> {
    let mut all = config.adaptors.iter();
    let found = all.find(|(_, adaptor)| adaptor.links.iter().any(|name| name == link));
    found.map(|(name, _)| name)
}
