//! The licence agreement that DiskImageMounter shows before it opens an image: resources of the kinds `LPic`, `STR#`, `TEXT`
//! and `RTF `, which stand in the image's property list as they once stood in a resource fork.
//!
//! `LPic` 5000 says which languages there are: default region code, count, and for each language its region code, the number
//! of its resources less 5000, and whether its characters take two bytes; each 16 bits, big-endian. `STR#` holds six Pascal
//! strings: language, Agree, Disagree, Print, Save, and the sentence above the buttons. Region codes are those of Carbon's
//! `Script.h`, texts are in the old Mac encodings of their language.

use std::path::Path;

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, MACINTOSH, SHIFT_JIS, X_MAC_CYRILLIC};

use super::bytes::{Put, u16_at};
use crate::failure::Failure;

/// Resources of licences are numbered from here on.
const FIRST: u16 = 5000;
/// No licence is longer; whoever names a larger file has named the wrong one.
const LONGEST: usize = 4 << 20;

/// A licence in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    language: &'static Language,
    /// As it is stored: RTF, or text in the language's old encoding.
    text: Vec<u8>,
    is_rtf: bool,
}

/// A language that the agreement's window knows.
#[derive(Debug)]
pub struct Language {
    /// "en", "pt-BR": what the user writes.
    pub code: &'static str,
    /// In English.
    pub name: &'static str,
    region: u16,
    encoding: &'static Encoding,
    /// In its own words: language, Agree, Disagree, Print, Save, and what to do.
    labels: [&'static str; 6],
}

/// There is one of each.
impl PartialEq for Language {
    fn eq(&self, other: &Language) -> bool {
        self.region == other.region
    }
}

impl Eq for Language {}

/// A resource as the image's property list holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    pub kind: &'static str,
    pub id: u16,
    pub name: String,
    pub data: Vec<u8>,
}

impl Licence {
    /// Reads a licence from plain text in UTF-8, or from RTF. `code` names its language as `en` or `pt-BR`.
    ///
    /// # Errors
    /// A [`Failure`] that says which language or character the agreement cannot show.
    pub fn new(code: &str, bytes: Vec<u8>, path: &Path) -> Result<Licence, Failure> {
        let language = Language::find(code).ok_or_else(|| {
            let known: Vec<&str> = LANGUAGES.iter().map(|language| language.code).collect();
            let what = format!("cannot be a licence in the language \"{code}\"");
            Failure::new(path, what, format!("name one of {}", known.join(", ")))
        })?;
        if bytes.len() > LONGEST {
            return Err(Failure::new(
                path,
                "is too long for a licence (4 MB)",
                "name the licence's text file",
            ));
        }
        if bytes.starts_with(b"{\\rtf") {
            return Ok(Licence { language, text: bytes, is_rtf: true });
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new(path, "is neither RTF nor text in UTF-8", "save it as UTF-8"))?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text).replace("\r\n", "\n");
        let text = language.encoded(&text).map_err(|character| {
            let what = format!(
                "has the character {character:?}, which the agreement's window cannot show in {}",
                language.name
            );
            Failure::new(path, what, "replace it, or save the licence as RTF")
        })?;
        Ok(Licence { language, text, is_rtf: false })
    }

    /// The licences that the resources of an image hold, the one for everybody else first; those in languages not known here are
    /// left out. Their buttons become the ones that are written here.
    pub fn of_resources(resources: &[Resource]) -> Vec<Licence> {
        let list = resources.iter().find(|resource| resource.kind == "LPic");
        let Some(Resource { data: languages, .. }) = list else { return Vec::new() };
        let usual = u16_at(languages, 0);
        let count = u16_at(languages, 2).unwrap_or(0);
        let mut found: Vec<Licence> = Vec::new();
        for at in (0..usize::from(count)).map(|index| 4 + index * 6) {
            let (Some(region), Some(number)) = (u16_at(languages, at), u16_at(languages, at + 2)) else {
                break;
            };
            let Some(language) = LANGUAGES.iter().find(|language| language.region == region) else {
                continue;
            };
            let text = resources.iter().find(|resource| {
                let is_text = matches!(resource.kind, "TEXT" | "RTF ");
                is_text && resource.id.checked_sub(FIRST) == Some(number)
            });
            let Some(Resource { kind, data, .. }) = text else { continue };
            let licence = Licence { language, text: data.clone(), is_rtf: *kind == "RTF " };
            let place = if usual == Some(region) { 0 } else { found.len() };
            found.insert(place, licence);
        }
        found
    }

    pub fn language(&self) -> &'static Language {
        self.language
    }
}

impl Language {
    fn find(code: &str) -> Option<&'static Language> {
        let code = code.replace('_', "-");
        LANGUAGES.iter().find(|language| language.code.eq_ignore_ascii_case(&code))
    }

    /// `text` in the language's encoding, or the first character that has no place in it.
    fn encoded(&self, text: &str) -> Result<Vec<u8>, char> {
        let (bytes, _, lossy) = self.encoding.encode(text);
        if !lossy {
            return Ok(bytes.into_owned());
        }
        let has_no_place = |character: &char| self.encoding.encode(character.encode_utf8(&mut [0; 4])).2;
        Err(text.chars().find(has_no_place).unwrap_or('\u{FFFD}'))
    }

    fn takes_two_bytes(&self) -> bool {
        [SHIFT_JIS, EUC_KR, GBK, BIG5].contains(&self.encoding)
    }
}

/// The resources of an agreement; the first licence is for everyone whose language has none.
pub fn resources(licences: &[Licence]) -> Vec<Resource> {
    let Some(first) = licences.first() else { return Vec::new() };
    let mut languages = Vec::new();
    languages.u16(first.language.region);
    languages.u16(licences.len() as u16);
    let mut all = Vec::new();
    for (id, licence) in (FIRST..).zip(licences) {
        let language = licence.language;
        languages.u16(language.region);
        languages.u16(id - FIRST);
        languages.u16(u16::from(language.takes_two_bytes()));
        let mut labels = Vec::new();
        labels.u16(language.labels.len() as u16);
        for label in language.labels {
            let label = language.encoded(label).unwrap_or_default();
            labels.push(label.len() as u8);
            labels.extend_from_slice(&label);
        }
        let kind = if licence.is_rtf { "RTF " } else { "TEXT" };
        let named = |kind, name: String, data| Resource { kind, id, name, data };
        all.push(named(kind, format!("{} SLA", language.name), licence.text.clone()));
        all.push(named("STR#", language.name.to_owned(), labels));
    }
    all.push(Resource { kind: "LPic", id: FIRST, name: String::new(), data: languages });
    all.sort_by_key(|resource| (resource.kind, resource.id));
    all
}

#[rustfmt::skip]
static LANGUAGES: [Language; 19] = [
    language("en", "English", 0, MACINTOSH, ["English", "Agree", "Disagree", "Print", "Save…",
        "To go on, choose “Agree”. If you do not accept this licence, choose “Disagree”: the disk image then stays closed."]),
    language("en-GB", "British English", 2, MACINTOSH, ["English", "Agree", "Disagree", "Print", "Save…",
        "To go on, choose “Agree”. If you do not accept this licence, choose “Disagree”: the disk image then stays closed."]),
    language("fr", "French", 1, MACINTOSH, ["Français", "Accepter", "Refuser", "Imprimer", "Enregistrer…",
        "Pour continuer, choisissez « Accepter ». Si vous n’acceptez pas cette licence, choisissez « Refuser »."]),
    language("fr-CA", "Canadian French", 11, MACINTOSH, ["Français", "Accepter", "Refuser", "Imprimer", "Enregistrer…",
        "Pour continuer, choisissez « Accepter ». Si vous n’acceptez pas cette licence, choisissez « Refuser »."]),
    language("de", "German", 3, MACINTOSH, ["Deutsch", "Akzeptieren", "Ablehnen", "Drucken", "Sichern…",
        "Wählen Sie „Akzeptieren“, um fortzufahren, oder „Ablehnen“, wenn Sie dieser Lizenz nicht zustimmen."]),
    language("it", "Italian", 4, MACINTOSH, ["Italiano", "Accetta", "Rifiuta", "Stampa", "Salva…",
        "Per continuare scegli “Accetta”. Se non accetti questa licenza, scegli “Rifiuta”."]),
    language("nl", "Dutch", 5, MACINTOSH, ["Nederlands", "Akkoord", "Niet akkoord", "Afdrukken", "Bewaar…",
        "Kies “Akkoord” om door te gaan, of “Niet akkoord” als u deze licentie niet aanvaardt."]),
    language("sv", "Swedish", 7, MACINTOSH, ["Svenska", "Godkänn", "Avböj", "Skriv ut", "Spara…",
        "Välj ”Godkänn” för att fortsätta, eller ”Avböj” om du inte godkänner licensen."]),
    language("es", "Spanish", 8, MACINTOSH, ["Español", "Aceptar", "Rechazar", "Imprimir", "Guardar…",
        "Para continuar, elija “Aceptar”. Si no acepta esta licencia, elija “Rechazar”."]),
    language("da", "Danish", 9, MACINTOSH, ["Dansk", "Enig", "Uenig", "Udskriv", "Arkiver…",
        "Vælg “Enig” for at fortsætte, eller “Uenig”, hvis du ikke accepterer licensen."]),
    language("pt", "Portuguese", 10, MACINTOSH, ["Português", "Aceitar", "Recusar", "Imprimir", "Guardar…",
        "Para continuar, escolha “Aceitar”. Se não aceita esta licença, escolha “Recusar”."]),
    language("pt-BR", "Brazilian Portuguese", 71, MACINTOSH, ["Português", "Concordar", "Discordar", "Imprimir", "Salvar…",
        "Para continuar, escolha “Concordar”. Se você não aceita esta licença, escolha “Discordar”."]),
    language("nb", "Norwegian", 12, MACINTOSH, ["Norsk", "Enig", "Ikke enig", "Skriv ut", "Arkiver…",
        "Velg “Enig” for å fortsette, eller “Ikke enig” hvis du ikke godtar lisensen."]),
    language("fi", "Finnish", 17, MACINTOSH, ["Suomi", "Hyväksyn", "En hyväksy", "Tulosta", "Tallenna…",
        "Jatka valitsemalla ”Hyväksyn”. Jos et hyväksy lisenssiä, valitse ”En hyväksy”."]),
    language("ru", "Russian", 49, X_MAC_CYRILLIC, ["Русский", "Принять", "Отклонить", "Напечатать", "Сохранить…",
        "Чтобы продолжить, выберите «Принять». Если Вы не согласны с лицензией, выберите «Отклонить»."]),
    language("ja", "Japanese", 14, SHIFT_JIS, ["日本語", "同意する", "同意しない", "印刷", "保存…",
        "続けるには「同意する」を選んでください。同意しない場合は「同意しない」を選んでください。"]),
    language("ko", "Korean", 51, EUC_KR, ["한국어", "동의", "동의 안 함", "인쇄", "저장…",
        "계속하려면 ‘동의’를 선택하십시오. 동의하지 않으면 ‘동의 안 함’을 선택하십시오."]),
    language("zh-CN", "Simplified Chinese", 52, GBK, ["简体中文", "同意", "不同意", "打印", "存储…",
        "若要继续，请选择“同意”。如果不接受此许可，请选择“不同意”。"]),
    language("zh-TW", "Traditional Chinese", 53, BIG5, ["繁體中文", "同意", "不同意", "列印", "儲存…",
        "若要繼續，請選擇「同意」。如果不接受此授權，請選擇「不同意」。"]),
];

const fn language(
    code: &'static str,
    name: &'static str,
    region: u16,
    encoding: &'static Encoding,
    labels: [&'static str; 6],
) -> Language {
    Language { code, name, region, encoding, labels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn licence(code: &str, text: &str) -> Result<Licence, Failure> {
        Licence::new(code, text.as_bytes().to_vec(), Path::new("L.txt"))
    }

    #[test]
    fn every_label_of_every_language_can_be_written() {
        for language in &LANGUAGES {
            for label in language.labels {
                let bytes = language.encoded(label);
                assert!(
                    bytes.as_ref().is_ok_and(|bytes| bytes.len() < 256),
                    "{} {label} {bytes:?}",
                    language.code
                );
            }
        }
    }

    #[test]
    fn an_agreement_is_laid_out_as_the_mounter_reads_it() {
        let licences = [licence("de", "Für alle").unwrap(), licence("ja", "日本").unwrap()];
        let found = resources(&licences);
        let kinds: Vec<(&str, u16)> = found.iter().map(|one| (one.kind, one.id)).collect();
        assert_eq!(kinds, [("LPic", 5000), ("STR#", 5000), ("STR#", 5001), ("TEXT", 5000), ("TEXT", 5001)]);
        assert_eq!(found[0].data, [0, 3, 0, 2, 0, 3, 0, 0, 0, 0, 0, 14, 0, 1, 0, 1]);
        assert_eq!(found[3].data, b"F\x9fr alle");
        assert_eq!(found[4].data, b"\x93\xfa\x96\x7b");
        assert!(found[1].data.starts_with(b"\0\x06\x07Deutsch\x0bAkzeptieren"));
        assert!(resources(&[]).is_empty());
        assert_eq!(Licence::of_resources(&found), licences);
        assert_eq!(Licence::of_resources(&found[1..]), [], "without the list of languages");
    }

    #[test]
    fn what_cannot_be_shown_is_refused_by_name() {
        let says = |code, text| licence(code, text).unwrap_err().to_string();
        assert!(says("xx", "x").contains("name one of en, en-GB, fr"), "{}", says("xx", "x"));
        assert!(says("en", "日").contains("'日', which the agreement's window cannot show in English"));
        assert!(Licence::new("en", vec![0xFF, 0xFE], Path::new("L.txt")).is_err());
        let rtf = Licence::new("pt_br", b"{\\rtf1 x}".to_vec(), Path::new("L.rtf")).unwrap();
        assert_eq!((rtf.language().code, resources(&[rtf])[1].kind), ("pt-BR", "RTF "));
    }
}
