//! What submits cost, beside others: `cargo xtask bench sms [--quick]`.
//!
//! `--without A,B` leaves out the rows whose ids begin so, `--json FILE` writes all rounds.
//! With `smpp34 ADDRESS` it is the server of the crate `smpp34` that the others are compared with.

use std::net::SocketAddr;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use smpp34::{
    SmppConnectionInformation, SmppServer, SmppServerListener, bind_transceiver,
    bind_transceiver_resp, submit_sm, submit_sm_resp,
};
use strowger_interop::runs::compared::Choice;
use strowger_interop::runs::sms::bench::{Size, compare};

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints figures"
)]
fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let choice = Choice::take(&mut args);
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let (time, rounds) = match words[..] {
        [] => (5, 3),
        ["--quick"] => (2, 1),
        ["smpp34", at] => return serve(at),
        _ => {
            eprintln!("usage: sms [--quick] [--without A,B] [--json FILE]");
            return ExitCode::from(2);
        }
    };
    let time = Duration::from_secs(time);
    let (Ok(dir), Ok(me)) = (tempfile::tempdir(), std::env::current_exe()) else {
        eprintln!("no temporary directory can be made");
        return ExitCode::FAILURE;
    };
    let server = |at: SocketAddr| {
        let mut command = Command::new(&me);
        command.args(["smpp34", &at.to_string()]);
        command
    };
    let compared = compare(Size { time, rounds }, &choice, &server, dir.path());
    match compared.and_then(|compared| choice.written(compared)) {
        Ok(figures) => println!("{figures}"),
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Takes everything.
struct Taker;

#[async_trait::async_trait]
impl SmppServerListener for Taker {
    async fn on_bind_transceiver(
        &self,
        request: bind_transceiver,
        _: &SmppConnectionInformation,
        _: &String,
    ) -> bind_transceiver_resp {
        request.accept("smpp34".to_owned(), Some(0x34))
    }

    async fn on_submit_sm(
        &self,
        request: submit_sm,
        _: &SmppConnectionInformation,
        _: &String,
    ) -> submit_sm_resp {
        request.accept("1".to_owned())
    }
}

/// Serves until it is ended.
fn serve(at: &str) -> ExitCode {
    let Ok(at) = at.parse::<SocketAddr>() else {
        return ExitCode::from(2);
    };
    let Ok(runtime) = tokio::runtime::Runtime::new() else {
        return ExitCode::FAILURE;
    };
    runtime.block_on(async {
        let mut server = SmppServer::new(at.ip(), at.port(), Arc::new(Taker));
        server.start().await;
        std::future::pending::<()>().await;
    });
    ExitCode::SUCCESS
}
