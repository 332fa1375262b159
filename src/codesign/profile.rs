//! Provisioning profiles: a property list in a CMS, by which Apple grants entitlements to a team
//! (Apple, TN3125 "Inside Code Signing: Provisioning Profiles"). Read, not verified.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use plist::Value;

use super::cms::read::Message;
use crate::bundle::InfoPlist;

/// What an `embedded.provisionprofile` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    pub name: String,
    /// TeamIdentifier.
    pub teams: Vec<String>,
    /// ExpirationDate in seconds since 1970.
    pub expires: Option<u64>,
    /// The entitlements that it grants, whatever their values.
    pub entitlements: BTreeSet<String>,
    /// How many devices ProvisionedDevices names.
    pub devices: usize,
    /// ProvisionsAllDevices, as a profile for distribution with Developer ID has it.
    pub all_devices: bool,
}

impl Profile {
    /// Reads the file's bytes: DER of a CMS (RFC 5652).
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub fn read(bytes: &[u8]) -> Result<Profile, String> {
        let plist = Message::read(bytes)
            .and_then(|message| message.content)
            .ok_or("is not a signed message that holds a property list")?;
        let plist =
            InfoPlist::read(&plist).map_err(|why| format!("cannot be read: its property list {why}"))?;
        let values = plist.value.as_dictionary().ok_or("holds no keys")?;
        let strings = |key: &str| {
            let all = values.get(key).and_then(Value::as_array).into_iter().flatten();
            all.filter_map(Value::as_string).map(str::to_owned).collect::<Vec<_>>()
        };
        let granted = values.get("Entitlements").and_then(Value::as_dictionary).into_iter().flatten();
        Ok(Profile {
            name: plist.string("Name").unwrap_or("the profile").to_owned(),
            teams: strings("TeamIdentifier"),
            expires: values.get("ExpirationDate").and_then(Value::as_date).and_then(seconds),
            entitlements: granted.map(|(key, _)| key.clone()).collect(),
            devices: strings("ProvisionedDevices").len(),
            all_devices: values.get("ProvisionsAllDevices").and_then(Value::as_boolean) == Some(true),
        })
    }

    /// Whether it no longer holds at `today`, in seconds since 1970; never when nobody says what day it is.
    pub fn is_expired(&self, today: Option<u64>) -> bool {
        self.expires.zip(today).is_some_and(|(expires, today)| expires < today)
    }

    /// The day it expires, `2041-05-30`; "no day" when it says none.
    pub fn expires_on(&self) -> String {
        self.expires.map_or_else(|| "no day".to_owned(), |seconds| day(seconds / 86_400))
    }
}

fn seconds(date: plist::Date) -> Option<u64> {
    SystemTime::from(date).duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// The date of a day counted from 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
pub(super) fn day(days: u64) -> String {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::super::authority::samples;
    use super::*;

    /// A CMS without signers around `plist`.
    fn message(plist: &[u8]) -> Vec<u8> {
        samples::message("1.2.840.113549.1.7.1", plist, &[], &[], &[])
    }

    const PLIST: &[u8] = b"<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>\
        <key>Name</key><string>Postcard Developer ID</string>\
        <key>TeamIdentifier</key><array><string>TEAM123456</string></array>\
        <key>ExpirationDate</key><date>2041-05-30T12:00:00Z</date>\
        <key>ProvisionsAllDevices</key><true/>\
        <key>Entitlements</key><dict><key>com.apple.developer.icloud-services</key><string>*</string></dict>\
        </dict></plist>";

    #[test]
    fn a_profile_says_who_until_when_and_what() {
        let profile = Profile::read(&message(PLIST)).unwrap();
        assert_eq!(
            (&*profile.name, &profile.teams[..]),
            ("Postcard Developer ID", &["TEAM123456".to_owned()][..])
        );
        assert_eq!(
            (profile.expires_on().as_str(), profile.all_devices, profile.devices),
            ("2041-05-30", true, 0)
        );
        assert!(profile.entitlements.contains("com.apple.developer.icloud-services"));
        assert!(
            profile.is_expired(Some(2_300_000_000))
                && !profile.is_expired(Some(0))
                && !profile.is_expired(None)
        );
    }

    #[test]
    fn what_is_no_profile_says_what_is_wrong_with_it() {
        let whole = message(PLIST);
        for length in 0..whole.len() {
            assert!(Profile::read(&whole[..length]).is_err());
        }
        let cut = [PLIST.split_at(300).0, &b" ".repeat(100)[..]].concat();
        assert!(Profile::read(&message(&cut)).unwrap_err().starts_with("cannot be read"));
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(
            [0, 59, 789, 11_016, 20_000].map(day),
            ["1970-01-01", "1970-03-01", "1972-02-29", "2000-02-29", "2024-10-04"]
        );
        assert_eq!(day(u64::MAX / 86_400).len(), 18);
    }
}
