//! Two signatures by what they say, in codesign's words.

use std::collections::BTreeSet;

use super::plists::shown;
use super::slice::View;
use super::{Class, Found, content, explain};
use crate::codesign::{Description, describe};

pub(super) fn compare(a: &View, b: &View, found: &mut Found) {
    let (left, right) = (signature(a), signature(b));
    if left == right {
        return;
    }
    let said = |bytes: Option<&[u8]>| bytes.map(describe).transpose();
    let (one, other) = match (said(left), said(right)) {
        (Ok(one), Ok(other)) => (one, other),
        (one, other) => {
            let told = |side: Result<Option<Description>, String>| match side {
                Ok(Some(_)) => "can be read".to_owned(),
                Ok(None) => "none".to_owned(),
                Err(why) => why,
            };
            found.changed(Class::Signature, "Signature", told(one), told(other), explain::SIGNATURE_BROKEN);
            return;
        }
    };
    let before = found.differences.len();
    match (&one, &other) {
        (Some(one), Some(other)) => fields(one, other, found),
        (one, other) => {
            let kind = |side: &Option<Description>| match side {
                Some(said) => said.fields.first().map_or_else(String::new, |(_, kind)| kind.clone()),
                None => "none".to_owned(),
            };
            found.changed(Class::Signature, "Signature", kind(one), kind(other), explain::SIGNATURE_ADDED);
        }
    }
    entitlements(&one.unwrap_or_default(), &other.unwrap_or_default(), found);
    if found.differences.len() == before {
        let shown = |bytes: Option<&[u8]>| content::described(bytes.unwrap_or_default());
        found.changed(
            Class::Signature,
            "signature bytes",
            shown(left),
            shown(right),
            explain::SIGNATURE_BYTES,
        );
    }
}

fn signature<'a>(view: &View<'a>) -> Option<&'a [u8]> {
    let place = view.header.code_signature(view.bytes).ok()??;
    let start = place.dataoff as usize;
    view.bytes.get(start..start.checked_add(place.datasize as usize)?)
}

fn fields(one: &Description, other: &Description, found: &mut Found) {
    let names: BTreeSet<&str> = one.fields.iter().chain(&other.fields).map(|(name, _)| *name).collect();
    let of = |said: &Description, name: &str| {
        said.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    };
    for name in names {
        let (left, right) = (of(one, name), of(other, name));
        if left != right {
            let why = match name {
                "CDHash" => explain::CDHASH,
                "CMS signature" => explain::CMS,
                "CodeDirectory flags" => explain::SIGNATURE_FLAGS,
                "Info.plist" | "Sealed Resources" => explain::BOUND,
                _ => explain::SIGNATURE,
            };
            found.add(Class::Signature, name, left, right, why);
        }
    }
}

fn entitlements(one: &Description, other: &Description, found: &mut Found) {
    let keys: BTreeSet<&String> = one.entitlements.keys().chain(other.entitlements.keys()).collect();
    for key in keys {
        let (left, right) = (one.entitlements.get(key), other.entitlements.get(key));
        if left != right {
            let field = format!("Entitlement {key}");
            found.add(Class::Signature, field, left.map(shown), right.map(shown), explain::ENTITLEMENT);
        }
    }
}
