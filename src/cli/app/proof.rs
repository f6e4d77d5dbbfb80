//! Options by which an app is bound to a client certificate, and what whoever binds it should know.

use super::office::Office;
use crate::apps::RegistryError;
use crate::config::ListenerTls;
use crate::standard::proof::{Authentication, Proof};
use crate::standard::subject::Subject;
use crate::store::StoredApp;

/// How an app proves who it is. Options not given leave things as they are.
#[derive(clap::Args)]
pub(super) struct ProofOptions {
    /// How it proves who it is: by its signature, by a client certificate (then it need not sign; its answers are signed with
    /// its key all the same), or by both
    #[arg(long, value_name = "signature|certificate|both", value_parser = Authentication::parse)]
    authentication: Option<Authentication>,
    /// Subject of its client certificate, as `openssl x509 -noout -subject` prints it: CN=...,O=...
    #[arg(long, value_name = "SUBJECT", value_parser = Subject::parse)]
    certificate: Option<Subject>,
}

impl ProofOptions {
    /// Changes a proof as given.
    pub(super) fn apply(&self, proof: &mut Proof) -> Result<(), RegistryError> {
        *proof = proof.changed(self.authentication, self.certificate.clone())?;
        Ok(())
    }

    /// Says what follows for an app these options have changed; beside the result, so that JSON stays JSON.
    pub(super) fn remark(&self, office: &Office, app: &StoredApp) {
        if self.authentication.is_none() && self.certificate.is_none() {
            return;
        }
        if let Proof::Certificate(_) = app.proof {
            eprintln!(
                "note: {} is known by its certificate and need not sign; its key is there to verify the answers, which are \
                 signed with it",
                app.appid
            );
        }
        let tls = office.config.interface.tls.as_ref();
        if app.proof.subject().is_some() && !tls.is_some_and(ListenerTls::takes_certificates) {
            eprintln!(
                "warning: {}: authentication by certificate needs [interface.tls] with client_ca, and these settings have \
                 none: a node that runs by them refuses whatever the app sends",
                app.appid
            );
        }
    }
}
