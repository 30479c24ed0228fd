//! The clients, and how each tells its version.

use super::tools;
use crate::error::{Result, RunError, io};
use std::fs;
use std::process::{Command, Stdio};

/// A client that others have written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Client {
    /// A phone in C, with libre's stack.
    Baresip,
    /// The phone library of PJSIP, by its Python module.
    Pjsua2,
    /// A tool that sends single requests.
    Sipsak,
    /// OPTIONS of Nokia's library.
    SofiaSip,
    /// A server in C.
    Kamailio,
    /// A B2BUA in Python.
    Sippy,
    /// Scripted calls.
    Sipp,
    /// Scanners.
    Sipvicious,
    /// JavaScript, in Node.js.
    JsSip,
    /// JavaScript, in Node.js.
    SipJs,
    /// JsSIP in a browser.
    Chromium,
    /// A browser alone.
    Browser,
    /// A Diameter node in C.
    FreeDiameter,
    /// A Diameter node in Python.
    PythonDiameter,
    /// A Diameter node in Erlang.
    OtpDiameter,
    /// An SMS gateway in C, as an ESME.
    Kannel,
    /// An ESME in Python.
    Smpplib,
    /// An ESME in Rust, by its Python module.
    Smpp34,
    /// An ESME of SMPP 5.0 in Rust, by its Python module.
    Rusmppyc,
    /// ESME and SMSC in JavaScript.
    NodeSmpp,
}

impl Client {
    /// Its name as its authors write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Baresip => "baresip",
            Self::Pjsua2 => "pjsua2",
            Self::Sipsak => "sipsak",
            Self::SofiaSip => "Sofia-SIP",
            Self::Kamailio => "Kamailio",
            Self::Sippy => "Sippy",
            Self::Sipp => "SIPp",
            Self::Sipvicious => "SIPVicious",
            Self::JsSip => "JsSIP",
            Self::SipJs => "SIP.js",
            Self::Chromium => "JsSIP in Chromium",
            Self::Browser => "Chromium",
            Self::FreeDiameter => "freeDiameter",
            Self::PythonDiameter => "python-diameter",
            Self::OtpDiameter => "OTP diameter",
            Self::Kannel => "Kannel",
            Self::Smpplib => "smpplib",
            Self::Smpp34 => "smpp34",
            Self::Rusmppyc => "rusmppyc",
            Self::NodeSmpp => "node-smpp",
        }
    }

    /// Whether it does Diameter, and not SIP.
    pub(super) fn does_diameter(self) -> bool {
        matches!(
            self,
            Self::FreeDiameter | Self::PythonDiameter | Self::OtpDiameter
        )
    }

    /// Whether it does SMPP.
    pub(super) fn does_smpp(self) -> bool {
        matches!(
            self,
            Self::Kannel | Self::Smpplib | Self::Smpp34 | Self::Rusmppyc | Self::NodeSmpp
        )
    }

    /// The version that is installed.
    ///
    /// # Errors
    /// When it is not.
    pub fn version(self) -> Result<String> {
        match self {
            Self::Baresip => printed("baresip", &["-h"], "baresip v"),
            Self::Pjsua2 => wheel("pjsua2_python"),
            Self::Sipsak => printed("sipsak", &["-V"], "sipsak "),
            Self::SofiaSip => printed(
                "dpkg-query",
                &["-W", "-f", "sofia-sip ${Version}", "sofia-sip-bin"],
                "sofia-sip ",
            ),
            Self::Kamailio => printed("kamailio", &["-v"], "kamailio "),
            Self::Sippy => wheel("sippy"),
            Self::Sipp => printed("sipp", &["-v"], "SIPp v"),
            Self::Sipvicious => wheel("sipvicious"),
            Self::JsSip => module("jssip"),
            Self::SipJs => module("sip.js"),
            Self::FreeDiameter => printed("freeDiameterd", &["--version"], "version "),
            Self::PythonDiameter => wheel("python_diameter"),
            Self::OtpDiameter => otp(),
            Self::Kannel => printed(
                "dpkg-query",
                &["-W", "-f", "kannel ${Version}", "kannel"],
                "kannel ",
            ),
            Self::Smpplib => wheel("smpplib"),
            Self::Smpp34 => wheel("smpp34"),
            Self::Rusmppyc => wheel("rusmppyc"),
            Self::NodeSmpp => module("smpp"),
            Self::Chromium => Ok(format!(
                "{} in {}",
                module("jssip")?,
                Self::Browser.version()?
            )),
            Self::Browser => printed("chromium", &["--version"], "Chromium "),
        }
    }
}

/// The version behind `mark` in what a program prints.
fn printed(program: &str, args: &[&str], mark: &str) -> Result<String> {
    let out = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(io("ask a client for its version"))?;
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let numbered = said
        .split(mark)
        .skip(1)
        .filter_map(|rest| rest.split([' ', '\n', ',', '(']).find(|w| !w.is_empty()))
        .find(|word| word.chars().any(|c| c.is_ascii_digit()));
    numbered
        .map(str::to_owned)
        .ok_or_else(|| RunError::Broken(format!("{program} tells no version: {said}").into()))
}

/// The version of an installed Python package.
fn wheel(package: &str) -> Result<String> {
    let home = tools::python()?;
    let found = fs::read_dir(&home)
        .map_err(io("read the Python packages"))?
        .flatten()
        .find_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(package)?.strip_prefix('-')?;
            version.strip_suffix(".dist-info").map(str::to_owned)
        });
    found.ok_or_else(|| RunError::NoPeer(home.join(package)))
}

/// The version of OTP's Diameter, from the name of its folder.
fn otp() -> Result<String> {
    let home = crate::diameter::scripts::otp_home()?;
    let name = home.file_name().unwrap_or_default().to_string_lossy();
    Ok(name.trim_start_matches("diameter-").to_owned())
}

/// The version of an installed npm package.
fn module(package: &str) -> Result<String> {
    let path = tools::node_modules()?.join(package).join("package.json");
    let text = fs::read_to_string(&path).map_err(io("read an npm package"))?;
    let value: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let version = value.and_then(|v| v["version"].as_str().map(str::to_owned));
    version.ok_or(RunError::NoPeer(path))
}
