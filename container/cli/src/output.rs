//! Standard output, which may be a pipe that closes early, or a terminal that is narrower than a line.

use crate::table::cut;
use serde_json::Value;
use std::io::{self, Write as _};
use terminal_size::{Width, terminal_size_of};

/// Prints a text. A reader that has seen enough is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    print_bytes(text.as_bytes())
}

/// The same for what may not be a text.
pub(crate) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    write(bytes).map(drop)
}

/// Prints part of something long: `false` if its reader has seen enough.
pub(crate) fn write(bytes: &[u8]) -> io::Result<bool> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        done => done.map(|()| true),
    }
}

/// Characters that a line on the terminal may have; `None` where there is none, or one too narrow for a table at all.
pub(crate) fn room() -> Option<usize> {
    let (Width(width), _) = terminal_size_of(io::stdout())?;
    (width >= 20).then_some(usize::from(width))
}

/// Prints a table: on a terminal, lines that are wider than it are cut. Programs that read get all of each line.
pub(crate) fn print_table(text: &str) -> io::Result<()> {
    match room() {
        Some(room) => print(&fit(text, room)),
        None => print(text),
    }
}

/// Prints a value for programs.
pub(crate) fn as_json(value: &Value) -> io::Result<()> {
    print(&format!("{value:#}\n"))
}

/// Lines of at most so many characters; what is cut ends in an ellipsis.
fn fit(text: &str, room: usize) -> String {
    text.lines().map(|line| cut(line, room) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn lines_fit_the_terminal() {
        let text = "short\nabcdefghijklmnopqrstuvwxyz\nünïcödeünïcödeünïcöde\n";
        assert_eq!(fit(text, 26), text);
        assert_eq!(
            fit(text, 20),
            "short\nabcdefghijklmnopqrs…\nünïcödeünïcödeünïcö…\n"
        );
    }
}
