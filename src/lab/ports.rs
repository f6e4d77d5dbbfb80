//! Ports of this machine's loopback address: is one free, who has it, which are free.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use rand::seq::SliceRandom;

use super::error::LabError;

/// Where free ports are sought: below the ports that Linux gives to outgoing connections (32768 and up), so that no
/// client's connection takes one between the search and the start of the server.
const FREE_RANGE: (u16, u16) = (20_000, 32_000);

/// Fails, naming the process that listens there, if a server could not listen on 127.0.0.1:`port`.
pub fn check_free(port: u16, purpose: &'static str) -> Result<(), LabError> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(_) => Err(LabError::PortTaken { port, purpose, holder: holder_of(port) }),
    }
}

/// `count` different ports that were free a moment ago.
pub fn free_ports(count: usize) -> Result<Vec<u16>, LabError> {
    let mut candidates: Vec<u16> = (FREE_RANGE.0..=FREE_RANGE.1).collect();
    candidates.shuffle(&mut rand::rng());
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let free: Vec<u16> = candidates.into_iter().filter(is_free).take(count).collect();
    if free.len() == count { Ok(free) } else { Err(LabError::NoFreePorts { wanted: count, range: FREE_RANGE }) }
}

/// The process that listens on a port, in words.
fn holder_of(port: u16) -> String {
    let Some((inode, user)) = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        table.lines().skip(1).find_map(|line| listener(line, port))
    }) else {
        return "a program that could not be found".to_owned();
    };
    match process_of_socket(&inode) {
        Some((pid, name)) => format!("{name} (process {pid})"),
        None => format!("a program of user {user}, whose processes this user may not inspect"),
    }
}

/// The socket's inode and the user id of a line of /proc/net/tcp that is a listener on the port.
fn listener(line: &str, port: u16) -> Option<(String, String)> {
    const LISTEN: &str = "0A";
    let columns: Vec<&str> = line.split_whitespace().collect();
    let [_, local, _, state, _, _, _, user, _, inode, ..] = columns[..] else { return None };
    let local_port = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
    (local_port == port && state == LISTEN).then(|| (inode.to_owned(), user.to_owned()))
}

fn process_of_socket(inode: &str) -> Option<(i32, String)> {
    let socket = format!("socket:[{inode}]");
    let holds = |process: &Path| {
        let handles = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        handles.into_iter().any(|handle| fs::read_link(handle.path()).is_ok_and(|target| target == Path::new(&socket)))
    };
    let pid = fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse::<i32>().ok()?;
        holds(&entry.path()).then_some(pid)
    })?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some((pid, name.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_reported_with_its_process() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let message = check_free(port, "AMQP").unwrap_err().to_string();
        assert!(message.contains(&port.to_string()) && message.contains("AMQP"), "{message}");
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    }

    #[test]
    fn a_port_nobody_listens_on_is_free() {
        let port = free_ports(1).unwrap()[0];
        check_free(port, "AMQP").unwrap();
    }

    #[test]
    fn free_ports_are_different() {
        let mut ports = free_ports(20).unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);
    }
}
