//! Whatever is answered is read back as it was meant, and verifies only so.

use crate::spelling::{key, profile, text};
use proptest::prelude::*;
use sesame::standard::answer::{Answer, ResultCode};
use sesame::standard::busilist::Array;
use sesame::standard::cipher::Software;
use sesame::standard::envelope::Busilist;
use sesame::standard::random::Random;
use sesame::standard::response::{DatalistForm, Response};
use sesame::standard::sign::Signer;

fn busilist() -> impl Strategy<Value = Busilist<'static>> {
    prop_oneof![
        prop::sample::select(vec!["[]", "[{\"RECORDS\":\"1\"}]", "[ {\"A\" : 1.0, \"random\":\"\\/\"} ]"])
            .prop_map(|text| Busilist::Array(Array::known(text))),
        text().prop_map(|text| Busilist::Text(text.into())),
    ]
}

fn answer() -> impl Strategy<Value = Answer<'static>> {
    let result = prop::sample::select(vec![ResultCode::Success, ResultCode::Failure]);
    (result, text(), busilist(), prop::option::of(text())).prop_map(|(result, message, busilist, after)| Answer {
        result,
        message: message.into(),
        busilist,
        after: after.map(Into::into),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_answer_is_read_back_and_verifies_only_unchanged(
        answer in answer(), random in "[ -~]{1,64}", key in key(), profile in profile(),
        form in prop::sample::select(vec![DatalistForm::Object, DatalistForm::Text]),
        at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let random = Random::parse(&random).unwrap();
        let signer = Signer { cipher: &Software, profile, key: &key };
        let response = Response::new(&answer, form, Some(&random)).signed(signer);
        let mut body = response.write().into_bytes();
        {
            let read = Response::read(&body).unwrap();
            prop_assert_eq!(&read, &response);
            prop_assert_eq!(read.answer().unwrap(), answer);
            prop_assert!(read.is_answer_to(&random, signer));
        }
        let at = at.index(body.len());
        body[at] ^= flip;
        if let Ok(changed) = Response::read(&body) {
            let same = (&changed.datalist, &changed.random) == (&response.datalist, &response.random)
                && changed.sign.eq_ignore_ascii_case(&response.sign);
            prop_assert_eq!(changed.is_answer_to(&random, signer), same);
        }
    }
}
