//! What is configured through the node: checked and put into effect with what the files say as a reload does, and kept in a file
//! that is replaced as a whole.
//!
//! What comes is in the file before it is in effect, and taken out again should nothing come of it; what goes is in effect before.
//! So a crash in between leaves no activities in the store whose adaptor the next start does not know.

use super::error::NotManaged;
use super::{ReloadError, Reloader, log_outcome, order};
use crate::control::{Cause, Order, Refusal, Reply};
use crate::draft::{self, Draft};
use crate::inbox::Door;
use crate::listed::KeyChange;
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
        let done = self.configure(&what, door, told, watch).await;
        log_outcome(&done);
        match (done, what) {
            (Err(error), _) => Reply::Refused(error.refusal()),
            (Ok(changes), Managing::Adaptor { .. }) => Reply::Reloaded(changes),
            (Ok(_), Managing::Link { .. }) => Reply::Done,
        }
    }

    async fn configure(
        &mut self,
        what: &Managing,
        door: &Door,
        told: &watch::Sender<Arc<Config>>,
        watch: &mut Watch,
    ) -> Result<Vec<KeyChange>, ReloadError> {
        let Some(running) = &self.running else {
            return Err(ReloadError::NoSource);
        };
        let file = managed_file(&running.config.node.data_dir);
        let before = draft::read(&file)?;
        let text = self.wanted(what, before.as_deref())?;
        let draft = Draft::write(&file, &text)?;
        if !what.comes() {
            let newer = self.compare(Some(text), false)?;
            let changes = self.put_into_effect(newer, door, told, watch).await?;
            let kept = draft.keep();
            return match kept {
                Ok(()) => Ok(changes),
                Err(source) => Err(ReloadError::NotKept { file, source }),
            };
        }
        let dry = self.compare(Some(text.clone()), true)?.changed;
        order(door, |outcome| Order::CheckConfigured(dry, outcome)).await?;
        let newer = self.compare(Some(text), false)?;
        let kept = draft.keep();
        let done = match kept {
            Ok(()) => self.put_into_effect(newer, door, told, watch).await,
            Err(source) => {
                let file = file.clone();
                Err(ReloadError::Unwritable { file, source })
            }
        };
        done.map_err(|refused| match draft::put_back(&file, before.as_deref()) {
            Ok(()) => refused,
            Err(source) => {
                let refused = Box::new(refused);
                ReloadError::NotTakenBack {
                    refused,
                    file,
                    source,
                }
            }
        })
    }

    /// What the file is to say.
    fn wanted(&mut self, what: &Managing, before: Option<&str>) -> Result<String, ReloadError> {
        let Some(running) = &self.running else {
            return Err(ReloadError::NoSource);
        };
        let mut managed = Managed::read(before.unwrap_or_default())?;
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
        Ok(managed.text()?)
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
