//! What /proc and getrusage say about CPU time and memory: of a process with its descendants, and of the whole machine.

use std::net::SocketAddrV4;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::unistd::{SysconfVar, sysconf};

/// A process and all its descendants that are alive.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let mut family = vec![root];
    let parents = parents();
    // Children follow: the list grows while it is read, bounded by the number of processes.
    let mut next = 0;
    while next < family.len() {
        let parent = family[next];
        family.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    family
}

/// Every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, stat(pid)?.get(1)?.parse().ok()?)))
        .collect()
}

/// The fields of /proc/PID/stat behind the program's name (which may hold spaces): state, parent, ...
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// User and system time of the processes, in microseconds.
pub(crate) fn cpu_of(pids: &[u32]) -> u64 {
    // The sum over threads is exact but misses threads that have ended; the process's own count has steps of 10 ms.
    pids.iter()
        .map(|pid| threads(*pid).max(process(*pid)))
        .sum()
}

fn process(pid: u32) -> u64 {
    let ticks = stat(pid).and_then(|stat| {
        Some(stat.get(11)?.parse::<u64>().ok()? + stat.get(12)?.parse::<u64>().ok()?)
    });
    ticks.unwrap_or(0) * tick_micros()
}

fn threads(pid: u32) -> u64 {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return 0;
    };
    let nanos = entries
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum::<u64>();
    nanos / 1_000
}

/// User and system time of this process and of its children that have ended, in microseconds.
pub(crate) fn cpu_of_self_and_ended() -> u64 {
    let of = |who| {
        getrusage(who)
            .map(|usage| {
                usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
            })
            .unwrap_or(0)
    };
    let sum = of(UsageWho::RUSAGE_SELF) + of(UsageWho::RUSAGE_CHILDREN);
    u64::try_from(sum).unwrap_or(0)
}

/// Time in which the machine's cores had nothing to do (or were lent to others), in microseconds, summed over the cores.
///
/// Busy time is what is left of the wall clock. The kernel's own sums of busy time are taken by sampling at each tick
/// and miss what SIPp does, which wakes up at a tick and is done before the next.
pub(crate) fn idle_of_machine() -> u64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal
    let idle: u64 = [3, 4, 7].iter().filter_map(|&field| ticks.get(field)).sum();
    idle * tick_micros()
}

/// How many cores the machine has.
pub(crate) fn cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1))
}

/// Proportional memory (shared pages divided among their users) of the processes, in KiB.
pub(crate) fn memory_of(pids: &[u32]) -> u64 {
    let pss = |pid: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find(|line| line.starts_with("Pss:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    pids.iter().filter_map(pss).sum()
}

/// Whether a UDP socket is bound to the address: /proc/net/udp has it as hexadecimal, bytes of the address reversed.
pub(crate) fn udp_bound(address: SocketAddrV4) -> bool {
    let wanted = |ip: u32| format!("{ip:08X}:{:04X}", address.port());
    let exact = wanted(u32::from_le_bytes(address.ip().octets()));
    let any = wanted(0);
    let text = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .any(|local| local == exact || local == any)
}

/// Whether a TCP socket listens at the address.
pub(crate) fn tcp_listens(address: SocketAddrV4) -> bool {
    const LISTEN: &str = "0A";
    let ip = u32::from_le_bytes(address.ip().octets());
    let wanted = format!("{ip:08X}:{:04X}", address.port());
    let text = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    text.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next() == Some(&wanted) && fields.nth(1) == Some(LISTEN)
    })
}

fn tick_micros() -> u64 {
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    1_000_000 / u64::try_from(per_second).unwrap_or(100).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_this_process() {
        let me = std::process::id();
        assert_eq!(family(me).first(), Some(&me));
        assert!(memory_of(&[me]) > 0);
        assert!(idle_of_machine() > 0);
    }

    #[test]
    fn sees_bound_sockets() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let std::net::SocketAddr::V4(address) = socket.local_addr().unwrap() else {
            panic!("asked for IPv4");
        };
        assert!(udp_bound(address));
        drop(socket);
    }
}
