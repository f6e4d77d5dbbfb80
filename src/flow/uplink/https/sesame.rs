//! To a node of our kind: the sealed batch as it is, its manifest in HTTP headers, so that it is the same batch there.

use super::HttpsUplink;
use super::outcome::Outcome;
use crate::batch::{Incoming, Manifest, Sealed, open, seal, to_http};
use crate::broker::Delivery;
use crate::failure::Reason;
use crate::flow::Context;
use crate::flow::failures::Fault;
use crate::standard::random::Random;
use crate::standard::refusal::RefusalCode;
use crate::standard::sign::{Profile, Signer};

/// Sends the batch, and waits for the verdict.
pub(super) async fn hand_over(link: &HttpsUplink, delivery: &Delivery) -> Outcome {
    let manifest = match Manifest::from_headers(&delivery.headers) {
        Ok(manifest) => manifest,
        Err(error) => {
            let detail = format!("{error}: the message was not sealed by a sesame node");
            return Outcome::Unsendable(Fault::new(Reason::Malformed, detail));
        }
    };
    let random = Random::from(manifest.batch);
    let sealed = Sealed { headers: delivery.headers.clone(), body: delivery.body.clone() };
    let outcome = send(link, &random, sealed).await;
    // What lay in the queue while this node's key was changed may bear a signature that the parent does not take any more.
    if let Outcome::Refused(Some(RefusalCode::SignMismatch), _) = &outcome
        && let Some(sealed) = renewed(link.context(), delivery)
    {
        return send(link, &random, sealed).await;
    }
    outcome
}

async fn send(link: &HttpsUplink, random: &Random, sealed: Sealed) -> Outcome {
    let result = link.post(&to_http(&sealed.headers), sealed.body).await;
    let context = link.context();
    Outcome::of(&result, random, |response| {
        // The parent answers with the key that it has found the batch to be sealed with.
        context.trust.own_keys().iter().any(|key| {
            let signer = Signer { cipher: context.node.cipher.as_ref(), profile: Profile::default(), key };
            response.is_answer_to(random, signer)
        })
    })
}

/// The batch sealed anew, under the same id and version, where a former key of this node has sealed it.
fn renewed(context: &Context, delivery: &Delivery) -> Option<Sealed> {
    let (own, headers, body) = (Some(context.node.appid.as_str()), &delivery.headers, &delivery.body);
    let incoming = Incoming { user_id: own, copied: false, headers, body };
    let opened = open(incoming, &context.trust, context.clock.now()).ok()?;
    let sealed = || seal(&context.node, &opened.manifest, opened.busicode, opened.action, opened.busilist);
    opened.by_former_key.then(sealed)
}
