//! `strowger completions`: what makes a shell complete the command line.

use crate::args::{self, Args};
use crate::failure::Failure;
use crate::output::print;
use clap::CommandFactory;
use clap_complete::{generate, shells};

/// Prints the script of a shell.
pub(crate) fn run(args: &args::Completions) -> Result<(), Failure> {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    match args.shell {
        args::Shell::Bash => generate(shells::Bash, &mut command, name, &mut script),
        args::Shell::Zsh => generate(shells::Zsh, &mut command, name, &mut script),
        args::Shell::Fish => generate(shells::Fish, &mut command, name, &mut script),
    }
    print(&String::from_utf8_lossy(&script))?;
    Ok(())
}
