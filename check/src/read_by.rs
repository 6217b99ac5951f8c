//! Which file does wrangler read, and is it the one that is checked?

/// The names for which wrangler looks, the first first: in the folder where it runs and all folders around it.
pub const NAMES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// By this file, which frameworks write, wrangler deploys another configuration than the one beside it.
pub const REDIRECT: &str = ".wrangler/deploy/config.json";

/// The file that wrangler reads when it runs in the first of some `folders`, each of which is in the next one: the number of
/// its folder, and its name. `exists` says whether a folder has a file. A name comes before a folder: a
/// `wrangler.json` further out is read and not a `wrangler.toml` at hand.
pub fn read_by_wrangler(
    folders: usize,
    mut exists: impl FnMut(usize, &str) -> bool,
) -> Option<(usize, &'static str)> {
    NAMES
        .iter()
        .find_map(|name| (0..folders).find(|folder| exists(*folder, name)).map(|folder| (folder, *name)))
}

/// What is said of a file that wrangler leaves aside for `read`, unless it is told which one to take.
pub fn left_aside(read: &str) -> String {
    format!(
        "wrangler reads {read} and leaves this file aside: remove one of the two, or name this one with --config for each command"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_comes_before_the_folder() {
        let among =
            |files: &[(usize, &str)]| read_by_wrangler(3, |folder, name| files.contains(&(folder, name)));
        assert_eq!(among(&[]), None);
        assert_eq!(among(&[(0, "wrangler.toml")]), Some((0, "wrangler.toml")));
        assert_eq!(among(&[(0, "wrangler.toml"), (0, "wrangler.jsonc")]), Some((0, "wrangler.jsonc")));
        assert_eq!(among(&[(0, "wrangler.jsonc"), (0, "wrangler.json")]), Some((0, "wrangler.json")));
        assert_eq!(among(&[(0, "wrangler.jsonc"), (2, "wrangler.json")]), Some((2, "wrangler.json")));
        assert_eq!(among(&[(1, "wrangler.toml"), (2, "wrangler.toml")]), Some((1, "wrangler.toml")));
    }
}
