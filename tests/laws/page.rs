//! A Markdown page as prose and fenced blocks.

pub enum Part {
    /// Everything between blocks, fences excluded.
    Prose(String),
    Block {
        info: String,
        body: String,
    },
}

pub struct Page {
    pub parts: Vec<Part>,
}

impl Page {
    pub fn parse(text: &str) -> Page {
        let mut parts = vec![Part::Prose(String::new())];
        for line in text.lines() {
            match (parts.last_mut().unwrap(), line.strip_prefix("```")) {
                (Part::Prose(_), Some(info)) => {
                    parts.push(Part::Block { info: info.to_owned(), body: String::new() });
                }
                (Part::Block { .. }, Some(_)) => parts.push(Part::Prose(String::new())),
                (Part::Prose(text) | Part::Block { body: text, .. }, None) => {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
        Page { parts }
    }

    /// The block that describes the bundle.
    pub fn bundle(&self) -> &str {
        let bundle = self.parts.iter().find_map(|part| match part {
            Part::Block { info, body } if info == "bundle" => Some(body),
            _ => None,
        });
        bundle.expect("a block named bundle")
    }

    /// The page with each block's body replaced by what `body` makes of it.
    pub fn rewritten(&self, mut body: impl FnMut(&str, &str) -> String) -> String {
        let write = |part: &Part| match part {
            Part::Prose(text) => text.clone(),
            Part::Block { info, body: old } => format!("```{info}\n{}```\n", body(info, old)),
        };
        self.parts.iter().map(write).collect()
    }
}
