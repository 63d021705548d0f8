//! Which of the two languages a person reads: `--lang`, else the locale. JSON is never localised.

/// A language that every text exists in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `en`.
    English,
    /// `zh`.
    Chinese,
}

/// The words of `--lang`.
pub const WORDS: [&str; 2] = ["en", "zh"];

impl Language {
    /// The language for `asked` (the value of `--lang`), else the locale as `variable` gives it: the first of LC_ALL,
    /// LC_MESSAGES and LANG that is set and not empty decides, as POSIX orders them. English where nothing says Chinese.
    pub fn choose(asked: Option<&str>, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let locale = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
        match asked {
            Some("zh") => Language::Chinese,
            Some("en") => Language::English,
            _ if locale().is_some_and(|locale| locale.starts_with("zh")) => Language::Chinese,
            _ => Language::English,
        }
    }

    /// The word of `--lang`.
    pub fn word(self) -> &'static str {
        match self {
            Language::English => WORDS[0],
            Language::Chinese => WORDS[1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asked_before_locale_before_english() {
        for (asked, variables, expected) in [
            (None, &[][..], Language::English),
            (None, &[("LANG", "zh_CN.UTF-8")], Language::Chinese),
            (None, &[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")], Language::English),
            (None, &[("LANG", "de_DE"), ("LC_MESSAGES", "zh_TW")], Language::Chinese),
            (None, &[("LANG", "zh"), ("LC_ALL", ""), ("LC_MESSAGES", "")], Language::Chinese),
            (Some("en"), &[("LANG", "zh")], Language::English),
            (Some("zh"), &[("LC_ALL", "C")], Language::Chinese),
        ] {
            let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(Language::choose(asked, &variable), expected, "{asked:?} {variables:?}");
        }
    }
}
