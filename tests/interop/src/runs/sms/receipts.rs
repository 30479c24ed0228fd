//! Receipts of an SMSC, in every form that ids have, before and after the response: each comes to the ESME under our id.

use super::{SOON, esme, numbered, stand, stop, submit_all};
use crate::error::{Result, ensure};
use crate::sms::smsc::{Form, Ids, Receipts, Script};
use std::collections::BTreeSet;
use std::path::Path;

/// All forms, on one node.
///
/// # Errors
/// What did not hold.
pub fn forms(host: u8, dir: &Path) -> Result<String> {
    const EACH: u32 = 5;
    let (smsc, ground) = stand(host, dir, Script::default(), "")?;
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut esme = esme(&ground, 50);
    let mut count = 0;
    for ids in Ids::KNOWN {
        for form in [Form::Text, Form::Tlvs, Form::Both] {
            for receipts in [Receipts::Before, Receipts::After] {
                smsc.set(Script {
                    ids,
                    form,
                    receipts,
                    ..Script::default()
                });
                count += EACH;
                submit_all(&mut esme, count, |n| numbered(n).registered())?;
                let wanted = count as usize;
                esme.until(
                    &format!("receipts ({ids:?}, {form:?}, {receipts:?})"),
                    SOON,
                    |esme| esme.receipts.len() >= wanted,
                )?;
            }
        }
    }
    // Unknown ones are nobody's, and hurt nobody.
    smsc.set(Script {
        ids: Ids::HexThenUnknown,
        receipts: Receipts::After,
        ..Script::default()
    });
    submit_all(&mut esme, count + EACH, |n| numbered(n).registered())?;
    let sent = usize::try_from(count + EACH).unwrap_or(0);
    smsc.wait("submits", SOON, |book| book.submits.len() >= sent)?;
    smsc.set(Script {
        receipts: Receipts::After,
        ..Script::default()
    });
    submit_all(&mut esme, count + 2 * EACH, |n| numbered(n).registered())?;
    let wanted = usize::try_from(count + EACH).unwrap_or(0);
    esme.until("receipts after unknown ones", SOON, |esme| {
        esme.receipts.len() >= wanted
    })?;
    let told: BTreeSet<&String> = esme.receipts.iter().map(|(id, _)| id).collect();
    let known = esme
        .taken
        .iter()
        .filter(|(n, _)| !(count..count + EACH).contains(n));
    let ids: BTreeSet<&String> = known.map(|(_, id)| id).collect();
    ensure(told == ids && esme.receipts.len() == wanted, || {
        format!(
            "{} receipts for {} ids; for others {:?}, none for {:?}",
            esme.receipts.len(),
            ids.len(),
            told.difference(&ids).collect::<Vec<_>>(),
            ids.difference(&told).collect::<Vec<_>>()
        )
    })?;
    let good = esme.receipts.iter().all(|(_, stat)| stat == "DELIVRD");
    ensure(good, || format!("{:?}", esme.receipts))?;
    let zeros = esme.taken.values().filter(|id| id.starts_with('0')).count();
    ensure(zeros == 0, || format!("{zeros} ids begin with a zero"))?;
    esme.leave()?;
    stop(&ground, node)?;
    Ok(format!(
        "{wanted} receipts in 30 forms, {EACH} that were nobody's"
    ))
}
