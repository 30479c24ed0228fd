//! A program around a node, for binaries that contain only what they are for: what `strowger run` does, in one call.
//!
//! Not here: the commands of the binary `strowger`, which work on such a node too, if it has the management API.

use crate::builder::{NodeBuilder, Ready};
use crate::error::NodeError;
use crate::exit::Exit;
use crate::log;
use std::error::Error;
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use strowger_config::{Components, Loaded, Rejected, Sources};

/// The code of a command line that cannot be understood, as the binary `strowger` has it.
const USAGE: u8 = 2;

impl NodeBuilder {
    /// The whole of a program: its arguments are configuration files, the weakest first, and `STROWGER_*` variables stand
    /// over them. Without files every adaptor and service given runs under its own name on embedded defaults.
    ///
    /// The log goes to standard error; standard output says what listens where, and a line that begins with `ready` when
    /// the node serves. SIGTERM and SIGINT stop it, SIGHUP has it read its files again. It ends with the codes of
    /// docs/operating.md.
    ///
    /// ```no_run
    /// # fn adaptor() -> strowger::ra::AdaptorDef { unimplemented!() }
    /// # fn service() -> strowger::service::ServiceDef { unimplemented!() }
    /// fn main() -> std::process::ExitCode {
    ///     strowger_node::Node::builder().adaptor(adaptor()).service(service()).main()
    /// }
    /// ```
    #[must_use]
    pub fn main(self) -> ExitCode {
        let mut args = std::env::args_os();
        let name = args.next().unwrap_or_else(|| OsString::from("node"));
        let args: Vec<OsString> = args.collect();
        if args.iter().any(|arg| arg == "--help" || arg == "-h") {
            say(io::stdout(), &usage(&name));
            return ExitCode::SUCCESS;
        }
        if args
            .iter()
            .any(|arg| arg.as_encoded_bytes().starts_with(b"-"))
        {
            say(io::stderr(), &usage(&name));
            return USAGE.into();
        }
        match self.serve(args.into_iter().map(PathBuf::from).collect()) {
            Ok(exit) => exit.into(),
            Err(error) => {
                say(io::stderr(), &complaint(&error));
                error.exit().into()
            }
        }
    }

    fn serve(self, files: Vec<PathBuf>) -> Result<Exit, NodeError> {
        let components = self.catalog.components();
        let loaded = load(&files, None, &components)?;
        let _log = log::init(&loaded.config.log)?;
        let node = self.reloading(loaded, move |managed| load(&files, managed, &components));
        let ready = |ready: &Ready| say(io::stdout(), &format!("{ready}{}\n", ready.last_line()));
        node.on_ready(ready).run()
    }
}

fn load(
    files: &[PathBuf],
    managed: Option<String>,
    components: &Components,
) -> Result<Loaded, Rejected> {
    let sources = Sources {
        files: files.to_vec(),
        managed,
        ..Sources::default()
    };
    let sources = sources.every_component().process_environment()?;
    strowger_config::load(&sources, components)
}

impl fmt::Display for Ready {
    /// What listens where, the services, the data directory: a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for at in &self.listeners {
            writeln!(f, "  {:<8} {} {}", at.adaptor, at.transport, at.address)?;
        }
        writeln!(f, "  services {}", self.services.join(", "))?;
        writeln!(f, "  data     {}", self.data_dir.display())
    }
}

impl Ready {
    /// The line that begins with `ready`, which scripts wait for.
    #[must_use]
    pub fn last_line(&self) -> String {
        let restored = match self.restored_activities {
            0 => String::new(),
            n => format!(", {n} activities recovered"),
        };
        format!("ready after {} ms{restored}", self.took.as_millis())
    }
}

fn usage(name: &OsString) -> String {
    let name = name.to_string_lossy();
    format!(
        "{name} [FILE ...]\n\n\
         Runs a node. FILE is its configuration; of several, later ones win, and variables such as\n\
         STROWGER_NODE__DATA_DIR win over all of them.\n"
    )
}

/// Every finding of a rejected configuration, or the error with its causes, each with its code.
fn complaint(error: &NodeError) -> String {
    let mut text = String::new();
    if let NodeError::Config(rejected) = error {
        for finding in &rejected.findings {
            let _ = writeln!(text, "error: {finding}");
        }
        let _ = writeln!(text, "error: {rejected}");
        return text;
    }
    let _ = writeln!(text, "error[{}]: {error}", error.code());
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = writeln!(text, "  = because: {error}");
        cause = error.source();
    }
    text
}

/// Whoever does not listen is told nothing, and served all the same.
fn say(mut to: impl io::Write, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}
