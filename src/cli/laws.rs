//! `laws`: the chapter on how dyld finds libraries, a line each, or one law's page.

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::render::{self, FAINT, Page, SCHEMA, STRONG};
use crate::dyld::laws::{CHAPTER, Law, Section, all};

/// The laws by which dyld finds libraries, a line each, or one law's page.
#[derive(Args)]
pub struct Laws {
    /// The law to read.
    law: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct LawsJson {
    schema: u32,
    laws: Vec<LawJson>,
}

#[derive(Serialize)]
struct LawJson {
    id: &'static str,
    section: &'static str,
    title: &'static str,
    /// Markdown.
    text: &'static str,
}

impl Laws {
    pub fn run(&self) -> Result<Answer, Trouble> {
        let chosen = self.law.as_deref().map(named).transpose()?;
        if self.json {
            let wanted = |law: &Law| chosen.is_none_or(|chosen| chosen.id == law.id);
            let section = |section: &'static Section| {
                section.laws.iter().filter(move |law| wanted(law)).map(move |law| LawJson {
                    id: law.id,
                    section: section.title,
                    title: law.title(),
                    text: law.text,
                })
            };
            let laws = CHAPTER.iter().flat_map(section).collect();
            return Ok(Answer::done(render::json(&LawsJson { schema: SCHEMA, laws })));
        }
        let mut page = Page::default();
        match chosen {
            Some(law) => page.block(0, law.text.trim_end()),
            None => list(&mut page),
        }
        Ok(Answer::done(page.into_text()))
    }
}

fn named(id: &str) -> Result<&'static Law, Trouble> {
    let law = all().find(|law| law.id == id);
    law.ok_or_else(|| Trouble::Usage(format!("there is no law {id}; `bundlewright laws` lists them all.")))
}

fn list(page: &mut Page) {
    let width = all().map(|law| law.id.len()).max().unwrap_or(0);
    for (at, section) in CHAPTER.iter().enumerate() {
        if at > 0 {
            page.end();
        }
        page.paint(STRONG, section.title).end();
        for law in section.laws {
            page.put("  ").paint(FAINT, format!("{:width$}", law.id)).put("  ").put(law.title()).end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_is_listed_and_can_be_read() {
        let text = Laws { law: None, json: false }.run().unwrap().text;
        for law in all() {
            assert!(text.contains(law.id) && text.contains(law.title()), "{}", law.id);
            let one = Laws { law: Some(law.id.to_owned()), json: false }.run().unwrap();
            assert!(one.text.starts_with("# ") && one.text.contains("```bundle"), "{}", one.text);
        }
    }

    #[test]
    fn an_unknown_law_is_wrong_usage() {
        let Err(trouble) = (Laws { law: Some("gravity".to_owned()), json: true }).run() else { panic!() };
        assert_eq!((trouble.code(), trouble.line().contains("gravity")), (2, true));
    }
}
