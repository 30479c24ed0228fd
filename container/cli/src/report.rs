//! What is said to people when something is wrong, on standard error.
//!
//! Findings are miette diagnostics; the form is that of compilers: one place per line, `file:line:column`, the text with
//! carets under it, and the command that explains the code.

use crate::api::Problem;
use crate::failure::Failure;
use crate::new::NewError;
use crate::profiles::ImportError;
use crate::store::CareError;
use crate::table::clean;
use miette::{Diagnostic, LabeledSpan, NamedSource, ReportHandler, Severity, SourceCode};
use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use strowger_config::{Finding, Place, Rejected, SourceKind};
use strowger_node::NodeError;
use strowger_store::backup::BackupError;

/// Prints why a command failed.
pub(crate) fn failure(failure: &Failure) {
    let text = match failure {
        Failure::Configuration(rejected) => format!("{}error: {rejected}\n", findings(rejected)),
        Failure::Told(_) => return,
        Failure::UnknownKey(rejected) => findings(rejected),
        Failure::UnknownCode { near, .. } => {
            format!(
                "error: {failure}\n  = did you mean {}? `strowger explain` lists all\n",
                near.join(", ")
            )
        }
        Failure::Output(source)
        | Failure::File { source, .. }
        | Failure::Import(ImportError::Read { source, .. })
        | Failure::New(NewError::Write { source, .. }) => {
            format!("error: {failure}: {source}\n")
        }
        Failure::Node(NodeError::Config(rejected)) => findings(rejected),
        Failure::Node(error) => chain("error", error.code(), error),
        Failure::Ask(error) => chain("error", error.code(), error),
        Failure::Care(CareError::Backup(BackupError::Io { source, .. })) => {
            format!("error: {failure}: {source}\n")
        }
        Failure::Care(error) => match error.code() {
            Some(code) => chain("error", code, error),
            None => format!("error: {failure}\n"),
        },
        Failure::Problem(problem) => refused(problem),
        Failure::Import(error) => wrong_lines(error),
        Failure::Refused { .. }
        | Failure::Ambiguous { .. }
        | Failure::Unexpected
        | Failure::Unfit
        | Failure::NoPassword
        | Failure::New(_)
        | Failure::Random(_)
        | Failure::Table { .. } => format!("error: {failure}\n"),
    };
    say(&text);
}

/// What a running node says to what it does not do, with what is wrong with its configuration if that is why.
fn refused(problem: &Problem) -> String {
    let mut text = String::new();
    for found in &problem.problems {
        let _ = writeln!(text, "error[{}]: {}", found.code, clean(&found.message));
        let place = [found.line, found.column].into_iter().flatten();
        let place: String = place.map(|n| format!(":{n}")).collect();
        if let Some(file) = &found.file {
            let _ = writeln!(text, "  --> {file}{place}");
        }
        if let Some(hint) = &found.hint {
            let _ = writeln!(text, "  = {hint}");
        }
    }
    let Problem { code, detail, .. } = problem;
    let detail = match problem.problems.is_empty() {
        true => detail.as_str(),
        // They are above, a line each.
        false => "the node keeps the configuration that it has",
    };
    let _ = writeln!(text, "error[{code}]: {}", clean(detail));
    let _ = writeln!(text, "  = strowger explain {code}");
    text
}

/// Which lines of a file are wrong.
fn wrong_lines(error: &ImportError) -> String {
    let mut text = String::new();
    if let ImportError::Wrong {
        file, faults, code, ..
    } = error
    {
        let code = code.as_ref().map(|code| format!("[{code}]"));
        let code = code.unwrap_or_default();
        for fault in faults {
            let _ = writeln!(text, "error{code}: {}", clean(&fault.what));
            let _ = writeln!(text, "  --> {}:{}", file.display(), fault.line);
        }
    }
    let _ = writeln!(text, "error: {error}");
    text
}

/// An error with its causes and where it is explained.
fn chain(severity: &str, code: &str, error: &dyn Error) -> String {
    let mut text = format!("{severity}[{code}]: {error}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = writeln!(text, "  = because: {error}");
        cause = error.source();
    }
    let _ = writeln!(text, "  = strowger explain {code}");
    text
}

/// Prints a warning of certificates that cannot be used.
pub(crate) fn certificates(problem: &NodeError) {
    say(&chain("warning", problem.code(), problem));
}

/// Prints a warning.
pub(crate) fn warning(finding: &Finding) {
    say(&format!(
        "{}\n",
        Rendered(&Report::of(finding, Severity::Warning))
    ));
}

fn findings(rejected: &Rejected) -> String {
    let mut text = String::new();
    for finding in &rejected.findings {
        let severity = match finding.problem.code() {
            "CFG-015" => Severity::Warning,
            _ => Severity::Error,
        };
        let _ = writeln!(text, "{}", Rendered(&Report::of(finding, severity)));
    }
    if rejected.more > 0 {
        let _ = writeln!(text, "... and {} more\n", rejected.more);
    }
    text
}

/// A closed standard error leaves nobody to tell.
fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A finding as a diagnostic.
#[derive(Debug)]
struct Report {
    message: String,
    code: Option<&'static str>,
    severity: Severity,
    hint: Option<String>,
    source: Option<NamedSource<String>>,
    label: Option<LabeledSpan>,
    related: Option<Box<Report>>,
}

impl Report {
    fn of(finding: &Finding, severity: Severity) -> Self {
        let related = finding.related.as_ref().map(|(place, word)| {
            let mut related = Self::at(Some(place), Some((*word).to_owned()));
            related.severity = Severity::Advice;
            Box::new(related)
        });
        let code = finding.problem.code();
        let explain = format!("(strowger explain {code})");
        let label = match &finding.hint {
            Some(hint) => format!("{hint}   {explain}"),
            None => explain,
        };
        Self {
            message: finding.problem.to_string(),
            code: Some(code),
            severity,
            related,
            ..Self::at(finding.place.as_ref(), Some(label))
        }
    }

    fn at(place: Option<&Place>, label: Option<String>) -> Self {
        let source = place.map(|place| {
            let name = match place.source.kind {
                SourceKind::Defaults => "<defaults>",
                SourceKind::File => &place.source.name,
                SourceKind::Environment => "<environment>",
                SourceKind::Flag => "<--set>",
            };
            NamedSource::new(name, place.source.text.clone())
        });
        let span = place.map(|place| (place.span.start, place.span.len()));
        Self {
            message: String::new(),
            code: None,
            severity: Severity::Error,
            hint: if span.is_none() { label.clone() } else { None },
            label: span.map(|(start, length)| LabeledSpan::new(label, start, length)),
            source,
            related: None,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Report {}

impl Diagnostic for Report {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.code
            .map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.hint
            .as_ref()
            .map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.label.iter().cloned()))
    }

    fn related(&self) -> Option<Box<dyn Iterator<Item = &dyn Diagnostic> + '_>> {
        Some(Box::new(
            self.related
                .iter()
                .map(|related| &**related as &dyn Diagnostic),
        ))
    }
}

/// Renders diagnostics the way compilers do.
struct Compilers;

struct Rendered<'a>(&'a dyn Diagnostic);

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Compilers.debug(self.0, f)
    }
}

impl ReportHandler for Compilers {
    fn debug(&self, report: &dyn Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match report.severity() {
            Some(Severity::Warning) => "warning",
            Some(Severity::Advice) => "note",
            Some(Severity::Error) | None => "error",
        };
        match report.code() {
            Some(code) => writeln!(f, "{word}[{code}]: {report}")?,
            None => writeln!(f, "{word}: {report}")?,
        }
        snippet(report, "-->", f)?;
        for related in report.related().into_iter().flatten() {
            snippet(related, ":::", f)?;
        }
        match report.help() {
            Some(help) => writeln!(f, "  = {help}"),
            None => Ok(()),
        }
    }
}

/// The place of a diagnostic: its line with carets and the label under it.
fn snippet(report: &dyn Diagnostic, arrow: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let labels = report.labels();
    let (Some(source), Some(label)) = (
        report.source_code(),
        labels.and_then(|mut labels| labels.next()),
    ) else {
        return Ok(());
    };
    // One line of context on each side gives the whole of the line in question.
    let Ok(contents) = source.read_span(label.inner(), 1, 1) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(contents.data());
    let offset = label.offset().saturating_sub(contents.span().offset());
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |n| n + 1);
    let line_text = text
        .get(line_start..)
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default();
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    let line = contents.line() + before.matches('\n').count() + 1;
    let name = contents.name().unwrap_or_default();
    let is_file = !name.starts_with('<');
    let number = if is_file {
        line.to_string()
    } else {
        String::new()
    };
    let gutter = " ".repeat(number.len().max(1));
    if is_file {
        writeln!(f, "{gutter}{arrow} {name}:{line}:{}", column + 1)?;
    } else {
        let name = name.trim_matches(['<', '>']);
        writeln!(f, "{gutter}{arrow} {name}")?;
    }
    let spanned = text.get(offset..offset + label.len()).unwrap_or_default();
    let first_line = spanned.lines().next().unwrap_or_default().chars().count();
    let carets =
        "^".repeat(first_line.clamp(1, line_text.chars().count().saturating_sub(column).max(1)));
    writeln!(f, "{number:>1} | {}", line_text.replace('\t', " "))?;
    writeln!(
        f,
        "{gutter} | {}{carets} {}",
        " ".repeat(column),
        label.label().unwrap_or_default()
    )
}
