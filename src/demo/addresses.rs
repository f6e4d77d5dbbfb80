//! Where to find everything of a running demo.

use super::Federation;
use super::settings::{APP_KEY, Shared};
use std::path::Path;

/// Prints the addresses of all nodes, and with what to log in.
pub(super) fn show(federation: &Federation, shared: &Shared, folder: &Path) {
    let scheme = shared.scheme();
    println!("\n{:<8}{:<45}{:<26}metrics and health", "node", "interface (POST)", "console");
    for node in federation.nodes() {
        let (interface, console, metrics) = (node.interface_port(), node.console_port(), node.metrics_port());
        println!(
            "{:<8}{:<45}{:<26}http://127.0.0.1:{metrics}/metrics",
            node.region.to_string(),
            format!("{scheme}://127.0.0.1:{interface}/sesame/exchange"),
            format!("{scheme}://127.0.0.1:{console}/"),
        );
    }
    println!("\nconsole: user admin, password {}", shared.admin_password);
    println!("app at each node: demo-<region>, key {APP_KEY}");
    println!("settings and logs: {}", folder.display());
    if let (Some(files), Some(county)) = (&shared.secured, federation.counties().next()) {
        println!("\neverything runs over TLS; the CA is {}", files.ca.display());
        println!(
            "call with it: sesame log --url {scheme}://127.0.0.1:{}/sesame --ca {} --appid {} --key-file FILE",
            county.interface_port(),
            files.ca.display(),
            county.app()
        );
    }
}
