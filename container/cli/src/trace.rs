//! `strowger trace`: recorded calls of a running node, as ladders and for other tools.

use crate::api::{Api, path};
use crate::args::{self, TraceFormat};
use crate::failure::Failure;
use crate::output::print_bytes;
use std::io::{self, IsTerminal as _};
use strowger_management::ladder::{Page, Width, list, pcapng, svg, text};
use strowger_node::listed;
use strowger_node::{Ladder, LadderInfo};

/// Calls that a list shows unless told otherwise.
const CALLS: u32 = 50;

/// Prints recorded calls, or one of them.
pub(crate) fn run(args: &args::Trace) -> Result<(), Failure> {
    let format = match args.json {
        true => TraceFormat::Json,
        false => args.format,
    };
    let bytes = match &args.call {
        Some(call) if !args.list => {
            let ladder = ladder(args, call)?;
            render(format, &ladder)?
        }
        call => {
            let find = call.as_deref().unwrap_or_default();
            let calls = calls(args, args.limit.unwrap_or(CALLS), find)?;
            if format == TraceFormat::Json {
                json(&calls)?
            } else {
                list(&calls).into_bytes()
            }
        }
    };
    match &args.output {
        Some(path) => std::fs::write(path, bytes)?,
        None => print_bytes(&bytes)?,
    }
    Ok(())
}

fn render(format: TraceFormat, ladder: &Ladder) -> Result<Vec<u8>, Failure> {
    Ok(match format {
        TraceFormat::Text => text(ladder, width()).into_bytes(),
        TraceFormat::Svg => svg(ladder, Page::Alone).into_bytes(),
        TraceFormat::Pcapng => pcapng(ladder),
        TraceFormat::Json => json(ladder)?,
    })
}

fn json(what: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(what).map_err(io::Error::from)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn width() -> Width {
    let own = io::stdout()
        .is_terminal()
        .then(terminal_size::terminal_size);
    own.flatten()
        .map_or_else(Width::default, |(width, _)| Width(width.0.into()))
}

fn calls(args: &args::Trace, limit: u32, find: &str) -> Result<Vec<LadderInfo>, Failure> {
    let api = Api::of(&args.node)?;
    let (mut calls, mut after) = (Vec::new(), None);
    loop {
        let wanted = limit.saturating_sub(u32::try_from(calls.len()).unwrap_or(u32::MAX));
        let wanted = [
            ("limit", Some(wanted.clamp(1, listed::PAGE).to_string())),
            ("find", Some(find.to_owned())),
            ("after", after),
        ];
        let page: listed::Page<LadderInfo> = api.get(&path(&["ladders"], &wanted))?;
        calls.extend(page.items);
        after = page.next;
        if after.is_none() || calls.len() >= limit as usize {
            return Ok(calls);
        }
    }
}

/// The call of that number; without one, the latest that has this in a number or Call-ID.
fn ladder(args: &args::Trace, call: &str) -> Result<Ladder, Failure> {
    if let Ok(id) = call.parse()
        && let Some(ladder) = numbered(args, id)?
    {
        return Ok(ladder);
    }
    let found = calls(args, 1, call)?;
    let ladder = match found.first() {
        Some(info) => numbered(args, info.id)?,
        None => None,
    };
    ladder.ok_or_else(|| Failure::Refused {
        reason: format!("no recorded call is `{call}`, or has it in a number or Call-ID"),
    })
}

fn numbered(args: &args::Trace, id: u64) -> Result<Option<Ladder>, Failure> {
    match Api::of(&args.node)?.get(&path(&["ladders", &id.to_string()], &[])) {
        Ok(ladder) => Ok(Some(ladder)),
        Err(Failure::Problem(problem)) if problem.is_unknown() => Ok(None),
        Err(failure) => Err(failure),
    }
}
