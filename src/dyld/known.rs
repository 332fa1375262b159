//! What is known of the libraries of one macOS, from every source there is: the tables, a user's SDK, a list of a shared
//! cache.

use super::sdk::{CacheList, Sdk};
use super::symbols::{Answer, SystemSymbols};
use super::system::{self, Exists, Listed};
use crate::macho::{Arch, PackedVersion};

/// One macOS, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct KnownSystem<'a> {
    pub os: PackedVersion,
    pub sdk: Option<&'a Sdk>,
    /// Of this very macOS.
    pub cache: Option<&'a CacheList>,
}

impl KnownSystem<'_> {
    /// Whether this macOS has the library. A list of its cache decides; then the tables; then the SDK.
    pub fn exists(&self, name: &str) -> Exists {
        let told = system::exists(name, self.os);
        if let Some(cache) = self.cache {
            return match (cache.has(name), told) {
                (true, _) => Exists::Yes,
                (false, Exists::NotYet { .. } | Exists::Gone { .. }) => told,
                (false, Exists::Yes | Exists::Unknown | Exists::NotListed) => Exists::NotListed,
            };
        }
        let in_sdk = self.sdk.is_some_and(|sdk| sdk.install_name(name).is_some() && self.has_what_is_in(sdk));
        if told == Exists::Unknown && in_sdk { Exists::Yes } else { told }
    }

    /// What left the stub may still be there, and what never changed is not in the table.
    fn libsystem_exports(&self, symbol: &str) -> Answer {
        match system::libsystem_symbol(symbol, self.os) {
            Listed::Yes => Answer::Yes,
            Listed::NotYet { .. } => Answer::No,
            Listed::Unlisted { .. } | Listed::Unknown => Answer::Unknown,
        }
    }

    /// An SDK that does not say its version is taken for the one that was meant.
    fn has_what_is_in(&self, sdk: &Sdk) -> bool {
        sdk.version.is_none_or(|version| version.parts().0 <= self.os.parts().0)
    }

    fn lacks_what_is_not_in(&self, sdk: &Sdk) -> bool {
        sdk.version.is_none_or(|version| version.parts().0 == self.os.parts().0 && version >= self.os)
    }
}

impl SystemSymbols for KnownSystem<'_> {
    /// Whether the library exports `symbol`. An SDK says yes for its own macOS and all later ones, and no for its own up to
    /// its own update: what Apple keeps to itself it does not list, but nobody can link against that either.
    fn exports(&self, install_name: &str, symbol: &str, arch: Arch) -> Answer {
        let told = self.sdk.and_then(|sdk| Some((sdk, sdk.exports(install_name, symbol, arch)?)));
        match told {
            Some((sdk, true)) if self.has_what_is_in(sdk) => Answer::Yes,
            Some((sdk, false)) if self.lacks_what_is_not_in(sdk) => Answer::No,
            _ if system::is_libsystem(install_name) => self.libsystem_exports(symbol),
            _ => Answer::Unknown,
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make what they look at")]
mod tests {
    use super::*;
    use std::fs;

    const CREAM: &str = "--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos ]\n\
        install-name: /usr/lib/libcream.dylib\nexports:\n  - targets: [ arm64-macos ]\n    symbols: [ _whip ]\n";

    fn sdk(version: &str) -> Sdk {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join(format!("MacOSX{version}.sdk"));
        fs::create_dir_all(folder.join("usr/lib")).expect("a folder");
        fs::write(folder.join("usr/lib/libcream.tbd"), CREAM).expect("a file");
        let sdk = Sdk::open(&folder).expect("an SDK");
        assert_eq!(sdk.problems(), [], "and it is read now, for its folder goes");
        sdk
    }

    fn os(text: &str) -> PackedVersion {
        system::version(text).expect("a version")
    }

    #[test]
    fn an_sdk_speaks_for_its_own_macos() {
        let sdk = sdk("14.4");
        let ask = |version, symbol| {
            let known = KnownSystem { os: os(version), sdk: Some(&sdk), cache: None };
            known.exports("/usr/lib/libcream.dylib", symbol, Arch::ARM64)
        };
        assert_eq!(ask("14.0", "_whip"), Answer::Yes);
        assert_eq!(ask("26.0", "_whip"), Answer::Yes);
        assert_eq!(ask("13.0", "_whip"), Answer::Unknown);
        assert_eq!(ask("14.4", "_sour"), Answer::No);
        assert_eq!(ask("14.6", "_sour"), Answer::Unknown, "an update may have brought it");
        assert_eq!(ask("13.0", "_sour"), Answer::Unknown);
    }

    #[test]
    fn without_an_sdk_the_table_knows_what_libsystem_gained() {
        let known = KnownSystem { os: os("13.0"), sdk: None, cache: None };
        let ask = |name, symbol| known.exports(name, symbol, Arch::X86_64);
        assert_eq!(ask("/usr/lib/libSystem.B.dylib", "_strchrnul"), Answer::No);
        assert_eq!(ask("/usr/lib/libSystem.B.dylib", "_malloc"), Answer::Unknown);
        assert_eq!(ask("/usr/lib/libz.1.dylib", "_strchrnul"), Answer::Unknown);
    }

    #[test]
    fn a_list_of_the_cache_decides_what_exists() {
        let cache = CacheList::read("/usr/lib/libcream.dylib\n/usr/lib/libz.1.dylib\n").expect("a list");
        let known = KnownSystem { os: os("14.0"), sdk: None, cache: Some(&cache) };
        assert_eq!(known.exists("/usr/lib/libcream.dylib"), Exists::Yes);
        assert_eq!(known.exists("/usr/lib/libbz2.1.0.dylib"), Exists::NotListed);
        let python = "/System/Library/Frameworks/Python.framework/Versions/2.7/Python";
        assert_eq!(known.exists(python), Exists::Gone { since: os("12.3") });
        let sdk = sdk("14.4");
        let known = KnownSystem { os: os("14.0"), sdk: Some(&sdk), cache: None };
        assert_eq!(known.exists("/usr/lib/libcream.dylib"), Exists::Yes);
        assert_eq!(known.exists("/usr/lib/libsour.dylib"), Exists::Unknown);
    }
}
