//! Standard output, which may be a pipe that closes early, or a terminal that is narrower than a line.

use serde_json::Value;
use std::io::{self, Write as _};
use terminal_size::{Width, terminal_size_of};

/// Prints a text. A reader that has seen enough is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    print_bytes(text.as_bytes())
}

/// The same for what may not be a text.
pub(crate) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Prints a table: on a terminal, lines that are wider than it are cut. Programs that read get all of each line.
pub(crate) fn print_table(text: &str) -> io::Result<()> {
    match terminal_size_of(io::stdout()) {
        Some((Width(width), _)) => print(&fit(text, usize::from(width))),
        None => print(text),
    }
}

/// Prints a value for programs.
pub(crate) fn as_json(value: &Value) -> io::Result<()> {
    print(&format!("{value:#}\n"))
}

/// Lines of at most so many characters; what is cut ends in an ellipsis.
fn fit(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        // Too narrow for a table at all: the terminal does with it what it likes.
        let room = if width < 20 { usize::MAX } else { width };
        match line.char_indices().nth(room) {
            None => out.push_str(line),
            Some(_) => {
                let cut = line.char_indices().nth(room - 1);
                out.push_str(line.get(..cut.map_or(0, |(at, _)| at)).unwrap_or_default());
                out.push('…');
            }
        }
        out.push('\n');
    }
    out
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
        assert_eq!(fit(text, 5), text);
    }
}
