//! The cryptography behind TLS.

use rustls::crypto::{CryptoProvider, ring};
use std::sync::{Arc, OnceLock};

/// The provider that everything here is built with.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let made = PROVIDER.get_or_init(|| {
        let provider = ring::default_provider();
        // Libraries that build a client of their own ask for the process's provider. One that is there already is as good.
        let _ = provider.clone().install_default();
        Arc::new(provider)
    });
    made.clone()
}

/// Makes the provider the process's own, for HTTP clients that are built without settings of ours.
pub fn install() {
    provider();
}
