//! Short strings that come with a request: queries, Meta's question, our own mark on an echo, names and codes.
#![no_main]

use domain::Timestamp;
use libfuzzer_sys::fuzz_target;
use platforms::{Webhook, facebook::read_metadata};
use relay_protocol::{
    ChannelPath, Digest, OwnerId, PathKind, calls::PairCode, door::challenge, signing::Claim,
};

fuzz_target!(|text: &str| {
    let mut hook = Webhook::post(Vec::new(), Timestamp::from_millis(0));
    hook.query = Some(text.to_owned());
    for name in ["hub.mode", "hub.verify_token", "hub.challenge", "", "a"] {
        let _ = hook.parameter(name);
    }
    let open = challenge(text, Some(&Digest::of(b"fuzzed")));
    assert!(open.status == 200 || (open.status == 403 && open.body.is_empty()));
    assert_eq!(challenge(text, None).status, 403, "without a token nobody is answered");
    if let Some((reply, key)) = read_metadata(text) {
        assert_eq!(read_metadata(&format!("sala:{reply}:{key}")), Some((reply, key)));
    }
    if let Ok(path) = text.parse::<ChannelPath>() {
        assert_eq!(path.to_string(), text, "a name has one spelling");
    }
    let _ = text.parse::<OwnerId>();
    if let Some(kind) = PathKind::from_name(text) {
        assert_eq!(kind.as_str(), text);
    }
    let code = PairCode::read(text);
    assert_eq!(PairCode::read(&code.shown()), code, "a code that is shown is the same code");
    // The four headers of a signed call, a line each.
    let lines: Vec<&str> = text.lines().collect();
    let _ = Claim::read(|name| {
        let at = ["sala-owner", "sala-time", "sala-nonce", "sala-signature"]
            .iter()
            .position(|known| *known == name)?;
        lines.get(at).copied()
    });
});
