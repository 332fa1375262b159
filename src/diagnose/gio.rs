//! How GIO finds its modules: by `giomodule.cache`, which lists those of its folder with what they implement
//! (`giomodule.c`).

/// The list, beside the modules.
pub const CACHE: &str = "giomodule.cache";

/// The file names in a list: `libgiognutls.so: gio-tls-backend`.
pub fn modules(cache: &str) -> impl Iterator<Item = &str> {
    let lines = cache.lines().filter(|line| !line.starts_with('#'));
    let names = lines.filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
    names.filter(|name| !name.is_empty() && !name.contains('/'))
}
